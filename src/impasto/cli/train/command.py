"""What the commands of all families share: their options, and the course of a run."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from impasto.cli.bars import training_bar
from impasto.cli.interruption import Interruption
from impasto.cli.threads import Threads, set_up_torch
from impasto.cli.train.config import as_toml, make_settings
from impasto.cli.train.origin import Given
from impasto.cli.voice import Voice
from impasto.errors import InterruptedByUserError, UsageError
from impasto.extras import needs_extra

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

    from impasto.training.run import TrainingProgress
    from impasto.training.trainer import Trainer

Teacher = Annotated[Path | None, typer.Option(help="Weight file of the loss network to learn from.")]
Content = Annotated[
    list[Path] | None, typer.Option(help="Photographs: a folder, a .tar, or a .txt that lists files; repeatable.")
]


class Begun(NamedTuple):
    """A run that is ready to go.

    Attributes:
        trainer: of it.
        finish: exports what was trained, given the path of the weights, and yields what is to be told.
    """

    trainer: Trainer[Any]
    finish: Callable[[Path], Iterable[str]]


def check_name(name: str) -> None:
    """
    Raises:
        UsageError: it can't be part of a file's name.
    """
    if not name or Path(name).name != name:
        raise UsageError(f"A network can't be called {name!r}.", hint="It names a file in the run's folder.")


def training(
    kind: type[DataclassInstance],
    *,
    needs: tuple[str, ...],
    of: tuple[str, ...],
    flags: Callable[..., None] | None = None,
) -> Callable[[Callable[..., Begun]], Callable[..., None]]:
    """A command from a function that begins a run: the function's own options, and those of all families.

    Args:
        kind: of the settings.
        needs: which of the function's options must be given.
        of: which of them make a run what it is; see `Given`.
        flags: a function whose options stand for settings of their names.
    """
    common = {**(_parameters(flags) if flags else {}), **_parameters(_options)}

    def decorated(begin: Callable[..., Begun]) -> Callable[..., None]:
        @functools.wraps(begin)
        def command(**given: Any) -> None:
            shared = {name: given.pop(name) for name in common}
            _train(begin, kind, needs, of, given, **shared)

        own = [p for p in _parameters(begin).values() if p.name not in ("settings", "run")]
        parameters = [*own, *common.values()]
        parameters = [p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in parameters]
        command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        command.__annotations__ = {p.name: p.annotation for p in parameters}
        return command

    return decorated


def _options(
    *,
    run: Annotated[Path | None, typer.Option(help="Folder of the run; one that was begun is resumed.")] = None,
    config: Annotated[Path | None, typer.Option(help="Settings as TOML.")] = None,
    steps: Annotated[int | None, typer.Option(min=1, help="How many steps.")] = None,
    size: Annotated[int | None, typer.Option(min=16, help="Side of the crops, in pixels.")] = None,
    learning_rate: Annotated[float | None, typer.Option(help="At the beginning.")] = None,
    checkpoint_every: Annotated[int | None, typer.Option(min=1, help="Steps between checkpoints.")] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Of all chance.")] = None,
    print_config: Annotated[bool, typer.Option("--print-config", help="Print all settings as TOML, and end.")] = False,
    threads: Threads = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress bar, no notes.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Progress and result as JSON, an object a line.")] = False,
) -> None:
    """The options that all commands have."""


def _parameters(function: Callable[..., Any]) -> dict[str, inspect.Parameter]:
    return dict(inspect.signature(function, eval_str=True).parameters)


def _train(
    begin: Callable[..., Begun],
    kind: type[DataclassInstance],
    needs: tuple[str, ...],
    of: tuple[str, ...],
    own: dict[str, Any],
    *,
    run: Path | None,
    config: Path | None,
    print_config: bool,
    threads: int | None,
    quiet: bool,
    json: bool,
    **flags: Any,
) -> None:
    voice = Voice(quiet=quiet, json=json)
    made = make_settings(kind, config, flags)
    if print_config:
        voice.line(as_toml(made).rstrip())
        return
    if run is None or not all(own[name] for name in needs):
        *first, last = (f"--{name}" for name in (*needs, "run"))
        raise UsageError(
            f"{', '.join(first)} and {last} are {'all' if first[1:] else 'both'} needed.",
            hint="Add --help to see what each of them is.",
        )
    set_up_torch(threads)
    with needs_extra("Training"):
        begun = begin(settings=made, run=run, **own)
    begun.trainer.folder.origin = Given(begin.__name__, {name: own[name] for name in of})
    weights = _run(begun.trainer, voice)
    if begun.trainer.leads:
        for note in begun.finish(weights):
            voice.note(note)


def _run(trainer: Trainer[Any], voice: Voice) -> Path:
    """Train with a progress bar, and tell where the weights are."""
    interruption = Interruption("Saving a checkpoint. Press Ctrl-C once more to end without.")
    rollbacks = skipped = 0
    with training_bar(voice) as bar, interruption:

        def report(progress: TrainingProgress) -> None:
            nonlocal rollbacks, skipped
            if progress.rollbacks > rollbacks:
                rollbacks = progress.rollbacks
                voice.note("A loss was no number: taken back to the last checkpoint, from there at half the pace.")
            if progress.skipped > skipped:
                skipped = progress.skipped
                voice.note(f"Training pictures that can't be used, left out so far: {skipped}.")
            if voice.json:
                voice.object(asdict(progress))
            if bar is not None:
                bar(progress)

        weights = trainer.run(report, should_stop=interruption)
    if not trainer.finished:
        raise InterruptedByUserError(
            f"Stopped after step {trainer.step} of {trainer.settings.steps}.",
            hint="A checkpoint is saved; the same command goes on from there.",
        )
    if trainer.leads and voice.json:
        voice.object({"weights": str(weights), "step": trainer.step})
    elif trainer.leads:
        voice.line(str(weights))
    return weights
