// The styles to choose from: a group of radio buttons with pictures, for the mouse, the finger and the keyboard.

export const OWN = "@own";

export class Styles {
  /**
   * @param group the element that they are put in.
   * @param styles each with name, title and about by language, and, if it is not at styles/NAME.webp, its picture.
   * @param chosen called with the name of a style when it is chosen.
   * @param adding called when a style of one's own is asked for; null where that can't be.
   */
  constructor(group, styles, chosen, adding) {
    Object.assign(this, { group, chosen, styles: [...styles] });
    if (adding) group.append(this.#adder(adding));
    for (const style of styles) group.append(this.#tile(style));
    group.addEventListener("keydown", (event) => this.#move(event));
    this.choose(styles[0].name);
  }

  find(name) {
    return this.styles.find((style) => style.name === name);
  }

  choose(name) {
    this.name = name;
    for (const tile of this.#group) {
      const is = tile.dataset.name === name;
      tile.setAttribute("aria-checked", String(is));
      tile.tabIndex = is ? 0 : -1;
      if (is) this.#bringIntoView(tile);
    }
  }

  /** Puts a style of one's own first, in place of one of the same name. */
  add(style) {
    this.styles = [style, ...this.styles.filter(({ name }) => name !== style.name)];
    this.#group.find((tile) => tile.dataset.name === style.name)?.remove();
    this.group.querySelector(".adder").after(this.#tile(style));
    this.choose(style.name);
  }

  /** Shows those alone for which a test holds; if the chosen one is not among them, the first of them is chosen. */
  offer(holds) {
    for (const tile of this.#group) tile.hidden = !holds(this.find(tile.dataset.name));
    const [first] = this.#tiles;
    if (first && !holds(this.find(this.name))) this.choose(first.dataset.name);
  }

  /** Says all names in a language. */
  speak(language, words) {
    for (const tile of this.#group) {
      const title = titleOf(this.find(tile.dataset.name), language, words);
      tile.setAttribute("aria-label", title);
      tile.title = title;
    }
    const adder = this.group.querySelector(".adder");
    adder?.setAttribute("aria-label", words.addStyle);
    adder?.setAttribute("title", words.addStyle);
  }

  /** Without moving the page. */
  #bringIntoView({ offsetLeft, offsetTop, offsetWidth, offsetHeight }) {
    const { group } = this;
    const [left, top] = [offsetLeft - group.offsetLeft, offsetTop - group.offsetTop];
    const [right, bottom] = [left + offsetWidth, top + offsetHeight];
    if (left < group.scrollLeft || right > group.scrollLeft + group.clientWidth) {
      group.scrollLeft = left - (group.clientWidth - offsetWidth) / 2;
    }
    if (top < group.scrollTop || bottom > group.scrollTop + group.clientHeight) {
      group.scrollTop = top - (group.clientHeight - offsetHeight) / 2;
    }
  }

  /** All, and those that are offered. */
  get #group() {
    return [...this.group.querySelectorAll("[role=radio]")];
  }

  get #tiles() {
    return this.#group.filter((tile) => !tile.hidden);
  }

  #tile({ name, picture = `styles/${encodeURIComponent(name)}.webp` }) {
    const tile = document.createElement("button");
    Object.assign(tile, { type: "button", className: "style", role: "radio" });
    tile.setAttribute("role", "radio");
    tile.dataset.name = name;
    const image = Object.assign(new Image(160, 160), { alt: "", loading: "lazy", decoding: "async", src: picture });
    tile.append(image);
    tile.addEventListener("click", () => this.#pick(tile));
    return tile;
  }

  #adder(adding) {
    const adder = document.createElement("button");
    Object.assign(adder, { type: "button", className: "style adder", textContent: "+" });
    adder.addEventListener("click", adding);
    return adder;
  }

  #pick(tile) {
    this.choose(tile.dataset.name);
    this.chosen(tile.dataset.name);
  }

  #move(event) {
    const tiles = this.#tiles;
    const here = tiles.indexOf(document.activeElement);
    if (here < 0) return;
    const row = tiles.filter(({ offsetTop }) => offsetTop === tiles[here].offsetTop).length;
    const across = row === tiles.length ? 1 : row;
    const steps = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: across, ArrowUp: -across };
    const ends = { Home: 0, End: tiles.length - 1 };
    const next = ends[event.key] ?? here + (steps[event.key] ?? Number.NaN);
    if (!tiles[next]) return;
    event.preventDefault();
    tiles[next].focus();
    this.#pick(tiles[next]);
  }
}

export function titleOf(style, language, words) {
  return style.name === OWN ? words.ownStyle : (style.title[language] ?? style.title.en);
}

export function aboutOf(style, language, words) {
  return style.name === OWN ? words.ownStyleAbout : (style.about[language] ?? style.about.en ?? "");
}
