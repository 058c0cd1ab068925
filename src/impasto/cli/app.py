"""The verbs as one program, and the one place where errors become messages and exit codes."""

from __future__ import annotations

import gc
import importlib
import io
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from impasto import __version__
from impasto.cli.voice import AlreadyTold, Voice, error_object
from impasto.errors import ImpastoError, InterruptedByUserError, OutOfMemoryError, UnwritableOutputError, UsageError
from impasto.runtime import early

# The base of all that typer (and click before it) says about wrong usage; neither exports it by name in every version.
_WrongUsage: type[Exception] = typer.BadParameter.__bases__[0]
_PIPE_CLOSED = 141  # what a shell reports for a program that SIGPIPE ended


class _PipeClosed(Exception):
    """Whoever read our output has heard enough, as `head` does."""


class _Verbs(TyperGroup):
    def invoke(self, ctx: Any) -> Any:
        # Here, because typer's own `main` turns both into exit codes without a word.
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt as error:
            raise InterruptedByUserError("Interrupted.") from error
        except BrokenPipeError as error:
            raise _PipeClosed from error


_ABOUT: dict[str, Any] = {
    "name": "impasto",
    "cls": _Verbs,
    "help": "Paint a picture in the style of another.",
    "epilog": "For example: impasto paint photo.jpg --style starry-night -o painting.jpg",
    "no_args_is_help": False,
    "invoke_without_command": True,
    "pretty_exceptions_enable": False,
    "context_settings": {"help_option_names": ["-h", "--help"]},
}
# Modules of this package, in the order of the help.
_VERBS = (
    *("paint", "styles", "models", "export", "presets", "weights", "train"),
    *("serve", "worker", "orders", "keys", "doctor"),
)


def _program(arguments: Sequence[str]) -> Any:
    """The program with the verb that is called for, or, where that is not clear, with all: a painting takes less time
    than all the others take to import.
    """
    verb = next(iter(arguments), None)
    if verb == "paint" and not {"best", "--model", "-h", "--help"}.intersection(arguments):
        early.begin()
    program = typer.Typer(**_ABOUT)
    program.callback()(_root)
    for name in [verb] if verb in _VERBS else _VERBS:
        importlib.import_module(f"impasto.cli.{name}").register(program)
    return typer.main.get_command(program)


def _root(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", "-V", help="Show the version and end.")] = False,
) -> None:
    if version:
        typer.echo(f"impasto {__version__}")
        raise typer.Exit
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())
        raise typer.Exit


def run(arguments: Sequence[str]) -> int:
    """Run the program and return its exit code."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A terminal without "…" shows \\u2026; a result is no reason to fail.
        sys.stdout.reconfigure(errors="backslashreplace")
    voice = Voice(json="--json" in arguments, verbose="--verbose" in arguments or "-v" in arguments)
    try:
        try:
            return _run(arguments)
        except ImpastoError as error:
            voice.error(error)
            if voice.json:
                with suppress(UnwritableOutputError):  # which may be the very error
                    voice.object({"error": error_object(error)})
            return error.exit_code
    except AlreadyTold as told:
        return told.exit_code
    except (_PipeClosed, BrokenPipeError):
        return _PIPE_CLOSED
    finally:
        _let_go_of_stdout()


def _run(arguments: Sequence[str]) -> int:
    """
    Raises:
        ImpastoError: whatever went wrong.
        AlreadyTold, _PipeClosed: there is nothing more to say.
    """
    try:
        command = _program(arguments)
    except KeyboardInterrupt as error:
        raise InterruptedByUserError("Interrupted.") from error
    gc.freeze()
    gc.enable()
    try:
        code = command.main(args=list(arguments), prog_name="impasto", standalone_mode=False)
    except _WrongUsage as error:
        raise _usage_error(error) from error
    except MemoryError as error:
        raise OutOfMemoryError("There is not enough memory for this.", hint="Ask for a smaller --size.") from error
    return code if isinstance(code, int) else 0


def _let_go_of_stdout() -> None:
    """Send what is left; where that fails, let Python, which tries again at exit, find another place to write to."""
    if sys.stdout is None:
        return
    try:
        sys.stdout.flush()
    except (OSError, ValueError):
        with suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _usage_error(error: Any) -> UsageError:
    """Typer's complaint in our form: a sentence, and in the hint near names and the way to the help."""
    near = list(getattr(error, "possibilities", None) or ())
    # For options typer tells near names apart from the message, for commands inside it.
    message, _, guess = (error.message if near else error.format_message()).partition(" Did you mean ")
    if near:
        guess = f"{' or '.join(near[:2])}?"
    command = error.ctx.command_path if error.ctx is not None else "impasto"
    help_ = f"`{command} --help` tells all there is."
    return UsageError(message.rstrip(".") + ".", hint=f"Did you mean {guess} {help_}" if guess else help_)
