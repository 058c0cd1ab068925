#!/usr/bin/env python3
"""Students of `impasto train distill`: how fast they are, and how near they come to their teacher.

    python benchmarks/distill.py time [--threads N] [--model FILE.onnx …]
    python benchmarks/distill.py quality --style NAME --model FILE.onnx [--model …] [--data DIR] [--out DIR]

`time` paints a picture of 1024×768, style prepared, with `swift` and with students of both kinds and several widths
(random weights: they don't change the time), and with those of the files: medians, the painters taking turns. On a busy
machine the processor's own time, of one thread, tells more than the clock.

`quality` paints photographs at a long side of 512 px with the teacher and with students of its style: the ratio of
signal to noise in dB, and the relative error of a loss network's features, of each painting to the teacher's. Beside
them stand the photograph itself, and the teacher with other grain: what it leaves to chance. The photographs are those
of DIR/fixtures/content, or scikit-image's. OUT gets them side by side.
"""

from __future__ import annotations

import argparse
import math
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from fixtures import OWN_PAIRS, sample_photo
from impasto.features import load_encoder
from impasto.networks.johnson import JohnsonNetwork
from impasto.networks.johnson_file import export_johnson
from impasto.painters import WeightedStyle
from impasto.painting import read_styles
from impasto.pictures import Picture, read_picture, write_picture
from impasto.pictures.sheet import contact_sheet
from impasto.runtime.fast import SHIPPED, FastPainter, FastSettings
from impasto.runtime.opening import open_painter
from impasto.runtime.registry import find_model
from impasto.styles import shelf
from impasto.training.crops import to_tensor
from impasto.training.distill import FEATURE_LAYERS, student_design
from impasto.training.distill_settings import DistillTraining
from impasto.training.distillation import relative_error

Pixels = NDArray[np.float32]

_SIZE = 1024, 768
_SIDE = 512
_ROUNDS = 9
_STUDENTS = [("content", 1.0), ("content", 0.5), ("content", 0.25), ("mobilenet", 1.0), ("mobilenet", 0.5)]
_STUDENTS += [("mobilenet", 0.25)]
_STYLE = "starry-night"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("time", "quality"))
    parser.add_argument("--model", type=Path, action="append", default=[], help="ONNX file of a student; repeatable")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--data", type=Path, help="folder with fixtures/content")
    parser.add_argument("--teacher-model", default="swift", help="the painter that taught them")
    parser.add_argument("--style", default=_STYLE, help="what it taught")
    parser.add_argument("--teacher", default="lite", help="loss network whose features are compared")
    parser.add_argument("--out", type=Path, help="folder for the paintings of `quality`")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    (tell_times if arguments.what == "time" else tell_quality)(arguments)


# -- time


def tell_times(arguments: argparse.Namespace) -> None:
    photo = sample_photo("astronaut").resized(_SIZE)
    settings = FastSettings(threads=arguments.threads)
    with tempfile.TemporaryDirectory() as folder:
        files = {f"{kind} {width:g}": _untrained(kind, width, Path(folder)) for kind, width in _STUDENTS}
        files |= {file.stem: file for file in arguments.model}
        works = {"swift": _painting(FastPainter(SHIPPED, settings), photo)}
        works |= {name: _painting(FastPainter(file, settings), photo) for name, file in files.items()}
        sizes = {"swift": SHIPPED.stat().st_size} | {name: file.stat().st_size for name, file in files.items()}
    took = _times(works)
    for name, (clock, processor) in took.items():
        share = processor / took["swift"][1]
        told = f"{1000 * clock:6.0f} ms, {1000 * processor:6.0f} ms of the processor: {share:.2f} of swift's"
        print(f"{name:16} {told}; {sizes[name] / 1e6:.2f} MB")


def _untrained(kind: str, width: float, folder: Path) -> Path:
    torch.manual_seed(0)
    design = student_design(DistillTraining(student=kind, width=width))  # type: ignore[arg-type]
    path = folder / f"{kind}-{width:g}.onnx"
    export_johnson(JohnsonNetwork(design, ["style"], torch.full((1, 9), 0.1)), path, name=path.stem, training={})
    return path


def _painting(painter: FastPainter, photo: Picture) -> Callable[[], object]:
    code = next(iter(painter.styles.values()), None) or shelf.find(_STYLE)
    style = painter.prepare([WeightedStyle(code)])
    return lambda: painter.paint(photo, style)


def _times(works: Mapping[str, Callable[[], object]]) -> dict[str, tuple[float, float]]:
    """Medians of seconds by the clock, and of the processor, after two runs that don't count."""
    seen: dict[str, list[tuple[float, float]]] = {name: [] for name in works}
    for _ in range(_ROUNDS + 2):
        for name, work in works.items():
            clock, processor = time.perf_counter(), time.process_time()
            work()
            seen[name].append((time.perf_counter() - clock, time.process_time() - processor))
    return {name: tuple(map(statistics.median, zip(*times[2:], strict=True))) for name, times in seen.items()}  # type: ignore[misc]


# -- quality


@dataclass(frozen=True)
class Nearness:
    """Of a picture to the teacher's painting: dB, and the relative error of features."""

    psnr: float
    features: float


def tell_quality(arguments: argparse.Namespace) -> None:
    settings = FastSettings(size=_SIDE, threads=arguments.threads)
    teacher = open_painter(find_model(arguments.teacher_model).path, settings)
    style = teacher.prepare(read_styles(arguments.style, codes=teacher.codes))
    students = {file.stem: FastPainter(file, settings) for file in arguments.model}
    codes = {name: its.prepare([WeightedStyle(next(iter(its.styles.values())))]) for name, its in students.items()}
    judge = load_encoder(arguments.teacher)

    def nearness(picture: Pixels, painting: Pixels) -> Nearness:
        psnr = -10 * math.log10(max(1e-10, float(np.square(picture - painting).mean())))
        with torch.no_grad():
            found, wanted = (judge(to_tensor(pixels)[None], FEATURE_LAYERS) for pixels in (picture, painting))
        errors = [relative_error(found[k], wanted[k], floor=0.01).item() for k in FEATURE_LAYERS]
        return Nearness(psnr, statistics.mean(errors))

    told: dict[str, list[Nearness]] = {}
    for name, photo in _photos(arguments.data).items():
        photo = photo.resized(_inside(photo.size))
        teacher.settings = replace(settings, seed=0)
        painting = teacher.paint(photo, style).picture
        teacher.settings = replace(settings, seed=1)
        others = {"photograph": photo, "teacher, other grain": teacher.paint(photo, style).picture}
        others |= {its: painter.paint(photo, codes[its]).picture for its, painter in students.items()}
        for its, picture in others.items():
            told.setdefault(its, []).append(nearness(picture.pixels, painting.pixels))
        if arguments.out:
            arguments.out.mkdir(parents=True, exist_ok=True)
            row = [(photo, name), (painting, "teacher"), *((others[its], its) for its in students)]
            write_picture(contact_sheet([row], cell=_SIDE), arguments.out / f"{name}.png", overwrite=True)
    for its, values in told.items():
        psnr, features = (statistics.mean(getattr(value, part) for value in values) for part in ("psnr", "features"))
        print(f"{its:32} {psnr:5.1f} dB, features {features:.3f} (means over {len(values)} photographs)")


def _photos(data: Path | None) -> dict[str, Picture]:
    if data is None:
        return {name: sample_photo(name) for name, _ in OWN_PAIRS}
    return {file.stem: read_picture(file) for file in sorted((data / "fixtures" / "content").iterdir())}


def _inside(size: tuple[int, int]) -> tuple[int, int]:
    factor = _SIDE / max(size)
    return round(size[0] * factor), round(size[1] * factor)


if __name__ == "__main__":
    main()
