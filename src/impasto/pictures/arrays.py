"""Arrays as pictures: which shapes and types are taken, and how they go back."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from impasto.errors import EmptyPictureError, PictureError
from impasto.pictures.colour import unit
from impasto.pictures.samples import checked_floats

Floats = npt.NDArray[np.float32]
_SHAPES = "Expected (H, W), (H, W, 1), (H, W, 2), (H, W, 3) or (H, W, 4): gray, gray and alpha, RGB, RGBA."


def split_array(array: npt.NDArray[Any], name: str = "The array") -> tuple[Floats, Floats | None]:
    """sRGB pixels (H, W, 3) and alpha (H, W) of an array, as float32 in [0, 1].

    Args:
        array: (H, W[, C]) with C = 1 gray, 2 gray and alpha, 3 RGB, 4 RGBA;
            uint8, uint16 (full range), bool, or floating point in [0, 1].

    Raises:
        EmptyPictureError: a side of zero.
        PictureError: another shape or type, floats outside [0, 1], NaN.
    """
    if array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[2] not in (1, 2, 3, 4)):
        raise PictureError(f"{name} has the shape {array.shape}.", hint=_SHAPES + _transposition(array))
    if array.size == 0:
        raise EmptyPictureError(f"{name} has no pixels (shape {array.shape}).")
    values = _unit(np.atleast_3d(array), name)
    channels = values.shape[2]
    colours = values[..., :1].repeat(3, axis=2) if channels < 3 else values[..., :3]
    alpha = np.ascontiguousarray(values[..., -1]) if channels in (2, 4) else None
    return np.ascontiguousarray(colours), alpha


def _transposition(array: npt.NDArray[Any]) -> str:
    if array.ndim == 3 and array.shape[0] in (1, 3, 4):
        return " Channels come last: array.transpose(1, 2, 0)."
    return " Pass the pictures of a batch one by one." if array.ndim == 4 else ""


def _unit(array: npt.NDArray[Any], name: str) -> Floats:
    if array.dtype == np.bool_:
        return array.astype(np.float32)
    if array.dtype.kind == "u" and array.dtype.itemsize <= 2:
        return unit(array)
    if array.dtype.kind == "f":
        return checked_floats(array, name)
    hint = "Use uint8, uint16, or floating point in [0, 1]."
    if array.dtype.kind == "i" and array.min() >= 0 and array.max() <= 255:
        hint = "Its values fit into 8 bits: array.astype('uint8')."
    raise PictureError(f"{name} holds {array.dtype} values, whose range is unknown.", hint=hint)


def join_array(pixels: Floats, alpha: Floats | None, like: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Pixels as an array of the type of `like`, with alpha if `like` had it: (H, W, 3) or (H, W, 4).

    A gray array comes back as RGB, as paintings have colours; bool comes back as uint8.
    """
    wants_alpha = like.ndim == 3 and like.shape[2] in (2, 4)
    if wants_alpha:
        alpha = np.ones(pixels.shape[:2], np.float32) if alpha is None else alpha
        pixels = np.concatenate([pixels, alpha[..., None]], axis=2)
    if like.dtype.kind == "f":
        return np.clip(pixels, 0, 1).astype(like.dtype)
    return quantised(pixels, 16 if like.dtype == np.uint16 else 8)


def quantised(values: npt.NDArray[Any], bits: int) -> npt.NDArray[Any]:
    """Values in [0, 1] as uint8 or uint16, rounded to the nearest and clipped.

    Raises:
        PictureError: NaN among them.
    """
    top = np.float32(2**bits - 1)
    out = np.empty(values.shape, np.uint8 if bits == 8 else np.uint16)
    for row, target in zip(values, out, strict=True):  # row by row, so that temporaries stay small
        if not np.isfinite(row).all():
            raise PictureError(
                "The picture to write holds NaN or infinite values.", hint="The painter diverged; try a smaller step."
            )
        target[...] = np.clip(row * top + np.float32(0.5), 0, top)
    return out
