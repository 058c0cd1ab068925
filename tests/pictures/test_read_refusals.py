"""What can't be read: each kind of refusal by its class, exit code and words."""

from __future__ import annotations

import io
import os
import struct
import subprocess
import sys
import threading
import warnings
import zlib

import numpy as np
import pytest
import tifffile
from picture_files import PNG_MAGIC, chunk, photo, png16, saved
from PIL import Image, features

from impasto.errors import (
    DecompressionBombError,
    EmptyPictureError,
    NotAPictureError,
    PictureError,
    PictureIsDirectoryError,
    PictureNotFoundError,
    PictureTooLargeError,
    TruncatedPictureError,
    UnreadablePictureError,
    UsageError,
)
from impasto.pictures import FORMATS, SUFFIXES, Picture, read_picture
from impasto.pictures.pillow import libtiff_silenced, quiet

READABLE = [f for f in FORMATS if f != "AVIF" or features.check("avif")]


def test_a_missing_file_suggests_its_neighbours(tmp_path):
    (tmp_path / "holiday.jpg").write_bytes(saved(photo(), "JPEG"))
    with pytest.raises(PictureNotFoundError, match=r"no file 'holliday\.jpg'") as caught:
        read_picture(tmp_path / "holliday.jpg")
    assert "Did you mean 'holiday.jpg'?" in caught.value.hint
    assert caught.value.exit_code == 16
    with pytest.raises(PictureNotFoundError, match="an address") as caught:
        read_picture("https://example.org/a.jpg")
    with pytest.raises(PictureNotFoundError) as caught:
        read_picture(tmp_path / "nowhere" / "a.jpg")
    assert "folder doesn't exist" in caught.value.hint


@pytest.mark.parametrize("name", ["a\0b.png", "x" * 300 + ".png", "holiday.jpg/inner.png"])
def test_impossible_names(tmp_path, name):
    (tmp_path / "holiday.jpg").write_bytes(b"")
    with pytest.raises(PictureNotFoundError):
        read_picture(tmp_path / name)


def test_a_folder(tmp_path):
    for source in (tmp_path, str(tmp_path), "", "."):
        with pytest.raises(PictureIsDirectoryError, match="folder") as caught:
            read_picture(source)
    assert caught.value.exit_code == 17


def test_a_file_without_permission(tmp_path, as_nobody):
    path = tmp_path / "a.png"
    path.write_bytes(saved(photo(), "PNG"))
    path.chmod(0)
    assert as_nobody(lambda: read_picture(path)) == UnreadablePictureError.exit_code == 18


class BrokenDisk(io.RawIOBase):
    """A file whose second block can't be read."""

    def __init__(self) -> None:
        self.blocks = [saved(photo(), "PNG")]

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        if not self.blocks:
            raise OSError(5, "Input/output error")
        return self.blocks.pop()[:size]


def test_a_broken_disk():
    with pytest.raises(UnreadablePictureError, match="Input/output error") as caught:
        read_picture(BrokenDisk())
    assert caught.value.hint


def test_nothing(tmp_path):
    path = tmp_path / "empty.jpg"
    path.touch()
    for source in (path, b"", io.BytesIO()):
        with pytest.raises(EmptyPictureError, match="is empty") as caught:
            read_picture(source)
    assert caught.value.exit_code == 13


OTHERS = {
    b"%PDF-1.7\n": "PDF",
    b"<?xml version='1.0'?>\n<svg xmlns='x'></svg>": "SVG",
    b"<!DOCTYPE html><html></html>": "web page",
    b"Hello, I am a text.\n": "text",
    "Grüße aus dem Süden\n".encode(): "text",
    b"\0\0\0\x18ftypheic\0\0\0\0mif1heic": "HEIC",
    b"\0\0\0\x18ftypisom\0\0\0\0isommp42": "video",
    b"\0\0\0\x18ftypcrx \0\0\0\0crx isom": "raw file",
    b"II*\0\x10\0\0\0CR\2\0": "raw file",
    b"8BPS\0\1": "Photoshop",
    b"PK\3\4": "archive",
    b"\xff\x0a\xff": "JPEG XL",
    b"\x93NUMPY\1\0": "NumPy",
    b"P6\n2 2\n255\n": "Netpbm",
    b"RIFF\0\0\0\0AVI LIST": "video",
    bytes(range(128, 256)): "not a picture of a known format",
    b"\xff\xd8": "not a picture of a known format",
}


@pytest.mark.parametrize("data", OTHERS, ids=OTHERS.values())
def test_other_things_are_called_by_their_name(data):
    with pytest.raises(NotAPictureError, match=OTHERS[data]) as caught:
        read_picture(data)
    assert caught.value.exit_code == 11
    assert caught.value.hint


def test_a_raw_file_in_the_guise_of_a_tiff_is_not_taken_for_its_thumbnail():
    stream = io.BytesIO()
    tifffile.imwrite(stream, photo(), photometric="rgb", extratags=[(50706, 1, 4, b"\1\4\0\0", True)])
    with pytest.raises(NotAPictureError, match="raw file"):
        read_picture(stream.getvalue())


@pytest.mark.parametrize("source", [12, None, object(), ["a.png"], np.float32(1)])
def test_things_that_are_no_source(source):
    with pytest.raises(UsageError, match="can't be read from"):
        read_picture(source)


def test_a_file_open_as_text(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("text")
    with path.open() as stream, pytest.raises(UsageError, match="open as text"):
        read_picture(stream)
    with pytest.raises(UsageError, match="open as text"):
        read_picture(io.StringIO("text"))
    closed = io.BytesIO(saved(photo(), "PNG"))
    closed.close()
    with pytest.raises(UnreadablePictureError, match="closed file"):
        read_picture(closed)


@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize("share", [0.3, 0.6, 0.9, 0.99])
def test_half_a_jpeg_is_refused(share, progressive):
    data = saved(photo(200, 150), "JPEG", progressive=progressive)
    cut = data[: int(len(data) * share)]
    zeros = cut + bytes(len(data) - len(cut))  # as downloads leave files whose space was reserved
    for broken in (cut, zeros):
        with pytest.raises(TruncatedPictureError) as caught:
            read_picture(broken)
    assert caught.value.exit_code == 12


def whole_files() -> dict[str, bytes]:
    files = {fmt: saved(photo(), fmt) for fmt in READABLE}
    files["TIFF deflated"] = saved(photo(), "TIFF", compression="tiff_adobe_deflate")
    files["TIFF LZW"] = saved(photo(), "TIFF", compression="tiff_lzw")
    files["TIFF JPEG"] = saved(photo(), "TIFF", compression="jpeg")
    files["WEBP lossless"] = saved(photo(), "WEBP", lossless=True)
    files["JPEG progressive"] = saved(photo(), "JPEG", progressive=True)
    files["PNG interlaced"] = png16(photo(16, 12, 3, np.uint16), 2, interlaced=True)
    files["BMP palette"] = saved(Image.fromarray(photo()).quantize(16), "BMP")
    return files


@pytest.mark.parametrize("name", whole_files())
def test_no_cut_off_file_gives_a_picture(name):
    data = whole_files()[name]
    whole = read_picture(data).pixels
    for length in sorted({*range(0, len(data), max(1, len(data) // 150)), *range(len(data) - 40, len(data))}):
        try:
            cut = read_picture(data[:length])
        except PictureError:
            continue
        # A GIF's trailer, a container's padding and a TIFF's last tags may go: every pixel must be there all the same.
        assert length > 0.8 * len(data)
        np.testing.assert_array_equal(cut.pixels, whole)


@pytest.mark.parametrize("where", [0.4, 0.6, 0.8])
def test_a_flipped_bit_in_a_png_is_noticed(where):
    data = bytearray(saved(photo(), "PNG"))
    data[int(len(data) * where)] ^= 1
    with pytest.raises(TruncatedPictureError, match="checksum"):
        read_picture(bytes(data))


def test_a_png_sent_in_text_mode():
    with pytest.raises(TruncatedPictureError, match="text mode"):
        read_picture(saved(photo(), "PNG").replace(b"\r\n", b"\n"))


def header_only_png(width: int, height: int) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return PNG_MAGIC + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")


def with_size(fmt: str, data: bytes, width: int, height: int) -> bytes:
    """The file with another size in its header."""
    out = bytearray(data)
    if fmt == "PNG":
        return header_only_png(width, height)
    if fmt == "JPEG":
        place = data.index(b"\xff\xc0") + 5
        out[place : place + 4] = struct.pack(">HH", height, width)
    elif fmt == "GIF":
        out[6:10] = struct.pack("<HH", width, height)
    elif fmt == "BMP":
        out[18:26] = struct.pack("<ii", width, height)
    elif fmt == "WEBP":  # lossless: 14 bits each, less one
        out[21:25] = struct.pack("<I", (width - 1) % 2**14 | (height - 1) % 2**14 << 14 | 1 << 28)
    elif fmt == "TIFF":
        for i in range(struct.unpack_from("<H", data, struct.unpack_from("<I", data, 4)[0])[0]):
            entry = struct.unpack_from("<I", data, 4)[0] + 2 + 12 * i
            tag = struct.unpack_from("<H", data, entry)[0]
            if tag in (256, 257):
                struct.pack_into("<HHII", out, entry, tag, 4, 1, width if tag == 256 else height)
    elif fmt == "AVIF":
        place = data.index(b"ispe") + 8
        out[place : place + 8] = struct.pack(">II", width, height)
    return bytes(out)


@pytest.mark.parametrize("fmt", READABLE)
def test_headers_that_claim_too_much_are_refused_before_decoding(fmt):
    side = 16_000 if fmt == "WEBP" else 60_000
    data = with_size(fmt, saved(photo(), fmt, **({"lossless": True} if fmt == "WEBP" else {})), side, side)
    with pytest.raises((DecompressionBombError, TruncatedPictureError) if fmt == "AVIF" else DecompressionBombError):
        read_picture(data)


def test_huge_claims_cost_no_memory(tmp_path):
    """In a process that may have 1.5 GB: 60 000 × 60 000 pixels would take 10 GB as bytes, 43 GB as floats."""
    for fmt in READABLE:
        side = 16_000 if fmt == "WEBP" else 60_000
        data = with_size(fmt, saved(photo(), fmt, **({"lossless": True} if fmt == "WEBP" else {})), side, side)
        (tmp_path / f"{fmt}.bin").write_bytes(data)
    program = (
        "import resource, sys, pathlib\n"
        "from impasto.errors import PictureError\n"
        "from impasto.pictures import read_picture\n"
        "resource.setrlimit(resource.RLIMIT_AS, (3 << 29, 3 << 29))\n"
        "for path in sorted(pathlib.Path(sys.argv[1]).iterdir()):\n"
        "    try:\n"
        "        read_picture(path)\n"
        "    except PictureError as error:\n"
        "        print(path.stem, type(error).__name__)\n"
    )
    done = subprocess.run([sys.executable, "-c", program, tmp_path], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert [line.split()[0] for line in done.stdout.splitlines()] == sorted(READABLE)


@pytest.mark.parametrize("fmt", READABLE)
def test_the_pixel_limit(fmt):
    data = saved(photo(48, 32), fmt)
    assert read_picture(data, max_pixels=48 * 32).size == (48, 32)
    with pytest.raises(PictureTooLargeError, match="48×32") as caught:
        read_picture(data, max_pixels=48 * 32 - 1)
    assert caught.value.exit_code == 14
    assert "--max-pixels" in caught.value.hint


def test_the_pixel_limit_holds_for_pictures_in_memory():
    for source in (photo(), Image.fromarray(photo()), Picture(np.zeros((32, 48, 3), np.float32))):
        with pytest.raises(PictureTooLargeError):
            read_picture(source, max_pixels=1535)
        assert read_picture(source, max_pixels=1536).size == (48, 32)
    with pytest.raises(UsageError, match="max_pixels"):
        read_picture(photo(), max_pixels=0)


def test_a_limit_above_pillows_own_is_honoured_without_touching_it(monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for fmt in READABLE:
            assert read_picture(saved(photo(), fmt)).size == (48, 32)
        assert read_picture(png16(photo(16, 12, 3, np.uint16), 2)).size == (16, 12)
    assert Image.MAX_IMAGE_PIXELS == 100


@pytest.mark.parametrize("kind", [b"iCCP", b"zTXt", b"iTXt"])
def test_packed_metadata_that_unpacks_without_end(kind):
    packed = zlib.compress(bytes(50 << 20), 9)
    body = {b"iCCP": b"p\0\0", b"zTXt": b"k\0\0", b"iTXt": b"k\0\1\0\0\0"}[kind] + packed
    png = saved(photo(), "PNG")
    with pytest.raises(DecompressionBombError, match="unpacks to more than") as caught:
        read_picture(png[:33] + chunk(kind, body) + png[33:])
    assert caught.value.exit_code == 15


def test_a_jpeg_of_a_thousand_scans():
    data = saved(photo(), "JPEG", progressive=True)
    scan = data.rindex(b"\xff\xda")
    last = data[scan:-2]
    with pytest.raises(DecompressionBombError, match="scans"):
        read_picture(data[:-2] + last * 1000 + b"\xff\xd9")


@pytest.mark.parametrize("fmt", ["PNG", "JPEG", "GIF", "BMP", "TIFF"])
def test_no_pixels(fmt):
    data = with_size(fmt, saved(photo(), fmt), 0, 32)
    with pytest.raises(EmptyPictureError, match="no pixels"):
        read_picture(data)


@pytest.mark.parametrize("shape", [(0, 5, 3), (5, 0, 3), (0, 0)])
def test_arrays_without_pixels(shape):
    with pytest.raises(EmptyPictureError):
        read_picture(np.zeros(shape, np.uint8))


@pytest.mark.parametrize(
    ("array", "words", "hint"),
    [
        (np.zeros((3, 8, 9), np.uint8), "shape", "transpose"),
        (np.zeros((1, 8, 9, 3), np.uint8), "shape", "one by one"),
        (np.zeros(7, np.uint8), "shape", "gray"),
        (np.zeros((8, 9, 5), np.uint8), "shape", "RGBA"),
        (np.full((8, 9, 3), 200, np.int64), "int64", "astype('uint8')"),
        (np.full((8, 9, 3), 2000, np.int64), "int64", "uint16"),
        (np.zeros((8, 9, 3), np.complex64), "complex64", "floating point"),
        (np.full((8, 9, 3), 200.0), "outside", "Divide by 255"),
        (np.full((8, 9, 3), -1.0), "outside", "Scale"),
        (np.full((8, 9, 3), np.nan), "NaN", "Replace"),
        (np.full((8, 9, 3), np.inf), "infinite", "Replace"),
        (np.array([["a"]]), "<U1", "uint8"),
    ],
)
def test_arrays_of_unknown_meaning(array, words, hint):
    with pytest.raises(PictureError, match=words) as caught:
        read_picture(array)
    assert hint in caught.value.hint


def test_a_damaged_pillow_picture_that_was_not_loaded_yet():
    data = saved(photo(200, 150), "JPEG")
    opened = Image.open(io.BytesIO(data[: len(data) // 2]))
    with pytest.raises(TruncatedPictureError):
        read_picture(opened)


def test_standard_input():
    program = (
        "import sys\n"
        "from impasto.errors import ImpastoError\n"
        "from impasto.pictures import read_picture\n"
        "try:\n"
        "    print(read_picture('-'))\n"
        "except ImpastoError as error:\n"
        "    sys.exit(error.exit_code)\n"
    )

    def run(data: bytes) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run([sys.executable, "-c", program], input=data, capture_output=True, check=False)

    assert run(saved(photo(), "PNG")).stdout.decode().startswith("Picture(48×32")
    assert run(b"").returncode == 13
    assert run(b"words").returncode == 11
    assert run(saved(photo(), "PNG")[:-100]).returncode == 12


@pytest.mark.skipif(not os.path.exists("/dev/zero"), reason="no /dev/zero here")  # noqa: PTH110
def test_an_endless_device_is_refused_at_once():
    with pytest.raises(NotAPictureError):
        read_picture("/dev/zero")


class Endless(io.RawIOBase):
    """A picture's header, then bytes for ever."""

    def __init__(self) -> None:
        self.started = False

    def read(self, size: int = -1) -> bytes:
        head, self.started = b"" if self.started else saved(photo(), "PNG")[:100], True
        return head + bytes(size - len(head))


def test_an_endless_stream_is_read_to_the_limit_only():
    with pytest.raises(PictureTooLargeError, match="longer than"):
        read_picture(Endless(), max_pixels=1000)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_named_pipe(tmp_path):
    path = tmp_path / "pipe"
    os.mkfifo(path)
    writer = threading.Thread(target=path.write_bytes, args=(saved(photo(), "PNG"),))
    writer.start()
    assert read_picture(path).size == (48, 32)
    writer.join()


def test_files_are_known_by_content_not_by_name(tmp_path):
    path = tmp_path / "really-a-jpeg.png"
    path.write_bytes(saved(photo(), "JPEG"))
    assert read_picture(path).format == "JPEG"


def test_threads_read_side_by_side():
    files = [saved(photo(seed=i), fmt) for i in range(3) for fmt in READABLE]
    alone = [read_picture(data).pixels for data in files]
    together: dict[int, np.ndarray] = {}

    def work(start: int) -> None:
        for i in range(start, len(files), 4):
            together[i] = read_picture(files[i]).pixels

    filters = list(warnings.filters)
    threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(together) == len(files)
    for i, pixels in enumerate(alone):
        np.testing.assert_array_equal(together[i], pixels)
    assert list(warnings.filters) == filters


def test_what_libtiff_prints_is_dropped_and_nothing_else(capfd):
    foreign = (
        b"order 5 done\nValueError: a thread's own trouble.\n2024-05-06 12:00 INFO: painted.\nimpasto.service: ready\n"
    )
    with quiet(), libtiff_silenced():
        os.write(2, b"LZWDecode: Not enough data at scanline 3.\ntempfile.tif: Using code not yet in table.\n")
        os.write(2, foreign)
        os.write(2, b"JPEGPreDecode: Improper JPEG sampling factors 2,1\nApparently should be 1,1..\n")
    os.write(2, b"after\n")
    assert capfd.readouterr().err.encode() == foreign + b"after\n"


def test_suffixes_and_formats_agree():
    assert set(SUFFIXES.values()) == set(FORMATS)
    assert all(FORMATS[name].name == name for name in FORMATS)
