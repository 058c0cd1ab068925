// Grain: what plain areas are painted from. A function of the place alone; see impasto/grain.py, whose numbers these are.

const WHITE = 2;
const SPACINGS = [4, 8, 16, 32];
const ROOT3 = Math.sqrt(3);

/** (6, h, w) of the cells from (top, left) on, row by row. */
export function grain(top, left, height, width) {
  const size = height * width;
  const out = new Float32Array((WHITE + SPACINGS.length) * size);
  for (let channel = 0; channel < WHITE; channel++) {
    out.set(noise(top, left, height, width, channel), channel * size);
  }
  SPACINGS.forEach((spacing, n) => {
    out.set(smooth(top, left, height, width, spacing, WHITE + n), (WHITE + n) * size);
  });
  return out;
}

function smooth(top, left, height, width, spacing, key) {
  const firstRow = Math.floor(top / spacing);
  const firstColumn = Math.floor(left / spacing);
  const rows = Math.floor((top + height - 1) / spacing) - firstRow + 2;
  const columns = Math.floor((left + width - 1) / spacing) - firstColumn + 2;
  const lattice = noise(firstRow, firstColumn, rows, columns, key);
  // So much of the variance stays in each direction between the knots.
  const stays = 2 / 3 + 1 / (3 * spacing * spacing);
  const out = new Float32Array(height * width);
  for (let y = 0; y < height; y++) {
    const place = top + y - firstRow * spacing;
    const row = Math.floor(place / spacing) * columns;
    const below = (place % spacing) / spacing;
    for (let x = 0; x < width; x++) {
      const across = left + x - firstColumn * spacing;
      const knot = row + Math.floor(across / spacing);
      const beside = (across % spacing) / spacing;
      const here = lattice[knot] * (1 - below) + lattice[knot + columns] * below;
      const next = lattice[knot + 1] * (1 - below) + lattice[knot + 1 + columns] * below;
      out[y * width + x] = (here * (1 - beside) + next * beside) / stays;
    }
  }
  return out;
}

/** An independent number for each place and each key, spread evenly over ±√3. */
function noise(top, left, height, width, key) {
  const out = new Float32Array(height * width);
  const start = mixed(key);
  for (let y = 0; y < height; y++) {
    const row = mixed(top + y + start);
    for (let x = 0; x < width; x++) {
      out[y * width + x] = (mixed(left + x + row) >>> 8) * ((2 * ROOT3) / 2 ** 24) - ROOT3;
    }
  }
  return out;
}

/** A permutation of all 32-bit numbers that keeps no order. */
function mixed(x) {
  x ^= x >>> 16;
  x = Math.imul(x, 0x7feb352d);
  x ^= x >>> 15;
  x = Math.imul(x, 0x846ca68b);
  return x ^ (x >>> 16);
}
