// Networks made elsewhere, from a picture to a picture; see impasto/runtime/plain.py.

import { Painted, fromBytes, gathered, mirrored } from "./pixels.js";

export class PlainPainter {
  constructor(about, functions) {
    this.rules = about.rules;
    this.live = about.live;
    this.functions = functions;
  }

  content(bytes, width, height) {
    return fromBytes(bytes, width, height);
  }

  async paint(content, look, { stopped } = {}) {
    const painted = await this.#run(content, this.rules.border, look.strength);
    return stopped?.() ? null : painted;
  }

  async paintFrame(bytes, width, height, look) {
    const content = fromBytes(bytes, width, height);
    return this.#run(content, this.live.border, look.strength);
  }

  cut() {}

  async #run(content, border, strength) {
    const { multiple, input } = this.rules;
    const [height, width] = [content.height, content.width].map(
      (side) => Math.ceil((side + 2 * border) / multiple) * multiple,
    );
    const seen = gathered(content, mirrored(content.height, height, border), mirrored(content.width, width, border));
    const shape = this.rules.channelsLast ? [1, height, width, 3] : [1, 3, height, width];
    const result = await this.functions.paint({ [input]: [this.#asItWants(seen, height * width), shape] });
    const painted = new Painted(content, strength);
    this.#takeOver(result, painted, height, width, border);
    return painted.bytes;
  }

  /** Planes of [0, 1] in the network's own range, order and layout. */
  #asItWants(seen, size) {
    const { low, high, channelsLast } = this.rules;
    const out = new Float32Array(seen.length);
    for (let channel = 0; channel < 3; channel++) {
      const its = this.#channel(channel);
      for (let n = 0; n < size; n++) {
        out[channelsLast ? 3 * n + its : its * size + n] = seen[channel * size + n] * (high - low) + low;
      }
    }
    return out;
  }

  #takeOver(result, painted, height, width, border) {
    const { low, high, channelsLast } = this.rules;
    const [red, green, blue] = [0, 1, 2].map((channel) => this.#channel(channel));
    const [step, apart] = channelsLast ? [3, 1] : [1, height * width];
    const unit = (value) => Math.min(1, Math.max(0, (value - low) / (high - low)));
    const { content } = painted;
    for (let y = 0; y < content.height; y++) {
      for (let x = 0; x < content.width; x++) {
        const from = step * ((y + border) * width + x + border);
        const its = (channel) => unit(result[from + channel * apart]);
        painted.put(y * content.width + x, its(red), its(green), its(blue));
      }
    }
  }

  #channel(channel) {
    return this.rules.reversed ? 2 - channel : channel;
  }
}
