// One's orders, the newest first: each a small picture, how far it is, and a way to remove it.

import { isOpen, persist } from "./studio.js";

export class Gallery {
  #items = new Map(); // by the order's id
  #seen = new Map(); // which preview each shows

  /**
   * @param list the element that they are put in.
   * @param studio that has them.
   * @param says what an order is called, and what its state is.
   * @param picked, removed called with an order.
   */
  constructor(list, studio, says, picked, removed) {
    Object.assign(this, { list, studio, says, picked, removed });
  }

  get count() {
    return this.#items.size;
  }

  get orders() {
    return [...this.#items.values()].map(({ order }) => order);
  }

  find(id) {
    return this.#items.get(id)?.order;
  }

  /** Puts an order in its place, or tells what has become of it. */
  put(order) {
    const item = this.#items.get(order.id) ?? this.#made(order);
    item.order = order;
    item.element.dataset.state = order.state;
    item.bar.hidden = !isOpen(order);
    item.bar.value = order.fraction;
    item.remove.hidden = isOpen(order);
    this.#speakOf(item);
    this.#look(item).catch(() => {}); // the picture may be gone; its place stays empty
  }

  choose(id) {
    for (const [its, { button }] of this.#items) button.setAttribute("aria-pressed", String(its === id));
  }

  drop(id) {
    this.#items.get(id)?.element.remove();
    this.#items.delete(id);
  }

  speak() {
    for (const item of this.#items.values()) this.#speakOf(item);
  }

  #made(order) {
    const make = (tag, attributes) => Object.assign(document.createElement(tag), attributes);
    const element = make("li", { className: "order" });
    element.dataset.id = order.id;
    const button = make("button", { type: "button", className: "hung" });
    const image = make("img", { alt: "", hidden: true });
    const bar = make("progress", { max: 1 });
    const state = make("span", { className: "state" });
    const remove = make("button", { type: "button", className: "remove", textContent: "×" });
    button.append(image, state, bar);
    element.append(button, remove);
    const item = { element, button, image, bar, state, remove, order };
    button.addEventListener("click", () => this.picked(item.order));
    remove.addEventListener("click", () => this.removed(item.order));
    this.#items.set(order.id, item);
    const older = [...this.#items.values()].filter((its) => its.order.created < order.created);
    const next = older.sort((a, b) => b.order.created - a.order.created)[0];
    this.list.insertBefore(element, next?.element ?? null);
    return item;
  }

  #speakOf({ order, button, state, remove }) {
    const { label, told, removing } = this.says(order);
    button.setAttribute("aria-label", label);
    button.title = label;
    state.textContent = told;
    remove.setAttribute("aria-label", removing);
    remove.title = removing;
  }

  /** Shows what there is to see of it by now. */
  async #look(item) {
    const { order, image } = item;
    const now = order.preview && `${order.state} ${order.fraction}`;
    if (!now || this.#seen.get(order.id) === now) return;
    this.#seen.set(order.id, now);
    const address = await persist(() => this.studio.picture(order.preview.slice(1)));
    if (this.#seen.get(order.id) !== now) return URL.revokeObjectURL(address); // there is newer to be seen
    if (image.src) URL.revokeObjectURL(image.src);
    image.src = address;
    image.hidden = false;
  }
}
