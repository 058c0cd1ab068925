from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from impasto.optimize.border import cut, enlarged, widened
from impasto.optimize.painter import OptimizationPainter
from impasto.optimize.presets import presets
from impasto.optimize.settings import Settings
from impasto.painters import Progress, WeightedStyle
from impasto.pictures import Picture


@pytest.mark.parametrize(("height", "width", "mode"), [(9, 30, "reflect"), (4, 30, "edge"), (1, 1, "edge")])
def test_widened_is_numpy_s_pad_and_cut_takes_it_away(height: int, width: int, mode: str) -> None:
    picture = torch.rand(1, 3, height, width, generator=torch.Generator().manual_seed(0))
    wide = widened(picture, 5)
    expected = np.pad(picture.numpy(), ((0, 0), (0, 0), (5, 5), (5, 5)), mode=mode)  # type: ignore[call-overload]
    np.testing.assert_array_equal(wide.numpy(), expected)
    assert torch.equal(cut(wide, 5), picture)


def test_no_margin_changes_nothing() -> None:
    picture = torch.rand(1, 3, 4, 5)
    assert widened(picture, 0) is picture
    assert torch.equal(cut(picture, 0), picture)


@given(
    width=st.integers(1, 60),
    height=st.integers(1, 60),
    margin=st.integers(0, 20),
    across=st.floats(1, 3),
    down=st.floats(1, 3),
)
def test_enlarged_keeps_the_picture_in_its_place(
    width: int, height: int, margin: int, across: float, down: float
) -> None:
    """A slope that is a straight line all the way stays one: to half a pixel nothing has moved."""
    y, x = np.mgrid[-margin : height + margin, -margin : width + margin].astype(np.float32)
    reach = max(width, height) + 2 * margin
    pixels = np.stack([(x + margin) / reach, (y + margin) / reach, 0 * x], -1)
    size = (round(width * across), round(height * down))
    large = enlarged(pixels, size, margin)
    assert large.shape == (size[1] + 2 * margin, size[0] + 2 * margin, 3)
    inner = large[margin : margin + size[1], margin : margin + size[0]]
    expected_x = ((np.arange(size[0]) + 0.5) * width / size[0] - 0.5 + margin) / reach
    expected_y = ((np.arange(size[1]) + 0.5) * height / size[1] - 0.5 + margin) / reach
    assert np.abs(inner[..., 0] - expected_x).max() * reach < 1.1
    assert np.abs(inner[..., 1] - expected_y[:, None]).max() * reach < 1.1


def test_recipes_have_none() -> None:
    assert all(preset.settings.margin == 0 for preset in presets())


def test_a_painting_and_its_previews_have_the_photo_s_size(tiny_encoder_file: Path) -> None:
    rng = np.random.default_rng(0)
    photo, style = (Picture(rng.random((20, 33, 3), dtype=np.float32)) for _ in "ab")
    told: list[tuple[tuple[int, int], tuple[int, ...]]] = []

    def watch(progress: Progress) -> None:
        told.append((progress.size, progress.preview().shape))

    settings = Settings(encoder=str(tiny_encoder_file), scales=2, iterations=3, coarse_iterations=2, margin=7)
    painter = OptimizationPainter(settings)
    painting = painter.paint(photo, painter.prepare([WeightedStyle(style)]), progress=watch)
    assert painting.picture.size == photo.size
    assert {size for size, _ in told} == {(16, 10), (33, 20)}
    assert all(shape == (size[1], size[0], 3) for size, shape in told)
