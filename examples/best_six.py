"""The sheet of the README: six of scikit-image's photographs, each beside a style that Impasto draws and the
painting.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import skimage

import impasto
from impasto import styles
from impasto.pictures import contact_sheet

PAIRS = (
    ("astronaut.png", "swirling-strokes"),
    ("chelsea.png", "oil-pastel"),
    ("coffee.png", "palette-knife"),
    ("rocket.jpg", "ukiyo-wave"),
    ("motorcycle_left.png", "pointillist-dots"),
    ("camera.png", "woodcut"),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path("demo/best-six"), help="where the single paintings go")
    parser.add_argument("--sheet", type=Path, default=Path("docs/best-six.jpg"))
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    painter = impasto.make_painter("best")
    cells = []
    for file, name in PAIRS:
        photo = impasto.read_picture(Path(skimage.__file__).parent / "data" / file)
        style = styles.draw(name)
        painting = painter.paint(photo, painter.prepare([impasto.WeightedStyle(style)])).picture
        impasto.write_picture(painting, arguments.folder / f"{Path(file).stem}-{name}.png", overwrite=True)
        cells.append([(photo, Path(file).stem), (style, name), (painting, "painting")])
    # Two triples a row: six columns, three rows.
    rows = [cells[n] + cells[n + 1] for n in range(0, len(cells), 2)]
    impasto.write_picture(contact_sheet(rows, cell=400), arguments.sheet, overwrite=True)
    print(f"{arguments.sheet.resolve()}")


if __name__ == "__main__":
    main()
