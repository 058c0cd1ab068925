"""`impasto export`, as far as it goes without what converts; see tests/litert for the rest."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from cli_answer import Answer

Impasto = Callable[..., Answer]


def test_what_is_missing_is_told_with_the_command_that_installs_it(
    impasto: Impasto, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "ai_edge_litert", None)
    answer = impasto("export", "swift", "--to", "litert", "-s", "starry-night", "-o", "painter.tflite")
    assert (answer.code, "pip install 'impasto[litert]'" in answer.err) == (50, True)
    assert not (folder / "painter.tflite").exists()


def test_unknown_targets_and_models_are_told(impasto: Impasto, folder: Path) -> None:
    answer = impasto("export", "swift", "--to", "litret", "-o", "painter.tflite")
    assert (answer.code, "Did you mean 'litert'" in answer.err) == (3, True)
    answer = impasto("export", "swfit", "--to", "litert", "-o", "painter.tflite")
    assert (answer.code, "Did you mean 'swift'" in answer.err) == (3, True)
    assert impasto("export", "swift", "-o", "painter.tflite").code == 2
