"""`impasto models quantise`: a model in eight bits, and what that costs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from impasto.cli.completion import complete_model
from impasto.cli.threads import Threads, set_up_torch
from impasto.cli.voice import Voice
from impasto.errors import UnknownSuffixError
from impasto.extras import needs_extra
from impasto.networks.quantisation.settings import QuantiseSettings

if TYPE_CHECKING:
    from impasto.networks.quantisation.comparison import Comparison

_SUFFIX = ".onnx"


def register(app: typer.Typer) -> None:
    app.command("quantise")(quantise)
    app.command("quantize", hidden=True)(quantise)


def quantise(
    model: Annotated[str, typer.Argument(metavar="NAME", help="Or a file.", autocompletion=complete_model)],
    calibration: Annotated[
        Path, typer.Option(metavar="DIR", help="Photographs to calibrate on and to judge by; a .tar or a .txt will do.")
    ],
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE.onnx", help="Where to write it.")],
    weights_only: Annotated[
        bool, typer.Option("--weights-only", help="Store the weights in eight bits, and compute as before.")
    ] = QuantiseSettings.weights_only,
    least: Annotated[
        int, typer.Option(min=1, help="Weights of fewer numbers stay as they are.")
    ] = QuantiseSettings.least,
    pictures: Annotated[int, typer.Option(min=1, help="So many photographs at most.")] = QuantiseSettings.pictures,
    styles: Annotated[int, typer.Option(min=1, help="In how many styles each is painted.")] = QuantiseSettings.styles,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace what is there.")] = False,
    threads: Threads = QuantiseSettings.threads,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No notes.")] = False,
    json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Write a model in eight bits, and tell what it gains and loses.

    Its size, its time on this machine, and how its paintings differ are measured; what speaks against it is said.
    """
    from impasto.files import place_file
    from impasto.runtime.registry import find_model

    voice = Voice(quiet=quiet, json=json)
    path = find_model(model).path
    _check(output, overwrite)
    settings = QuantiseSettings(
        weights_only=weights_only, least=least, pictures=pictures, styles=styles, threads=threads
    )
    with needs_extra("Quantising a model"):
        from impasto.networks.quantisation.quantise import quantise as work
        from impasto.training.photographs import read_photographs
    set_up_torch(threads)
    photographs, failed = read_photographs(calibration, count=settings.pictures, side=settings.side)
    missing = f", {failed} more could not be read" if failed else ""
    voice.note(f"{len(photographs)} photographs from {calibration}{missing}.")
    made = work(path, photographs, settings)
    files = {_beside(output, suffix): data for suffix, data in made.files.items()}
    for file in sorted(files, key=lambda file: file == output):  # the style side first: alone it is nobody's
        place_file(file, files[file], overwrite=overwrite)
    done = {"convolutions": made.convolutions, "weights": made.weights}
    if json:
        voice.object({"output": str(output), "files": [str(f) for f in files], **done, **made.comparison.as_json()})
        return
    voice.line(f"{made.convolutions} convolutions run in eight bits; {made.weights} more weights are only stored so.")
    for line in _told(made.comparison):
        voice.line(line)
    voice.note(f"{path.name} → {output}")


def _check(output: Path, overwrite: bool) -> None:
    from impasto.files import check_place
    from impasto.runtime.fast import STYLE_SIDE

    if output.suffix.lower() != _SUFFIX or output.name.endswith(STYLE_SIDE):
        raise UnknownSuffixError(
            f"{output.name!r} is no name for a model.", hint=f"It must end in {_SUFFIX}, and not in {STYLE_SIDE}."
        )
    for file in (output, _beside(output, STYLE_SIDE)):
        check_place(file, overwrite=overwrite)


def _beside(output: Path, suffix: str) -> Path:
    return output if suffix == _SUFFIX else output.with_name(f"{output.stem}{suffix}")


def _told(found: Comparison) -> list[str]:
    mean, worst = found.mean, found.worst
    before, after = found.seconds
    return [
        f"{'size':13} {found.bytes[0] / 1e6:.2f} → {found.bytes[1] / 1e6:.2f} MB",
        f"{'time':13} {before * 1000:.0f} → {after * 1000:.0f} ms for {found.timed[0]}×{found.timed[1]} pixels",
        f"{'PSNR':13} {mean.psnr:.1f} dB, at worst {worst.psnr:.1f}",
        f"{'SSIM':13} {mean.ssim:.4f}, at worst {worst.ssim:.4f}",
        f"{'content':13} {mean.content:.4f} apart; of the photographs {found.content[0]:.4f} → {found.content[1]:.4f}",
        f"{'style':13} {mean.style:.5f} apart",
        *found.complaints,
    ]
