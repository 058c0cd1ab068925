// The fast painter in the browser: the steps of impasto/runtime/fast.py, in the same order, with the same numbers.

import { grain } from "./grain.js";
import { Painted, fromBytes, gathered, mirrored, resized, shrunk } from "./pixels.js";
import { tiles } from "./tiles.js";

export class FastPainter {
  /**
   * @param about what model.json says.
   * @param codes of its styles, one after another, for each brush.
   * @param functions `modulate`, `paint` and, where there is a style side, `look`: arrays in, an array out.
   */
  constructor(about, codes, functions) {
    this.rules = about.rules;
    this.live = about.live;
    this.brushes = about.brushes;
    this.functions = functions;
    const length = about.rules.codeLength * about.brushes.length;
    this.codes = new Map(about.styles.map(({ name }, n) => [name, codes.subarray(n * length, (n + 1) * length)]));
    this.frame = { age: 0, key: "", target: null, shown: null, identity: null };
  }

  /** Takes a picture in; it may then be painted often. */
  content(bytes, width, height) {
    return { ...fromBytes(bytes, width, height), identity: null };
  }

  /** Looks at a picture of a style once; `name` then stands for its code. */
  async learn(name, bytes, width, height) {
    const picture = fromBytes(bytes, width, height);
    const parts = [];
    for (const brush of this.brushes) parts.push(await this.#codeOf(picture, brush));
    this.codes.set(name, Float32Array.from(parts.flatMap((part) => [...part])));
  }

  /**
   * Paints a content picture; null if `stopped` meanwhile.
   *
   * @param look `{styles: [{name, weight}], strength, brush}`.
   */
  async paint(content, look, { progress, stopped } = {}) {
    const { border, multiple, margin, tile } = this.rules;
    const code = await this.#strengthened(content, look);
    const modulation = await this.#modulation(this.#thumbnail(content), code);
    const [width, height] = [content.width, content.height].map((side) => up(side + 2 * border, multiple));
    const parts = tiles(width, height, up(tile, multiple), margin, multiple);
    const painted = new Painted(content, this.#share(look));
    for (const [n, part] of parts.entries()) {
      await pause(); // so that the next message is heard
      if (stopped?.()) return null;
      await this.#paintPart(painted, part, border, modulation);
      progress?.((n + 1) / parts.length);
    }
    return painted.bytes;
  }

  /** Paints a frame of a camera: sides are multiples of 8; the modulation follows slowly, so that nothing flickers. */
  async paintFrame(bytes, width, height, look) {
    const content = this.content(bytes, width, height);
    const { border } = this.live;
    const modulation = await this.#frameModulation(content, look);
    const painted = new Painted(content, this.#share(look));
    const whole = (side) => ({ start: 0, stop: side + 2 * border, first: 0, last: side + 2 * border });
    await this.#paintPart(painted, { rows: whole(height), columns: whole(width) }, border, modulation);
    return painted.bytes;
  }

  /** Forgets the camera's last frames. */
  cut() {
    this.frame = { age: 0, key: "", target: null, shown: null, identity: null };
  }

  /** How much of the painting shows. */
  #share({ strength }) {
    if (this.rules.ownStylesOnly) return strength;
    return strength >= 1 ? 1 : 1 - (1 - strength) ** 4; // nearly all from 0.5 on
  }

  async #frameModulation(content, look) {
    const { every, step, thumbnail } = this.live;
    const frame = this.frame;
    const key = JSON.stringify(look);
    if (key !== frame.key || frame.age % every === 0) {
      // What the camera sees is looked at as a style rarely: that costs as much as several frames.
      content.identity = frame.age % (8 * every) === 0 ? null : frame.identity;
      const code = await this.#strengthened(content, look);
      frame.identity = content.identity;
      frame.target = await this.#modulation(shrunk(content, thumbnail, thumbnail), code);
      frame.key = key;
    }
    frame.age++;
    frame.shown ??= frame.target.slice();
    for (let n = 0; n < frame.shown.length; n++) frame.shown[n] += step * (frame.target[n] - frame.shown[n]);
    return frame.shown;
  }

  async #paintPart(painted, part, border, modulation) {
    const { content } = painted;
    const { cell, channels } = this.rules;
    const { rows, columns } = part;
    const [height, width] = [rows.last - rows.first, columns.last - columns.first];
    const seen = gathered(
      content,
      mirrored(content.height, height, border - rows.first),
      mirrored(content.width, width, border - columns.first),
    );
    const squares = await this.functions.paint({
      picture: [seen, [1, 3, height, width]],
      grain: [
        this.#grain((rows.first - border) / cell, (columns.first - border) / cell, height / cell, width / cell),
        [1, channels, height / cell, width / cell],
      ],
      modulation: [modulation, this.rules.modulation],
    });
    put(squares, width / 2, part, border, painted);
  }

  #grain(top, left, height, width) {
    const key = [top, left, height, width].join();
    if (this.grainKey !== key) [this.grainKey, this.lastGrain] = [key, grain(top, left, height, width)];
    return this.lastGrain;
  }

  #modulation(thumbnail, code) {
    const { cell, channels } = this.rules;
    const [height, width] = [thumbnail.height, thumbnail.width];
    return this.functions.modulate({
      thumbnail: [thumbnail.planes, [1, 3, height, width]],
      thumbnail_grain: [
        grain(0, 0, height / cell, width / cell),
        [1, channels, height / cell, width / cell],
      ],
      code: [code, [1, code.length]],
    });
  }

  #thumbnail(content) {
    const { thumbnailArea, multiple, smallest } = this.rules;
    const factor = Math.min(1, Math.sqrt(thumbnailArea / (content.width * content.height)));
    const [width, height] = [content.width, content.height].map((side) =>
      Math.max(smallest, round((side * factor) / multiple) * multiple),
    );
    return shrunk(content, width, height);
  }

  /** The code of the styles, blended, on the line from the content picture's own (0) through theirs (1). */
  async #strengthened(content, look) {
    const code = this.#blended(look);
    if (look.strength === 1 || this.rules.ownStylesOnly || !this.functions.look) return code;
    content.identity ??= await this.#codeOf(content, 1);
    return code.map((value, n) => content.identity[n] + look.strength * (value - content.identity[n]));
  }

  #blended({ styles, brush }) {
    const { codeLength } = this.rules;
    const place = this.#brushPlace(brush);
    const low = Math.min(Math.trunc(place), Math.max(0, this.brushes.length - 2));
    const share = place - low;
    const total = styles.reduce((sum, { weight }) => sum + weight, 0);
    const code = new Float32Array(codeLength);
    for (const { name, weight } of styles) {
      const values = this.codes.get(name);
      for (let n = 0; n < codeLength; n++) {
        const here = values[low * codeLength + n];
        const next = share === 0 ? here : values[(low + 1) * codeLength + n];
        code[n] += (weight / total) * (here + share * (next - here));
      }
    }
    return code;
  }

  /** Where a brush lies among those that there are codes for, on a scale of octaves. */
  #brushPlace(brush) {
    const last = this.brushes.length - 1;
    if (brush >= this.brushes[last]) return last;
    const next = this.brushes.findIndex((its) => its > brush);
    if (next <= 0) return 0;
    const [low, high] = [this.brushes[next - 1], this.brushes[next]].map(Math.log2);
    return next - 1 + (Math.log2(brush) - low) / (high - low);
  }

  async #codeOf(picture, brush) {
    const { longestStyle, smallest } = this.rules;
    const factor = Math.min(1, longestStyle / Math.max(picture.width, picture.height)) * brush;
    const [width, height] = [picture.width, picture.height].map((side) => Math.max(smallest, round(side * factor)));
    const seen = resized(picture, width, height);
    return this.functions.look({ style: [seen.planes, [1, 3, height, width]] });
  }
}

/** Takes over what lies in a part and in the picture, of squares of four pixels. */
function put(squares, across, part, border, painted) {
  const { width, height } = painted.content;
  const [top, bottom] = inside(part.rows, border, height);
  const [left, right] = inside(part.columns, border, width);
  for (let y = top; y < bottom; y++) {
    const row = y + border - part.rows.first;
    const line = (row >> 1) * across * 12 + (row & 1) * 6;
    for (let x = left; x < right; x++) {
      const column = x + border - part.columns.first;
      const from = line + (column >> 1) * 12 + (column & 1) * 3;
      painted.put(y * width + x, squares[from], squares[from + 1], squares[from + 2]);
    }
  }
}

function inside(span, border, side) {
  return [span.start, span.stop].map((place) => Math.min(side, Math.max(0, place - border)));
}

function up(length, multiple) {
  return Math.ceil(length / multiple) * multiple;
}

/** To the nearest whole number, halves to the even one, as Python does. */
function round(x) {
  const near = Math.round(x);
  return Math.abs(x % 1) === 0.5 && near % 2 !== 0 ? near - 1 : near;
}

function pause() {
  return new Promise((resolve) => setTimeout(resolve));
}
