from __future__ import annotations

import numpy as np
import pytest

from impasto.grain import CHANNELS, grain


def test_it_is_white() -> None:
    """Mean 0, variance 1, spread evenly, and no number tells of its neighbours: within five deviations of chance."""
    values = grain((0, 512), (0, 512))[:2].astype(np.float64)
    chance = 5 / np.sqrt(values[0].size)
    for plane in values:
        assert abs(plane.mean()) < chance
        assert abs(plane.var() - 1) < chance
        shares, _ = np.histogram(plane, 16, (-(3**0.5), 3**0.5))
        assert shares.sum() == plane.size
        assert np.abs(shares / plane.size * 16 - 1).max() < 5 * np.sqrt(16 / plane.size)
        for y, x in [(0, 1), (1, 0), (1, 1), (1, -1), (0, 8), (8, 0), (64, 64)]:
            assert abs((plane * np.roll(plane, (y, x), (0, 1))).mean()) < chance
    assert abs((values[0] * values[1]).mean()) < chance


def test_its_spectrum_is_flat() -> None:
    """No lattice: whiteness by every frequency, against what white noise's periodogram does (exponential)."""
    plane = grain((0, 256), (0, 256))[0].astype(np.float64)
    power = np.abs(np.fft.fft2(plane)) ** 2 / plane.size
    assert power.max() < 2 * np.log(plane.size)  # of n exponential numbers the largest is about log n
    assert abs(np.median(power) - np.log(2)) < 0.05


def test_smooth_channels_are_linear_between_the_numbers_of_a_lattice() -> None:
    values = grain((-64, 65), (-64, 65)).astype(np.float64)
    for plane, spacing in zip(values[2:], (4, 8, 16, 32), strict=True):
        knots = plane[::spacing, ::spacing]
        for y in range(0, 129 - spacing, 7):
            for x in range(0, 129 - spacing, 7):
                (j, t), (i, u) = divmod(y, spacing), divmod(x, spacing)
                t, u = t / spacing, u / spacing
                row = [knots[j + n, i] * (1 - u) + knots[j + n, i + 1] * u for n in (0, 1)]
                assert plane[y, x] == pytest.approx(row[0] * (1 - t) + row[1] * t, abs=1e-5)
        assert np.abs(knots).max() > 1.5 * 3**0.5 * 0.7


def test_every_channel_has_mean_0_and_variance_1() -> None:
    values = grain((0, 4096), (0, 4096)).astype(np.float64)
    assert values.shape == (CHANNELS, 4096, 4096)
    numbers = 4096 / np.array([1, 1, 4, 8, 16, 32])  # in each direction
    assert (np.abs(values.mean((1, 2))) < 5 * 1.5 / numbers).all()
    assert (np.abs(values.var((1, 2)) - 1) < 10 / numbers).all()


@pytest.mark.parametrize("seed", [0, 3, 2**63 - 1])
def test_a_place_has_its_value_whatever_is_asked_for_around_it(seed: int) -> None:
    whole = grain((-20, 60), (-30, 90), seed=seed)
    part = grain((5, 17), (-11, 40), seed=seed)
    np.testing.assert_array_equal(part, whole[:, 25:37, 19:70])


def test_another_seed_is_other_grain() -> None:
    a, b = (grain((0, 64), (0, 64), seed=seed) for seed in (0, 1))
    assert abs((a * b)[:2].mean()) < 0.06
    assert not np.isclose(a, b).all((1, 2)).any()


def test_a_known_value() -> None:
    """By Python's whole numbers, step by step: it must never change, else every painting does."""

    def mixed(x: int) -> int:
        x ^= x >> 16
        x = x * 0x7FEB352D & 0xFFFFFFFF
        x ^= x >> 15
        x = x * 0x846CA68B & 0xFFFFFFFF
        return x ^ x >> 16

    bits = mixed((7 + mixed((5 + mixed(1 + CHANNELS * 4)) & 0xFFFFFFFF)) & 0xFFFFFFFF) >> 8
    found = grain((5, 6), (7, 8), seed=4)[1, 0, 0]
    assert found == pytest.approx((bits / 2**24 * 2 - 1) * 3**0.5, abs=1e-6)
