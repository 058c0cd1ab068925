// Pictures as planes of floating-point numbers, and what is done with them before and after painting.

/**
 * @typedef {{width: number, height: number, planes: Float32Array}} Picture
 *   planes: (3, height, width), RGB in [0, 1].
 */

/** A picture from the bytes of an ImageData; transparent places show white. */
export function fromBytes(bytes, width, height) {
  const size = width * height;
  const planes = new Float32Array(3 * size);
  for (let n = 0, at = 0; n < size; n++, at += 4) {
    const alpha = bytes[at + 3];
    const scale = alpha / (255 * 255);
    const white = 1 - alpha / 255;
    planes[n] = bytes[at] * scale + white;
    planes[size + n] = bytes[at + 1] * scale + white;
    planes[2 * size + n] = bytes[at + 2] * scale + white;
  }
  return { width, height, planes };
}

/** A picture as the bytes of an ImageData, opaque. */
export class Painted {
  /** @param share how much of what is put shows; the rest is content. */
  constructor(content, share) {
    this.content = content;
    this.share = share;
    this.bytes = new Uint8ClampedArray(4 * content.width * content.height).fill(255);
  }

  /** Puts a colour, in [0, 1], in the n-th place. */
  put(n, red, green, blue) {
    const { bytes, share } = this;
    const at = 4 * n;
    if (share !== 1) {
      const { planes } = this.content;
      const size = planes.length / 3;
      red = planes[n] + share * (red - planes[n]);
      green = planes[size + n] + share * (green - planes[size + n]);
      blue = planes[2 * size + n] + share * (blue - planes[2 * size + n]);
    }
    bytes[at] = 255 * red;
    bytes[at + 1] = 255 * green;
    bytes[at + 2] = 255 * blue;
  }
}

/** Places in a side of `length` for `total` places that begin `border` before it, mirrored at both ends. */
export function mirrored(length, total, border) {
  const places = new Int32Array(total);
  if (length < 2) return places;
  const period = 2 * (length - 1);
  for (let n = 0; n < total; n++) {
    const place = (((n - border) % period) + period) % period;
    places[n] = place < length ? place : period - place;
  }
  return places;
}

/** The planes of the pixels at these rows and columns. */
export function gathered(picture, rows, columns) {
  const { width, height, planes } = picture;
  const out = new Float32Array(3 * rows.length * columns.length);
  let at = 0;
  for (let channel = 0; channel < 3; channel++) {
    for (let y = 0; y < rows.length; y++) {
      const row = channel * width * height + rows[y] * width;
      for (let x = 0; x < columns.length; x++) out[at++] = planes[row + columns[x]];
    }
  }
  return out;
}

/** A smaller picture of means: halved as often as it can be, then by box filter. */
export function shrunk(picture, width, height) {
  let small = picture;
  while (small.height >= 2 * height && small.width >= 2 * width) small = halved(small);
  return resampled(small, width, height, box, 0.5);
}

/** At another size, by Lanczos' filter with three lobes, within [0, 1]. */
export function resized(picture, width, height) {
  if (picture.width === width && picture.height === height) return picture;
  const result = resampled(picture, width, height, lanczos, 3);
  for (let n = 0; n < result.planes.length; n++) result.planes[n] = Math.min(1, Math.max(0, result.planes[n]));
  return result;
}

function halved(picture) {
  const width = picture.width >> 1;
  const height = picture.height >> 1;
  const planes = new Float32Array(3 * width * height);
  let at = 0;
  for (let channel = 0; channel < 3; channel++) {
    for (let y = 0; y < height; y++) {
      let from = channel * picture.width * picture.height + 2 * y * picture.width;
      for (let x = 0; x < width; x++, from += 2) {
        const below = from + picture.width;
        planes[at++] =
          (picture.planes[from] + picture.planes[from + 1] + picture.planes[below] + picture.planes[below + 1]) / 4;
      }
    }
  }
  return { width, height, planes };
}

const box = (x) => (x > -0.5 && x <= 0.5 ? 1 : 0);
const lanczos = (x) => (Math.abs(x) < 3 ? sinc(x) * sinc(x / 3) : 0);

function sinc(x) {
  return x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);
}

function resampled(picture, width, height, filter, reach) {
  const across = weights(picture.width, width, filter, reach);
  const down = weights(picture.height, height, filter, reach);
  const between = new Float32Array(3 * picture.height * width);
  for (let row = 0; row < 3 * picture.height; row++) {
    for (let x = 0; x < width; x++) {
      const { first, shares } = across[x];
      let sum = 0;
      for (let n = 0; n < shares.length; n++) sum += shares[n] * picture.planes[row * picture.width + first + n];
      between[row * width + x] = sum;
    }
  }
  const planes = new Float32Array(3 * height * width);
  for (let channel = 0; channel < 3; channel++) {
    for (let y = 0; y < height; y++) {
      const { first, shares } = down[y];
      const to = (channel * height + y) * width;
      for (let x = 0; x < width; x++) {
        let sum = 0;
        for (let n = 0; n < shares.length; n++) {
          sum += shares[n] * between[(channel * picture.height + first + n) * width + x];
        }
        planes[to + x] = sum;
      }
    }
  }
  return { width, height, planes };
}

/** For each place of the result: the first place of the source that counts, and the shares from there on; as Pillow. */
function weights(from, to, filter, reach) {
  const scale = from / to;
  const stretch = Math.max(1, scale);
  return Array.from({ length: to }, (_, place) => {
    const centre = (place + 0.5) * scale;
    const first = Math.max(0, Math.trunc(centre - reach * stretch + 0.5));
    const last = Math.min(from, Math.trunc(centre + reach * stretch + 0.5));
    const shares = Array.from({ length: last - first }, (_, n) => filter((first + n - centre + 0.5) / stretch));
    const sum = shares.reduce((a, b) => a + b, 0);
    return { first, shares: shares.map((share) => share / sum) };
  });
}
