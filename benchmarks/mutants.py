"""Files of hostile make: pictures that have been damaged, and some that unpack to far more than they are."""

from __future__ import annotations

import io
import random
import struct
import zlib
from collections.abc import Iterator

import numpy as np
from PIL import Image, ImageCms, PngImagePlugin

# What is put in place of lengths, sizes and counts.
_NUMBERS = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)


def seeds() -> dict[str, bytes]:
    """Small files of all formats that are read, of several kinds each."""
    rng = np.random.default_rng(0)
    pixels = rng.integers(256, size=(24, 32, 4), dtype=np.uint8)
    colour, alpha, grey = (Image.fromarray(pixels[..., s]) for s in (slice(3), slice(4), 0))
    info = PngImagePlugin.PngInfo()
    info.add_text("Comment", "x" * 200, zip=True)
    info.add_itxt("Title", "y" * 200, zip=True)
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    exif = Image.Exif()
    exif[0x0112], exif[0x010E] = 6, "a picture"
    about = {"icc_profile": profile, "exif": exif}
    frames = {"save_all": True, "append_images": [grey, grey.rotate(90)]}
    return {
        "rgb.png": _saved(colour, "PNG", pnginfo=info, icc_profile=profile, exif=exif),
        "rgba.png": _saved(alpha, "PNG"),
        "palette.png": _saved(colour.quantize(16), "PNG", transparency=0),
        "grey16.png": _saved(Image.fromarray(pixels[..., 0].astype(np.uint16) * 257), "PNG"),
        "plain.jpg": _saved(colour, "JPEG", **about),
        "progressive.jpg": _saved(colour, "JPEG", progressive=True),
        "cmyk.jpg": _saved(colour.convert("CMYK"), "JPEG"),
        "lossy.webp": _saved(colour, "WEBP", **about),
        "lossless.webp": _saved(alpha, "WEBP", lossless=True),
        "moving.webp": _saved(colour, "WEBP", save_all=True, append_images=[colour.rotate(90)]),
        "raw.tif": _saved(colour, "TIFF", icc_profile=profile),
        "lzw.tif": _saved(colour, "TIFF", compression="tiff_lzw"),
        "deflate.tif": _saved(alpha, "TIFF", compression="tiff_adobe_deflate"),
        "jpeg.tif": _saved(colour, "TIFF", compression="jpeg"),
        "bits.tif": _saved(grey.convert("1"), "TIFF", compression="group4"),
        "rgb.bmp": _saved(colour, "BMP"),
        "palette.bmp": _saved(grey.convert("P"), "BMP"),
        "moving.gif": _saved(grey, "GIF", **frames),
        "rgb.avif": _saved(colour, "AVIF"),
        "rgba.avif": _saved(alpha, "AVIF", exif=exif),
    }


def mutants(seed: int) -> Iterator[tuple[str, bytes]]:
    """Without end, the same for the same seed: the kind that each comes of, and its bytes."""
    chance, whole = random.Random(seed), seeds()
    names = sorted(whole)
    while True:
        name = chance.choice(names)
        data = bytearray(whole[name])
        for _ in range(chance.choice((1, 1, 1, 2, 3, 8))):
            _mutate(chance, data, whole[chance.choice(names)])
        yield name, bytes(data)


def _mutate(chance: random.Random, data: bytearray, other: bytes) -> None:
    place = _place(chance, data)
    length = min(chance.choice((1, 2, 4, 16, 200)), len(data) - place)
    match chance.randrange(9):
        case 0 if data:
            data[min(place, len(data) - 1)] ^= 1 << chance.randrange(8)
        case 1:
            data[place : place + length] = chance.randbytes(length)
        case 2:
            data[place:place] = chance.randbytes(chance.choice((1, 2, 4, 64, 5000)))
        case 3:
            del data[place : place + length]
        case 4:
            del data[place:]
        case 5:
            data[place:place] = data[place : place + 200] * chance.choice((1, 2, 100))
        case 6:  # a length, a size, a count
            form = chance.choice(("<I", ">I", "<H", ">H"))
            number = chance.choice(_NUMBERS) & (0xFFFF if form[1] == "H" else 0xFFFFFFFF)
            data[place : place + struct.calcsize(form)] = struct.pack(form, number)
        case 7:  # the head of this, the rest of another
            data[place:] = other[_place(chance, bytearray(other)) :]
        case _:  # a chunk's checksum set right, so that decoders believe what it holds
            _set_right(data)


def _place(chance: random.Random, data: bytearray) -> int:
    """Anywhere, but mostly where the headers are."""
    most = len(data) if chance.random() < 0.4 else min(len(data), 120)
    return chance.randrange(most + 1)


def _set_right(data: bytearray) -> None:
    place = 8
    while data.startswith(b"\x89PNG") and place + 12 <= len(data):
        end = place + 8 + int.from_bytes(data[place : place + 4], "big")
        if end + 4 > len(data):
            return
        data[end : end + 4] = zlib.crc32(data[place + 4 : end]).to_bytes(4, "big")
        place = end + 4


# -- bombs


def bombs(unpacked: int = 1 << 30) -> Iterator[tuple[str, bytes]]:
    """Some are refused by their headers, some must be begun.

    Args:
        unpacked: bytes of what is behind pictures, texts and profiles.
    """
    whole = seeds()
    zeros = _packed_zeros(unpacked)
    yield "PNG that claims 2³¹ × 2³¹", _png(0x7FFFFFFF, 0x7FFFFFFF, zlib.compress(b"\0" * 1000))
    yield "PNG of 100,000² in 1 MB", _png(100_000, 100_000, zeros, bits=1, colour=0)
    yield "PNG of 60 × 40 with 1 GB behind", _png(60, 40, zeros)
    texts = [b"Comment\0\0" + zeros] * 20
    yield "PNG with 20 texts of 1 GB", _png(60, 40, zlib.compress(bytes(40 * 181)), ("zTXt", texts))
    yield "PNG with a profile of 1 GB", _png(60, 40, zlib.compress(bytes(40 * 181)), ("iCCP", [b"x\0\0" + zeros]))
    title = b"Title\0\1\0\0\0" + zeros
    yield "PNG with a title of 1 GB", _png(60, 40, zlib.compress(bytes(40 * 181)), ("iTXt", [title]))
    plain = [b"Comment\0" + b"x" * 100] * 200_000
    yield "PNG with 200,000 texts", _png(60, 40, zlib.compress(bytes(40 * 181)), ("tEXt", plain))
    yield "JPEG that claims 65,535²", _jpeg_sized(whole["plain.jpg"], 65_535, 65_535)
    yield "JPEG of 6000² that is cut", _jpeg_sized(whole["plain.jpg"], 6000, 6000)
    yield (
        "progressive JPEG of 6000² in 3000 scans",
        _many_scans(_jpeg_sized(whole["progressive.jpg"], 6000, 6000), 3000),
    )
    yield (
        "JPEG with 20 MB of EXIF and profiles",
        _jpeg_with(whole["plain.jpg"], b"\xff\xe1", b"Exif\0\0MM\0*" + b"\0" * 60_000),
    )
    yield "GIF that claims 65,535²", whole["moving.gif"][:6] + b"\xff\xff\xff\xff" + whole["moving.gif"][10:]
    yield "GIF with a frame of 65,535²", _gif_frame(whole["moving.gif"])
    yield "GIF of 20,000 frames", _many_frames(whole["moving.gif"], 20_000)
    yield "WebP of 16,383²", _webp(16_383)
    yield "TIFF of 100² with 1 GB behind", _tiff(100, 100, zeros)
    yield "TIFF that claims 2³¹ × 2³¹", _tiff(0x7FFFFFFF, 0x7FFFFFFF, zlib.compress(b"\0" * 1000))
    yield "TIFF whose folders go round", _tiff(60, 40, zlib.compress(bytes(60 * 40 * 3)), next_folder=8)
    yield "TIFF with a tag of 2³² values", _tiff(60, 40, zlib.compress(bytes(60 * 40 * 3)), count=0xFFFFFFFF)
    yield "BMP that claims 2³¹ × 2³¹", whole["rgb.bmp"][:18] + b"\xff\xff\xff\x7f" * 2 + whole["rgb.bmp"][26:]
    avif = whole["rgb.avif"]
    place = avif.index(b"ispe") + 8
    yield "AVIF that claims 2³² × 2³²", avif[:place] + b"\xff" * 8 + avif[place + 8 :]
    yield "AVIF that claims 6000²", avif[:place] + struct.pack(">II", 6000, 6000) + avif[place + 8 :]
    yield "style code of 50 MB", b'{"format": ' + b"[" * (50 << 20)
    yield (
        "style code with 900 kB of values",
        b'{"format": "impasto-style-code", "brushes": [1], "values": "' + b"A" * 900_000 + b'"}',
    )


def large(side: int = 6000) -> Iterator[tuple[str, bytes]]:
    """As many pixels as a client may send, in few bytes: orders as others are, which take their time."""
    yield f"PNG of {side}² in few bytes", _png(side, side, _packed_zeros(side * (3 * side + 1)))
    yield f"WebP of {side}²", _webp(side)


def _packed_zeros(count: int) -> bytes:
    packer = zlib.compressobj(9)
    block = bytes(1 << 20)
    parts = [packer.compress(block[: count - start]) for start in range(0, count, len(block))]
    return b"".join([*parts, packer.flush()])


def _png(
    width: int, height: int, data: bytes, extra: tuple[str, list[bytes]] = ("", []), *, bits: int = 8, colour: int = 2
) -> bytes:
    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    kind, contents = extra
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0))
    more = b"".join(chunk(kind.encode(), content) for content in contents)
    return b"\x89PNG\r\n\x1a\n" + head + more + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def _tiff(width: int, height: int, data: bytes, *, next_folder: int = 0, count: int = 1) -> bytes:
    longs = [(256, width, 1), (257, height, 1), (258, 8, 1), (259, 8, 1), (262, 2, 1), (273, 0, 1), (277, 3, 1)]
    longs += [(278, height, 1), (279, len(data), 1), (315, 8, count)]
    start = 8 + 2 + 12 * len(longs) + 4
    rows = b"".join(struct.pack("<HHII", tag, 4, many, start if tag == 273 else value) for tag, value, many in longs)
    return b"II*\0" + struct.pack("<IH", 8, len(longs)) + rows + struct.pack("<I", next_folder) + data


def _webp(side: int) -> bytes:
    """Of one colour, which takes the same few bytes whatever its size: only that must be set."""
    data = bytearray(_saved(Image.new("RGB", (1, 1)), "WEBP", lossless=True))
    place = data.index(b"VP8L") + 9
    data[place : place + 4] = (side - 1 | (side - 1) << 14).to_bytes(4, "little")
    return bytes(data)


def _jpeg_sized(data: bytes, width: int, height: int) -> bytes:
    place = next(data.index(mark) for mark in (b"\xff\xc0", b"\xff\xc2") if mark in data) + 5
    return data[:place] + struct.pack(">HH", height, width) + data[place + 4 :]


def _many_scans(data: bytes, count: int) -> bytes:
    """The last scan, which refines what is there, again and again."""
    last = data.rindex(b"\xff\xda")
    return data[:last] + data[last:-2] * count + data[-2:]


def _jpeg_with(data: bytes, mark: bytes, content: bytes) -> bytes:
    return data[:2] + (mark + struct.pack(">H", len(content) + 2) + content) * 350 + data[2:]


def _gif_frame(data: bytes) -> bytes:
    place = data.index(b"\x2c") + 5
    return data[:place] + b"\xff\xff\xff\xff" + data[place + 4 :]


def _many_frames(data: bytes, count: int) -> bytes:
    first = data.index(b"\x21\xf9")
    return data[:first] + data[first:-1][:600] * (count // 3) + data[-1:]


def _saved(image: Image.Image, form: str, **options: object) -> bytes:
    stream = io.BytesIO()
    image.save(stream, form, **options)
    return stream.getvalue()
