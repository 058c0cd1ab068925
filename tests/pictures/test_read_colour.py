"""Embedded colour profiles, against LittleCMS (through Pillow) and against formulas in float64."""

from __future__ import annotations

import io
import logging
import struct
import zlib

import numpy as np
import pytest
import tifffile
from picture_files import chunk, photo, png16, saved, wheel_photo
from PIL import Image, ImageCms

from impasto.pictures import encode_picture, read_picture
from impasto.pictures.colour import srgb_profile, to_srgb
from impasto.pictures.icc import colour_space, read_matrix_profile

# Primaries and white as (x, y), tone curves as `para` elements; from the standards' texts.
D65 = (0.3127, 0.3290)
PRIMARIES = {
    "Display P3": ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060)),
    "Adobe RGB": ((0.64, 0.33), (0.21, 0.71), (0.15, 0.06)),
    "sRGB": ((0.64, 0.33), (0.30, 0.60), (0.15, 0.06)),
}
SRGB_PARA = (3, [2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045])


def fixed(values) -> bytes:
    return struct.pack(f">{len(values)}i", *(round(v * 65536) for v in values))


def para(kind: int, values) -> bytes:
    return b"para\0\0\0\0" + struct.pack(">HH", kind, 0) + fixed(values)


def curv(table) -> bytes:
    return b"curv\0\0\0\0" + struct.pack(f">I{len(table)}H", len(table), *table)


def matrix_to_xyz_d50(primaries) -> np.ndarray:
    """Columns: XYZ of the primaries under D50, adapted by Bradford (Lindbloom's derivation)."""

    def xyz(x, y):
        return np.array([x / y, 1, (1 - x - y) / y])

    m = np.stack([xyz(*p) for p in primaries], axis=1)
    m = m * np.linalg.solve(m, xyz(*D65))
    cone = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])
    ratio = (cone @ [0.96422, 1, 0.82521]) / (cone @ xyz(*D65))
    return np.linalg.inv(cone) @ np.diag(ratio) @ cone @ m


def profile(tags: dict[bytes, bytes], space: bytes = b"RGB ", kind: bytes = b"mntr", pcs: bytes = b"XYZ ") -> bytes:
    """An ICC 4 profile of the given elements."""
    tags = {b"wtpt": b"XYZ \0\0\0\0" + fixed([0.9642, 1, 0.8249])} | tags
    body, table, offset = b"", struct.pack(">I", len(tags)), 128 + 4 + 12 * len(tags)
    for name, data in tags.items():
        table += name + struct.pack(">II", offset + len(body), len(data))
        body += data + b"\0" * (-len(data) % 4)
    size = offset + len(body)
    head = (
        struct.pack(">I4xI", size, 0x04200000) + kind + space + pcs + struct.pack(">6H", 2020, 1, 1, 0, 0, 0) + b"acsp"
    )
    return head.ljust(68, b"\0") + fixed([0.9642, 1, 0.8249]) + bytes(48) + table + body


def rgb_profile(name: str, curve: bytes) -> bytes:
    columns = matrix_to_xyz_d50(PRIMARIES[name]).T
    tags = {n: b"XYZ \0\0\0\0" + fixed(c) for n, c in zip((b"rXYZ", b"gXYZ", b"bXYZ"), columns, strict=True)}
    return profile(tags | dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), curve))


CURVES = {
    "gamma": para(0, [2.2]),
    "sRGB": para(*SRGB_PARA),
    "type 1": para(1, [2.0, 1.1, -0.1]),
    "type 2": para(2, [2.0, 1.1, -0.1, 0.0]),
    "type 4": para(4, [2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045, 0.0, 0.0]),
    "one number": curv([round(1.8 * 256)]),
    "table": curv([round(65535 * (i / 255) ** 2) for i in range(256)]),
    "nothing": curv([]),
}


def by_littlecms(array: np.ndarray, icc: bytes, mode: str = "RGB") -> np.ndarray:
    image = Image.frombytes(mode, array.shape[1::-1], array.tobytes())
    source = ImageCms.ImageCmsProfile(io.BytesIO(icc))
    out = ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
    return np.asarray(out).astype(float) / 255


@pytest.mark.parametrize("curve", CURVES)
@pytest.mark.parametrize("name", ["Display P3", "Adobe RGB"])
def test_matrix_profiles_agree_with_littlecms(name, curve):
    icc, array = rgb_profile(name, CURVES[curve]), photo(64, 64)
    picture = read_picture(saved(array, "PNG", icc_profile=icc))
    # LittleCMS rounds to 8 bits and, on its fast path, to 1.14 fixed point before the steep start of the curve.
    np.testing.assert_allclose(picture.pixels, by_littlecms(array, icc), atol=2.5 / 255)
    assert np.abs(picture.pixels - by_littlecms(array, icc)).mean() < 0.5 / 255


@pytest.mark.parametrize("name", ["Display P3", "Adobe RGB"])
def test_sixteen_bits_are_converted_in_floating_point(name):
    icc, array = rgb_profile(name, para(0, [2.2])), photo(24, 20, 3, np.uint16)
    name_and_profile = b"p\0\0" + zlib.compress(icc)
    picture = read_picture(png16(array, 2, extra=chunk(b"iCCP", name_and_profile)))
    linear = (array / 65535.0) ** 2.2 @ matrix_to_xyz_d50(PRIMARIES[name]).T
    linear = np.clip(linear @ np.linalg.inv(matrix_to_xyz_d50(PRIMARIES["sRGB"])).T, 0, 1)
    expected = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    np.testing.assert_allclose(picture.pixels, expected, atol=1e-3)
    assert len(np.unique(picture.pixels)) > 3 * 256  # more than 8 bits could tell apart


def test_a_photograph_in_adobe_rgb():
    path = wheel_photo("rocket.jpg")
    image = Image.open(path)
    expected = by_littlecms(np.asarray(image), image.info["icc_profile"])
    assert np.abs(np.asarray(image) / 255 - expected).max() > 0.1  # the profile matters
    np.testing.assert_allclose(read_picture(path).pixels, expected, atol=3 / 255)


@pytest.mark.parametrize("icc", [srgb_profile(), rgb_profile("sRGB", para(*SRGB_PARA))], ids=["LittleCMS", "standard"])
def test_srgb_pictures_pass_untouched(icc):
    array = photo()
    picture = read_picture(saved(array, "PNG", icc_profile=icc))
    np.testing.assert_array_equal(picture.pixels, array.astype(np.float32) / np.float32(255))


@pytest.mark.parametrize(
    ("element", "formula"),
    [
        (para(0, [1.7]), lambda x: x**1.7),
        (para(1, [2.0, 0.8, 0.1]), lambda x: (0.8 * x + 0.1) ** 2),
        (para(1, [2.0, 1.25, -0.25]), lambda x: np.where(x >= 0.2, (1.25 * x - 0.25) ** 2, 0)),
        (para(2, [2.0, 1.0, -0.25, 0.125]), lambda x: np.where(x >= 0.25, (x - 0.25) ** 2, 0) + 0.125),
        (para(3, [2.0, 1.0, 0.0, 0.5, 0.5]), lambda x: np.where(x >= 0.5, x**2, 0.5 * x)),
        (para(4, [2, 0.75, 0, 0.5, 0.5, 0.25, 0.125]),
         lambda x: np.where(x < 0.5, 0.5 * x + 0.125, (0.75 * x) ** 2 + 0.25)),
        (curv([512]), lambda x: x**2),
        (curv([]), lambda x: x),
        (curv([0, 65535, 65535]), lambda x: np.minimum(2 * x, 1)),
    ],
)  # fmt: skip
def test_tone_curves_by_the_formulas_of_the_specification(element, formula):
    x = np.linspace(0, 1, 101)
    model = read_matrix_profile(rgb_profile("sRGB", element))
    np.testing.assert_allclose(model.curves[0](x), formula(x), atol=1e-4)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_gray_profiles(dtype):
    icc = profile({b"kTRC": para(0, [1.0])}, space=b"GRAY")
    array, top = photo(20, 18, 1, dtype), np.iinfo(dtype).max
    stream = io.BytesIO()
    tifffile.imwrite(stream, array[..., 0], iccprofile=icc)
    linear = array / top
    expected = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    np.testing.assert_allclose(read_picture(stream.getvalue()).pixels, expected.repeat(3, 2), atol=1e-5)


def lut_profile(space: bytes, channels: int, convert) -> bytes:
    """A profile whose A2B0 is a `mft2` table of a few nodes a channel giving Lab, filled by `convert(nodes)`."""
    n = 9 if channels == 3 else 5
    nodes = np.stack(np.meshgrid(*[np.linspace(0, 1, n)] * channels, indexing="ij"), axis=-1).reshape(-1, channels)
    lab = convert(nodes)
    encoded = np.stack([lab[:, 0] * 652.8, (lab[:, 1] + 128) * 256, (lab[:, 2] + 128) * 256], axis=1)  # ICC.1 table 42
    ramp = struct.pack(">2H", 0, 65535)
    element = (
        b"mft2\0\0\0\0" + bytes([channels, 3, n, 0]) + fixed([1, 0, 0, 0, 1, 0, 0, 0, 1]) + struct.pack(">2H", 2, 2)
    )
    element += ramp * channels + np.clip(np.rint(encoded), 0, 65535).astype(">u2").tobytes() + ramp * 3
    return profile({b"A2B0": element}, space=space, kind=b"prtr", pcs=b"Lab ")


def inky(nodes: np.ndarray) -> np.ndarray:
    """A made-up press: lightness falls with ink, colour leans by what is printed."""
    c, m, y, k = nodes.T
    return np.stack(
        [100 * (1 - 0.3 * c) * (1 - 0.3 * m) * (1 - 0.1 * y) * (1 - 0.8 * k), 50 * (m - c), 60 * y - 20 * c], axis=1
    )


@pytest.mark.parametrize("fmt", ["JPEG", "TIFF"])
def test_cmyk_by_its_profile(fmt):
    icc, array = lut_profile(b"CMYK", 4, inky), photo(channels=4)
    data = saved(Image.frombytes("CMYK", (48, 32), array.tobytes()), fmt, icc_profile=icc)
    decoded = np.asarray(Image.open(io.BytesIO(data)))
    expected = by_littlecms(decoded, icc, "CMYK")
    np.testing.assert_allclose(read_picture(data).pixels, expected, atol=1e-6)
    plain = (1 - decoded[..., :3] / 255.0) * (1 - decoded[..., 3:] / 255.0)
    assert np.abs(plain - expected).mean() > 0.05  # the profile matters


def test_tables_at_sixteen_bits_are_interpolated():
    icc = lut_profile(b"CMYK", 4, inky)
    coarse = photo(24, 20, 4, np.uint8)
    eight = to_srgb(coarse, "CMYK", icc)
    np.testing.assert_allclose(to_srgb(coarse.astype(np.uint16) * 257, "CMYK", icc), eight, atol=1e-6)
    halfway = to_srgb(coarse[:, :-1].astype(np.uint16) * 257 + 128, "CMYK", icc)
    upper = to_srgb(np.minimum(coarse[:, :-1].astype(int) + 1, 255).astype(np.uint8), "CMYK", icc)
    # Between two 8-bit colours a step apart in all channels lies their mean.
    np.testing.assert_allclose(halfway, (eight[:, :-1] + upper) / 2, atol=1 / 255)


def test_rgb_table_profiles_go_through_littlecms():
    def convert(nodes):
        return np.stack(
            [100 * nodes.mean(axis=1), 40 * (nodes[:, 0] - nodes[:, 1]), 40 * (nodes[:, 1] - nodes[:, 2])], axis=1
        )

    icc, array = lut_profile(b"RGB ", 3, convert), photo()
    assert read_matrix_profile(icc) is None
    np.testing.assert_allclose(
        read_picture(saved(array, "PNG", icc_profile=icc)).pixels, by_littlecms(array, icc), atol=1e-6
    )


BROKEN = {
    "not a profile": b"nonsense" * 40,
    "cut off": srgb_profile()[:200],
    "for another space": profile({b"kTRC": para(0, [1.0])}, space=b"GRAY"),
    "without curves": profile({}),
    "a curve of no kind": rgb_profile("Adobe RGB", b"oops" + bytes(20)),
    "a negative gamma": rgb_profile("Adobe RGB", para(0, [-1.0])),
}


@pytest.mark.parametrize("icc", BROKEN.values(), ids=BROKEN)
def test_broken_profiles_are_ignored_and_logged(icc, caplog):
    array = photo()
    with caplog.at_level(logging.INFO, logger="impasto.pictures"):
        picture = read_picture(saved(array, "PNG", icc_profile=icc))
    np.testing.assert_array_equal(np.rint(picture.pixels * 255), array)
    assert "colour profile ignored" in caplog.text


def test_gamma_chunk_of_a_png():
    array = photo()
    chunks = saved(array, "PNG")
    linear = chunks[:33] + chunk(b"gAMA", struct.pack(">I", 100_000)) + chunks[33:]
    value = array / 255
    expected = np.where(value <= 0.0031308, 12.92 * value, 1.055 * value ** (1 / 2.4) - 0.055)
    np.testing.assert_allclose(read_picture(linear).pixels, expected, atol=1e-5)
    usual = chunks[:33] + chunk(b"gAMA", struct.pack(">I", 45_455)) + chunks[33:]
    np.testing.assert_array_equal(np.rint(read_picture(usual).pixels * 255), array)


def test_chromaticities_of_a_png_equal_the_same_profile():
    array = photo()
    plain = saved(array, "PNG")
    values = [*D65, *(v for p in PRIMARIES["Adobe RGB"] for v in p)]
    extra = chunk(b"gAMA", struct.pack(">I", round(1e5 / 2.2)))
    extra += chunk(b"cHRM", struct.pack(">8I", *(round(v * 1e5) for v in values)))
    with_chunks = read_picture(plain[:33] + extra + plain[33:])
    with_profile = read_picture(saved(array, "PNG", icc_profile=rgb_profile("Adobe RGB", para(0, [2.2]))))
    np.testing.assert_allclose(with_chunks.pixels, with_profile.pixels, atol=2e-3)


def test_a_cameras_adobe_rgb_without_profile():
    exif = Image.Exif()
    exif[0x8769] = {0xA001: 65535, 0xA005: {1: "R03"}}
    block = exif.tobytes()
    array = photo()
    picture = read_picture(saved(array, "JPEG", quality=100, subsampling=0, exif=block))
    decoded = np.asarray(Image.open(io.BytesIO(saved(array, "JPEG", quality=100, subsampling=0))))
    expected = read_picture(saved(decoded, "PNG", icc_profile=rgb_profile("Adobe RGB", para(0, [563 / 256]))))
    np.testing.assert_allclose(picture.pixels, expected.pixels, atol=2e-3)
    kept = Image.Exif()
    kept.load(picture.exif)
    assert kept.get_ifd(0x8769)[0xA001] == 1
    assert kept.get_ifd(0xA005)[1].rstrip("\0") == "R98"


def test_the_embedded_profile_is_srgb_and_always_the_same():
    assert colour_space(srgb_profile()) == "RGB"
    made = ImageCms.ImageCmsProfile(io.BytesIO(srgb_profile())).profile
    assert "sRGB" in made.profile_description
    picture = read_picture(photo())
    assert encode_picture(picture, "png") == encode_picture(picture, "png")
