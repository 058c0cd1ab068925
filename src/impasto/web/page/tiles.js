// A picture cut so that each part can be painted alone and the parts fit exactly; see impasto/runtime/tiles.py.

/** Parts of a picture: rows and columns, each painted from `start` to `stop` and looked at from `first` to `last`. */
export function tiles(width, height, tile, margin, multiple) {
  const columns = spans(width, tile, margin, multiple);
  return spans(height, tile, margin, multiple).flatMap((rows) => columns.map((its) => ({ rows, columns: its })));
}

function spans(length, tile, margin, multiple) {
  const side = Math.ceil(length / (Math.ceil(length / tile) * multiple)) * multiple;
  const found = [];
  for (let start = 0; start < length; start += side) {
    const stop = Math.min(length, start + side);
    found.push({ start, stop, first: Math.max(0, start - margin), last: Math.min(length, stop + margin) });
  }
  return found;
}
