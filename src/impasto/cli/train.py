"""`impasto train encoder`: distil a loss network from a teacher; resumable, with settings from a TOML file and from
flags."""

from __future__ import annotations

import tomllib
from dataclasses import asdict, fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from impasto.cli.bars import training_bar
from impasto.cli.interruption import Interruption
from impasto.cli.threads import Threads, use_threads
from impasto.cli.voice import Voice
from impasto.errors import InterruptedByUserError, UsageError
from impasto.extras import needs_extra
from impasto.records import checked, field_types

if TYPE_CHECKING:
    from impasto.training.run import TrainingProgress
    from impasto.training.settings import EncoderTraining

app = typer.Typer(help="Train networks.", no_args_is_help=True)


@app.callback()
def _train() -> None:
    """Train networks."""


@app.command("encoder")
def encoder(
    teacher: Annotated[Path | None, typer.Option(help="Weight file of the network to learn from.")] = None,
    photos: Annotated[list[Path] | None, typer.Option(help="Folder of photographs; repeatable.")] = None,
    paintings: Annotated[list[Path] | None, typer.Option(help="Folder of paintings; repeatable.")] = None,
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
    """Train a small encoder on the features, Gram matrices and gradients of a large one.

    Flags come before the file. Ctrl-C saves a checkpoint; the same command goes on from there.
    """
    voice = Voice(quiet=quiet, json=json)
    flags = {"steps": steps, "size": size, "learning_rate": learning_rate, "checkpoint_every": checkpoint_every}
    flags["seed"] = seed
    with needs_extra("Training"):
        settings = make_settings(config, {name: value for name, value in flags.items() if value is not None})
    if print_config:
        voice.line(as_toml(settings).rstrip())
        return
    if teacher is None or run is None or not photos or not paintings:
        raise UsageError(
            "--teacher, --photos, --paintings and --run are all needed.",
            hint="`impasto train encoder --help` tells all options.",
        )
    use_threads(threads)
    _run(settings, teacher, photos, paintings, run, voice)


def make_settings(config: Path | None, flags: dict[str, Any]) -> EncoderTraining:
    """Settings from a TOML file with `flags` in place of what it says.

    Raises:
        UsageError: the file cannot be read or is not TOML; a value of the wrong type or out of range.
        UnknownNameError: a key that is no setting, with near ones.
    """
    from impasto.training.settings import EncoderTraining

    given = {**(_read_toml(config) if config else {}), **flags}
    values = checked(field_types(EncoderTraining), given, kind="training setting")
    return EncoderTraining(**values)


def as_toml(settings: EncoderTraining) -> str:
    """All settings, one a line, as `--config` reads them."""
    values = asdict(settings)
    return "".join(f"{f.name} = {_toml(values[f.name])}\n" for f in fields(settings))


def _toml(value: Any) -> str:
    if isinstance(value, tuple | list):
        return f"[{', '.join(map(_toml, value))}]"
    return str(value).lower() if isinstance(value, bool) else repr(value)


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise UsageError(
            f"The settings {str(path)!r} can't be read: {error.strerror}.", hint="See --config."
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(
            f"{path.name} is not TOML: {error}.",
            hint="`impasto train encoder --print-config` shows what it looks like.",
        ) from error


def _run(
    settings: EncoderTraining, teacher: Path, photos: list[Path], paintings: list[Path], folder: Path, voice: Voice
) -> None:
    with needs_extra("Training"):
        from impasto.features import load_encoder
        from impasto.training.data import PictureBank, find_pictures
        from impasto.training.encoder import EncoderTrainer

    interruption = Interruption("Saving a checkpoint. Press Ctrl-C once more to end without.")

    trainer = EncoderTrainer(
        settings,
        load_encoder(teacher),
        PictureBank(find_pictures(photos)),
        PictureBank(find_pictures(paintings)),
        folder,
    )
    with training_bar(voice) as bar, interruption:

        def report(progress: TrainingProgress) -> None:
            if voice.json:
                voice.object(asdict(progress))
            if bar is not None:
                bar(progress)

        weights = trainer.run(report, should_stop=interruption)
    if not trainer.finished:
        raise InterruptedByUserError(
            f"Stopped after step {trainer.step} of {settings.steps}.",
            hint="A checkpoint is saved; the same command goes on from there.",
        )
    if voice.json:
        voice.object({"encoder": str(weights), "step": trainer.step})
    else:
        voice.line(str(weights))
    voice.note(f"Trained. Paint with it: impasto paint … --encoder {weights}")
