"""Whatever ships as a model has a card, and the card is filled in."""

from __future__ import annotations

from pathlib import Path

import pytest

MODELS = Path(__file__).resolve().parent.parent / "src" / "impasto" / "models"


@pytest.mark.parametrize("name", ["johnson", "lite", "swift"])
def test_a_card_tells_what_users_must_know(name: str) -> None:
    card = (MODELS / f"{name}.md").read_text("utf-8")
    for word in ("licence", "## Recipe", "## Quality", "## Limits", "photographs", f"--config {name}.toml"):
        assert word in card
    assert "@" not in card


def test_every_network_has_a_card() -> None:
    stems = {path.stem.removesuffix("-style") for path in MODELS.iterdir() if path.suffix in (".onnx", ".safetensors")}
    cards = {stem.partition("-")[0] for stem in stems}  # those of a family have one
    assert {path.stem for path in MODELS.glob("*.md")} == cards
    johnsons = [stem for stem in stems if stem.startswith("johnson-")]
    assert all(f"`{stem}`" in (MODELS / "johnson.md").read_text("utf-8") for stem in johnsons)


def test_the_networks_that_ship_are_small() -> None:
    assert sum(path.stat().st_size for path in MODELS.glob("swift*.onnx")) < 4_000_000
    assert all(path.stat().st_size <= 500_000 for path in MODELS.glob("johnson-*.onnx"))
