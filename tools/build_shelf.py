"""Makes the shipped style codes anew: `swift-styles.json`, from the pictures that `shelf.toml` names and from the
styles that Impasto draws. To be run whenever the fast painter's network has changed.
"""

from __future__ import annotations

import argparse
import json
import tomllib
from dataclasses import replace
from pathlib import Path

from impasto.pictures import read_picture
from impasto.runtime.fast import SHIPPED, FastPainter
from impasto.styles import registry, shelf
from impasto.styles.code import StyleCode, to_json

_DRAWN_SIDE = 768


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder that the files in shelf.toml are relative to")
    arguments = parser.parse_args()
    painter = FastPainter(SHIPPED)
    codes: dict[str, StyleCode] = {}
    for style in registry.STYLES:
        picture = registry.draw(style.name, size=(_DRAWN_SIDE, _DRAWN_SIDE))
        codes[style.name] = replace(painter.look(picture), title=style.title, artist="drawn by Impasto")
    listed = tomllib.loads((Path(__file__).parent / "shelf.toml").read_text("utf-8"))["styles"]
    for name, (file, title, artist, year) in listed.items():
        code = painter.look(read_picture(arguments.data / file))
        codes[name] = replace(code, title=title, artist=artist, year=year)
    text = json.dumps({name: to_json(codes[name]) for name in sorted(codes)}, ensure_ascii=False, indent=1)
    shelf.SHIPPED.write_text(text + "\n", "utf-8")
    print(f"{shelf.SHIPPED}: {len(codes)} codes, {len(text) / 1e3:.0f} kB")


if __name__ == "__main__":
    main()
