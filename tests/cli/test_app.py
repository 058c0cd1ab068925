"""The program as a whole: help, version, wrong usage, closed pipes, errors as lines and as JSON."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from cli_answer import Answer

from impasto import __version__
from impasto.cli import app as program
from impasto.cli.voice import Voice, error_object
from impasto.errors import UsageError

Impasto = Callable[..., Answer]


@pytest.mark.parametrize("words", [["--version"], ["-V"]])
def test_version(impasto: Impasto, words: list[str]) -> None:
    assert impasto(*words) == Answer(0, f"impasto {__version__}\n", "")


@pytest.mark.parametrize("words", [[], ["--help"], ["-h"]])
def test_help_names_every_verb(impasto: Impasto, words: list[str]) -> None:
    answer = impasto(*words)
    assert (answer.code, answer.err) == (0, "")
    for verb in ("paint", "styles", "presets", "weights", "train", "doctor"):
        assert f" {verb} " in answer.out


@pytest.mark.parametrize("verb", ["paint", "styles", "styles draw", "presets", "weights", "weights get", "doctor"])
def test_every_verb_has_help(impasto: Impasto, verb: str) -> None:
    answer = impasto(*verb.split(), "--help")
    assert (answer.code, answer.err) == (0, "")
    assert f"impasto {verb}" in answer.out


@pytest.mark.parametrize(
    ("words", "error", "hint"),
    [
        (["pant"], "No such command 'pant'.", "Did you mean 'paint'? `impasto --help`"),
        (["paint", "--styles", "x"], "No such option: --styles.", "Did you mean --style"),
        (["weights", "gett", "vgg19"], "No such command 'gett'.", "Did you mean 'get'? `impasto weights --help`"),
        (["weights", "get"], "Missing argument 'NAME'.", "`impasto weights get --help`"),
        (["paint", "a.jpg", "--style"], "Option '--style' requires an argument.", ""),
        (["presets", "extra"], "Got unexpected extra argument", ""),
    ],
)
def test_wrong_usage(impasto: Impasto, words: list[str], error: str, hint: str) -> None:
    answer = impasto(*words)
    assert (answer.code, answer.out) == (2, "")
    first, second = answer.err.splitlines()
    assert first.startswith(f"error: {error}")
    assert second.startswith(f"hint: {hint}")
    (told,) = impasto(words[0], "--json", *words[1:]).objects
    assert told["error"]["exit_code"] == 2


def test_an_interruption_is_told(impasto: Impasto, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("impasto.cli.doctor.examine", interrupt)
    assert impasto("doctor") == Answer(130, "", "error: Interrupted.\n")


def test_a_lack_of_memory_is_told(impasto: Impasto, monkeypatch: pytest.MonkeyPatch) -> None:
    def exhaust() -> None:
        raise MemoryError

    monkeypatch.setattr("impasto.cli.doctor.examine", exhaust)
    answer = impasto("doctor")
    assert answer.code == 52
    assert answer.err.startswith("error: There is not enough memory")


@pytest.mark.skipif(sys.platform == "win32", reason="pipes of POSIX")
def test_a_closed_pipe_is_no_error() -> None:
    ours, theirs = os.pipe()
    os.close(ours)
    done = subprocess.run(
        [sys.executable, "-m", "impasto", "styles"], stdout=theirs, stderr=subprocess.PIPE, check=False
    )
    os.close(theirs)
    assert (done.returncode, done.stderr) == (program._PIPE_CLOSED, b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux")
def test_a_full_standard_output_is_told() -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "impasto", "styles", "--json"], stdout=full, stderr=subprocess.PIPE, check=False
        )
    assert done.returncode == 22
    assert done.stderr.decode() == "error: Standard output can't be written: No space left on device.\n"


def test_a_terminal_of_ascii_shows_what_it_can() -> None:
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    done = subprocess.run(
        [sys.executable, "-m", "impasto", "presets"], capture_output=True, env=environment, check=True
    )
    assert b"gatys" in done.stdout


def test_json_has_no_nan(capfd: pytest.CaptureFixture[str]) -> None:
    Voice(json=True).object({"a": float("nan"), "b": [float("inf"), 1.5], "c": Path("x"), "d": None, "é": True})
    assert capfd.readouterr().out == '{"a": null, "b": [null, 1.5], "c": "x", "d": null, "\\u00e9": true}\n'


def test_verbose_tells_the_cause(capfd: pytest.CaptureFixture[str]) -> None:
    error = UsageError("It does not fit.", hint="Make it smaller.")
    error.__cause__ = ValueError("the cause")
    Voice().error(error, about="a.jpg")
    assert capfd.readouterr().err == "error: a.jpg: It does not fit.\nhint: Make it smaller.\n"
    Voice(verbose=True).error(error)
    assert "ValueError: the cause" in capfd.readouterr().err
    assert error_object(error) == {
        "kind": "UsageError",
        "message": "It does not fit.",
        "hint": "Make it smaller.",
        "exit_code": 2,
    }


@pytest.mark.parametrize(
    ("line", "offers"),
    [
        ("impasto pa", ["paint"]),
        ("impasto paint a.jpg --style swirl", ["swirling-strokes"]),
        ("impasto paint a.jpg --style photo.j", []),
        ("impasto paint a.jpg --preset k", ["keras-guide"]),
        ("impasto paint a.jpg --encoder l", ["lite"]),
        ("impasto paint a.jpg --quality b", ["best"]),
        ("impasto paint a.jpg --optimizer l", ["lbfgs"]),
        ("impasto weights get vgg19-", ["vgg19-torchvision"]),
        ("impasto styles draw swirl", ["swirling-strokes"]),
        ("impasto paint a.jpg --content-w", ["--content-weight"]),
    ],
)
def test_the_shell_is_offered_names(
    impasto: Impasto, monkeypatch: pytest.MonkeyPatch, line: str, offers: list[str]
) -> None:
    monkeypatch.setenv("_IMPASTO_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", line)
    monkeypatch.setenv("COMP_CWORD", str(len(line.split()) - 1))
    answer = impasto()
    assert (answer.code, answer.out.split(), answer.err) == (0, offers, "")
