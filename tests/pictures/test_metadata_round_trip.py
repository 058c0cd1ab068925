"""Orientation, resolution, EXIF, XMP, IPTC, texts: read, kept through a painting, written."""

from __future__ import annotations

import io
import struct

import numpy as np
import pytest
import tifffile
from picture_files import chunk, photo, saved
from PIL import Image, ImageOps, features

from impasto.pictures import FORMATS, Metadata, Picture, encode_picture, read_picture
from impasto.pictures.exif import tidied

CARRIERS = ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"]
CARRIERS = [f for f in CARRIERS if f != "AVIF" or features.check("avif")]
LOSSLESS = {"JPEG": {"quality": 100, "subsampling": 0}, "WEBP": {"lossless": True}, "AVIF": {"quality": 100}}


def exif_block(orientation: int = 1) -> bytes:
    exif = Image.Exif()
    exif[271], exif[272], exif[274], exif[33432] = "Maker", "Model", orientation, "Nobody"
    exif[282], exif[283], exif[296] = 300.0, 300.0, 2
    exif[0x8769] = {0x9003: "2024:05:06 07:08:09", 0xA001: 65535, 0xA002: 4000, 0xA003: 3000, 0x927C: b"maker note"}
    exif[0x8825] = {1: "N", 2: (48.0, 8.0, 30.0), 3: "E", 4: (11.0, 34.0, 12.0)}
    return exif.tobytes()


def kept(picture: Picture) -> Image.Exif:
    exif = Image.Exif()
    exif.load(picture.exif)
    return exif


@pytest.mark.parametrize("fmt", CARRIERS)
@pytest.mark.parametrize("orientation", range(1, 9))
def test_all_orientations_stand_upright(orientation, fmt):
    data = saved(photo(40, 24), fmt, exif=exif_block(orientation), **LOSSLESS.get(fmt, {}))
    picture = read_picture(data)
    assert picture.size == ((24, 40) if orientation >= 5 else (40, 24))
    with Image.open(io.BytesIO(data)) as opened:
        expected = np.asarray(ImageOps.exif_transpose(opened).convert("RGB"))
    np.testing.assert_array_equal(np.rint(picture.pixels * 255), expected)
    # Once more without Pillow's help: orientation says which corner of the upright picture has the first stored pixel.
    corner = {1: (0, 0), 2: (0, -1), 3: (-1, -1), 4: (-1, 0), 5: (0, 0), 6: (0, -1), 7: (-1, -1), 8: (-1, 0)}[
        orientation
    ]
    stored = np.asarray(Image.open(io.BytesIO(saved(photo(40, 24), fmt, **LOSSLESS.get(fmt, {})))).convert("RGB"))
    np.testing.assert_allclose(picture.pixels[corner] * 255, stored[0, 0], atol=1)
    assert kept(picture).get(274, 1) == 1


@pytest.mark.parametrize("orientation", [1, 6])
def test_a_pillow_picture_is_turned_once(orientation):
    data = saved(photo(40, 24), "PNG", exif=exif_block(orientation))
    with Image.open(io.BytesIO(data)) as opened:
        direct = read_picture(opened)
    np.testing.assert_array_equal(direct.pixels, read_picture(data).pixels)


def test_sixteen_bit_tiff_stands_upright():
    array = photo(20, 12, 3, np.uint16)
    stream = io.BytesIO()
    tifffile.imwrite(stream, array, photometric="rgb", extratags=[(274, 3, 1, 6, True)])
    np.testing.assert_array_equal(np.rint(read_picture(stream.getvalue()).pixels * 65535), np.rot90(array, -1))


def test_alpha_turns_with_the_pixels():
    array = np.dstack([photo(10, 6), np.arange(1, 61, dtype=np.uint8).reshape(6, 10)])
    picture = read_picture(saved(array, "PNG", exif=exif_block(6)))
    np.testing.assert_allclose(picture.alpha * 255, np.rot90(array[..., 3], -1), atol=1e-4)


@pytest.mark.parametrize("source", CARRIERS)
@pytest.mark.parametrize("target", CARRIERS)
def test_exif_survives_from_any_format_to_any(source, target):
    picture = read_picture(saved(photo(), source, exif=exif_block(6)))
    again = read_picture(encode_picture(picture, target))
    for one in (picture, again):
        exif = kept(one)
        assert (exif[271], exif[33432]) == ("Maker", "Nobody")
        assert exif.get(274, 1) == 1
        ifd = exif.get_ifd(0x8769)
        assert ifd[0x9003] == "2024:05:06 07:08:09"
        assert ifd[0xA001] == 1
        assert ifd[0x927C] == b"maker note"
        assert tuple(map(float, exif.get_ifd(0x8825)[2])) == (48.0, 8.0, 30.0)
    assert (kept(again).get_ifd(0x8769)[0xA002], kept(again).get_ifd(0x8769)[0xA003]) == picture.size


def test_exif_tells_the_size_of_a_picture_that_was_enlarged():
    picture = read_picture(saved(photo(), "JPEG", exif=exif_block())).resized((96, 64))
    ifd = kept(read_picture(encode_picture(picture, "jpeg"))).get_ifd(0x8769)
    assert (ifd[0xA002], ifd[0xA003]) == (96, 64)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("behind", [b"", b"after the thumbnail"])
def test_the_stale_thumbnail_goes_and_nothing_else_moves(order, behind):
    thumbnail = saved(photo(8, 8), "JPEG")
    head = b"II*\0" if order == "<" else b"MM\0*"
    # Main directory: orientation 8 and a link; second directory: where the thumbnail lies.
    first = struct.pack(order + "HHHIHxx", 1, 274, 3, 1, 8) + struct.pack(order + "I", 8 + 18)
    start = 8 + 18 + 2 + 24 + 4
    second = struct.pack(order + "HHHIIHHII", 2, 513, 4, 1, start, 514, 4, 1, len(thumbnail)) + bytes(4)
    block = b"Exif\0\0" + head + struct.pack(order + "I", 8) + first + second + thumbnail + behind
    clean = tidied(block)
    assert thumbnail not in clean
    assert thumbnail[:2] not in clean
    assert clean.endswith(behind)
    exif = Image.Exif()
    exif.load(clean)
    assert exif[274] == 1
    assert exif.get_ifd(0x8769) == {}
    assert not exif.get_ifd(1)


@pytest.mark.parametrize(
    "block", [b"", b"Exif\0\0", b"Exif\0\0II*\0", b"Exif\0\0II*\0\xff\xff\xff\xff", b"Exif\0\0nonsense here"]
)
def test_an_unreadable_exif_block_is_left_out(block):
    assert tidied(block) is None
    picture = read_picture(saved(photo(), "PNG")[:33] + chunk(b"eXIf", block[6:]) + saved(photo(), "PNG")[33:])
    assert picture.exif is None


@pytest.mark.parametrize("fmt", [f for f in FORMATS if f in CARRIERS or f == "BMP"])
def test_resolution_survives(fmt):
    picture = Picture(np.zeros((4, 6, 3), np.float32), dpi=(300.0, 150.0))
    dpi = read_picture(encode_picture(picture, fmt)).dpi
    assert dpi == pytest.approx((300, 150), abs=0.1)


def test_resolution_turns_with_the_picture():
    assert read_picture(saved(photo(), "PNG", dpi=(300, 150), exif=exif_block(6))).dpi == pytest.approx(
        (150, 300), abs=0.1
    )


@pytest.mark.parametrize("dpi", [(0, 0), (0, 72), (1e9, 1e9)])
def test_senseless_resolutions_are_dropped(dpi):
    extra = chunk(b"pHYs", struct.pack(">IIB", *(min(int(d / 0.0254), 2**32 - 1) for d in dpi), 1))
    png = saved(photo(), "PNG")
    assert read_picture(png[:33] + extra + png[33:]).dpi is None


XMP = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:Description tiff:Orientation="6" exif:ColorSpace="65535"'
    b' photoshop:ICCProfile="Adobe RGB (1998)" dc:creator="Somebody"><tiff:Orientation>8</tiff:Orientation>'
    b"<xmp:Thumbnails>/9j/4AAQ</xmp:Thumbnails></rdf:Description></x:xmpmeta>"
)


@pytest.mark.parametrize("target", CARRIERS)
@pytest.mark.parametrize("source", CARRIERS)
def test_xmp_survives_with_what_is_stale_mended(source, target):
    options = {"xmp": XMP}
    if source == "PNG":
        from PIL.PngImagePlugin import PngInfo

        info = PngInfo()
        info.add_itxt("XML:com.adobe.xmp", XMP.decode())
        options = {"pnginfo": info}
    elif source == "TIFF":
        options = {"tiffinfo": {700: XMP}}
    picture = read_picture(saved(photo(), source, exif=exif_block(1), **options))
    again = read_picture(encode_picture(picture, target))
    for packet in (picture.metadata.xmp, again.metadata.xmp):
        assert b'Orientation="6"' not in packet
        assert b"Orientation>8" not in packet
        assert b'exif:ColorSpace="1"' in packet
        assert b"Adobe RGB" not in packet
        assert b"Thumbnails" not in packet
        assert b'dc:creator="Somebody"' in packet


def test_iptc_survives_between_jpeg_tiff_and_png():
    iptc = b"\x1c\x02\x78\x00\x07Caption\x1c\x02\x50\x00\x06Author"
    picture = Picture(photo().astype(np.float32) / 255, metadata=Metadata(iptc=iptc))
    for fmt in ("jpeg", "tiff"):
        assert read_picture(encode_picture(picture, fmt)).metadata.iptc == iptc
    with Image.open(io.BytesIO(encode_picture(picture, "png"))) as opened:
        assert bytes.fromhex("".join(opened.text["Raw profile type iptc"].split("\n")[3:])) == iptc


def test_texts_survive_in_png_whatever_their_letters():
    texts = {
        "Title": "Über den Wäldern",
        "parameters": "long " * 500,
        "日本": "dropped: no keyword of a PNG",
        "Kommentar": "日本語",
    }
    picture = Picture(photo().astype(np.float32) / 255, metadata=Metadata(text=texts))
    again = read_picture(encode_picture(picture, "png"))
    assert dict(again.metadata.text) == {k: v for k, v in texts.items() if k != "日本"}
    late = saved(photo(), "PNG")
    late = late[:-12] + chunk(b"tEXt", b"Late\0behind the pixels") + late[-12:]
    assert read_picture(late).metadata.text == {"Late": "behind the pixels"}


def test_texts_that_exif_knows_too_go_there_in_other_formats():
    picture = Picture(photo().astype(np.float32) / 255, metadata=Metadata(text={"Author": "Jürgen", "Title": "Sky"}))
    for fmt in ("jpeg", "tiff", "webp"):
        exif = kept(read_picture(encode_picture(picture, fmt)))
        assert (exif[315].encode("latin-1").decode(), exif[270]) == ("Jürgen", "Sky")


@pytest.mark.parametrize("fmt", ["JPEG", "GIF", "PNG"])
def test_comments_survive(fmt):
    picture = Picture(photo().astype(np.float32) / 255, metadata=Metadata(comment="Grüße"))
    metadata = read_picture(encode_picture(picture, fmt)).metadata
    assert (metadata.text["Comment"] if fmt == "PNG" else metadata.comment) == "Grüße"


def test_stale_copies_of_exif_in_texts_are_dropped():
    block = exif_block(6)
    text = b"Raw profile type exif\0" + f"\nexif\n{len(block):8}\n{block.hex()}\n".encode()
    png = saved(photo(40, 24), "PNG")
    picture = read_picture(png[:33] + chunk(b"tEXt", text) + png[33:])
    assert picture.size == (24, 40)
    assert kept(picture)[271] == "Maker"
    assert picture.metadata.text == {}


def test_metadata_too_long_for_a_jpeg_is_left_out():
    long = Metadata(xmp=b"<x>" + b"y" * 70_000, iptc=b"z" * 70_000, comment="c" * 70_000)
    picture = Picture(photo().astype(np.float32) / 255, metadata=long)
    assert read_picture(encode_picture(picture, "jpeg")).metadata.xmp is None
    assert read_picture(encode_picture(picture, "png")).metadata.xmp == long.xmp


@pytest.mark.parametrize("fmt", CARRIERS)
def test_the_srgb_profile_is_embedded(fmt):
    with Image.open(io.BytesIO(encode_picture(read_picture(photo()), fmt))) as opened:
        assert opened.info["icc_profile"][36:40] == b"acsp"
