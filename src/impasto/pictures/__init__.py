"""Pictures: decoded once into float32 sRGB, encoded once, with alpha, resolution and metadata kept; limits and
refusals.

A picture that can't be read or written is refused with its own error from `impasto.errors`, before anything is spent
on it where that can be told. Formats, limits and colours are described at `read_picture` and `encode_picture`.
"""

from impasto.files import check_place, place_file
from impasto.pictures.alpha import fill_transparent
from impasto.pictures.compact import CompactPicture
from impasto.pictures.convert import like_input, to_pil
from impasto.pictures.encode import QUALITY
from impasto.pictures.encode import encode as _encode
from impasto.pictures.formats import FORMATS, SUFFIXES, PictureFormat, format_of_name, format_of_suffix
from impasto.pictures.metadata import Metadata
from impasto.pictures.picture import Picture
from impasto.pictures.read import MAX_PIXELS, Source, read_picture
from impasto.pictures.resize import fit_long_side, resize
from impasto.pictures.sheet import contact_sheet
from impasto.pictures.write import check_target, write_picture

__all__ = [
    "FORMATS",
    "MAX_PIXELS",
    "QUALITY",
    "SUFFIXES",
    "CompactPicture",
    "Metadata",
    "Picture",
    "PictureFormat",
    "Source",
    "check_place",
    "check_target",
    "contact_sheet",
    "encode_picture",
    "fill_transparent",
    "fit_long_side",
    "format_of_name",
    "format_of_suffix",
    "like_input",
    "place_file",
    "read_picture",
    "resize",
    "to_pil",
    "write_picture",
]


def encode_picture(
    picture: Picture, format: str = "png", *, quality: int = QUALITY, bit_depth: int | None = None
) -> bytes:
    """The picture as the bytes of a file; see `impasto.pictures.encode.encode`."""
    return _encode(picture, format_of_name(format), quality=quality, bit_depth=bit_depth)
