"""Every painting: alike for a seed and at every size, whole at any shape, rich in colour, contrast and marks."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from impasto import styles
from impasto.styles.craft.colour import to_oklab

Draw = Callable[..., NDArray[np.float32]]
NAMES = styles.names()


def coarse(pixels: NDArray[np.float32], side: int = 12) -> NDArray[np.float64]:
    """Mean colours of a grid of `side` × `side` fields, (side, side, 3)."""
    channels = [
        Image.fromarray(np.ascontiguousarray(pixels[..., c])).resize((side, side), Image.Resampling.BOX)
        for c in range(3)
    ]
    return np.stack([np.asarray(channel, np.float64) for channel in channels], axis=-1)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("size", [(192, 192), (97, 61), (1, 1), (2, 150)], ids=str)
def test_shape_type_and_range_at_any_size(name: str, size: tuple[int, int], drawn: Draw) -> None:
    pixels = drawn(name, size)
    assert pixels.shape == (size[1], size[0], 3)
    assert pixels.dtype == np.float32
    assert np.isfinite(pixels).all()
    assert 0 <= pixels.min() <= pixels.max() <= 1


@pytest.mark.parametrize("name", NAMES)
def test_same_seed_same_pixels(name: str, drawn: Draw) -> None:
    np.testing.assert_array_equal(styles.draw(name, size=(97, 61), seed=0).pixels, drawn(name, (97, 61)))


@pytest.mark.parametrize("name", NAMES)
def test_another_seed_is_another_painting(name: str, drawn: Draw) -> None:
    first, second = drawn(name), drawn(name, (192, 192), 5)
    assert np.abs(first - second).mean() > 0.02


@pytest.mark.parametrize("name", NAMES)
def test_composition_is_the_same_at_every_resolution(name: str, drawn: Draw) -> None:
    small, large = coarse(drawn(name)), coarse(drawn(name, (448, 448)))
    assert np.abs(small - large).mean() < 0.02
    assert np.corrcoef(small.ravel(), large.ravel())[0, 1] > 0.985


@pytest.mark.parametrize("name", NAMES)
def test_contrast_and_colours(name: str, drawn: Draw) -> None:
    lab = to_oklab(drawn(name)).reshape(-1, 3).astype(np.float64)
    low, high = np.percentile(lab[:, 0], [2, 98])
    assert high - low > 0.4
    chroma = np.hypot(lab[:, 1], lab[:, 2])
    if name == "ink-wash":
        # Ink on paper, with one red: few coloured pixels, but strong ones.
        assert np.percentile(chroma, 99.5) > 0.12
        return
    assert np.percentile(chroma, 90) > 0.07
    hues = np.histogram(np.arctan2(lab[:, 2], lab[:, 1])[chroma > 0.04], bins=12, range=(-np.pi, np.pi))[0]
    assert (hues > 0.01 * len(lab)).sum() >= 3


@pytest.mark.parametrize("name", NAMES)
def test_marks_are_visible_everywhere(name: str, drawn: Draw) -> None:
    """No empty gradients: in most fields of the picture neighbouring pixels differ."""
    pixels = drawn(name, (448, 448))
    light = pixels.mean(axis=2)
    detail = np.abs(np.diff(light, axis=0))[:, :-1] + np.abs(np.diff(light, axis=1))[:-1]
    fields = detail[:444, :444].reshape(12, 37, 12, 37).mean(axis=(1, 3))
    assert np.median(fields) > 0.012
    assert np.percentile(fields, 5) > 0.004
