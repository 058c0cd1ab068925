"""From a Picture to the bytes of a file: sRGB profile embedded, resolution, EXIF and metadata put back."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from impasto.errors import OutOfMemoryError, OutputError, UnknownSuffixError, UsageError
from impasto.pictures import exif as exif_block
from impasto.pictures.arrays import quantised
from impasto.pictures.colour import srgb_profile
from impasto.pictures.compact import CompactPicture
from impasto.pictures.formats import PictureFormat, can_write
from impasto.pictures.metadata import Metadata
from impasto.pictures.picture import Picture
from impasto.pictures.png16 import DEFLATE_LEVEL, encode_png16

QUALITY = 92
_JPEG_SEGMENT = 65_000  # bytes that fit into one segment beside its names
_JPEG_COMMENT = 32_000  # Pillow 11 keeps no room for longer ones
# Texts of a PNG that have a tag of their own in EXIF.
_TEXT_TAGS = {"Description": 270, "Title": 270, "Software": 305, "Author": 315, "Copyright": 33432}


def check_encoding(
    fmt: PictureFormat, *, quality: int = QUALITY, bit_depth: int | None = None, size: tuple[int, int] | None = None
) -> None:
    """Refuse what a format can't hold.

    Raises:
        UsageError: a quality outside 1 … 100, a depth other than 8 and 16 bits.
        UnknownSuffixError: 16 bits asked of a format of 8, a side too long for it, a format that this Pillow can't
            write.
    """
    if isinstance(quality, bool) or not isinstance(quality, int) or not 1 <= quality <= 100:
        raise UsageError(f"The quality can't be {quality!r}.", hint="Give a whole number from 1 to 100.")
    if bit_depth not in (None, 8, 16):
        raise UsageError(f"The bit depth can't be {bit_depth!r}.", hint="Give 8 or 16.")
    if bit_depth == 16 and not fmt.sixteen_bits:
        raise UnknownSuffixError(f"{fmt.name} can't hold 16 bits.", hint="Write .png or .tif instead.")
    if size is not None and max(size) > fmt.longest_side:
        message = (
            f"{fmt.name} can't hold a picture of {size[0]}×{size[1]} pixels; its longest side is {fmt.longest_side:,}."
        )
        raise UnknownSuffixError(message, hint="Write .png or .tif instead.")
    if not can_write(fmt):
        raise UnknownSuffixError(f"The installed Pillow can't write {fmt.name}.", hint="Write .png or .jpg instead.")


def encode(picture: Picture, fmt: PictureFormat, *, quality: int = QUALITY, bit_depth: int | None = None) -> bytes:
    """The picture as a file of a format.

    Every file but GIF and BMP, which have no place for it, embeds the sRGB profile. Resolution, EXIF (brought up to
    the picture's size), XMP, IPTC, comment and texts go where the format has a place for them: texts only into PNG
    (those that EXIF knows too also elsewhere, if the picture has no EXIF), IPTC into JPEG, TIFF and PNG, nothing but
    the comment into GIF, the resolution alone into BMP. EXIF or XMP longer than a JPEG segment (64 kB) is left out of
    JPEGs. Formats without transparency (JPEG, BMP) get the picture laid over white; GIF keeps it fully on or off, and
    has 255 colours.

    Args:
        quality: 1 … 100 for JPEG, WebP (100 = lossless) and AVIF; colour is not subsampled from 90 on.
        bit_depth: 8 (also for None) or 16.

    Raises:
        UsageError, UnknownSuffixError: see `check_encoding`.
        PictureError: NaN among the pixels.
        OutputError: Pillow's encoder fails.
        OutOfMemoryError: not enough memory.
    """
    check_encoding(fmt, quality=quality, bit_depth=bit_depth, size=picture.size)
    try:
        return _encoded(picture, fmt, quality, bit_depth or 8)
    except MemoryError as error:
        raise OutOfMemoryError(f"There is not enough memory to write {fmt.name}.", hint="Free some.") from error
    except (OSError, ValueError, RuntimeError) as error:  # what Pillow's encoders raise
        raise OutputError(
            f"The picture can't be written as {fmt.name}: {error}.", hint="Write .png instead."
        ) from error


def _encoded(picture: Picture, fmt: PictureFormat, quality: int, bits: int) -> bytes:
    exif = _exif(picture, fmt)
    if isinstance(picture, CompactPicture) and bits == 8 and fmt.name != "TIFF":
        return _saved(picture.image, fmt, _options(picture, fmt, exif, quality))
    samples = _samples(picture, fmt, bits)
    if fmt.name == "TIFF":
        from impasto.pictures.tiff import encode_tiff  # Pillow's side of it is large, and few write TIFF

        return encode_tiff(samples, exif=exif, dpi=picture.dpi, profile=srgb_profile(), metadata=picture.metadata)
    options = _options(picture, fmt, exif, quality)
    if bits == 16:
        return encode_png16(samples, options)
    return _saved(Image.fromarray(samples), fmt, options)


def _saved(image: Image.Image, fmt: PictureFormat, options: dict[str, Any]) -> bytes:
    if fmt.name == "GIF":
        image = _with_palette(image)
    stream = io.BytesIO()
    image.save(stream, fmt.name, **options)
    return stream.getvalue()


def _samples(picture: Picture, fmt: PictureFormat, bits: int) -> npt.NDArray[Any]:
    if picture.alpha is None:
        return quantised(picture.pixels, bits)
    if not fmt.alpha:
        return quantised(picture.over(1.0), bits)
    samples = np.empty((picture.height, picture.width, 4), np.uint8 if bits == 8 else np.uint16)
    samples[..., :3] = quantised(picture.pixels, bits)
    samples[..., 3] = quantised(picture.alpha, bits)
    return samples


def _exif(picture: Picture, fmt: PictureFormat) -> bytes | None:
    """The EXIF block to write; where there is none, one with what the format has no other place for."""
    if picture.exif:
        exif = exif_block.with_size(picture.exif, *picture.size)
        # Pillow reads the block again when it writes AVIF.
        return exif if fmt.name != "AVIF" or exif_block.parsed(exif) else None
    tags: dict[int, Any] = {}
    if fmt.name in ("WEBP", "AVIF") and picture.dpi:
        x, y = picture.dpi
        tags = {exif_block.X_RESOLUTION: x, exif_block.Y_RESOLUTION: y, exif_block.RESOLUTION_UNIT: 2}
    if fmt.name not in ("PNG", "GIF", "BMP"):
        for keyword, tag in _TEXT_TAGS.items():
            if text := picture.metadata.text.get(keyword):
                tags.setdefault(tag, text.encode())  # EXIF knows ASCII only; UTF-8 is what everybody writes
    return exif_block.minimal(tags)


def _options(picture: Picture, fmt: PictureFormat, exif: bytes | None, quality: int) -> dict[str, Any]:
    """What Pillow's encoder is given besides the pixels."""
    meta = picture.metadata
    fine = quality >= 90
    if fmt.name == "BMP":
        return {"dpi": picture.dpi} if picture.dpi else {}
    if fmt.name == "GIF":
        return {"comment": meta.comment.encode()[:255]} if meta.comment else {}
    options: dict[str, Any] = {"icc_profile": srgb_profile()}
    if fmt.name == "PNG":
        options |= {"exif": exif, "dpi": picture.dpi, "pnginfo": _texts(meta), "compress_level": DEFLATE_LEVEL}
    elif fmt.name == "JPEG":
        options |= {"quality": quality, "subsampling": 0 if fine else 2, "dpi": _jpeg_dpi(picture.dpi)}
        options |= {"exif": exif, "xmp": meta.xmp, "comment": (meta.comment or "").encode()[:_JPEG_COMMENT]}
        options = {k: v for k, v in options.items() if not isinstance(v, bytes) or len(v) <= _JPEG_SEGMENT}
        if meta.iptc and len(meta.iptc) <= _JPEG_SEGMENT:
            options["extra"] = _photoshop_segment(meta.iptc)
    elif fmt.name == "WEBP":
        options |= {"quality": quality, "lossless": quality == 100, "exif": exif, "xmp": meta.xmp}
    elif fmt.name == "AVIF":
        options |= {"quality": quality, "subsampling": "4:4:4" if fine else "4:2:0", "exif": exif, "xmp": meta.xmp}
    return {name: value for name, value in options.items() if value is not None and value != b""}


def _jpeg_dpi(dpi: tuple[float, float] | None) -> tuple[float, float] | None:
    return dpi if dpi and max(dpi) < 65_535 and round(min(dpi)) > 0 else None


def _texts(meta: Metadata) -> PngInfo:
    info = PngInfo()
    texts = dict(meta.text)
    if meta.comment:
        texts.setdefault("Comment", meta.comment)
    if meta.iptc:
        # As ImageMagick and ExifTool keep it, PNG having no chunk for IPTC.
        texts["Raw profile type iptc"] = f"\niptc\n{len(meta.iptc):8}\n{meta.iptc.hex()}\n"
    for keyword, text in texts.items():
        if 0 < len(keyword) < 80 and keyword.isprintable() and all(ord(c) < 256 for c in keyword):
            info.add_text(keyword, text, zip=len(text) > 1024)
    if meta.xmp:
        info.add_itxt("XML:com.adobe.xmp", meta.xmp)
    return info


def _photoshop_segment(iptc: bytes) -> bytes:
    resource = b"Photoshop 3.0\0" + b"8BIM\x04\x04\0\0" + len(iptc).to_bytes(4, "big") + iptc + b"\0" * (len(iptc) % 2)
    return b"\xff\xed" + (2 + len(resource)).to_bytes(2, "big") + resource


def _with_palette(image: Image.Image) -> Image.Image:
    """255 colours with dithering, and one more for what is less than half opaque."""
    colours = image.convert("RGB")
    palette = colours.quantize(255, method=Image.Quantize.MEDIANCUT)
    indexed = colours.quantize(palette=palette, dither=Image.Dither.FLOYDSTEINBERG)
    if image.mode == "RGBA":
        hidden = np.asarray(image)[..., 3] < 128
        indexed.paste(255, mask=Image.fromarray(hidden))
        indexed.info["transparency"] = 255
    return indexed
