#!/usr/bin/env python3
"""Painters in eight bits: what they gain and lose.

    python benchmarks/quantise.py compare --data DIR --out DIR [--model NAME|FILE] [--threads N]
    python benchmarks/quantise.py layers --data DIR [--model NAME|FILE]

`compare` makes a model one in eight bits, and one whose weights alone are stored so, on DIR/photos, and paints the
pairs of DIR/pairs.csv with all three at a long side of 512 pixels. It tells sizes, times, how alike the paintings are,
and how far each is from its photograph (content) and its style picture (style), with `lite` as judge. OUT gets the
models, and for each pair the paintings before and after, side by side, and eight times their difference.

`layers` tells for each convolution, the small ones too, how alike paintings are when it alone runs in eight bits.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import mean

import numpy as np
import onnxruntime
import torch
from onnx import ModelProto

import impasto
from fixtures import Pair, pairs
from impasto.features import load_encoder
from impasto.losses.scores import Scores, psnr, scores
from impasto.networks.quantisation.calibration import measure
from impasto.networks.quantisation.convolutions import run_whole
from impasto.networks.quantisation.graph import Graph
from impasto.networks.quantisation.plan import candidates, planned
from impasto.networks.quantisation.quantise import prepared_model, quantise
from impasto.networks.quantisation.settings import QuantiseSettings
from impasto.pictures import Picture, write_picture
from impasto.runtime.fast import FastPainter, FastSettings
from impasto.runtime.network import load_model
from impasto.runtime.registry import find_model
from impasto.training.photographs import read_photographs

_SIDE = 512
_TIMED = 1024, 768
_TIMES = 15
_LOOKED_AT = 6  # pairs, layer by layer


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("compare", "layers"))
    parser.add_argument("--data", type=Path, required=True, help="folder with photos/, pairs.csv and fixtures/")
    parser.add_argument("--out", type=Path, help="folder for what `compare` makes")
    parser.add_argument("--model", default="swift", help="name or file")
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    path = find_model(arguments.model).path
    if arguments.what == "layers":
        tell_layers(path, arguments.data, arguments.threads)
    elif arguments.out is None:
        parser.error("`compare` needs --out.")
    else:
        compare(path, arguments.data, arguments.out, arguments.threads)


# -- compare


def compare(path: Path, data: Path, out: Path, threads: int) -> None:
    out.mkdir(parents=True, exist_ok=True)
    files = {"floats": path}
    for name, weights_only in (("int8", False), ("weights", True)):
        settings = QuantiseSettings(weights_only=weights_only, threads=threads)
        photographs, _ = read_photographs(data / "photos", count=settings.pictures, side=settings.side)
        made = quantise(path, photographs, settings)
        for suffix, content in made.files.items():
            (out / f"{name}{suffix}").write_bytes(content)
        files[name] = out / f"{name}.onnx"
        print(f"{name}: {made.convolutions} convolutions run in eight bits, {made.weights} more weights stored so")
    painters = {name: FastPainter(file, FastSettings(size=_SIDE, threads=threads)) for name, file in files.items()}
    tell_sizes(files)
    tell_times(files, next(pairs(data)), threads)
    tell_scores(painters, data, out)


def tell_sizes(files: dict[str, Path]) -> None:
    for name, file in files.items():
        side = file.with_name(f"{file.stem}-style.onnx")
        style = f", style side {side.stat().st_size / 1e6:.2f} MB" if side.is_file() else ""
        print(f"{name}: {file.stat().st_size / 1e6:.2f} MB{style}")


def tell_times(files: dict[str, Path], pair: Pair, threads: int) -> None:
    """A whole painting, and the network alone, ready; all take turns."""
    content, works = pair.content.resized(_TIMED), dict[str, Callable[[], object]]()
    for name, file in files.items():
        painter = FastPainter(file, FastSettings(threads=threads))
        style = painter.prepare([impasto.WeightedStyle(pair.style)])
        works[f"{name}, painting"] = lambda painter=painter, style=style: painter.paint(content, style)
        works[f"{name}, network"] = _network(painter, painter.inputs(content, style))
    taken: dict[str, list[float]] = {name: [] for name in works}
    for n in range(_TIMES + 2):
        for name, work in works.items():
            began = time.perf_counter()
            work()
            if n >= 2:
                taken[name].append(time.perf_counter() - began)
    for name, its in taken.items():
        told = f"{min(its) * 1000:.1f} ms at best, {np.median(its) * 1000:.1f} in the middle"
        print(f"{name}, {_TIMED[0]}×{_TIMED[1]}, {threads} threads: {told}")


def _network(painter: FastPainter, given: dict[str, np.ndarray]) -> Callable[[], object]:
    measured = ("thumbnail", "thumbnail_grain", "code")
    modulation = painter.content.function("modulation", *measured)(*(given[name] for name in measured))
    shapes = {name: given[name].shape for name in ("picture", "grain")}
    work = painter.content.function("squares", *shapes, given={"modulation": modulation}, shapes=shapes)
    return lambda: work(given["picture"], given["grain"])


def tell_scores(painters: dict[str, FastPainter], data: Path, out: Path) -> None:
    judge = load_encoder(layers=("relu5_1",))
    alike: dict[str, list[Scores]] = {name: [] for name in painters}
    far: dict[str, list[tuple[float, float]]] = {name: [] for name in painters}
    for pair in pairs(data):
        style = [impasto.WeightedStyle(pair.style)]
        paintings = {name: p.paint(pair.content, p.prepare(style)).picture for name, p in painters.items()}
        before, size = paintings["floats"], paintings["floats"].size
        photo, wanted = pair.content.resized(size), pair.style.resized(size)
        for name, painting in paintings.items():
            seen = _tensor(painting)
            alike[name].append(scores(seen, _tensor(before), judge))
            content, its_style = (scores(seen, _tensor(picture), judge) for picture in (photo, wanted))
            far[name].append((content.content, its_style.style))
        difference = np.clip(0.5 + 8 * (paintings["int8"].pixels - before.pixels), 0, 1)
        sheet = np.concatenate([before.pixels, paintings["int8"].pixels, difference], 1)
        write_picture(Picture(sheet), out / f"{pair.name}.png", overwrite=True)
    for name in painters:
        content, its_style = (mean(values) for values in zip(*far[name], strict=True))
        print(f"{name}: content {content:.4f} from the photographs, style {its_style:.4f} from the style pictures")
        for kind in ("content", "style", "ssim", "psnr"):
            values = [getattr(its, kind) for its in alike[name]]
            worst = min(values) if kind in ("ssim", "psnr") else max(values)
            print(f"    {kind} beside floats: {mean(values):.5f}, at worst {worst:.5f}")


def _tensor(picture: Picture) -> torch.Tensor:
    return torch.from_numpy(picture.pixels.copy()).permute(2, 0, 1)[None].contiguous()


# -- layers


def tell_layers(path: Path, data: Path, threads: int) -> None:
    painter = FastPainter(path, FastSettings(threads=threads))
    given = list(_given(painter, data))
    floats = prepared_model(load_model(path), path.name)
    expected = [_squares(floats, its, threads) for its in given]
    for n in range(len(_candidates(floats)[1])):
        model = ModelProto()
        model.CopyFrom(floats)
        graph, found = _candidates(model)
        name = found[n].weight
        plan = planned(graph, found[n : n + 1])
        run_whole(graph, plan, measure(floats, list(plan.tensors), given, threads=threads))
        changed = graph.finished()
        values = [
            psnr(torch.from_numpy(_squares(changed, its, threads)), torch.from_numpy(squares)).item()
            for its, squares in zip(given, expected, strict=True)
        ]
        size = np.prod(next(tensor.dims for tensor in floats.graph.initializer if tensor.name == name))
        print(f"{name:42}  {size:6} weights  PSNR {mean(values):5.1f} dB, at worst {min(values):5.1f}")


def _candidates(model: ModelProto) -> tuple[Graph, list]:
    graph = Graph(model)
    return graph, candidates(graph, model, ["picture", "grain"], "modulation", least=1)


def _given(painter: FastPainter, data: Path) -> Iterator[dict[str, np.ndarray]]:
    for n, pair in enumerate(pairs(data)):
        if n < _LOOKED_AT:
            factor = _SIDE / max(pair.content.size)
            content = pair.content.resized((round(pair.content.width * factor), round(pair.content.height * factor)))
            yield painter.inputs(content, painter.prepare([impasto.WeightedStyle(pair.style)]))


def _squares(model: ModelProto, given: dict[str, np.ndarray], threads: int) -> np.ndarray:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    return session.run(["squares"], given)[0]


if __name__ == "__main__":
    main()
