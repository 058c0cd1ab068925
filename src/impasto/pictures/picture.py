"""Picture: pixels and all that must survive a painting."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
import numpy.typing as npt

from impasto.errors import EmptyPictureError, PictureError
from impasto.pictures.metadata import Metadata
from impasto.pictures.resize import resize, thumbnail

if TYPE_CHECKING:
    from PIL import Image

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False, repr=False)
class Picture:
    """An upright sRGB picture with what its file said about it.

    Args:
        pixels: (H, W, 3) float32, sRGB in [0, 1].
        alpha: (H, W) float32 in [0, 1], 1 = opaque; None if the picture has no transparency.
            Colours are not multiplied by it, and fully transparent pixels carry their surroundings' colours.
        dpi: horizontal and vertical resolution in dots per inch.
        exif: EXIF block (starting with `Exif\\0\\0`) of an upright sRGB picture without thumbnail; place (GPS) and the
            rest as found.
        metadata: XMP, IPTC, comment, texts.
        bit_depth: 8 or 16 bits a sample in the source (floating-point sources count as 16).
        format: the source's format (a key of FORMATS), None for arrays.

    Raises:
        EmptyPictureError: no pixels.
        PictureError: arrays of another shape or type.
    """

    pixels: Floats
    alpha: Floats | None = None
    dpi: tuple[float, float] | None = None
    exif: bytes | None = None
    metadata: Metadata = field(default_factory=Metadata)
    bit_depth: int = 8
    format: str | None = None

    def __post_init__(self) -> None:
        shape, dtype = np.shape(self.pixels), getattr(self.pixels, "dtype", None)
        if len(shape) != 3 or shape[2] != 3 or dtype != np.float32:
            hint = "read_picture takes arrays of other types."
            raise PictureError(f"Expected pixels (H, W, 3) of float32, not {shape} of {dtype}.", hint=hint)
        if 0 in shape:
            raise EmptyPictureError("The picture has no pixels.")
        if self.alpha is not None and (np.shape(self.alpha) != shape[:2] or self.alpha.dtype != np.float32):
            raise PictureError(
                f"Expected alpha {shape[:2]} of float32, not {np.shape(self.alpha)} of {self.alpha.dtype}."
            )

    @property
    def width(self) -> int:
        return int(self.pixels.shape[1])

    @property
    def height(self) -> int:
        return int(self.pixels.shape[0])

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) in pixels."""
        return self.width, self.height

    def __repr__(self) -> str:
        extras = ["alpha"] if self.alpha is not None else []
        extras += [f"{self.bit_depth} bits"] + ([self.format] if self.format else [])
        return f"Picture({self.width}×{self.height}, {', '.join(extras)})"

    def with_pixels(self, pixels: npt.NDArray[Any]) -> Picture:
        """These pixels, (H, W, 3) in [0, 1], with everything else kept; alpha is resized if the size differs."""
        pixels = np.ascontiguousarray(pixels, np.float32)
        alpha = self.alpha
        if alpha is not None and alpha.shape != pixels.shape[:2] and pixels.ndim == 3 and pixels.size:
            alpha = resize(alpha, (pixels.shape[1], pixels.shape[0]))
        return replace(self, pixels=pixels, alpha=alpha)

    def resized(self, size: tuple[int, int]) -> Picture:
        """The picture at (width, height) pixels; see `resize`."""
        return self if size == self.size else self.with_pixels(resize(self.pixels, size))

    def thumbnail(self, size: tuple[int, int]) -> Floats:
        """(height, width, 3) at (width, height): see `resize.thumbnail`."""
        return thumbnail(self.pixels, size)

    def over(self, colour: float = 1.0) -> Floats:
        """(H, W, 3): the picture over a gray of the given sRGB value (1 = white), blended in sRGB as browsers do."""
        if self.alpha is None:
            return self.pixels
        share = self.alpha[..., None]
        return np.asarray(self.pixels * share + np.float32(colour) * (1 - share), np.float32)

    def save(self, target: str | Path | BinaryIO, **options: Any) -> None:
        """Write the picture; `options` are those of `write_picture`."""
        from impasto.pictures.write import write_picture

        write_picture(self, target, **options)

    def to_pil(self) -> Image.Image:
        """A Pillow picture (RGB or RGBA, 8 bits) with sRGB profile, resolution, EXIF and XMP in its `info`."""
        from impasto.pictures.convert import to_pil

        return to_pil(self)
