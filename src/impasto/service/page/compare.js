// The easel: a photograph, and over it its painting, with a seam between them that can be moved.

export class Compare {
  #given = new Map(); // addresses of pictures that are ours to give back, by the image that shows them

  constructor(root) {
    const part = (id) => root.querySelector(`#${id}`);
    Object.assign(this, { root, before: part("before"), after: part("after"), seam: part("seam"), cut: part("cut") });
    this.cut.addEventListener("input", () => this.#place());
    this.before.addEventListener("load", () => this.#fit(this.before));
    this.after.addEventListener("load", () => this.before.hidden && this.#fit(this.after));
  }

  /** Shows a photograph alone. Without one, its painting will be all that is to be seen. */
  async photo(address, { own = true } = {}) {
    await this.#show(this.before, address, own);
    this.before.hidden = address === null;
    await this.#show(this.after, null);
    this.#compared(false);
  }

  /** Shows a painting over the photograph. */
  async painting(address, { whole }) {
    await this.#show(this.after, address);
    this.after.hidden = false;
    if (whole && this.cut.hidden) this.cut.value = 0;
    this.#compared(whole && !this.before.hidden);
  }

  describe(text) {
    this.after.alt = text;
  }

  async #show(image, address, own = true) {
    const old = this.#given.get(image);
    this.#given.delete(image);
    if (address === null) {
      image.removeAttribute("src");
      image.hidden = true;
    } else {
      const next = new Image();
      next.src = address;
      await next.decode().catch(() => {}); // so that nothing flickers
      image.src = address;
      image.hidden = false;
      if (own) this.#given.set(image, address);
    }
    if (old && old !== address) URL.revokeObjectURL(old);
  }

  #compared(on) {
    this.cut.hidden = this.seam.hidden = !on;
    if (!on) this.cut.value = 0;
    this.#place();
  }

  #place() {
    this.root.style.setProperty("--cut", `${this.cut.value}%`);
  }

  #fit({ naturalWidth, naturalHeight }) {
    if (naturalWidth) this.root.parentElement.style.setProperty("--ratio", naturalWidth / naturalHeight);
  }
}
