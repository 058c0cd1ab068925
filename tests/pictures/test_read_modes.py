"""Every kind of pixel that files and Pillow pictures hold, against Pillow's own conversions or plain arithmetic."""

from __future__ import annotations

import io

import numpy as np
import pytest
import tifffile
from picture_files import chunk, photo, png16, saved, wheel_photo
from PIL import Image, features

from impasto.errors import NotAPictureError, PictureError
from impasto.pictures import read_picture

needs_avif = pytest.mark.skipif(not features.check("avif"), reason="this Pillow has no AVIF")


def as8(picture) -> np.ndarray:
    return np.rint(picture.pixels * 255).astype(np.uint8)


def as16(values: np.ndarray) -> np.ndarray:
    return np.rint(values.astype(np.float64) * 65535).astype(np.uint16)


@pytest.mark.parametrize("fmt", ["PNG", "TIFF", "BMP", "WEBP"])
def test_lossless_formats_give_back_every_pixel(fmt):
    array = photo()
    picture = read_picture(saved(array, fmt, **({"lossless": True} if fmt == "WEBP" else {})))
    assert picture.format == fmt
    assert picture.bit_depth == 8
    assert picture.alpha is None
    assert picture.pixels.dtype == np.float32
    assert picture.pixels.flags.c_contiguous
    np.testing.assert_array_equal(picture.pixels, array.astype(np.float32) / np.float32(255))


@pytest.mark.parametrize("fmt", ["JPEG", "WEBP", pytest.param("AVIF", marks=needs_avif)])
def test_lossy_formats_decode_as_pillow_decodes_them(fmt):
    data = saved(photo(), fmt)
    np.testing.assert_array_equal(as8(read_picture(data)), np.asarray(Image.open(io.BytesIO(data)).convert("RGB")))


@pytest.mark.parametrize("progressive", [False, True])
def test_jpeg_baseline_and_progressive(progressive):
    data = saved(photo(), "JPEG", progressive=progressive)
    np.testing.assert_array_equal(as8(read_picture(data)), np.asarray(Image.open(io.BytesIO(data))))


@pytest.mark.parametrize("name", ["chelsea.png", "coffee.png", "hubble_deep_field.jpg"])
def test_wheel_photos(name):
    picture = read_picture(wheel_photo(name))
    np.testing.assert_array_equal(as8(picture), np.asarray(Image.open(wheel_photo(name)).convert("RGB")))


@pytest.mark.parametrize("mode", ["1", "L", "LA", "La", "P", "PA", "RGB", "RGBA", "RGBa", "RGBX", "YCbCr", "HSV"])
def test_pillow_modes(mode):
    rgba = Image.fromarray(np.dstack([photo(), photo(channels=1, seed=1)[..., 0] | 128]))
    source = rgba.convert("RGBA" if mode in ("RGBa", "LA", "La", "PA") else "RGB")
    source = source.convert("LA").convert(mode) if mode in ("La", "PA") else source.convert(mode)
    before = source.tobytes()
    picture = read_picture(source)
    assert (picture.alpha is not None) == (mode in ("LA", "La", "PA", "RGBA", "RGBa"))
    straight = source.convert("LA") if mode == "La" else source
    np.testing.assert_array_equal(as8(picture), np.asarray(straight.convert("RGBA").convert("RGB")))
    if picture.alpha is not None:
        np.testing.assert_allclose(picture.alpha, np.asarray(straight.convert("RGBA"))[..., 3] / 255, atol=1e-6)
    assert source.tobytes() == before


@pytest.mark.parametrize("dtype", ["<u2", ">u2"])
def test_pillow_sixteen_bit_gray(dtype):
    array = photo(channels=1, dtype=np.uint16)[..., 0]
    mode = {"<u2": "I;16", ">u2": "I;16B"}[dtype]
    source = Image.frombytes(mode, (array.shape[1], array.shape[0]), array.astype(dtype).tobytes())
    picture = read_picture(source)
    assert picture.bit_depth == 16
    for c in range(3):
        np.testing.assert_array_equal(as16(picture.pixels[..., c]), array)


def test_pillow_mode_i_holds_sixteen_bits_by_custom():
    array = photo(channels=1, dtype=np.uint16)[..., 0]
    np.testing.assert_array_equal(as16(read_picture(Image.fromarray(array.astype(np.int32))).pixels[..., 0]), array)
    with pytest.raises(PictureError, match="outside 0 … 65535"):
        read_picture(Image.fromarray(array.astype(np.int32) * 2))


def test_pillow_mode_f():
    array = photo(channels=1)[..., 0].astype(np.float32) / 255
    np.testing.assert_array_equal(read_picture(Image.fromarray(array)).pixels[..., 1], array)
    with pytest.raises(PictureError, match="outside"):
        read_picture(Image.fromarray(array * 255))


def test_pillow_lab_is_cielab():
    # Bytes of mode LAB: L*·255/100, then a* and b* as signed bytes. L* = 50 without colour is the sRGB gray 119.
    lab = Image.frombytes("LAB", (2, 1), bytes([round(127.5), 0, 0, 153, 40, 0]))
    gray, pink = read_picture(lab).pixels[0]
    np.testing.assert_allclose(gray, 119 / 255, atol=2 / 255)
    np.testing.assert_allclose(pink[0], _red_of_lab(60, 40, 0), atol=2.5 / 255)


def _red_of_lab(lightness: float, a: float, b: float) -> float:
    fy = (lightness + 16) / 116
    f = np.array([fy + a / 500, fy, fy - b / 200])
    xyz = np.where(f > 6 / 29, f**3, 3 * (6 / 29) ** 2 * (f - 4 / 29)) * [0.9642, 1, 0.8249]
    red = np.array([3.1338561, -1.6168667, -0.4906146]) @ xyz  # XYZ (D50) → linear sRGB, Lindbloom
    return float(1.055 * red ** (1 / 2.4) - 0.055)


@pytest.mark.parametrize("bits", [1, 2, 4, 8])
def test_png_gray_of_few_bits_with_a_transparent_value(bits):
    import struct
    import zlib

    top = 2**bits - 1
    values = [0, 1, top] if bits > 1 else [0, 1, 1]
    packed = sum(v << (8 * 3 - bits * (i + 1)) for i, v in enumerate(values)).to_bytes(3, "big")[: -(-3 * bits // 8)]
    header = struct.pack(">IIBBBBB", 3, 1, bits, 0, 0, 0, 0)
    data = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"tRNS", struct.pack(">H", 1))
    data += chunk(b"IDAT", zlib.compress(b"\0" + packed)) + chunk(b"IEND", b"")
    picture = read_picture(data)
    np.testing.assert_array_equal(picture.alpha[0], [float(v != 1) for v in values])
    visible = picture.alpha[0] > 0
    np.testing.assert_array_equal(as8(picture)[0, visible, 0], np.round(np.array(values)[visible] * 255 / top))


@pytest.mark.parametrize("interlaced", [False, True])
@pytest.mark.parametrize(("colour_type", "channels"), [(0, 1), (2, 3), (4, 2), (6, 4)])
def test_sixteen_bit_png_keeps_all_bits(colour_type, channels, interlaced):
    array = photo(21, 13, channels, np.uint16)
    if channels in (2, 4):
        array[..., -1] |= 1  # nothing fully transparent, whose colour would be made up
    picture = read_picture(png16(array, colour_type, interlaced=interlaced))
    assert picture.bit_depth == 16
    colours = array[..., :1].repeat(3, 2) if channels < 3 else array[..., :3]
    np.testing.assert_array_equal(as16(picture.pixels), colours)
    if channels in (2, 4):
        np.testing.assert_array_equal(as16(picture.alpha), array[..., -1])
    else:
        assert picture.alpha is None


@pytest.mark.parametrize(("colour_type", "channels"), [(0, 1), (2, 3)])
def test_sixteen_bit_png_with_a_transparent_colour(colour_type, channels):
    array = photo(9, 7, channels, np.uint16)
    array[2, 3] = array[4, 5] = 1000 + np.arange(channels)
    key = array[2, 3].astype(">u2").tobytes()
    alpha = read_picture(png16(array, colour_type, extra=chunk(b"tRNS", key))).alpha
    assert alpha is not None
    assert {tuple(p) for p in np.argwhere(alpha == 0)} == {(2, 3), (4, 5)}


TIFFS = [
    {"photometric": "rgb"},
    {"photometric": "rgb", "byteorder": ">"},
    {"photometric": "rgb", "compression": "deflate"},
    {"photometric": "rgb", "compression": "deflate", "predictor": True, "byteorder": ">"},
    {"photometric": "rgb", "tile": (16, 16)},
    {"photometric": "rgb", "tile": (16, 16), "compression": "deflate"},
    {"photometric": "rgb", "bigtiff": True},
    {"photometric": "minisblack"},
    {"photometric": "minisblack", "byteorder": ">", "compression": "deflate"},
]


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("options", TIFFS, ids=str)
def test_tiff_against_tifffile(options, dtype):
    array = photo(40, 36, 3 if options["photometric"] == "rgb" else 1, dtype)
    stream = io.BytesIO()
    tifffile.imwrite(stream, array if array.shape[2] == 3 else array[..., 0], **options)
    picture = read_picture(stream.getvalue())
    assert picture.bit_depth == 8 * np.dtype(dtype).itemsize
    top = np.iinfo(dtype).max
    np.testing.assert_array_equal(np.rint(picture.pixels.astype(np.float64) * top), np.broadcast_to(array, (36, 40, 3)))


@pytest.mark.parametrize("kind", ["unassalpha", "assocalpha", "unspecified"])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("compression", [None, "deflate"])
def test_tiff_alpha(kind, dtype, compression):
    array, top = photo(20, 18, 4, dtype), np.iinfo(dtype).max
    array[..., 3] |= top // 2 + 1
    stored = array.copy()
    if kind == "assocalpha":
        stored[..., :3] = np.rint(array[..., :3] * (array[..., 3:] / top))
    stream = io.BytesIO()
    tifffile.imwrite(stream, stored, photometric="rgb", extrasamples=[kind], compression=compression)
    picture = read_picture(stream.getvalue())
    # Straight colours come back up to the rounding of the product: one step at full opacity, two at half.
    np.testing.assert_allclose(picture.pixels * top, array[..., :3], atol=2.01 if kind == "assocalpha" else 0.01)
    if kind == "unspecified":
        assert picture.alpha is None
    else:
        np.testing.assert_allclose(picture.alpha, array[..., 3] / top, atol=1e-6)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_tiff_white_is_zero(dtype):
    array = photo(20, 18, 1, dtype)[..., 0]
    stream = io.BytesIO()
    tifffile.imwrite(stream, array, photometric="miniswhite")
    top = np.iinfo(dtype).max
    np.testing.assert_allclose(
        read_picture(stream.getvalue()).pixels[..., 0] * top, top - array.astype(float), atol=0.01
    )


def test_tiff_float_gray():
    array = photo(20, 18, 1)[..., 0].astype(np.float32) / 255
    stream = io.BytesIO()
    tifffile.imwrite(stream, array)
    picture = read_picture(stream.getvalue())
    assert picture.bit_depth == 16
    np.testing.assert_array_equal(picture.pixels[..., 0], array)


def test_tiff_twelve_bits_reach_white():
    # Two pixels of 12 bits in three bytes: 0xFFF and 0x800.
    from PIL.TiffImagePlugin import ImageFileDirectory_v2

    directory = ImageFileDirectory_v2(prefix=b"II")
    for tag, value in {256: 2, 257: 1, 258: 12, 259: 1, 262: 1, 277: 1, 278: 1, 279: 3}.items():
        directory[tag] = value
    directory[273] = 0
    stream = io.BytesIO()
    directory.save(stream)
    picture = read_picture(stream.getvalue() + bytes([0xFF, 0xF8, 0x00]))
    np.testing.assert_allclose(picture.pixels[0, :, 0], [1, 0x800 / 0xFFF], atol=1e-6)


@pytest.mark.parametrize(
    ("array", "options"),
    [
        (np.zeros((8, 8), np.int16), {}),
        (np.zeros((8, 8), np.uint32), {}),
        (np.zeros((3, 8, 8), np.uint16), {"photometric": "rgb", "planarconfig": "separate"}),
        (np.zeros((8, 8, 3), np.float32), {"photometric": "rgb"}),
    ],
)
def test_tiffs_that_pillow_would_misread_are_refused(array, options):
    stream = io.BytesIO()
    tifffile.imwrite(stream, array, **options)
    with pytest.raises(NotAPictureError, match="can't be read") as caught:
        read_picture(stream.getvalue())
    assert "16-bit RGB" in caught.value.hint


def test_cmyk_without_profile_is_the_complement():
    array = photo(channels=4)
    picture = read_picture(saved(Image.frombytes("CMYK", (48, 32), array.tobytes()), "TIFF"))
    ink = array / 255
    np.testing.assert_allclose(picture.pixels, (1 - ink[..., :3]) * (1 - ink[..., 3:]), atol=1e-6)


def test_cmyk_of_sixteen_bits():
    array = photo(20, 18, 4, np.uint16)
    stream = io.BytesIO()
    tifffile.imwrite(stream, array, photometric="separated")
    ink = array / 65535
    np.testing.assert_allclose(
        read_picture(stream.getvalue()).pixels, (1 - ink[..., :3]) * (1 - ink[..., 3:]), atol=1e-6
    )


def test_cmyk_jpeg_with_and_without_adobes_marker():
    cmyk = Image.new("CMYK", (16, 16), (255, 0, 255, 0))  # plain green
    data = saved(cmyk, "JPEG", quality=95)
    marker = data.index(b"\xff\xee\x00\x0eAdobe")
    np.testing.assert_allclose(read_picture(data).pixels[8, 8], [0, 1, 0], atol=0.02)
    # Without the marker samples are ink as they stand: the same bytes read as the complement, C 0, M 255, Y 0, K 255.
    bare = data[:marker] + data[marker + 16 :]
    np.testing.assert_allclose(read_picture(bare).pixels[8, 8], [0, 0, 0], atol=0.02)


def test_ycck_jpeg():
    # Pillow writes CMYK; the transform flag 2 of Adobe's marker makes the same samples YCCK.
    data = bytearray(saved(Image.new("CMYK", (16, 16), (127, 127, 127, 255)), "JPEG", quality=95))
    data[data.index(b"Adobe") + 11] = 2
    assert read_picture(bytes(data)).size == (16, 16)


@pytest.mark.parametrize("transparency", [3, bytes([0, 128, 255, 0])])
def test_palette_with_transparency(transparency):
    indices = Image.fromarray(np.arange(8, dtype=np.uint8).reshape(2, 4) % 4).convert("P")
    indices.putpalette([10, 20, 30, 40, 50, 60, 70, 80, 90, 100, 110, 120])
    data = saved(indices, "PNG", transparency=transparency)
    picture = read_picture(data)
    expected = np.asarray(Image.open(io.BytesIO(data)).convert("RGBA"))
    np.testing.assert_allclose(picture.alpha, expected[..., 3] / 255, atol=1e-6)
    seen = expected[..., 3] > 0
    np.testing.assert_array_equal(as8(picture)[seen], expected[..., :3][seen])


@pytest.mark.parametrize("fmt", ["GIF", "WEBP", "PNG", "TIFF"])
def test_the_first_of_several_pictures(fmt):
    frames = [
        Image.fromarray(photo(seed=s)).quantize(64) if fmt == "GIF" else Image.fromarray(photo(seed=s))
        for s in range(3)
    ]
    options = {"lossless": True} if fmt == "WEBP" else {}
    data = saved(frames[0], fmt, save_all=True, append_images=frames[1:], **options)
    np.testing.assert_array_equal(as8(read_picture(data)), np.asarray(frames[0].convert("RGB")))


def test_apng_whose_default_picture_is_no_frame():
    first, second = Image.fromarray(photo(seed=1)), Image.fromarray(photo(seed=2))
    data = saved(first, "PNG", save_all=True, append_images=[second], default_image=True)
    np.testing.assert_array_equal(as8(read_picture(data)), photo(seed=1))


def test_mpo_gives_its_first_picture():
    frames = [Image.fromarray(photo(seed=s)) for s in range(2)]
    data = saved(frames[0], "MPO", save_all=True, append_images=frames[1:])
    picture = read_picture(data)
    assert picture.format == "JPEG"
    np.testing.assert_array_equal(as8(picture), np.asarray(Image.open(io.BytesIO(saved(frames[0], "JPEG")))))
