"""What `make demo` runs: a real photograph, painted in a style that Impasto draws itself, and a sheet that shows both
beside the result.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import skimage

import impasto
from impasto import styles
from impasto.pictures import contact_sheet

_SECONDS = 30  # a demonstration must not try anybody's patience


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photo", type=Path, default=Path(skimage.__file__).parent / "data" / "astronaut.png")
    parser.add_argument("--style", default="swirling-strokes", choices=styles.names())
    parser.add_argument("--folder", type=Path, default=Path("demo"))
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)

    photo = impasto.read_picture(arguments.photo)
    style = styles.draw(arguments.style)
    painting = impasto.paint(photo, style, seconds=_SECONDS, progress=_report)
    sys.stderr.write("\n")
    sheet = contact_sheet([[(photo, "content"), (style, f"style: {arguments.style}"), (painting, "painting")]])
    for picture, name in ((painting, "painting.png"), (sheet, "sheet.png")):
        target = arguments.folder / name
        impasto.write_picture(picture, target, overwrite=True)
        print(f"{target.resolve()}  {picture.width}×{picture.height}")


def _report(progress: impasto.Progress) -> None:
    if sys.stderr.isatty():
        sys.stderr.write(f"\rpainting … {progress.fraction:4.0%}  loss {progress.loss:.4f} ")


if __name__ == "__main__":
    main()
