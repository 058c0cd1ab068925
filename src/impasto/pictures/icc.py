"""Colour profiles of the matrix/TRC kind, read and applied in floating point.

The ICC specification (ICC.1:2010, annex F.3) defines them: one tone curve a channel, then a matrix to XYZ under the
D50 white. Nearly all RGB profiles of cameras, screens and editors (sRGB, Display P3, Adobe RGB, ProPhoto) are of this
kind, and gray ones have one curve.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Curve = Callable[[Array], Array]
"""A tone curve: device value in [0, 1] → linear light in [0, 1]."""

D50 = np.array([0.9642, 1.0, 0.8249])
# The colorants of sRGB (IEC 61966-2-1) adapted to D50 by Bradford, as sRGB profiles hold them; columns R, G, B.
SRGB_TO_XYZ = np.array(
    [[0.4360747, 0.3850649, 0.1430804], [0.2225045, 0.7168786, 0.0606169], [0.0139322, 0.0971045, 0.7141733]]
)
_BRADFORD = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])


@dataclass(frozen=True)
class MatrixProfile:
    """Tone curves (one for gray, three for RGB) and the matrix from linear RGB to XYZ (D50); None for gray."""

    curves: tuple[Curve, ...]
    to_xyz: Array | None = None

    def to_linear_srgb(self) -> Array:
        """(3, 3): linear device RGB → linear sRGB."""
        to_xyz = SRGB_TO_XYZ if self.to_xyz is None else self.to_xyz
        return np.asarray(np.linalg.inv(SRGB_TO_XYZ) @ to_xyz)


def colour_space(profile: bytes) -> str:
    """The device colour space in a profile's header: `RGB`, `GRAY`, `CMYK`, `LAB` …; empty if it is no profile."""
    return profile[16:20].decode("latin-1").strip().upper() if profile[36:40] == b"acsp" else ""


def read_matrix_profile(profile: bytes) -> MatrixProfile | None:
    """The matrix/TRC model of an RGB or gray profile; None if it has none, or has lookup tables that take precedence
    over it.

    Raises:
        ValueError: the profile is damaged.
    """
    try:
        tags = _tags(profile)
        if profile[20:24] != b"XYZ " or any(name in tags for name in (b"A2B0", b"A2B1", b"A2B2", b"D2B0", b"D2B1")):
            return None
        if colour_space(profile) == "GRAY" and b"kTRC" in tags:
            return MatrixProfile((_curve(tags[b"kTRC"]),))
        if colour_space(profile) != "RGB" or any(name not in tags for name in _MATRIX_TAGS):
            return None
        curves = tuple(_curve(tags[name]) for name in (b"rTRC", b"gTRC", b"bTRC"))
        to_xyz = np.stack([_xyz(tags[name]) for name in (b"rXYZ", b"gXYZ", b"bXYZ")], axis=1)
    except (struct.error, IndexError) as error:
        raise ValueError("the colour profile ends early") from error
    return MatrixProfile(curves, to_xyz)


_MATRIX_TAGS = (b"rTRC", b"gTRC", b"bTRC", b"rXYZ", b"gXYZ", b"bXYZ")


def _tags(profile: bytes) -> dict[bytes, bytes]:
    (count,) = struct.unpack_from(">I", profile, 128)
    tags = {}
    for i in range(min(count, 256)):
        name, offset, size = struct.unpack_from(">4sII", profile, 132 + 12 * i)
        tags[name] = profile[offset : offset + size]
    return tags


def _xyz(tag: bytes) -> Array:
    return np.array(struct.unpack_from(">3i", tag, 8)) / 65536


def _curve(tag: bytes) -> Curve:
    """A `curv` (gamma or table) or `para` (formula) element; ICC.1:2010 §10.5 and §10.15."""
    if tag[:4] == b"curv":
        (count,) = struct.unpack_from(">I", tag, 8)
        if count == 0:
            return _parametric(0, [1.0])
        if count == 1:
            return _parametric(0, [struct.unpack_from(">H", tag, 12)[0] / 256])
        table = np.frombuffer(tag, ">u2", count, 12) / 65535
        return lambda x: np.interp(x, np.linspace(0, 1, count), table)
    if tag[:4] == b"para":
        (kind,) = struct.unpack_from(">H", tag, 8)
        counts = (1, 3, 4, 5, 7)
        return _parametric(kind, [v / 65536 for v in struct.unpack_from(f">{counts[kind]}i", tag, 12)])
    raise ValueError("the colour profile has a tone curve of an unknown kind")


def _parametric(kind: int, parameters: Sequence[float]) -> Curve:
    """Table 65 of ICC.1:2010: y = (a·x + b)^g + e above d, c·x + f below, with what a kind lacks filled in."""
    g, a, b, c, d, e, f = (*parameters, *(1.0, 1.0, 0.0, 0.0, -1.0, 0.0, 0.0)[len(parameters) :])
    if kind in (1, 2):
        d, e, f = -b / a if a else 2.0, c, c  # kind 1 has no c: it stays 0
        c = 0.0
    if not 0 < g < 100:
        raise ValueError("the colour profile has a tone curve without a meaning")

    def curve(x: Array) -> Array:
        power = np.power(np.maximum(a * x + b, 0), g) + e
        return np.asarray(np.clip(np.where(x >= d, power, c * x + f), 0, 1))

    return curve


def gamma_profile(gamma: float, chromaticities: Sequence[float] | None) -> MatrixProfile:
    """The profile that a plain exponent and, for RGB, white and primaries (x, y of W, R, G, B) describe.

    Raises:
        ValueError: numbers that describe no colour space.
    """
    curve = _parametric(0, [gamma])
    if chromaticities is None:
        return MatrixProfile((curve,) * 3, SRGB_TO_XYZ)
    xy = np.reshape(np.asarray(chromaticities, np.float64), (4, 2))
    if not np.all(np.isfinite(xy)) or np.any(xy[:, 1] <= 0):
        raise ValueError("chromaticities out of range")
    xyz = np.stack([xy[:, 0] / xy[:, 1], np.ones(4), (1 - xy.sum(axis=1)) / xy[:, 1]])
    white, primaries = xyz[:, 0], xyz[:, 1:]
    if abs(np.linalg.det(primaries)) < 1e-6:
        raise ValueError("chromaticities on one line")
    to_xyz = primaries * np.linalg.solve(primaries, white)
    adapt = np.linalg.inv(_BRADFORD) @ np.diag((_BRADFORD @ D50) / (_BRADFORD @ white)) @ _BRADFORD
    return MatrixProfile((curve,) * 3, adapt @ to_xyz)


# Adobe RGB (1998), §4.3: γ = 2 + 51/256, white D65.
ADOBE_RGB = gamma_profile(563 / 256, (0.3127, 0.3290, 0.64, 0.33, 0.21, 0.71, 0.15, 0.06))
