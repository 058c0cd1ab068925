from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from small_networks import small_swift

from impasto.errors import UsageError, WeightsFormatError
from impasto.grain import grain
from impasto.networks.content_side import Seen, with_grain
from impasto.networks.export import round_weights
from impasto.painters import Progress, WeightedStyle
from impasto.pictures import CompactPicture, Picture
from impasto.runtime.canvas import BORDER, CompactCanvas, FloatCanvas, mirrored
from impasto.runtime.fast import FastPainter, FastSettings
from impasto.runtime.tiles import tiles
from impasto.styles.code import StyleCode


def _picture(width: int, height: int, seed: int = 0) -> Picture:
    return Picture(np.random.default_rng(seed).random((height, width, 3), dtype=np.float32))


@pytest.fixture(scope="module")
def painter(swift_file: Path) -> FastPainter:
    return FastPainter(swift_file, FastSettings(threads=1))


@pytest.fixture(scope="module")
def code(painter: FastPainter) -> StyleCode:
    return painter.prepare([WeightedStyle(_picture(64, 48, 1))])


@pytest.mark.parametrize("size", [(1, 1), (1, 40), (3, 500), (97, 33), (64, 64)])
def test_paintings_have_the_size_of_their_photo(painter: FastPainter, code: StyleCode, size: tuple[int, int]) -> None:
    painting = painter.paint(_picture(*size), code)
    pixels = painting.picture.pixels
    assert painting.picture.size == size
    assert np.isfinite(pixels).all()
    assert pixels.min() >= 0
    assert pixels.max() <= 1


@settings(max_examples=25, deadline=None)
@given(width=st.integers(1, 420), height=st.integers(1, 420), tile=st.integers(64, 512))
def test_tiles_change_nothing(swift_file: Path, width: int, height: int, tile: int) -> None:
    whole = FastPainter(swift_file, FastSettings(tile=4096, threads=1))
    tiled = FastPainter(swift_file, FastSettings(tile=tile, threads=1))
    photo = _picture(width, height)
    style = whole.prepare([WeightedStyle(_picture(40, 40, 2))])
    error = np.abs(whole.paint(photo, style).picture.pixels - tiled.paint(photo, style).picture.pixels)
    assert error.max() < 1e-4


def test_tiles_are_really_made(painter: FastPainter, code: StyleCode, swift_file: Path) -> None:
    told: list[Progress] = []
    small = FastPainter(swift_file, FastSettings(tile=64, threads=1))
    painting = small.paint(_picture(100, 50), code, progress=told.append)
    count = math.ceil((100 + 2 * BORDER) / 64) * math.ceil((50 + 2 * BORDER) / 64)
    assert painting.facts["tiles"] == len(told) == count > 1
    assert [progress.fraction for progress in told] == pytest.approx([n / count for n in range(1, count + 1)])


def test_stopped_early_the_rest_is_the_photo(code: StyleCode, swift_file: Path) -> None:
    small = FastPainter(swift_file, FastSettings(tile=64, threads=1))
    photo, told = _picture(300, 40), list[Progress]()
    painting = small.paint(photo, code, progress=told.append, should_stop=lambda: len(told) == 2)
    assert painting.stop == "interrupted"
    changed = (painting.picture.pixels != photo.pixels).any((0, 2))
    assert 60 < changed.sum() < 150  # two parts of five


def test_strength_0_is_the_photo_and_1_the_style(painter: FastPainter, code: StyleCode, swift_file: Path) -> None:
    photo = _picture(60, 40)
    at = {
        strength: FastPainter(swift_file, FastSettings(strength=strength, threads=1)).paint(photo, code).picture.pixels
        for strength in (0.0, 0.999, 1.0, 1.5)
    }
    assert np.array_equal(at[0.0], photo.pixels)
    assert np.abs(at[0.999] - at[1.0]).max() < 0.02
    assert np.abs(at[1.5] - at[1.0]).max() > 1e-3


def test_styles_are_blended_by_share(painter: FastPainter) -> None:
    a, b = _picture(40, 40, 1), _picture(50, 40, 2)
    both = painter.prepare([WeightedStyle(a, 3), WeightedStyle(b, 1)]).values
    one, other = (painter.prepare([WeightedStyle(style)]).values for style in (a, b))
    np.testing.assert_allclose(both, 0.75 * one + 0.25 * other, rtol=1e-4, atol=1e-5)


def test_codes_serve_as_pictures_do(painter: FastPainter, swift_file: Path) -> None:
    picture, other = _picture(60, 40, 1), _picture(50, 40, 2)
    code = painter.look(picture)
    for brush in (0.5, 1.0, 2.0):
        brushed = FastPainter(swift_file, FastSettings(brush=brush, threads=1))
        of_code, of_picture = (
            brushed.prepare([WeightedStyle(style, 2), WeightedStyle(other)]).values for style in (code, picture)
        )
        np.testing.assert_allclose(of_code, of_picture, rtol=1e-5, atol=1e-6)
    with pytest.raises(WeightsFormatError, match="'other'"):
        painter.prepare([WeightedStyle(replace(code, network="other"))])


@pytest.mark.parametrize("strength", [0.5, 1.0])
def test_a_code_of_the_wrong_length_is_refused(swift_file: Path, code: StyleCode, strength: float) -> None:
    painter = FastPainter(swift_file, FastSettings(strength=strength, threads=1))
    short = replace(code, values=code.values[:, :-1])
    with pytest.raises(WeightsFormatError, match="damaged"):
        painter.paint(_picture(8, 8), short)
    with pytest.raises(WeightsFormatError, match="damaged"):
        painter.prepare([WeightedStyle(code), WeightedStyle(short)])


@pytest.mark.parametrize(
    ("name", "value"),
    [("multiple", "0"), ("multiple", "100000"), ("margin", "-9999"), ("margin", "3"), ("margin", "x")],
)
def test_impossible_metadata_is_refused(swift_file: Path, tmp_path: Path, name: str, value: str) -> None:
    for file in swift_file.parent.glob("*.onnx"):
        proto = onnx.load(file)
        about = {entry.key: entry.value for entry in proto.metadata_props}
        onnx.helper.set_model_props(proto, {**about, name: value})
        onnx.save(proto, tmp_path / file.name)
    with pytest.raises(WeightsFormatError):
        FastPainter(tmp_path / swift_file.name)


def test_a_painting_is_what_the_network_makes_in_pytorch(swift_file: Path) -> None:
    """Orders of colours and axes, mirror and thumbnail: all made here by other means."""
    photo, style = _picture(104, 72, 3), _picture(64, 48, 4)
    painter = FastPainter(swift_file, FastSettings(threads=1))
    found = painter.paint(photo, painter.prepare([WeightedStyle(style)])).picture.pixels
    batch, style_batch = (torch.from_numpy(p.pixels.copy()).permute(2, 0, 1)[None] for p in (photo, style))
    network = small_swift()
    round_weights(network)
    code = network.style(style_batch)
    # As large as a thumbnail may be, the picture is its own.
    padded = torch.nn.functional.pad(batch, (BORDER,) * 4, mode="reflect")
    cells = ((-BORDER // 4, (side + BORDER) // 4) for side in (photo.height, photo.width))
    seen = Seen(padded, torch.from_numpy(grain(*cells)[None]))
    painted = network.content(seen, with_grain(batch), network.style.head.wishes(code))
    expected = painted[0, :, BORDER:-BORDER, BORDER:-BORDER].clamp(0, 1).permute(1, 2, 0).numpy()
    # Near the border the runtime's zeros, which stand for black, differ from PyTorch's.
    near = max(0, network.content.margin - BORDER)
    away = slice(near, -near or None)
    assert found[away, away].size > 0
    np.testing.assert_allclose(found[away, away], expected[away, away], atol=2e-4)


@pytest.mark.parametrize("weight", [0, -1, float("nan"), float("inf")])
def test_shares_must_be_positive(painter: FastPainter, weight: float) -> None:
    with pytest.raises(UsageError, match="positive"):
        painter.prepare([WeightedStyle(_picture(40, 40), weight)])


def test_shares_may_be_as_large_as_numbers_go(painter: FastPainter) -> None:
    style = _picture(40, 40)
    one, two = (painter.prepare([WeightedStyle(style, w) for w in weights]) for weights in ((1.0,), (1e308, 1e308)))
    np.testing.assert_allclose(one.values, two.values, rtol=1e-5, atol=1e-6)


def test_there_must_be_a_style(painter: FastPainter) -> None:
    with pytest.raises(UsageError, match="no style"):
        painter.prepare([])


def test_a_code_of_another_network_is_refused(painter: FastPainter, code: StyleCode) -> None:
    with pytest.raises(WeightsFormatError, match="'other'"):
        painter.paint(_picture(8, 8), replace(code, network="other"))


@pytest.mark.parametrize(
    ("change", "says"),
    [({"strength": -0.1}, "strength"), ({"brush": 3}, "brush"), ({"tile": 8}, "tile"), ({"threads": 0}, "threads")],
)
def test_settings_are_checked(change: dict[str, float], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        replace(FastSettings(), **change)  # type: ignore[arg-type]


@pytest.mark.parametrize("length", [1, 2, 3, 7, 100])
def test_mirrored_places_are_those_of_numpy(length: int) -> None:
    expected = np.pad(np.arange(length), (BORDER, 40), mode="reflect" if length > 1 else "edge")
    assert mirrored(length, length + BORDER + 40, border=BORDER).tolist() == expected.tolist()


@settings(max_examples=60, deadline=None)
@given(width=st.integers(1, 150), height=st.integers(1, 150), tile=st.sampled_from([64, 96, 160]))
def test_what_is_seen_of_a_tile_is_cut_from_the_mirrored_picture(width: int, height: int, tile: int) -> None:
    picture = _picture(width, height).pixels
    canvas = FloatCanvas(Picture(picture), 8)
    mirrored = picture
    for axis, side in enumerate((height, width)):
        pad = [(0, 0)] * 3
        pad[axis] = (BORDER, canvas.size[1 - axis] - side - BORDER)
        mirrored = np.pad(mirrored, pad, mode="reflect" if side > 1 else "edge")
    for part in tiles(canvas.size, tile, 24, multiple=8):
        expected = mirrored[part.rows.first : part.rows.last, part.columns.first : part.columns.last]
        np.testing.assert_array_equal(canvas.around(part)[0].transpose(1, 2, 0), expected)


def _compact(picture: Picture) -> CompactPicture:
    return CompactPicture(picture.to_pil())


@settings(max_examples=25, deadline=None)
@given(
    width=st.integers(4, 200),
    height=st.integers(4, 200),
    tile=st.sampled_from([64, 96, 512]),
    strength=st.sampled_from([0.3, 1.0]),
)
def test_compact_pictures_are_painted_as_others_are(
    swift_file: Path, width: int, height: int, tile: int, strength: float
) -> None:
    painter = FastPainter(swift_file, FastSettings(tile=tile, strength=strength, threads=1))
    compact = _compact(_picture(width, height, 5))
    style = painter.prepare([WeightedStyle(_picture(40, 40, 6))])
    found = painter.paint(compact, style).picture
    assert isinstance(found, CompactPicture)
    # Their thumbnails are rounded to 8 bits; what is painted from the same floats is the same.
    same = Picture(compact.pixels)
    expected = painter.paint(same, style).picture
    assert found.size == expected.size == (width, height)
    assert np.abs(found.pixels - expected.pixels).mean() < 0.02


def test_a_compact_canvas_sees_and_keeps_what_others_do() -> None:
    content = _compact(_picture(75, 50, 7))
    both = CompactCanvas(content, 8), FloatCanvas(Picture(content.pixels), 8)
    before = content.pixels
    random = np.random.default_rng(0)
    for part in tiles(both[0].size, 64, 16, multiple=8):
        seen = [canvas.around(part) for canvas in both]
        np.testing.assert_array_equal(seen[0], seen[1])
        height, width = seen[0].shape[2:]
        squares = random.random((1, height // 2, width // 2, 12), dtype=np.float32)
        for canvas in both:
            canvas.put(part, squares, 0.7)
    np.testing.assert_allclose(both[0].painted.pixels, both[1].painted.pixels, atol=0.51 / 255)
    np.testing.assert_array_equal(content.pixels, before)


def test_an_interrupted_painting_shows_content_where_nothing_is_painted(swift_file: Path, code: StyleCode) -> None:
    painter = FastPainter(swift_file, FastSettings(tile=64, threads=1))
    for content in (_picture(150, 40, 8), _compact(_picture(150, 40, 8))):
        asked = iter([False, True])
        painting = painter.paint(content, code, should_stop=lambda asked=asked: next(asked))  # type: ignore[misc]
        assert painting.stop == "interrupted"
        changed = np.abs(painting.picture.pixels - content.pixels).max((0, 2)) > 0.1
        assert 20 < changed.sum() < 100


@given(
    width=st.integers(1, 90).map(lambda n: 8 * n),
    height=st.integers(1, 90).map(lambda n: 8 * n),
    tile=st.integers(4, 40).map(lambda n: 8 * n),
)
def test_tiles_cover_the_picture_once_the_largest_first(width: int, height: int, tile: int) -> None:
    covered = np.zeros((height, width), int)
    looked_at = []
    for part in tiles((width, height), tile, 16, multiple=8):
        covered[part.rows.start : part.rows.stop, part.columns.start : part.columns.stop] += 1
        for span, side in ((part.rows, height), (part.columns, width)):
            assert span.stop - span.start <= tile
            assert (span.first, span.last) == (max(0, span.start - 16), min(side, span.stop + 16))
            assert {span.first % 8, span.last % 8} == {0}
        looked_at.append(part.rows.looked_at * part.columns.looked_at)
    assert (covered == 1).all()
    assert looked_at == sorted(looked_at, reverse=True)
