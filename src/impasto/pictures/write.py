"""write_picture: a Picture into a file, a stream or standard output, whole or not at all."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any, BinaryIO

from impasto.errors import UnwritableOutputError, UsageError
from impasto.files import check_place, output_error, place_file, refuse_folder
from impasto.pictures.encode import QUALITY, check_encoding, encode
from impasto.pictures.formats import FORMATS, PictureFormat, format_of_name, format_of_suffix
from impasto.pictures.picture import Picture


def write_picture(
    picture: Picture,
    target: str | Path | BinaryIO,
    *,
    format: str | None = None,
    overwrite: bool = False,
    quality: int = QUALITY,
    bit_depth: int | None = None,
) -> None:
    """Write a picture; see `encode` for what each format keeps, and `place_file` for how a file comes into its place.

    Args:
        target: a path, whose suffix tells the format; "-" for standard output; or a file open for writing in binary
            mode.
        format: `png`, `jpeg`, `webp`, `tiff`, `bmp`, `gif` or `avif`, against the suffix if need be. Without it,
            standard output and open files get the format that the picture was read from, or PNG.
        overwrite: replace an existing file.
        quality: 1 … 100, for JPEG, WebP (100 = lossless) and AVIF.
        bit_depth: 16 writes 16 bits a sample (PNG and TIFF only); 8 otherwise.

    Raises:
        UnknownSuffixError: the suffix tells no format, or one that can't hold what is asked.
        OutputExistsError, UnwritableOutputError, DiskFullError: by what is wrong with the target.
        UsageError: an option out of range.
        PictureError: NaN among the pixels.
    """
    fmt = _check(target, format, overwrite, quality, bit_depth, picture.size, default=picture.format)
    data = encode(picture, fmt, quality=quality, bit_depth=bit_depth)
    if isinstance(target, str) and target == "-":
        _write_stream(sys.stdout.buffer, data, "Standard output")
    elif isinstance(target, (str, os.PathLike)):
        place_file(Path(target), data, overwrite=overwrite)
    else:
        _write_stream(target, data, "The open file")


def check_target(
    target: str | Path | BinaryIO,
    *,
    format: str | None = None,
    overwrite: bool = False,
    quality: int = QUALITY,
    bit_depth: int | None = None,
    size: tuple[int, int] | None = None,
) -> None:
    """Raise now what `write_picture` would raise later: no minute shall be spent on a picture that can't be written.

    Args:
        size: (width, height) of the picture to come, if it is known: some formats hold only so many pixels.
    """
    _check(target, format, overwrite, quality, bit_depth, size, default=None)


def _check(
    target: Any,
    format: str | None,
    overwrite: bool,
    quality: int,
    bit_depth: int | None,
    size: tuple[int, int] | None,
    default: str | None,
) -> PictureFormat:
    fmt = format_of_name(format) if format else None
    if isinstance(target, str) and target == "-":
        check_stdout()
    elif isinstance(target, (str, os.PathLike)):
        path = Path(target)
        refuse_folder(path)  # before its missing suffix is complained about
        fmt = fmt or format_of_suffix(path)
        check_encoding(fmt, quality=quality, bit_depth=bit_depth, size=size)
        check_place(path, overwrite=overwrite)
    elif not hasattr(target, "write"):
        raise UsageError(
            f"A picture can't be written to {type(target).__name__!r}.", hint="Pass a path or an open file."
        )
    fmt = fmt or FORMATS[default or "PNG"]
    check_encoding(fmt, quality=quality, bit_depth=bit_depth, size=size)
    return fmt


def check_stdout() -> None:
    stream = getattr(sys.stdout, "buffer", None)
    if stream is None or stream.isatty():
        raise UnwritableOutputError(
            "Standard output is a terminal.", hint="Send the picture to a file: … > painting.png"
        )


def _write_stream(stream: BinaryIO, data: bytes, name: str) -> None:
    try:
        stream.write(data)
        stream.flush()
    except (OSError, ValueError) as error:
        raise output_error(error, name) from error
    except TypeError as error:
        raise UsageError(f"{name} is open as text.", hint="Open it in binary mode: open(path, 'wb').") from error
