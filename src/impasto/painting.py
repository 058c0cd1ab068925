"""`paint`: one call from a picture and a style to a painting. And the qualities, each of which names a painter."""

from __future__ import annotations

import math
import numbers
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, TypeAlias, get_args, overload

from impasto.errors import UnknownNameError, UsageError
from impasto.extras import needs_extra
from impasto.painters import Painter, ProgressCallback, ShouldStop, WeightedStyle
from impasto.paths import is_file, is_there
from impasto.pictures import MAX_PIXELS, Picture, Source, like_input, read_picture
from impasto.recipe import make_settings

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL import Image

StyleSource: TypeAlias = "Source | Sequence[Source | tuple[Source, float]]"


@dataclass(frozen=True)
class Quality:
    """A way of painting that users choose by name: `make` builds its painter from preset, start picture and
    settings."""

    name: str
    summary: str
    make: Callable[[str | None, Picture | None, Mapping[str, Any]], Painter[Any]]


def _optimization_painter(preset: str | None, start: Picture | None, given: Mapping[str, Any]) -> Painter[Any]:
    settings = make_settings(preset, **given)
    with needs_extra("Painting by optimisation"):
        from impasto.optimize.painter import OptimizationPainter
    return OptimizationPainter(settings, start=start)


QUALITIES: Mapping[str, Quality] = {
    quality.name: quality
    for quality in (
        Quality(
            "best",
            "Optimises the picture itself (Gatys et al. 2016): minutes, and the finest there is.",
            _optimization_painter,
        ),
    )
}
DEFAULT_QUALITY = "best"


def find_quality(name: str) -> Quality:
    """
    Raises:
        UnknownNameError: no such quality.
    """
    if name.strip().lower() not in QUALITIES:
        raise UnknownNameError("quality", name, QUALITIES)
    return QUALITIES[name.strip().lower()]


def make_painter(
    quality: str = DEFAULT_QUALITY,
    *,
    preset: str | None = None,
    start: Source | None = None,
    max_pixels: int = MAX_PIXELS,
    **settings: Any,
) -> Painter[Any]:
    """The painter of a quality, ready to `prepare` styles once and to `paint` many pictures.

    Args:
        quality: a name of `QUALITIES`.
        preset: a published recipe (`impasto presets`).
        start: "content", "style", "noise", or a picture to start from.
        max_pixels: limit for a picture named by `start`.
        settings: fields of `Settings`, and those that `make_settings` adds.

    Raises:
        UnknownNameError, UsageError: a name or value that does not fit.
        PictureError: the picture to start from cannot be read.
        WeightsError: the encoder's weights are missing or damaged.
        MissingExtraError: torch is not installed.
        DeviceError: the device is not here.
    """
    chosen = find_quality(quality)
    from impasto.optimize.settings import Start

    if isinstance(start, str) and (start in get_args(Start) or not _is_picture_name(start)):
        settings["start"] = start  # a word that is neither is refused there, with near ones
        start = None
    return chosen.make(preset, None if start is None else read_picture(start, max_pixels=max_pixels), settings)


def read_style(source: Source, *, max_pixels: int = MAX_PIXELS, side: int = 1024) -> Picture:
    """A style picture: anything that `read_picture` takes, or the name of a procedural style (`impasto styles`).

    A file comes before a style of the same name.

    Args:
        side: both sides of a picture that is drawn by name; see `style_side`.

    Raises:
        UnknownNameError: a bare word that is neither a file nor a style.
        PictureError: see `read_picture`.
    """
    if not isinstance(source, str) or source == "-" or is_file(source):
        return read_picture(source, max_pixels=max_pixels)
    from impasto import styles

    word = source.strip().lower().replace("_", "-")
    if word in styles.names():
        return styles.draw(word, size=(side, side))
    if not _is_picture_name(source):
        hint = "`impasto styles` lists them; a file is named with its suffix."
        raise UnknownNameError("style", source, styles.names(), hint=hint)
    return read_picture(source, max_pixels=max_pixels)


def style_side(content: tuple[int, int]) -> int:
    """The side at which to draw a style for a content picture of (width, height): of the same area, within reason.

    Painters reduce larger styles to the content's area, and do not enlarge smaller ones.
    """
    return max(256, min(2048, round(math.sqrt(content[0] * content[1]))))


def read_styles(styles: StyleSource, *, max_pixels: int = MAX_PIXELS, side: int = 1024) -> list[WeightedStyle]:
    """Style pictures with their weights: of one source, a list of sources, or a list of (source, weight).

    Raises:
        UsageError: an empty list, a weight that is no number.
        UnknownNameError, PictureError: see `read_style`.
    """
    if not isinstance(styles, list | tuple):
        return [_weighted(styles, max_pixels, side)]
    if not styles:
        raise UsageError("There is no style picture.", hint="Name at least one style.")
    return [_weighted(style, max_pixels, side) for style in styles]


def _weighted(style: Any, max_pixels: int, side: int) -> WeightedStyle:
    source, weight = style if isinstance(style, list | tuple) and len(style) == 2 else (style, 1.0)
    if isinstance(weight, bool) or not isinstance(weight, numbers.Real):
        raise UsageError(f"The weight of a style is {weight!r}.", hint="Pass pairs of a style and a positive number.")
    return WeightedStyle(read_style(source, max_pixels=max_pixels, side=side), float(weight))


def _is_picture_name(word: str) -> bool:
    """Whether a word can only be meant as a file: it is one, or has a suffix, or names a folder."""
    path = Path(word)
    return word == "-" or is_there(path) or bool(path.suffix) or path.name != word


@overload
def paint(content: bytes, style: StyleSource, **options: Any) -> bytes: ...
@overload
def paint(content: Image.Image, style: StyleSource, **options: Any) -> Image.Image: ...
@overload
def paint(content: NDArray[Any], style: StyleSource, **options: Any) -> NDArray[Any]: ...
@overload
def paint(content: str | Path | BinaryIO | Picture, style: StyleSource, **options: Any) -> Picture: ...
def paint(
    content: Source,
    style: StyleSource,
    *,
    quality: str = DEFAULT_QUALITY,
    preset: str | None = None,
    start: Source | None = None,
    max_pixels: int = MAX_PIXELS,
    progress: ProgressCallback | None = None,
    should_stop: ShouldStop | None = None,
    **settings: Any,
) -> Any:
    """Paint a picture in the style of others.

        import impasto

        painting = impasto.paint("photo.jpg", "swirling-strokes", seconds=60)
        painting.save("painting.jpg")

        impasto.paint(photo, [("sunset.jpg", 0.7), ("mosaic", 0.3)], preset="gatys", iterations=200)

    Args:
        content: the picture whose subject is kept: a path, bytes, an open file, a Pillow picture, an array or a
            `Picture`.
        style: the same, or the name of a procedural style (`impasto styles`); or a list of these, or of (style,
            weight). Weights are divided by their sum.
        quality: a name of `QUALITIES`.
        preset: a published recipe (`impasto presets`) whose settings are taken instead of our own.
        start: "content", "style", "noise", or a picture to start from.
        max_pixels: refuse pictures with more pixels (width × height) than this.
        progress: called with a `Progress` after every step, in this thread.
        should_stop: asked before every step; once it says yes, the best picture so far is returned.
        settings: whatever else is to be chosen: fields of `impasto.Settings` (`iterations`, `seconds`, `size`,
            `encoder` …), and `content_weight`, `style_weight`, `tv_weight`, `content_layers`, `style_layers`; see
            `recipe.make_settings`.

    Returns:
        The painting, of the content's type: bytes for bytes (of the same format), a Pillow picture for a Pillow
        picture, an array for an array; for paths, open files and `Picture`, a `Picture`. To learn why a painting ended
        and how long it took, use a painter: `make_painter(…).paint(…)` returns a `Painting`.

    Raises:
        ImpastoError: one of its subclasses, see `impasto.errors`; each says what was wrong and what to do.
    """
    picture = read_picture(content, max_pixels=max_pixels)
    styles = read_styles(style, max_pixels=max_pixels, side=style_side(picture.size))
    painter = make_painter(quality, preset=preset, start=start, max_pixels=max_pixels, **settings)
    painting = painter.paint(picture, painter.prepare(styles), progress=progress, should_stop=should_stop)
    return like_input(painting.picture, content)
