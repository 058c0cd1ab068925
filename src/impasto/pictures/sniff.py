"""What a file is, told by its first bytes, and what to say when it is no picture that we read."""

from __future__ import annotations

import codecs
import re

from impasto.errors import NotAPictureError

HEAD = 4096
"""How many bytes are enough to tell a format."""

_TIFF_MAGIC = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_CAMERA_RAW = ("a camera's raw file", "Develop it to TIFF or JPEG first.")
_VIDEO = ("a video", "Take a frame out of it as PNG first.")
_ARCHIVE = ("an archive", "Unpack it first.")

# Prefix → (what it is, what to do). Only what people do hand to a picture program.
_OTHERS: tuple[tuple[bytes, tuple[str, str]], ...] = (
    (b"%PDF-", ("a PDF document", "Export its page as PNG first.")),
    (b"%!PS", ("a PostScript drawing", "Render it to PNG first.")),
    (b"8BPS", ("a Photoshop document", "Export it as PNG or TIFF first.")),
    (b"gimp xcf", ("a GIMP document", "Export it as PNG or TIFF first.")),
    (b"v/1\x01", ("an OpenEXR picture", "Tone-map it to 8 or 16 bits (PNG, TIFF) first.")),
    (b"#?RADIANCE", ("a Radiance picture", "Tone-map it to 8 or 16 bits (PNG, TIFF) first.")),
    (b"\xff\x0a", ("a JPEG XL picture", "Convert it to PNG or JPEG first (djxl).")),
    (b"\0\0\0\x0cJXL ", ("a JPEG XL picture", "Convert it to PNG or JPEG first (djxl).")),
    (b"\0\0\0\x0cjP  ", ("a JPEG 2000 picture", "Convert it to PNG or JPEG first.")),
    (b"\xff\x4f\xff\x51", ("a JPEG 2000 picture", "Convert it to PNG or JPEG first.")),
    (b"\0\0\1\0", ("an icon file", "Convert it to PNG first.")),
    (b"FUJIFILMCCD-RAW", _CAMERA_RAW),
    (b"IIRO", _CAMERA_RAW),
    (b"IIU\0", _CAMERA_RAW),
    (b"FOVb", _CAMERA_RAW),
    (b"\x1a\x45\xdf\xa3", _VIDEO),
    (b"PK\x03\x04", _ARCHIVE),
    (b"\x1f\x8b", _ARCHIVE),
    (b"7z\xbc\xaf", _ARCHIVE),
    (b"\x93NUMPY", ("a NumPy array", "Load it with numpy.load and pass the array.")),
)


def identify(head: bytes) -> str | None:
    """The format (a key of FORMATS) of a file that starts with these bytes (HEAD of them, or all it has), or None."""
    if head.startswith(b"\x89PNG"):
        return "PNG"
    if head.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if head.startswith((b"GIF87a", b"GIF89a")):
        return "GIF"
    if head.startswith(b"BM") and head[14:18] in _BMP_HEADERS:
        return "BMP"
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return "WEBP"
    if head.startswith(_TIFF_MAGIC) and head[8:10] != b"CR":
        return "TIFF"
    if _brands(head) & {b"avif", b"avis"}:
        return "AVIF"
    return None


_BMP_HEADERS = {size.to_bytes(4, "little") for size in (12, 16, 40, 52, 56, 64, 108, 124)}


def _brands(head: bytes) -> set[bytes]:
    """The brands of an ISO media file (AVIF, HEIC, MP4 …): the major one and the compatible ones."""
    if head[4:8] != b"ftyp":
        return set()
    end = min(int.from_bytes(head[:4], "big"), len(head))
    return {head[8:12]} | {head[i : i + 4] for i in range(16, end, 4)}


def not_a_picture(name: str, head: bytes) -> NotAPictureError:
    """The error for bytes that `identify` does not know, saying what they are where that can be told."""
    what, hint = _describe(head)
    formats = "JPEG, PNG, WebP, TIFF, BMP, GIF and AVIF are read."
    if what:
        return NotAPictureError(f"{name} is {what}, not a picture that can be read.", hint=hint or formats)
    return NotAPictureError(f"{name} is not a picture of a known format.", hint=formats[0].upper() + formats[1:])


def _describe(head: bytes) -> tuple[str, str]:
    for prefix, description in _OTHERS:
        if head.startswith(prefix):
            return description
    if head[8:10] == b"CR" and head.startswith(_TIFF_MAGIC):
        return _CAMERA_RAW
    if brands := _brands(head):
        if brands & {b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1"}:
            return "a HEIC picture", "Convert it to JPEG or PNG first (phones can be set to 'most compatible')."
        return _CAMERA_RAW if b"crx " in brands else _VIDEO
    if head.startswith(b"RIFF") and head[8:12] == b"AVI ":
        return _VIDEO
    if head.startswith((b"P1", b"P2", b"P3", b"P4", b"P5", b"P6")) and head[2:3].isspace():
        return "a Netpbm picture", "Convert it to PNG first."
    return _describe_text(head)


def _describe_text(head: bytes) -> tuple[str, str]:
    start = head[:1024].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if re.search(rb"<svg[\s>]", head):
        return "an SVG drawing", "Render it to PNG first (Inkscape, rsvg-convert)."
    if start.startswith((b"<!doctype html", b"<html")):
        return "a web page", "The download saved a page in place of the picture."
    if len(start) < 4 or re.search(rb"[\x00-\x08\x0e-\x1f\x7f]", start):
        return "", ""
    try:
        codecs.getincrementaldecoder("utf-8")().decode(start)  # a letter cut in two at the end is no error to it
    except UnicodeDecodeError:
        return "", ""
    return "a text", ""
