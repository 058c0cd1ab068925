"""Pictures of print size: the same as others, in another form."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from impasto.pictures import CompactPicture, encode_picture, read_picture


def _image(width: int = 40, height: int = 30) -> Image.Image:
    coarse = np.random.default_rng(0).integers(0, 256, (5, 6, 3), np.uint8)
    return Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC)


def _file(fmt: str, image: Image.Image | None = None, **options: object) -> bytes:
    stream = io.BytesIO()
    (image or _image()).save(stream, fmt, **options)
    return stream.getvalue()


def _both(data: bytes) -> tuple[CompactPicture, np.ndarray]:
    compact, plain = read_picture(data, compact_from=1), read_picture(data)
    assert isinstance(compact, CompactPicture)
    assert not isinstance(plain, CompactPicture)
    assert (compact.size, compact.dpi, compact.exif, compact.metadata, compact.format) == (
        plain.size,
        plain.dpi,
        plain.exif,
        plain.metadata,
        plain.format,
    )
    return compact, plain.pixels


@pytest.mark.parametrize("fmt", ["JPEG", "PNG", "WEBP", "BMP"])
def test_read_compactly_it_is_the_same_picture(fmt: str) -> None:
    compact, pixels = _both(_file(fmt, dpi=(300, 300)) if fmt != "WEBP" else _file(fmt))
    np.testing.assert_array_equal(compact.pixels, pixels)
    np.testing.assert_array_equal(compact.window(slice(3, 20), slice(5, 9)), pixels[3:20, 5:9])


@pytest.mark.parametrize("orientation", range(1, 9))
def test_it_is_turned_upright(orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    compact, pixels = _both(_file("PNG", exif=exif))
    np.testing.assert_array_equal(compact.pixels, pixels)


def test_colour_profiles_are_honoured() -> None:
    # A gamma of 1 in a PNG's own words: no profile of anybody's needed.
    from PIL.PngImagePlugin import PngInfo

    info = PngInfo()
    info.add(b"gAMA", (100_000).to_bytes(4, "big"))
    compact, pixels = _both(_file("PNG", _image(60, 600), pnginfo=info))
    assert np.abs(pixels - np.asarray(_image(60, 600), np.float32) / 255).max() > 0.1
    np.testing.assert_allclose(compact.pixels, pixels, atol=0.51 / 255)


@pytest.mark.parametrize(
    "data",
    [
        _file("PNG", _image().convert("RGBA")),
        _file("PNG", _image().convert("L")),
        _file("PNG", _image().convert("P")),
        _file("JPEG", _image().convert("CMYK")),
        _file("TIFF"),
        _file("GIF"),
    ],
)
def test_what_is_not_plain_stays_in_floating_point(data: bytes) -> None:
    assert not isinstance(read_picture(data, compact_from=1), CompactPicture)


def test_small_pictures_stay_in_floating_point() -> None:
    assert not isinstance(read_picture(_file("PNG"), compact_from=40 * 30 + 1), CompactPicture)


@pytest.mark.parametrize("fmt", ["png", "jpeg", "webp", "tiff", "bmp", "gif"])
def test_it_is_written_as_others_are(fmt: str) -> None:
    data = _file("PNG", dpi=(200, 200))
    compact, plain = read_picture(data, compact_from=1), read_picture(data)
    assert encode_picture(compact, fmt) == encode_picture(plain, fmt)


def test_changes_go_to_a_copy_alone(tmp_path: Path) -> None:
    compact, pixels = _both(_file("PNG"))
    other = compact.copied()
    other.put((5, 3), np.ones((4, 2, 3), np.float32))
    np.testing.assert_array_equal(compact.pixels, pixels)
    assert (other.window(slice(3, 7), slice(5, 7)) == 1).all()
    other.save(tmp_path / "out.png")
    np.testing.assert_array_equal(read_picture(tmp_path / "out.png").pixels, other.pixels)


def test_resized_it_is_an_ordinary_picture() -> None:
    compact, _ = _both(_file("PNG"))
    assert compact.resized((20, 15)).size == (20, 15)
    assert compact.thumbnail((8, 6)).shape == (6, 8, 3)
