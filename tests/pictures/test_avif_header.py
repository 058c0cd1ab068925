"""Sizes of AVIFs, told by their boxes; the oracle is the decoder of those files that it takes."""

from __future__ import annotations

import io
import random
import struct
import time
from contextlib import suppress

import numpy as np
import pytest
from picture_files import photo, saved
from PIL import Image, features

from impasto.errors import DecompressionBombError, EmptyPictureError, PictureError, PictureTooLargeError
from impasto.pictures.boxes import avif_size
from impasto.pictures.decode import check_header, decode
from impasto.pictures.headers import Header, read_header

pytestmark = pytest.mark.skipif(not features.check("avif"), reason="this Pillow has no AVIF")


def _box(kind: bytes, *content: bytes) -> bytes:
    inside = b"".join(content)
    return struct.pack(">I", 8 + len(inside)) + kind + inside


def _ispe(width: int, height: int) -> bytes:
    return _box(b"ispe", bytes(4), struct.pack(">II", width, height))


def _whole(*properties: bytes, ipma: bytes, pitm: bytes = bytes(4) + b"\0\1") -> bytes:
    """A file of boxes by the standard's letter; there is no picture in it."""
    iprp = _box(b"iprp", _box(b"ipco", *properties), _box(b"ipma", ipma))
    meta = _box(b"meta", bytes(4), _box(b"hdlr", bytes(24)), _box(b"pitm", pitm), iprp)
    return _box(b"ftyp", b"avif", bytes(4), b"avif") + meta


def _with_size(data: bytes, width: int, height: int) -> bytes:
    place = data.index(b"ispe") + 8
    return data[:place] + struct.pack(">II", width, height) + data[place + 8 :]


@pytest.mark.parametrize("size", [(1, 1), (31, 17), (640, 4), (300, 2000)])
@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L"])
def test_sizes_are_those_that_the_decoder_tells(size: tuple[int, int], mode: str) -> None:
    stream = io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new(mode, size, 77).save(stream, "AVIF", exif=exif)
    data = stream.getvalue()
    with Image.open(io.BytesIO(data)) as opened:
        assert sorted(opened.size) == sorted(size)
    assert read_header("AVIF", data) == Header(*size)


def test_moving_ones_tell_that_of_their_first_picture() -> None:
    frames = [Image.fromarray(photo(40, 30, seed=seed)) for seed in range(3)]
    data = saved(frames[0], "AVIF", save_all=True, append_images=frames[1:])
    assert avif_size(data) == (40, 30)


def test_the_primary_pictures_size_counts() -> None:
    """Of item 1, whose properties are the 2nd and the 3rd; small numbers, then large ones."""
    sizes = (_ispe(9, 9), _ispe(64, 48), _box(b"pixi", bytes(8)))
    small = bytes(4) + struct.pack(">IHBB HBBB", 2, 2, 1, 1, 1, 2, 0x82, 3)
    assert avif_size(_whole(*sizes, ipma=small)) == (64, 48)
    large = b"\1\0\0\1" + struct.pack(">IIBH IBHH", 2, 2, 1, 1, 1, 2, 0x8002, 3)
    assert avif_size(_whole(*sizes, ipma=large)) == (64, 48)
    assert avif_size(_whole(*sizes, ipma=large, pitm=b"\1\0\0\0\0\0\0\2")) == (9, 9)
    twice = bytes(4) + struct.pack(">IHBBB", 1, 1, 2, 1, 2)
    assert avif_size(_whole(*sizes, ipma=twice)) == (64, 48)  # it is not for us to choose the smaller


def test_boxes_that_do_not_tell_leave_it_to_the_decoder() -> None:
    good = bytes(4) + struct.pack(">IHBB", 1, 1, 1, 1)
    assert avif_size(_whole(_ispe(5, 4), ipma=good)) == (5, 4)
    assert avif_size(b"") is None
    assert avif_size(_box(b"ftyp", b"avif")) is None
    assert avif_size(_whole(ipma=good)) is None
    assert avif_size(_whole(_ispe(5, 4), ipma=b"")) is None
    assert avif_size(_whole(_ispe(5, 4), ipma=bytes(4) + struct.pack(">IHBB", 1, 1, 200, 1))) is None
    assert avif_size(_whole(_ispe(5, 4), ipma=bytes(4) + struct.pack(">IHBB", 1, 1, 1, 7))) is None
    assert avif_size(_whole(_box(b"ispe", bytes(6)), ipma=good)) is None
    assert avif_size(_whole(_ispe(5, 4), ipma=good, pitm=b"\1")) is None
    assert avif_size(_whole(_ispe(5, 4), ipma=good, pitm=bytes(4) + b"\0\2")) is None


def test_what_claims_too_much_is_refused_by_its_header() -> None:
    data = saved(photo(), "AVIF")
    with pytest.raises(DecompressionBombError):
        check_header(_with_size(data, 60_000, 60_000), "The picture", max_pixels=40_000_000)
    with pytest.raises(EmptyPictureError):
        check_header(_with_size(data, 0, 9), "The picture", max_pixels=40_000_000)


@pytest.mark.parametrize("size", [(2, 2), (150, 60), (300, 300)])
def test_the_decoder_gives_what_is_claimed_or_refuses(size: tuple[int, int]) -> None:
    """It fits the picture to the size that its boxes tell: none unpacks to more than its header says."""
    lying = _with_size(saved(Image.new("RGB", (200, 100), 77), "AVIF"), *size)
    with suppress(PictureError):
        assert decode(lying, "The picture", max_pixels=100_000).size == size
    if size != (2, 2):
        with pytest.raises(PictureTooLargeError):
            decode(lying, "The picture", max_pixels=100)


def test_where_no_header_tells_the_decoder_is_asked() -> None:
    data = saved(Image.new("RGB", (200, 100), 77), "AVIF")
    start, content = int.from_bytes(data[:4], "big"), data.index(b"mdat") + 4
    free = _box(b"free") * 600
    assert data.count(struct.pack(">I", content)) == 1
    moved = data.replace(struct.pack(">I", content), struct.pack(">I", content + len(free)))
    hidden = moved[:start] + free + moved[start:]
    assert read_header("AVIF", hidden) is None
    assert decode(hidden, "The picture", max_pixels=20_000).size == (200, 100)
    with pytest.raises(PictureTooLargeError):
        decode(hidden, "The picture", max_pixels=19_999)


def test_damaged_ones_tell_a_size_or_none() -> None:
    data = saved(Image.fromarray(np.dstack([photo(32, 24), photo(32, 24)[..., 0]])), "AVIF")
    chance = random.Random(0)
    for end in range(0, 600):
        found = avif_size(data[:end])
        assert found in (None, (32, 24))
    for _ in range(5000):
        broken = bytearray(data)
        for _ in range(chance.choice((1, 2, 8))):
            broken[chance.randrange(400)] = chance.choice((0, 1, 0x7F, 0x80, 0xFF, chance.randrange(256)))
        found = avif_size(bytes(broken))
        assert found is None or all(0 <= side < 1 << 32 for side in found)


def test_no_number_of_boxes_takes_long() -> None:
    """Counted in CPU seconds, of which a loop without bounds would take dozens."""
    many = _box(b"free") * 1_000_000
    items = bytes(4) + struct.pack(">I", 0xFFFFFFFF) + struct.pack(">HB", 2, 0) * 4_000_000
    began = time.process_time()
    assert avif_size(many + _whole(_ispe(5, 4), ipma=bytes(4) + struct.pack(">IHBB", 1, 1, 1, 1))) is None
    assert avif_size(_whole(*[_box(b"free")] * 1_000_000, _ispe(5, 4), ipma=items)) is None
    assert time.process_time() - began < 5
