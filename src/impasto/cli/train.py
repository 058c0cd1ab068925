"""`impasto train encoder|swift`: resumable, with settings from a TOML file and from flags."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from impasto.cli.bars import training_bar
from impasto.cli.interruption import Interruption
from impasto.cli.threads import Threads, set_up_torch
from impasto.cli.training_config import as_toml, make_settings
from impasto.cli.voice import Voice
from impasto.errors import InterruptedByUserError, UsageError
from impasto.extras import needs_extra

if TYPE_CHECKING:
    from impasto.training.run import TrainingProgress, TrainingRun

app = typer.Typer(help="Train networks.", no_args_is_help=True)

Teacher = Annotated[Path | None, typer.Option(help="Weight file of the loss network to learn from.")]
Run = Annotated[Path | None, typer.Option(help="Folder of the run; one that was begun is resumed.")]
Config = Annotated[Path | None, typer.Option(help="Settings as TOML.")]
Steps = Annotated[int | None, typer.Option(min=1, help="How many steps.")]
Size = Annotated[int | None, typer.Option(min=16, help="Side of the crops, in pixels.")]
LearningRate = Annotated[float | None, typer.Option(help="At the beginning.")]
CheckpointEvery = Annotated[int | None, typer.Option(min=1, help="Steps between checkpoints.")]
Seed = Annotated[int | None, typer.Option(min=0, help="Of all chance.")]
PrintConfig = Annotated[bool, typer.Option("--print-config", help="Print all settings as TOML, and end.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress bar, no notes.")]
Json = Annotated[bool, typer.Option("--json", help="Progress and result as JSON, an object a line.")]


def register(program: typer.Typer) -> None:
    program.add_typer(app, name="train")


@app.callback()
def _train() -> None:
    """Train networks.

    Flags come before the settings file. Ctrl-C saves a checkpoint; the same command goes on from there.
    """


@app.command("encoder")
def encoder(
    teacher: Teacher = None,
    photos: Annotated[list[Path] | None, typer.Option(help="Folder of photographs; repeatable.")] = None,
    paintings: Annotated[list[Path] | None, typer.Option(help="Folder of paintings; repeatable.")] = None,
    start: Annotated[Path | None, typer.Option(help="Weight file of an encoder to begin with.")] = None,
    run: Run = None,
    config: Config = None,
    steps: Steps = None,
    size: Size = None,
    learning_rate: LearningRate = None,
    checkpoint_every: CheckpointEvery = None,
    seed: Seed = None,
    print_config: PrintConfig = False,
    threads: Threads = None,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Train a small encoder on the features and Gram matrices of a large one.

    Flags come before the file. Ctrl-C saves a checkpoint; the same command goes on from there.
    """
    voice = Voice(quiet=quiet, json=json)
    with needs_extra("Training"):
        from impasto.training.encoder_settings import EncoderTraining
    settings = make_settings(EncoderTraining, config, _flags(steps, size, learning_rate, checkpoint_every, seed))
    if print_config:
        voice.line(as_toml(settings).rstrip())
        return
    if teacher is None or run is None or not photos or not paintings:
        raise _needed("--teacher, --photos, --paintings and --run", "encoder")
    set_up_torch(threads)
    with needs_extra("Training"):
        from impasto.features import load_encoder
        from impasto.training.data import PictureBank
        from impasto.training.encoder import EncoderTrainer
        from impasto.training.sources import find_pictures
    banks = PictureBank(find_pictures(photos)), PictureBank(find_pictures(paintings))
    begun = None if start is None else load_encoder(start)
    weights = _run(EncoderTrainer(settings, load_encoder(teacher), *banks, run, start=begun), voice)
    voice.note(f"Trained. Paint with it: impasto paint … --encoder {weights}")


@app.command("swift")
def swift(
    teacher: Teacher = None,
    content: Annotated[list[Path] | None, typer.Option(help="Folder of photographs; repeatable.")] = None,
    style: Annotated[list[Path] | None, typer.Option(help="Folder of style pictures; repeatable.")] = None,
    start: Annotated[Path | None, typer.Option(help="swift.safetensors of another run to begin with.")] = None,
    name: Annotated[str, typer.Option(help="Of the network, by which its style codes know it.")] = "mine",
    run: Run = None,
    config: Config = None,
    steps: Steps = None,
    size: Size = None,
    learning_rate: LearningRate = None,
    checkpoint_every: CheckpointEvery = None,
    seed: Seed = None,
    print_config: PrintConfig = False,
    threads: Threads = None,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Train the painter that paints any style in one pass, and export it as ONNX.

    Flags come before the file. Ctrl-C saves a checkpoint; the same command goes on from there.
    """
    voice = Voice(quiet=quiet, json=json)
    with needs_extra("Training"):
        from impasto.training.swift_settings import SwiftTraining
    settings = make_settings(SwiftTraining, config, _flags(steps, size, learning_rate, checkpoint_every, seed))
    if print_config:
        voice.line(as_toml(settings).rstrip())
        return
    if run is None or not content or not style:
        raise _needed("--content, --style and --run", "swift")
    set_up_torch(threads)
    with needs_extra("Training"):
        from impasto.features import load_encoder
        from impasto.networks.swift_file import export_swift, load_swift, load_trained
        from impasto.training.data import PictureBank
        from impasto.training.sources import find_pictures
        from impasto.training.swift import SwiftTask
        from impasto.training.trainer import Trainer
    banks = PictureBank(find_pictures(content)), PictureBank(find_pictures(style))
    lite = load_encoder("lite")
    judge = lite if teacher is None else load_encoder(teacher)
    begun = None if start is None else load_trained(start)
    trainer = Trainer(SwiftTask(settings, judge, lite, *banks, start=begun), run)
    weights = _run(trainer, voice)
    if trainer.leads:
        for file in export_swift(load_swift(weights), run, name=name, training=asdict(settings)):
            voice.note(f"Exported: {run / file}")


def _flags(
    steps: int | None, size: int | None, learning_rate: float | None, checkpoint_every: int | None, seed: int | None
) -> dict[str, float | int | None]:
    """The settings that have flags, by name; None where a flag was not given."""
    return {
        "steps": steps,
        "size": size,
        "learning_rate": learning_rate,
        "checkpoint_every": checkpoint_every,
        "seed": seed,
    }


def _needed(options: str, verb: str) -> UsageError:
    return UsageError(f"{options} are all needed.", hint=f"`impasto train {verb} --help` tells all options.")


def _run(trainer: TrainingRun[Any], voice: Voice) -> Path:
    """Train with a progress bar, and tell where the weights are."""
    interruption = Interruption("Saving a checkpoint. Press Ctrl-C once more to end without.")
    rollbacks = 0
    with training_bar(voice) as bar, interruption:

        def report(progress: TrainingProgress) -> None:
            nonlocal rollbacks
            if progress.rollbacks > rollbacks:
                rollbacks = progress.rollbacks
                voice.note("A loss was no number: taken back to the last checkpoint, from there at half the pace.")
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
