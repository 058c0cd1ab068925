from __future__ import annotations

from pathlib import Path

import pytest

from impasto.cli.style_words import label, layer_shares, split_weight
from impasto.errors import UsageError


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("a.jpg", ("a.jpg", 1.0)),
        ("a.jpg:0.4", ("a.jpg", 0.4)),
        ("a.jpg:2", ("a.jpg", 2.0)),
        ("mosaic:.5", ("mosaic", 0.5)),
        ("mosaic:1e-2", ("mosaic", 0.01)),
        (r"C:\pictures\a.jpg", (r"C:\pictures\a.jpg", 1.0)),
        (r"C:\pictures\a.jpg:0.4", (r"C:\pictures\a.jpg", 0.4)),
        ("C:a.jpg", ("C:a.jpg", 1.0)),
        ("12:30 o'clock.png", ("12:30 o'clock.png", 1.0)),
        ("a:b:c.png:3", ("a:b:c.png", 3.0)),
        (":3", (":3", 1.0)),
        ("-", ("-", 1.0)),
        ("-:0.3", ("-", 0.3)),
    ],
)
def test_only_a_number_at_the_end_is_a_weight(word: str, expected: tuple[str, float]) -> None:
    assert split_weight(word) == expected


@pytest.mark.parametrize("word", ["a.jpg:0", "a.jpg:-1", "a.jpg:nan", "a.jpg:inf", "a.jpg:1e999"])
def test_weights_must_be_positive_and_finite(word: str) -> None:
    with pytest.raises(UsageError, match=r"style 'a\.jpg' is .*; it must be a positive number"):
        split_weight(word)


def test_a_file_whose_name_ends_like_a_weight_is_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    try:
        (tmp_path / "study:2").touch()
    except OSError:
        pytest.skip("this file system has no names with colons")
    assert split_weight("study:2") == ("study:2", 1.0)
    assert split_weight("study:2:0.5") == ("study:2", 0.5)


def test_layers_have_shares() -> None:
    assert layer_shares(["relu1_1", "relu4_1:0.5"]) == {"relu1_1": 1.0, "relu4_1": 0.5}
    with pytest.raises(UsageError, match="named twice"):
        layer_shares(["relu1_1", "relu1_1:2"])
    with pytest.raises(UsageError, match="layer 'relu1_1' is -1"):
        layer_shares(["relu1_1:-1"])


def test_label_names_the_styles() -> None:
    assert label(["pictures/sunset.jpg:0.7", "mosaic"]) == "sunset-mosaic"
    assert label(["-"]) == "style"
