"""What `make demo` runs: one picture, painted in six styles in about a second, and a sheet that shows them all.

With `make demo PHOTO=my.jpg` it is a photograph of yours; without, a picture that Impasto draws itself.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import impasto
from impasto import styles
from impasto.pictures import contact_sheet

STYLES = ("starry-night", "great-wave", "the-scream", "la-grande-jatte", "stained-glass", "swirling-strokes")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photo", help="a picture of yours")
    parser.add_argument("--folder", type=Path, default=Path("demo"))
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    content = (
        impasto.read_picture(arguments.photo) if arguments.photo else styles.draw("palette-knife", size=(1024, 768))
    )

    cells = [(content, "content")]
    for name in STYLES:
        began = time.perf_counter()
        painting = impasto.paint(content, name)
        print(f"{name}: {time.perf_counter() - began:.2f} s for {painting.width}×{painting.height}")
        impasto.write_picture(painting, arguments.folder / f"{name}.jpg", overwrite=True)
        cells.append((painting, name))
    sheet = contact_sheet([cells[:1], cells[1:4], cells[4:]], cell=560)
    target = arguments.folder / "sheet.jpg"
    impasto.write_picture(sheet, target, overwrite=True)
    print(f"{target.resolve()}  {sheet.width}×{sheet.height}")


if __name__ == "__main__":
    main()
