"""Written files: every format against independent readers, options, refusals, type in = type out."""

from __future__ import annotations

import io
import subprocess
import sys

import numpy as np
import pytest
import tifffile
from picture_files import chunks, decode_png16, photo, saved
from PIL import Image, features

from impasto.errors import (
    DiskFullError,
    OutputExistsError,
    PictureError,
    UnknownNameError,
    UnknownSuffixError,
    UnwritableOutputError,
    UsageError,
)
from impasto.pictures import (
    FORMATS,
    Metadata,
    Picture,
    check_target,
    encode_picture,
    like_input,
    read_picture,
    to_pil,
    write_picture,
)

WRITABLE = [f for f in FORMATS if f != "AVIF" or features.check("avif")]
PIXELS = photo().astype(np.float32) / 255


def opened(data: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(data))
    image.load()
    return image


@pytest.mark.parametrize("fmt", WRITABLE)
def test_every_format_reads_back_in_pillow(fmt):
    image = opened(encode_picture(Picture(PIXELS), fmt, quality=100))
    assert image.format == fmt
    error = np.abs(np.asarray(image.convert("RGB")).astype(int) - photo())
    assert error.mean() <= {"JPEG": 1, "AVIF": 1, "GIF": 10}.get(fmt, 0)


@pytest.mark.parametrize("size", [(1, 1), (1, 7), (7, 1), (3, 500)])
@pytest.mark.parametrize("alpha", [False, True])
def test_small_and_narrow_pictures(size, alpha):
    pixels = np.full((size[1], size[0], 3), 0.5, np.float32)
    picture = Picture(pixels, np.full(size[::-1], 0.5, np.float32) if alpha else None)
    for fmt in WRITABLE:
        again = read_picture(encode_picture(picture, fmt))
        assert again.size == size
        np.testing.assert_allclose(again.pixels, 0.75 if alpha and not FORMATS[fmt].alpha else 0.5, atol=0.02)
    for fmt in ("png", "tiff"):
        assert read_picture(encode_picture(picture, fmt, bit_depth=16)).size == size


@pytest.mark.parametrize("alpha", [False, True])
def test_sixteen_bit_png_by_the_specification(alpha):
    array = photo(37, 29, 4 if alpha else 3, np.uint16)
    array[..., 3:] |= 1
    picture = read_picture(array)
    data = encode_picture(picture, "png", bit_depth=16)
    np.testing.assert_array_equal(decode_png16(data), array)
    assert [kind for kind, _ in chunks(data)][:2] == [b"IHDR", b"iCCP"]
    again = read_picture(data)
    assert again.bit_depth == 16
    np.testing.assert_array_equal(again.pixels, picture.pixels)


def test_sixteen_bit_png_spans_several_chunks():
    noise = np.random.default_rng(0).integers(0, 65536, (300, 700, 3), dtype=np.uint16)
    data = encode_picture(read_picture(noise), "png", bit_depth=16)
    assert sum(kind == b"IDAT" for kind, _ in chunks(data)) > 1
    np.testing.assert_array_equal(np.rint(read_picture(data).pixels * 65535), noise)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("channels", [3, 4])
@pytest.mark.parametrize("size", [(37, 29), (1, 1), (700, 300)])
def test_tiff_against_tifffile(dtype, channels, size):
    array = photo(*size, channels, dtype)
    array[..., 3:] |= 1
    data = encode_picture(read_picture(array), "tiff", bit_depth=8 * np.dtype(dtype).itemsize)
    with tifffile.TiffFile(io.BytesIO(data)) as file:
        page = file.pages[0]
        np.testing.assert_array_equal(page.asarray(), array)
        assert page.compression == tifffile.COMPRESSION.ADOBE_DEFLATE
        assert page.predictor == tifffile.PREDICTOR.HORIZONTAL
        assert page.iccprofile[36:40] == b"acsp"
        if channels == 4:
            assert page.extrasamples == (tifffile.EXTRASAMPLE.UNASSALPHA,)
    np.testing.assert_array_equal(np.asarray(opened(data)), array if dtype == np.uint8 else array >> 8)


def test_rounding_is_to_the_nearest():
    values = np.array([0.0, 0.4999 / 255, 0.5001 / 255, 1.0, 1.5, -0.5], np.float32)
    pixels = np.broadcast_to(values[:, None, None], (6, 1, 3)).copy()
    np.testing.assert_array_equal(np.asarray(opened(encode_picture(Picture(pixels))))[:, 0, 0], [0, 0, 1, 255, 255, 0])


@pytest.mark.parametrize("fmt", ["JPEG", "BMP"])
def test_formats_without_transparency_get_white_below(fmt):
    alpha = np.zeros((32, 48), np.float32)
    alpha[:, :16], alpha[:, 16:32] = 1, 0.5
    pixels = np.zeros((32, 48, 3), np.float32)
    image = np.asarray(opened(encode_picture(Picture(pixels, alpha), fmt))).astype(int)
    np.testing.assert_allclose(image[:, [4, 24, 44], 0], [[0, 128, 255]] * 32, atol=3)


@pytest.mark.parametrize("fmt", [f for f in WRITABLE if FORMATS[f].alpha])
def test_transparency_is_kept(fmt):
    alpha = np.zeros((32, 48), np.float32)
    alpha[:, :16], alpha[:, 16:32] = 1, 0.6
    picture = read_picture(encode_picture(Picture(PIXELS, alpha), fmt, quality=100))
    middle = 1.0 if fmt == "GIF" else 0.6
    np.testing.assert_allclose(picture.alpha[:, [4, 24, 44]], [[1, middle, 0]] * 32, atol=0.01)


def test_quality_and_lossless_webp():
    sizes = [len(encode_picture(Picture(PIXELS), "jpeg", quality=q)) for q in (30, 92)]
    assert sizes[0] < sizes[1]
    np.testing.assert_array_equal(np.asarray(opened(encode_picture(Picture(PIXELS), "webp", quality=100))), photo())
    from PIL.JpegImagePlugin import get_sampling

    assert get_sampling(opened(encode_picture(Picture(PIXELS), "jpeg", quality=92))) == 0
    assert get_sampling(opened(encode_picture(Picture(PIXELS), "jpeg", quality=80))) == 2


def test_noise_at_full_quality_fits_pillows_buffers():
    noise = np.random.default_rng(0).random((200, 300, 3), dtype=np.float32)
    metadata = Metadata(xmp=b"x" * 60_000, iptc=b"y" * 60_000, comment="z" * 60_000)
    for fmt in ("jpeg", "png", "webp"):
        assert opened(encode_picture(Picture(noise, metadata=metadata), fmt, quality=100)).size == (300, 200)


def test_nan_is_never_written(tmp_path):
    pixels = PIXELS.copy()
    pixels[3, 4, 1] = np.nan
    for fmt in WRITABLE:
        with pytest.raises(PictureError, match="NaN"):
            write_picture(Picture(pixels), tmp_path / f"a{FORMATS[fmt].suffixes[0]}")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("name", "options", "error", "words"),
    [
        ("a.pmg", {}, UnknownSuffixError, "Did you mean 'a.png'"),
        ("a.xyz", {}, UnknownSuffixError, "Known suffixes: .avif"),
        ("a", {}, UnknownSuffixError, "no suffix"),
        ("a.jpg", {"bit_depth": 16}, UnknownSuffixError, "can't hold 16 bits. Write .png or .tif"),
        ("a.webp", {"size": (20_000, 10)}, UnknownSuffixError, "longest side is 16,383"),
        ("a.png", {"bit_depth": 12}, UsageError, "bit depth"),
        ("a.jpg", {"quality": 0}, UsageError, "from 1 to 100"),
        ("a.jpg", {"quality": 101}, UsageError, "from 1 to 100"),
        ("a.jpg", {"quality": True}, UsageError, "from 1 to 100"),
        ("a.jpg", {"format": "jpge"}, UnknownNameError, "Did you mean 'jpeg'"),
        ("missing/a.png", {}, UnwritableOutputError, "doesn't exist. Create it first"),
        ("file/a.png", {}, UnwritableOutputError, "Not a directory|is not a folder"),
        ("folder.png", {}, UnwritableOutputError, "is a folder"),
        ("there.png", {}, OutputExistsError, "--overwrite"),
        ("link.png", {}, OutputExistsError, "exists already"),
        ("dangling.png", {}, OutputExistsError, "exists already"),
        ("loop.png", {}, UnwritableOutputError, "symbolic links"),
        ("x" * 300 + ".png", {}, UnwritableOutputError, "too long"),
        ("a\0b.png", {}, UnwritableOutputError, "null"),
    ],
)
def test_targets_are_refused_before_and_at_writing(tmp_path, name, options, error, words):
    (tmp_path / "folder.png").mkdir()
    (tmp_path / "file").touch()
    (tmp_path / "there.png").write_bytes(b"before")
    (tmp_path / "link.png").symlink_to("there.png")
    (tmp_path / "dangling.png").symlink_to("nowhere.png")
    (tmp_path / "loop.png").symlink_to("loop.png")
    before = {p.name for p in tmp_path.iterdir()}
    with pytest.raises(error, match=words):
        check_target(tmp_path / name, **options)
    size = options.pop("size", None)
    picture = Picture(PIXELS) if size is None else Picture(np.zeros((size[1], size[0], 3), np.float32))
    with pytest.raises(error, match=words):
        write_picture(picture, tmp_path / name, **options)
    assert {p.name for p in tmp_path.iterdir()} == before
    assert (tmp_path / "there.png").read_bytes() == b"before"


def test_good_targets_pass_the_check_and_nothing_is_left(tmp_path):
    check_target(tmp_path / "a.png", bit_depth=16, size=(100, 100))
    check_target(tmp_path / "a.TIFF")
    check_target(tmp_path / "no-suffix", format="png")
    check_target(io.BytesIO())
    assert not list(tmp_path.iterdir())
    with pytest.raises(UsageError, match="can't be written to"):
        check_target(12)


def test_the_format_given_wins_over_the_suffix(tmp_path):
    write_picture(Picture(PIXELS), tmp_path / "a.dat", format="JPG")
    assert opened((tmp_path / "a.dat").read_bytes()).format == "JPEG"


def test_open_files_get_the_format_that_was_read(tmp_path):
    stream = io.BytesIO()
    read_picture(saved(photo(), "BMP")).save(stream)
    assert opened(stream.getvalue()).format == "BMP"
    with (tmp_path / "a.txt").open("w") as text, pytest.raises(UsageError, match="open as text"):
        write_picture(Picture(PIXELS), text)
    closed = io.BytesIO()
    closed.close()
    with pytest.raises(UnwritableOutputError, match="closed"):
        write_picture(Picture(PIXELS), closed)


STDOUT = (
    "import sys, numpy as np\n"
    "from impasto.errors import ImpastoError\n"
    "from impasto.pictures import Picture, write_picture\n"
    "try:\n"
    "    write_picture(Picture(np.random.default_rng(0).random((400, 400, 3), dtype=np.float32)), '-')\n"
    "except ImpastoError as error:\n"
    "    sys.stderr.write(type(error).__name__)\n"
    "    sys.stderr.flush()\n"
    "    import os; os._exit(error.exit_code)\n"
)


def test_standard_output():
    done = subprocess.run([sys.executable, "-c", STDOUT], capture_output=True, check=False)
    assert opened(done.stdout).size == (400, 400)
    assert done.stderr == b""


@pytest.mark.skipif(sys.platform != "linux", reason="needs /dev/full")
def test_a_full_standard_output_and_a_reader_that_leaves():
    with open("/dev/full", "wb") as full:  # noqa: PTH123
        done = subprocess.run([sys.executable, "-c", STDOUT], stdout=full, stderr=subprocess.PIPE, check=False)
    assert (done.returncode, done.stderr) == (DiskFullError.exit_code, b"DiskFullError")
    with subprocess.Popen([sys.executable, "-c", STDOUT], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.close()
        assert process.stderr.read() == b"UnwritableOutputError"
        assert process.wait() == UnwritableOutputError.exit_code


# Type in = type out.


@pytest.mark.parametrize("fmt", WRITABLE)
def test_bytes_come_back_as_bytes_of_the_same_format(fmt):
    source = saved(photo(), fmt)
    result = like_input(read_picture(source), source)
    assert opened(result).format == fmt


def test_sixteen_bit_bytes_come_back_with_sixteen_bits():
    source = encode_picture(Picture(PIXELS), "png", bit_depth=16)
    assert chunks(like_input(read_picture(source), source))[0][1][8] == 16


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "P", "CMYK"])
def test_pillow_pictures_come_back_as_pillow_pictures(mode):
    source = Image.fromarray(photo()).convert(mode)
    result = like_input(read_picture(source), source)
    assert isinstance(result, Image.Image)
    assert result.mode == ("RGBA" if mode == "RGBA" else "RGB")
    assert result.size == source.size


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float16, np.float32, np.float64, np.bool_])
@pytest.mark.parametrize("channels", [None, 1, 2, 3, 4])
def test_arrays_come_back_as_arrays_of_their_type(dtype, channels):
    shape = (8, 9) if channels is None else (8, 9, channels)
    rng = np.random.default_rng(0)
    integers = np.dtype(dtype).kind == "u"
    source = (
        rng.integers(1, np.iinfo(dtype).max, shape, dtype=dtype)
        if integers
        else rng.random(shape).round().astype(dtype)
    )
    result = like_input(read_picture(source), source)
    assert result.dtype == (np.uint8 if dtype == np.bool_ else dtype)
    assert result.shape == (8, 9, 4 if channels in (2, 4) else 3)
    if integers:
        colours = source.reshape(8, 9, -1)
        np.testing.assert_array_equal(result[..., -1], colours[..., -1])
        np.testing.assert_array_equal(result[..., 0], colours[..., 0])


def test_the_users_array_is_never_shared_nor_changed():
    source = np.random.default_rng(0).random((8, 9, 3), dtype=np.float32)
    before = source.copy()
    picture = read_picture(source)
    picture.pixels[...] = 0
    np.testing.assert_array_equal(source, before)


def test_paths_and_pictures_give_a_picture(tmp_path):
    path = tmp_path / "a.png"
    path.write_bytes(saved(photo(), "PNG"))
    picture = read_picture(path)
    assert like_input(picture, path) is picture
    assert like_input(picture, str(path)) is picture
    assert like_input(picture, picture) is picture
    assert read_picture(picture) is picture


def test_to_pil_carries_profile_and_metadata():
    picture = Picture(PIXELS, dpi=(300.0, 300.0), metadata=Metadata(xmp=b"<x/>"))
    image = to_pil(picture)
    assert image.info["dpi"] == (300.0, 300.0)
    assert image.info["icc_profile"][36:40] == b"acsp"
    assert image.info["xmp"] == b"<x/>"
    np.testing.assert_array_equal(np.asarray(image), photo())
    np.testing.assert_array_equal(np.asarray(picture.to_pil()), photo())
