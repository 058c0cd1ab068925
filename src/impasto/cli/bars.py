"""Progress bars, on standard error and only where someone can see them."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from impasto.cli.voice import Voice
from impasto.painters import Progress

if TYPE_CHECKING:
    from impasto.features import DownloadProgress
    from impasto.training.run import TrainingProgress

PaintingCallback = Callable[[str, Progress], None]

# Columns of a terminal from which on there is room for the parts of the loss.
_WIDE = 110
_LONGEST_NAME = 24


@contextmanager
def painting_bar(voice: Voice) -> Iterator[PaintingCallback | None]:
    """A function that shows where the painting of a name is; None where nobody watches."""
    if not voice.shows_progress:
        yield None
        return
    with _bar("{task.fields[name]}", "{task.fields[place]}", "{task.fields[losses]}", "{task.fields[left]}") as bar:
        task = bar.add_task("", total=1.0, name="", place="preparing", losses="", left="")
        wide = bar.console.width >= _WIDE

        def show(name: str, progress: Progress) -> None:
            bar.update(
                task,
                completed=progress.fraction,
                name=name if len(name) <= _LONGEST_NAME else f"…{name[1 - _LONGEST_NAME :]}",
                place=describe_place(progress),
                losses=describe_losses(progress, parts=wide),
                left=f"{clock(_seconds_left(progress))} left",
            )

        yield show


@contextmanager
def download_bar(voice: Voice) -> Iterator[Callable[[DownloadProgress], None] | None]:
    if not voice.shows_progress:
        yield None
        return
    from rich.progress import DownloadColumn, TransferSpeedColumn

    with _bar("{task.fields[name]}", DownloadColumn(), TransferSpeedColumn()) as bar:
        task = bar.add_task("", total=None, name="")
        yield lambda p: bar.update(task, completed=p.done_bytes, total=p.total_bytes, name=p.name)


@contextmanager
def training_bar(voice: Voice) -> Iterator[Callable[[TrainingProgress], None] | None]:
    if not voice.shows_progress:
        yield None
        return
    columns = ("{task.fields[losses]}", "{task.fields[cost]}", "{task.fields[left]}")
    with _bar("step {task.completed:.0f} of {task.total:.0f}", *columns) as bar:
        task = bar.add_task("", total=1, completed=0, losses="", cost="", left="")

        def show(progress: TrainingProgress) -> None:
            losses = " · ".join(f"{name} {value:.4f}" for name, value in progress.losses.items())
            left = f"{clock(progress.seconds_left)} left"
            cost = describe_cost(progress)
            bar.update(task, completed=progress.step, total=progress.steps, losses=losses, cost=cost, left=left)

        yield show


def describe_place(progress: Progress) -> str:
    """`scale 2/3 512×384 step 40/150`."""
    width, height = progress.size
    place = f"scale {progress.scale}/{progress.scales} {width}×{height}"
    return f"{place} step {progress.iteration}/{progress.iterations}"


def describe_losses(progress: Progress, *, parts: bool = True) -> str:
    """`loss 0.123 = content 0.05 + style 0.073`: the terms of a loss summed over its layers."""
    sums: dict[str, float] = {}
    for name, value in progress.losses.items():
        kind = name.partition("/")[0]
        sums[kind] = sums.get(kind, 0.0) + value
    terms = " + ".join(f"{kind} {value:.3g}" for kind, value in sums.items())
    return f"loss {progress.loss:.3g}" + (f" = {terms}" if parts and len(sums) > 1 else "")


def describe_cost(progress: TrainingProgress) -> str:
    """`12.3 pictures/s 1.1 GB`."""
    memory = f" {progress.peak_memory / 1e9:.1f} GB" if progress.peak_memory else ""
    return f"{progress.pace:.1f} pictures/s{memory}"


def clock(seconds: float) -> str:
    """`1:02:03`, `2:03`."""
    minutes, rest = divmod(max(0, round(seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def _seconds_left(progress: Progress) -> float:
    # At the very beginning one step has told nothing about the pace.
    return progress.seconds * (1 - progress.fraction) / max(progress.fraction, 1e-3)


def _bar(first: str, *columns: Any) -> Any:
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn
    from rich.progress import Progress as Bar

    wide = [TextColumn(column, markup=False) if isinstance(column, str) else column for column in columns]
    start = TextColumn(first, markup=False)
    return Bar(start, BarColumn(12), *wide, console=Console(file=sys.stderr), transient=True)
