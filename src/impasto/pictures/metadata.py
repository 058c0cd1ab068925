"""What a file says about its picture besides pixels: taken out on reading, put back in on writing."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from PIL import ExifTags, Image

from impasto.pictures import exif as exif_block

_IPTC_RESOURCE = 0x0404
_TIFF_IPTC = 33723
# Texts of a PNG that hold what is kept elsewhere, in a form that would go stale.
_NOT_TEXT = {"XML:com.adobe.xmp", "comment", "compression"}
_NOT_TEXT |= {f"Raw profile type {kind}" for kind in ("exif", "APP1", "xmp", "icc", "icm")}
MAX_DPI = 1e6


@dataclass(frozen=True)
class Metadata:
    """What is kept of a file's metadata besides EXIF.

    Args:
        xmp: the XMP packet (XML).
        iptc: IPTC-IIM records, as press photographs carry them.
        comment: the comment of a JPEG or GIF.
        text: the texts of a PNG, by keyword.
    """

    xmp: bytes | None = None
    iptc: bytes | None = None
    comment: str | None = None
    text: Mapping[str, str] = field(default_factory=dict)


def raw_exif(picture: Image.Image) -> bytes | None:
    """The EXIF block of a Pillow picture as stored or, for a TIFF, made of its descriptive tags; None without any."""
    stored = picture.info.get("exif")
    if isinstance(stored, bytes):
        return stored
    try:
        if hasattr(picture, "tag_v2"):
            kept = exif_block.descriptive(picture.getexif())
            return kept.tobytes() if len(kept) else None
        if "Raw profile type exif" in picture.info:
            return bytes.fromhex("".join(str(picture.info["Raw profile type exif"]).split("\n")[3:]))
    except (
        Exception
    ):  # Pillow's EXIF code raises about anything on damaged blocks; without its metadata the picture still stands
        return None
    return None


def orientation_of(picture: Image.Image) -> int:
    """How the pixels must be turned to stand upright: 1 (not at all) to 8, EXIF 2.32 §4.6.5. Call it after loading."""
    try:
        value = picture.getexif().get(ExifTags.Base.Orientation, 1)
    except Exception:  # as above: a damaged EXIF block tells no orientation
        return 1
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def dpi_of(picture: Image.Image, orientation: int) -> tuple[float, float] | None:
    """Dots per inch (horizontal, vertical) of the upright picture; None where the file tells none or nonsense."""
    stored = picture.info.get("dpi")
    if not stored and picture.format in ("WEBP", "AVIF"):
        stored = _exif_dpi(picture)
    try:
        x, y = (float(v) for v in stored)  # type: ignore[union-attr]
    except (TypeError, ValueError, ZeroDivisionError, OverflowError):
        return None
    if not all(math.isfinite(v) and 0 < v <= MAX_DPI for v in (x, y)):
        return None
    return (y, x) if orientation >= 5 else (x, y)


def _exif_dpi(picture: Image.Image) -> tuple[float, float] | None:
    try:
        tags = picture.getexif()
        scale = 2.54 if tags.get(exif_block.RESOLUTION_UNIT) == 3 else 1.0
        return scale * float(tags[exif_block.X_RESOLUTION]), scale * float(tags[exif_block.Y_RESOLUTION])
    except Exception:  # as above
        return None


def metadata_of(picture: Image.Image) -> Metadata:
    """XMP, IPTC, comment and texts of a loaded Pillow picture (a PNG may hold texts behind its pixels)."""
    info = picture.info
    xmp = info.get("xmp")
    comment = info.get("comment")
    texts = info if picture.format in ("PNG", None) else {}
    return Metadata(
        xmp=tidied_xmp(xmp) if isinstance(xmp, bytes) else None,
        iptc=_iptc(picture),
        comment=_decoded(comment) if isinstance(comment, (bytes, str)) and comment else None,
        text={str(k): str(v) for k, v in texts.items() if isinstance(v, str) and k not in _NOT_TEXT},
    )


def _decoded(text: bytes | str) -> str:
    if isinstance(text, str):
        return text
    try:
        return text.decode("utf-8")
    except UnicodeDecodeError:
        return text.decode("latin-1")


def _iptc(picture: Image.Image) -> bytes | None:
    blocks: Any = picture.info.get("photoshop")
    if isinstance(blocks, dict) and isinstance(records := blocks.get(_IPTC_RESOURCE), bytes):
        return records
    tags: Any = getattr(picture, "tag_v2", {})
    try:
        records = tags.get(_TIFF_IPTC)
    except Exception:  # a damaged tag
        return None
    return records if isinstance(records, bytes) else None


def tidied_xmp(xmp: bytes) -> bytes:
    """The packet for a picture that was turned upright and made sRGB: orientation 1, profile sRGB, no thumbnails."""
    for opening, closing in ((b"<xmp:Thumbnails>", b"</xmp:Thumbnails>"), (b"<xap:Thumbnails>", b"</xap:Thumbnails>")):
        start, end = xmp.find(opening), xmp.rfind(closing)
        if 0 <= start < end:
            xmp = xmp[:start] + xmp[end + len(closing) :]
    # Each property is either an attribute (name="value") or an element (<name>value</name>).
    for name, value, new in (
        (rb"tiff:Orientation", rb"\d", b"1"),
        (rb"exif:ColorSpace", rb"\d{1,5}", b"1"),
        (rb"photoshop:ICCProfile", rb"[^\"'<]{0,256}", b"sRGB IEC61966-2.1"),
    ):
        xmp = re.sub(rb"(" + name + rb"(?:>|\s{0,8}=\s{0,8}[\"'])\s{0,8})" + value, rb"\g<1>" + new, xmp)
    return xmp
