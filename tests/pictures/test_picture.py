"""Picture itself, resampling, colours under transparency, contact sheets, public names."""

from __future__ import annotations

import dataclasses
import io
import subprocess
import sys

import numpy as np
import pytest
from picture_files import photo, saved, wheel_photo
from PIL import Image

import impasto.pictures
from impasto.errors import EmptyPictureError, PictureError, UsageError
from impasto.pictures import (
    Metadata,
    Picture,
    contact_sheet,
    fill_transparent,
    fit_long_side,
    read_picture,
    resize,
)

PIXELS = photo().astype(np.float32) / 255


def test_public_names_are_pinned():
    names = """
        CompactPicture FORMATS MAX_PIXELS QUALITY SUFFIXES Metadata Picture PictureFormat Source check_place
        check_target contact_sheet encode_picture fill_transparent fit_long_side format_of_name format_of_suffix
        like_input place_file read_picture resize to_pil write_picture
    """
    assert sorted(impasto.pictures.__all__) == sorted(names.split())
    assert all(hasattr(impasto.pictures, name) for name in impasto.pictures.__all__)


def test_pictures_need_no_torch_and_print_nothing():
    program = "import sys, impasto.pictures; sys.exit('torch' in sys.modules or 'onnxruntime' in sys.modules)"
    done = subprocess.run([sys.executable, "-W", "error", "-c", program], capture_output=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


def test_a_picture_knows_its_size_and_describes_itself():
    picture = Picture(PIXELS, np.ones((32, 48), np.float32), bit_depth=16, format="PNG")
    assert (picture.width, picture.height, picture.size) == (48, 32, (48, 32))
    assert repr(picture) == "Picture(48×32, alpha, 16 bits, PNG)"
    assert repr(Picture(PIXELS)) == "Picture(48×32, 8 bits)"
    with pytest.raises(dataclasses.FrozenInstanceError):
        picture.dpi = (1.0, 1.0)


@pytest.mark.parametrize(
    "pixels", [np.zeros((4, 4), np.float32), np.zeros((4, 4, 4), np.float32), np.zeros((4, 4, 3)), [[0.0]]]
)
def test_other_arrays_make_no_picture(pixels):
    with pytest.raises(PictureError, match="Expected pixels"):
        Picture(pixels)


def test_alpha_must_fit():
    with pytest.raises(PictureError, match="Expected alpha"):
        Picture(PIXELS, np.ones((31, 48), np.float32))
    with pytest.raises(PictureError, match="Expected alpha"):
        Picture(PIXELS, np.ones((32, 48)))
    with pytest.raises(EmptyPictureError):
        Picture(np.zeros((0, 4, 3), np.float32))


def test_with_pixels_keeps_everything_else():
    alpha = np.zeros((32, 48), np.float32)
    alpha[:, 24:] = 1
    picture = Picture(PIXELS, alpha, (72.0, 72.0), b"Exif\0\0x", Metadata(comment="c"), 16, "TIFF")
    same = picture.with_pixels(1 - PIXELS.astype(np.float64))
    assert same.pixels.dtype == np.float32
    assert same.alpha is alpha
    large = picture.with_pixels(np.zeros((64, 96, 3)))
    assert large.alpha.shape == (64, 96)
    assert large.alpha[:, :40].max() < 0.01
    assert large.alpha[:, 56:].min() > 0.99
    for other in (same, large):
        for field in ("dpi", "exif", "metadata", "bit_depth", "format"):
            assert getattr(other, field) == getattr(picture, field)
    with pytest.raises(PictureError):
        picture.with_pixels(np.zeros((64, 96)))


def lanczos(signal: np.ndarray, n: int) -> np.ndarray:
    """One-dimensional Lanczos-3 resampling to n samples, in float64, from its definition."""
    scale = max(1.0, len(signal) / n)
    centres = (np.arange(n) + 0.5) * len(signal) / n - 0.5
    x = (np.arange(len(signal))[None, :] - centres[:, None]) / scale
    weights = np.where(np.abs(x) < 3, np.sinc(x) * np.sinc(x / 3), 0)
    return (weights / weights.sum(axis=1, keepdims=True)) @ signal


@pytest.mark.parametrize("size", [(20, 11), (48, 11), (100, 70), (1, 1), (47, 33)])
def test_resize_is_lanczos(size):
    columns = np.apply_along_axis(lanczos, 1, PIXELS.astype(np.float64), size[0])
    expected = np.clip(np.apply_along_axis(lanczos, 0, columns, size[1]), 0, 1)
    np.testing.assert_allclose(resize(PIXELS, size), expected, atol=1e-5)
    np.testing.assert_allclose(resize(PIXELS[..., 0], size), expected[..., 0], atol=1e-5)


def test_resize_stays_in_range_and_keeps_plain_colours():
    edges = np.kron(np.indices((8, 8)).sum(axis=0) % 2, np.ones((5, 5)))
    for size in ((7, 9), (100, 90), (41, 39)):
        out = resize(edges, size)
        assert 0 <= out.min() <= out.max() <= 1
        np.testing.assert_allclose(resize(np.full((9, 7, 3), 0.3), size), 0.3, atol=1e-6)


def test_resize_antialiases():
    stripes = np.tile([0.0, 1.0], (64, 512))
    np.testing.assert_allclose(resize(stripes, (100, 64))[:, 5:-5], 0.5, atol=0.02)


def test_resize_to_the_same_size_is_a_copy():
    out = resize(PIXELS, (48, 32))
    np.testing.assert_array_equal(out, PIXELS)
    assert not np.shares_memory(out, PIXELS)
    picture = Picture(PIXELS)
    assert picture.resized((48, 32)) is picture
    assert picture.resized((24, 16)).size == (24, 16)


@pytest.mark.parametrize("size", [(0, 5), (5, 0), (-1, 5)])
def test_resize_to_nothing_is_refused(size):
    with pytest.raises(UsageError, match="can't be resized"):
        resize(PIXELS, size)


def test_fit_long_side():
    assert fit_long_side((400, 300), 200) == (200, 150)
    assert fit_long_side((300, 400), 1000) == (750, 1000)
    assert fit_long_side((10_000, 3), 100) == (100, 1)
    assert fit_long_side((7, 7), 5) == (5, 5)
    with pytest.raises(UsageError):
        fit_long_side((7, 7), 0)


def test_over_blends_with_gray():
    alpha = np.full((32, 48), 0.25, np.float32)
    np.testing.assert_allclose(Picture(PIXELS, alpha).over(0.5), PIXELS * 0.25 + 0.375, atol=1e-6)
    assert Picture(PIXELS).over(0.5) is PIXELS


# Colours under transparency.


def test_visible_colours_stay_and_hidden_ones_come_from_them():
    pixels = np.zeros((40, 60, 3), np.float32)
    pixels[:, :20], pixels[:, 40:] = (0.8, 0.2, 0.1), (0.1, 0.3, 0.9)
    alpha = np.ones((40, 60), np.float32)
    alpha[:, 20:40] = 0
    filled = fill_transparent(pixels, alpha)
    np.testing.assert_array_equal(filled[:, :20], pixels[:, :20])
    np.testing.assert_array_equal(filled[:, 40:], pixels[:, 40:])
    np.testing.assert_allclose(filled[:, 20], pixels[:, 19], atol=0.15)
    np.testing.assert_allclose(filled[:, 39], pixels[:, 40], atol=0.15)
    low, high = np.minimum(pixels[0, 0], pixels[0, 59]), np.maximum(pixels[0, 0], pixels[0, 59])
    assert np.all(filled >= low - 1e-5)
    assert np.all(filled <= high + 1e-5)  # no black from below


@pytest.mark.parametrize("size", [(1, 1), (1, 9), (9, 1), (7, 13), (64, 64), (65, 33)])
def test_a_plain_colour_fills_every_hole(size):
    rng = np.random.default_rng(0)
    alpha = (rng.random(size[::-1]) < 0.1).astype(np.float32) * 0.5
    alpha[0, 0] = 0.01
    pixels = np.where(alpha[..., None] > 0, np.float32([0.3, 0.6, 0.9]), np.float32(0))
    np.testing.assert_allclose(
        fill_transparent(pixels, alpha), np.broadcast_to([0.3, 0.6, 0.9], pixels.shape), atol=1e-5
    )


def test_opaque_and_invisible_pictures_stay_as_they_are():
    assert fill_transparent(PIXELS, np.ones((32, 48), np.float32)) is PIXELS
    assert fill_transparent(PIXELS, np.zeros((32, 48), np.float32)) is PIXELS


def test_hidden_black_does_not_bleed_through_a_blur():
    """What a painter does to its neighbourhood: an average over 9×9 pixels, here of a white disc on hidden black."""
    y, x = np.mgrid[-20:21, -20:21]
    disc = (x**2 + y**2 < 200).astype(np.uint8) * 255
    picture = read_picture(np.dstack([disc, disc, disc, disc]))
    window = np.lib.stride_tricks.sliding_window_view(picture.pixels[..., 0], (9, 9)).mean(axis=(2, 3))
    assert window.min() > 0.999


def test_a_logo_with_transparency_from_the_wheel():
    picture = read_picture(wheel_photo("logo.png"))
    with Image.open(wheel_photo("logo.png")) as opened:
        rgba = np.asarray(opened.convert("RGBA"))
    seen = rgba[..., 3] > 0
    np.testing.assert_array_equal(np.rint(picture.pixels[seen] * 255), rgba[seen][:, :3])


# Contact sheets.


def test_a_sheet_holds_its_pictures_where_they_belong():
    red, green = np.zeros((60, 100, 3), np.float32), np.zeros((100, 60, 3), np.float32)
    red[..., 0], green[..., 1] = 1, 1
    sheet = contact_sheet([[(Picture(red), "content"), (Picture(green), "style")], [(Picture(red), "")]], cell=100)
    assert sheet.width == 2 * 100 + 3 * 5
    is_red = (sheet.pixels[..., 0] > 0.9) & (sheet.pixels[..., 1] < 0.1)
    is_green = (sheet.pixels[..., 1] > 0.9) & (sheet.pixels[..., 0] < 0.1)
    assert is_red.sum() == 2 * red.shape[0] * red.shape[1]
    assert is_green.sum() == green.shape[0] * green.shape[1]
    rows = np.flatnonzero(is_red.any(axis=1))
    assert rows[0] == 5 + 40  # the lower picture stands on the base line of the taller one
    assert np.flatnonzero(is_green.any(axis=0))[0] == 5 + 100 + 5 + 20  # centred in the second column
    ink = sheet.pixels.max(axis=2) < 0.5
    assert ink[105:130, :105].any()
    assert ink[105:130, 110:].any()


def test_a_sheet_shrinks_large_pictures_and_never_enlarges():
    large, small = Picture(np.zeros((400, 800, 3), np.float32)), Picture(np.zeros((20, 30, 3), np.float32))
    sheet = contact_sheet([[(large, ""), (small, "")]], cell=200)
    assert (sheet.pixels.max(axis=2) < 0.1).sum() == 200 * 100 + 30 * 20


def test_long_captions_are_cut_inside_their_column():
    sheet = contact_sheet([[(Picture(np.ones((40, 100, 3), np.float32)), "a very long caption " * 20)]], cell=100)
    columns = np.flatnonzero((sheet.pixels.max(axis=2) < 0.5).any(axis=0))
    assert columns[0] >= 4
    assert columns[-1] < 106


def test_transparent_pictures_show_the_paper_and_titles_stand_above():
    clear = Picture(np.zeros((50, 50, 3), np.float32), np.zeros((50, 50), np.float32))
    sheet = contact_sheet([[(clear, "")]], cell=50, title="Title")
    assert (sheet.pixels[-50:] > 0.9).all()
    assert (sheet.pixels[:30].max(axis=2) < 0.5).any()


def test_sheets_of_nothing_are_refused():
    for rows in ([], [[]]):
        with pytest.raises(UsageError, match="at least one"):
            contact_sheet(rows)
    with pytest.raises(UsageError, match="cells"):
        contact_sheet([[(Picture(PIXELS), "")]], cell=3)


def test_sheets_are_saved_like_any_picture(tmp_path):
    contact_sheet([[(read_picture(saved(photo(), "PNG")), "a")]]).save(tmp_path / "sheet.jpg")
    assert Image.open(io.BytesIO((tmp_path / "sheet.jpg").read_bytes())).format == "JPEG"
