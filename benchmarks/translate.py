#!/usr/bin/env python3
"""Translators: how close they come to a mapping that is known exactly.

    python benchmarks/translate.py pix2pix --out DIR [--minutes 20]
    python benchmarks/translate.py cyclegan --out DIR [--minutes 20]

Draws two domains (see `domains.py`), trains by the command line's own path until the minutes are over (the number of
steps is chosen by the pace of the first ones; `cyclegan` is told that light and dark stay in place: without pairs, a
mapping and its negative are as good), and translates test pictures with the exported network: the mean of their peak
signal-to-noise ratios to the truth, before (the source as it is) and after. OUT/sheet.png shows some: source,
translation, truth.
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from domains import write_domains
from impasto.painters import WeightedStyle
from impasto.pictures import Picture, read_picture, write_picture
from impasto.pictures.sheet import contact_sheet
from impasto.runtime.fast import FastPainter

_TRAIN, _TEST = 200, 20
_ON_SHEET = 4
_KNOWN = {"cyclegan": "light_weight = 3.0\n", "pix2pix": ""}  # of these domains
_TRIAL = 201  # steps; the pace is told after each fiftieth, and the first fifty are slower


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("family", choices=("pix2pix", "cyclegan"))
    parser.add_argument("--out", type=Path, required=True, help="folder for the domains, the run and the pictures")
    parser.add_argument("--minutes", type=float, default=20)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--config", type=Path, help="settings as TOML, in place of what is known of the domains")
    arguments = parser.parse_args()
    out, family = arguments.out, arguments.family
    write_domains(out / "data", train=_TRAIN, test=_TEST, shared=family == "pix2pix")
    if arguments.config is None:
        arguments.config = out / "known.toml"
        arguments.config.write_text(_KNOWN[family])
    steps = _steps(arguments)
    began = time.monotonic()
    _train(arguments, out / "run", steps)
    minutes = (time.monotonic() - began) / 60
    before, after = score(out, family)
    print(f"{family}: {steps} steps in {minutes:.1f} minutes; PSNR of {_TEST} pictures {before:.1f} → {after:.1f} dB")


def _steps(arguments: argparse.Namespace) -> int:
    run = arguments.out / "trial"
    _train(arguments, run, _TRIAL)
    told = [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]
    first, *_, last = (its["step"] * its["seconds_left"] / (_TRIAL - its["step"]) for its in told)  # seconds so far
    pace = (last - first) / (told[-1]["step"] - told[0]["step"])
    return max(_TRIAL, math.floor(arguments.minutes * 60 / pace))


def _train(arguments: argparse.Namespace, run: Path, steps: int) -> None:
    data = arguments.out / "data" / "train"
    command = ["train", arguments.family, "--source", data / "a", "--target", data / "b", "--run", run]
    command += ["--steps", steps, "--threads", arguments.threads, "--quiet", "--config", arguments.config]
    subprocess.run([sys.executable, "-m", "impasto", *map(str, command)], check=True)


def score(out: Path, family: str) -> tuple[float, float]:
    """Mean PSNR in dB of the test pictures to the truth, as they are, and translated."""
    painter = FastPainter(out / "run" / f"{family}.onnx")
    style = painter.prepare([WeightedStyle(code) for code in painter.styles.values()])
    before, after, rows = [], [], []
    for path in sorted((out / "data" / "test" / "a").iterdir()):
        source, truth = read_picture(path), read_picture(out / "data" / "test" / "b" / path.name)
        painted = painter.paint(source, style).picture
        (out / "pictures").mkdir(exist_ok=True)
        write_picture(painted, out / "pictures" / path.name, overwrite=True)
        before.append(_psnr(source, truth))
        after.append(_psnr(painted, truth))
        rows.append([(source, "source"), (painted, family), (truth, "truth")])
    write_picture(contact_sheet(rows[:_ON_SHEET], cell=200), out / "sheet.png", overwrite=True)
    return statistics.mean(before), statistics.mean(after)


def _psnr(picture: Picture, truth: Picture) -> float:
    return -10 * math.log10(float(np.square(picture.pixels.astype(np.float64) - truth.pixels).mean()))


if __name__ == "__main__":
    main()
