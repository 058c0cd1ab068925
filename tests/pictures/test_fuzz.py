"""Damaged files of every format: a picture or an error of ours, never a traceback, warning, hang or heap of memory."""

from __future__ import annotations

import functools
import io
import os
import signal
import struct
import sys
import zlib

import numpy as np
import pytest
import tifffile
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from picture_files import PNG_MAGIC, chunk, chunks, photo, png16, saved
from PIL import Image, features
from PIL.PngImagePlugin import PngInfo

from impasto.errors import PictureError
from impasto.pictures import Picture, encode_picture, read_picture
from impasto.pictures.colour import srgb_profile, to_srgb
from impasto.pictures.exif import is_adobe_rgb, tidied, with_size

LIMIT = 200_000  # pixels: a damaged header may claim that many and be believed
SECONDS = 60  # a hang, not slowness

fuzz = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)


def _exif() -> bytes:
    exif = Image.Exif()
    exif[271], exif[274], exif[282] = "Maker", 6, 300.0
    exif[0x8769] = {0xA001: 65535, 0xA002: 40, 0xA005: {1: "R03"}, 0x927C: b"maker note"}
    exif[0x8825] = {1: "N", 2: (48.0, 8.0, 30.0)}
    return exif.tobytes()


def _tiff(array: np.ndarray, **options) -> bytes:
    stream = io.BytesIO()
    tifffile.imwrite(stream, array, **options)
    return stream.getvalue()


@functools.cache
def files() -> dict[str, bytes]:
    """Small files of all kinds, with profile, EXIF and texts."""
    small, icc = photo(20, 16), srgb_profile()
    rgba = np.dstack([small, small[..., 0]])
    info = PngInfo()
    info.add_text("Comment", "x" * 50, zip=True)
    info.add_itxt("XML:com.adobe.xmp", '<x tiff:Orientation="6"/>')
    palette = Image.fromarray(small).quantize(8)
    found = {
        "PNG": saved(small, "PNG", icc_profile=icc, exif=_exif(), pnginfo=info, dpi=(300, 300)),
        "PNG RGBA": saved(rgba, "PNG"),
        "PNG palette": saved(palette, "PNG", transparency=bytes([0, 128, 255])),
        "PNG 16": png16(photo(9, 7, 3, np.uint16), 2),
        "PNG 16 interlaced": png16(photo(9, 7, 4, np.uint16), 6, interlaced=True),
        "PNG 16 gray, alpha": png16(photo(9, 7, 2, np.uint16), 4),
        "APNG": saved(small, "PNG", save_all=True, append_images=[Image.fromarray(photo(20, 16, seed=1))]),
        "JPEG": saved(small, "JPEG", icc_profile=icc, exif=_exif(), comment="hello", xmp=b'<x tiff:Orientation="6"/>'),
        "JPEG progressive": saved(small, "JPEG", progressive=True),
        "JPEG gray": saved(small[..., 0], "JPEG"),
        "JPEG CMYK": saved(Image.fromarray(small).convert("CMYK"), "JPEG"),
        "GIF": saved(palette, "GIF", save_all=True, append_images=[palette.rotate(90)], transparency=0),
        "BMP": saved(small, "BMP"),
        "BMP palette": saved(palette, "BMP"),
        "TIFF": saved(small, "TIFF", icc_profile=icc, exif=_exif()),
        "TIFF LZW": saved(rgba, "TIFF", compression="tiff_lzw"),
        "TIFF JPEG": saved(small, "TIFF", compression="jpeg"),
        "TIFF G4": saved(Image.fromarray(small).convert("1"), "TIFF", compression="group4"),
        "TIFF 16": _tiff(photo(9, 7, 3, np.uint16), photometric="rgb", byteorder=">"),
        "TIFF 16 deflated": _tiff(photo(9, 7, 4, np.uint16), photometric="rgb", extrasamples=[1], compression=8),
        "TIFF tiles": _tiff(small, photometric="rgb", tile=(16, 16), bigtiff=True),
        "TIFF float": _tiff(small[..., 0].astype(np.float32) / 255),
        "TIFF CMYK": saved(Image.fromarray(small).convert("CMYK"), "TIFF"),
        "TIFF Lab": saved(Image.frombytes("LAB", (20, 16), small.tobytes()), "TIFF"),
        "WEBP": saved(rgba, "WEBP", icc_profile=icc, exif=_exif()),
        "WEBP lossless": saved(small, "WEBP", lossless=True),
        "WEBP animated": saved(small, "WEBP", save_all=True, append_images=[Image.fromarray(photo(20, 16, seed=1))]),
    }  # fmt: skip
    if features.check("avif"):
        found["AVIF"] = saved(rgba, "AVIF", icc_profile=icc, exif=_exif())
    return found


class Hang(BaseException):
    pass


def survives(data: bytes) -> None:
    """A valid picture that can be written again, or an error of ours with words for the user."""

    def alarm(*_: object) -> None:
        raise Hang

    if hasattr(signal, "SIGALRM"):
        previous = signal.signal(signal.SIGALRM, alarm)
        signal.alarm(SECONDS)
    try:
        picture = read_picture(data, max_pixels=LIMIT)
    except PictureError as error:
        picture, message = None, error.message
    finally:
        if hasattr(signal, "SIGALRM"):
            signal.alarm(0)
            signal.signal(signal.SIGALRM, previous)
    if picture is None:
        assert message.endswith(".")
        assert "Traceback" not in message
        assert len(message) < 500
        return
    assert isinstance(picture, Picture)
    assert picture.width * picture.height <= LIMIT
    assert np.isfinite(picture.pixels).all()
    assert picture.pixels.min() >= 0
    assert picture.pixels.max() <= 1
    if picture.alpha is not None:
        assert picture.alpha.min() >= 0
        assert picture.alpha.max() <= 1
    if picture.width * picture.height < 10_000:
        for fmt in ("png", "tiff", "jpeg"):
            read_picture(encode_picture(picture, fmt), max_pixels=LIMIT)


@pytest.fixture(autouse=True)
def silent(capfd, recwarn):
    """Nothing may be printed, not even by the C libraries, and no warning may escape."""
    yield
    assert capfd.readouterr() == ("", "")
    assert not [w for w in recwarn if "PIL" in w.filename]


@pytest.mark.parametrize("name", files())
def test_the_files_are_good_to_begin_with(name):
    survives(files()[name])
    read_picture(files()[name])


names = st.sampled_from(sorted(files()))
places = st.floats(0, 1, exclude_max=True)


@fuzz
@given(names, st.lists(st.tuples(places, st.integers(0, 255)), min_size=1, max_size=8))
def test_changed_bytes(name, changes):
    data = bytearray(files()[name])
    for place, value in changes:
        data[int(place * len(data))] = value
    survives(bytes(data))


@fuzz
@given(names, st.lists(st.tuples(st.integers(0, 200), st.integers(0, 255)), min_size=1, max_size=4))
def test_changed_bytes_of_the_header(name, changes):
    data = bytearray(files()[name])
    for place, value in changes:
        data[place % len(data)] = value
    survives(bytes(data))


@fuzz
@given(names, places, places, places)
def test_cut_removed_and_doubled_parts(name, a, b, c):
    data = files()[name]
    i, j, k = sorted(int(p * len(data)) for p in (a, b, c))
    for changed in (data[:i], data[:i] + data[j:], data[:j] + data[i:], data[:i] + data[j:k] + data[i:j] + data[k:]):
        survives(changed)


@fuzz
@given(names, places, st.integers(0, 2**32 - 1), st.booleans())
def test_changed_numbers(name, place, number, big_endian):
    """Sizes, offsets, counts: 32 bits at once."""
    data = bytearray(files()[name])
    i = int(place * (len(data) - 4))
    data[i : i + 4] = struct.pack(">I" if big_endian else "<I", number)
    survives(bytes(data))


@fuzz
@given(st.sampled_from([n for n in sorted(files()) if "PNG" in n]), st.data())
def test_png_chunks_with_right_checksums(name, data):
    """Behind right checksums lie the decoders: chunks dropped, doubled, swapped, changed within."""
    parts = chunks(files()[name])
    for _ in range(data.draw(st.integers(1, 3))):
        i = data.draw(st.integers(0, len(parts) - 1))
        kind, body = parts[i]
        action = data.draw(st.sampled_from(["drop", "double", "swap", "change", "shorten"]))
        if action == "drop" and len(parts) > 1:
            del parts[i]
        elif action == "double":
            parts.insert(i, parts[i])
        elif action == "swap":
            parts[0], parts[i] = parts[i], parts[0]
        elif action == "shorten":
            parts[i] = kind, body[: data.draw(st.integers(0, max(0, len(body) - 1)))]
        elif body:
            changed = bytearray(body)
            changed[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
            parts[i] = kind, bytes(changed)
    survives(PNG_MAGIC + b"".join(chunk(*part) for part in parts))


@fuzz
@given(st.binary(max_size=300), st.sampled_from([b"", *(data[:24] for data in files().values())]))
@example(b"", b"")
def test_anything_at_all(data, start):
    survives(start + data)


@fuzz
@given(st.lists(st.tuples(places, st.integers(0, 255)), min_size=1, max_size=6))
def test_damaged_profiles(changes):
    icc = bytearray(srgb_profile())
    for place, value in changes:
        icc[int(place * len(icc))] = value
    out = to_srgb(photo(8, 8), "RGB", bytes(icc))
    assert np.isfinite(out).all()
    assert 0 <= out.min() <= out.max() <= 1


@fuzz
@given(st.one_of(st.binary(max_size=200), st.lists(st.tuples(places, st.integers(0, 255)), min_size=1, max_size=6)))
def test_damaged_exif(changes):
    block = bytearray(_exif()) if isinstance(changes, list) else b"Exif\0\0II*\0\x08\0\0\0" + changes
    for place, value in changes if isinstance(changes, list) else []:
        block[int(place * len(block))] = value
    for result in (tidied(bytes(block)), with_size(bytes(block), 10, 10)):
        assert result is None or isinstance(result, bytes)
    assert is_adobe_rgb(bytes(block)) in (True, False)
    body = bytes(block)[6:]
    png = files()["PNG RGBA"]
    survives(png[:33] + chunk(b"eXIf", body) + png[33:])


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_damaged_sizes_cost_no_memory():
    """Numbers near the start of each file set to a huge value: the process must not grow by more than they explain."""

    def resident() -> int:
        with open("/proc/self/statm") as stream:  # noqa: PTH123
            return int(stream.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    before = resident()
    for data in files().values():
        for place in range(0, min(len(data) - 4, 120), 3):
            changed = bytearray(data)
            changed[place : place + 4] = b"\x7f\xff\xff\xff"
            survives(bytes(changed))
    assert resident() - before < 500 << 20


def test_idat_that_unpacks_to_more_than_the_picture():
    header = struct.pack(">IIBBBBB", 8, 8, 8, 2, 0, 0, 0)
    survives(PNG_MAGIC + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(20 << 20))) + chunk(b"IEND", b""))
