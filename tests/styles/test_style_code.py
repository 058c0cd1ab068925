from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from impasto.errors import UsageError, WeightsFormatError, WeightsMissingError
from impasto.styles.code import StyleCode, blend, from_json, load, save, to_json


def _code(seed: int = 0, **more: Any) -> StyleCode:
    values = np.random.default_rng(seed).standard_normal((3, 20)).astype(np.float32)
    return StyleCode(values, (0.5, 1.0, 2.0), "swift", **more)


def test_a_code_survives_its_file(tmp_path: Path) -> None:
    code = _code(title="神奈川沖浪裏", artist="Hokusai", year="1831")
    save(code, tmp_path / "wave.style.json")
    found = load(tmp_path / "wave.style.json")
    assert (found.title, found.artist, found.year) == ("神奈川沖浪裏", "Hokusai", "1831")
    assert (found.network, found.brushes) == (code.network, code.brushes)
    np.testing.assert_allclose(found.values, code.values, rtol=2**-10)
    assert [path.name for path in tmp_path.iterdir()] == ["wave.style.json"]


def test_brushes_between_are_interpolated_by_octaves() -> None:
    code = _code()
    for n, brush in enumerate(code.brushes):
        assert np.array_equal(code.at(brush), code.values[n])
    np.testing.assert_allclose(code.at(2**0.25), 0.75 * code.values[1] + 0.25 * code.values[2], rtol=1e-5, atol=1e-6)
    assert np.array_equal(code.at(9), code.values[2])
    assert np.array_equal(code.at(0.1), code.values[0])
    alone = StyleCode(code.values[:1], (1.0,), "swift")
    assert np.array_equal(alone.at(1.7), code.values[0])


def test_a_blend_is_the_mean_by_share() -> None:
    a, b = _code(1), _code(2)
    np.testing.assert_allclose(blend([a, b], [3, 1]).values, 0.75 * a.values + 0.25 * b.values, rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(blend([a], [7]).values, a.values, rtol=1e-6)


@pytest.mark.parametrize("weights", [[1, 0], [1, -1], [1, float("nan")]])
def test_shares_must_be_positive(weights: list[float]) -> None:
    with pytest.raises(UsageError, match="positive"):
        blend([_code(1), _code(2)], weights)


def test_what_does_not_fit_together_is_not_blended() -> None:
    with pytest.raises(UsageError, match="different networks"):
        blend([_code(), StyleCode(_code().values, (0.5, 1.0, 2.0), "other")], [1, 1])
    with pytest.raises(UsageError, match="no style"):
        blend([], [])


def _changed(**changes: Any) -> dict[str, Any]:
    return {**to_json(_code()), **changes}


@pytest.mark.parametrize(
    "entry",
    [
        {},
        [],
        "text",
        None,
        _changed(format="other"),
        _changed(values="%%%"),
        _changed(values=to_json(_code())["values"][:-4]),
        _changed(values=""),
        _changed(brushes=[]),
        _changed(brushes=[1, 1, 2]),
        _changed(brushes=[0, 1, 2]),
        _changed(brushes=["a", "b", "c"]),
        _changed(brushes=3),
        _changed(brushes=[0.5, 1, 10**400]),
        _changed(brushes="123"),
        _changed(brushes=[0.5, True, 2]),
        _changed(values=to_json(StyleCode(np.full((3, 4), np.nan, np.float32), (0.5, 1, 2), "x"))["values"]),
    ],
)
def test_damaged_codes_are_refused(entry: Any) -> None:
    with pytest.raises(WeightsFormatError, match="mine is no style code") as caught:
        from_json(entry, "mine")
    assert caught.value.exit_code == 32
    assert caught.value.hint.startswith("Make it anew from its picture: impasto styles add")


def test_damaged_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.style.json"
    with pytest.raises(WeightsMissingError, match=r"x\.style\.json"):
        load(path)
    whole = json.dumps(to_json(_code()))
    for data in (b"", b"\xff\xfe\x00", whole[: len(whole) // 2].encode(), b"[" * 100_000, b" " * (2 << 20)):
        path.write_bytes(data)
        with pytest.raises(WeightsFormatError, match=r"x\.style\.json is no style code"):
            load(path)
