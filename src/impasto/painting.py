"""`paint`: one call from a picture and a style to a painting."""

from __future__ import annotations

import math
import numbers
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, TypeAlias, get_args, overload

from impasto.errors import UnknownNameError, UsageError
from impasto.painters import Painter, ProgressCallback, ShouldStop, WeightedStyle
from impasto.paths import is_file, is_there
from impasto.pictures import MAX_PIXELS, Picture, Source, like_input, read_picture
from impasto.qualities import choose_quality

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL import Image

    from impasto.styles.code import KnownCodes, StyleCode

StyleSource: TypeAlias = "Source | Sequence[Source | tuple[Source, float]]"


def make_painter(
    quality: str | None = None,
    *,
    preset: str | None = None,
    start: Source | None = None,
    max_pixels: int = MAX_PIXELS,
    **settings: Any,
) -> Painter[Any]:
    """The painter of a quality, ready to `prepare` styles once and to `paint` many pictures.

    Args:
        quality: a name of `QUALITIES`; None chooses by what else is asked for, see `choose_quality`.
        preset: a published recipe (`impasto presets`).
        start: "content", "style", "noise", or a picture to start from.
        max_pixels: limit for a picture named by `start`.
        settings: fast takes the fields of `FastSettings`; best those of `Settings` and what `make_settings` adds;
            fine takes both, but for what concerns coarser scales.

    Raises:
        UnknownNameError, UsageError: a name or value that does not fit.
        PictureError: the picture to start from cannot be read.
        WeightsError: the encoder's weights are missing or damaged.
        MissingExtraError: torch is not installed.
        DeviceError: the device is not here.
    """
    chosen = choose_quality(quality, preset=preset, start=start, settings=settings)
    from impasto.optimize.settings import Start

    if isinstance(start, str) and (start in get_args(Start) or not _is_picture_name(start)):
        settings["start"] = start  # a word that is neither is refused there, with near ones
        start = None
    return chosen.make(preset, None if start is None else read_picture(start, max_pixels=max_pixels), settings)


def read_style(
    source: Source, *, max_pixels: int = MAX_PIXELS, side: int = 1024, codes: KnownCodes | None = None
) -> Picture | StyleCode:
    """A style: anything that `read_picture` takes, or a name of `impasto styles`.

    A painter's own styles come first, then files, then other names.

    Args:
        side: both sides of a picture that is drawn by name; see `style_side`.
        codes: that may stand for the picture: of a name, that on the shelf, and that of a file `NAME.json`; None: none.

    Raises:
        UnknownNameError: a bare word that is neither a file nor a style.
        UsageError: the name of a style of which there is only a code, without `codes`.
        PictureError: see `read_picture`.
        WeightsFormatError: a damaged code.
    """
    if not isinstance(source, str | Path) or source == "-":
        return read_picture(source, max_pixels=max_pixels)
    from impasto.styles import registry, shelf
    from impasto.styles.code import load

    word = shelf.canonical(str(source))
    if codes is not None and word in codes.own:
        return codes.own[word]
    if is_file(source):
        is_code = codes is not None and Path(source).suffix.lower() == ".json"
        return load(Path(source)) if is_code else read_picture(source, max_pixels=max_pixels)
    if codes is not None and word in shelf.names():
        code = shelf.find(word)
        if codes.network in (None, code.network):
            return code
    if word in registry.names():
        return registry.draw(word, size=(side, side))
    if word in shelf.names():
        raise UsageError(
            f"Of the style {word!r} there is only a code, which only the default fast painter understands.",
            hint="Name a picture of the style, or leave quality and model out.",
        )
    if not _is_picture_name(str(source)):
        hint = "`impasto styles` lists them; a file is named with its suffix."
        own = () if codes is None else codes.own
        raise UnknownNameError("style", str(source), sorted({*own, *registry.names(), *shelf.names()}), hint=hint)
    return read_picture(source, max_pixels=max_pixels)


def style_side(content: tuple[int, int]) -> int:
    """The side at which to draw a style for a content picture of (width, height): of the same area, within reason.

    Painters reduce larger styles to the content's area, and do not enlarge smaller ones.
    """
    return max(256, min(2048, round(math.sqrt(content[0] * content[1]))))


def read_styles(
    styles: StyleSource, *, max_pixels: int = MAX_PIXELS, side: int = 1024, codes: KnownCodes | None = None
) -> list[WeightedStyle]:
    """Styles with their weights: of one source, a list of sources, or a list of (source, weight); see `read_style`.

    Raises:
        UsageError: an empty list, a weight that is no number.
        UnknownNameError, PictureError, WeightsFormatError: see `read_style`.
    """
    several = styles if isinstance(styles, list | tuple) else [styles]
    if not several:
        several = [_only_style(codes)]
    found = []
    for style in several:
        pair: Any = style if isinstance(style, list | tuple) and len(style) == 2 else (style, 1.0)
        source, weight = pair
        if isinstance(weight, bool) or not isinstance(weight, numbers.Real):
            message = f"The weight of a style is {weight!r}."
            raise UsageError(message, hint="Pass pairs of a style and a positive number.")
        picture = read_style(source, max_pixels=max_pixels, side=side, codes=codes)
        found.append(WeightedStyle(picture, float(weight)))
    return found


def _only_style(codes: KnownCodes | None) -> str:
    """The style that need not be named, as the painter has no other.

    Raises:
        UsageError: it is not like that.
    """
    own = [] if codes is None else list(codes.own)
    if len(own) == 1:
        return own[0]
    hint = f"Name one or more of the model's: {', '.join(own)}." if own else "Name at least one style."
    raise UsageError("There is no style.", hint=hint)


def _is_picture_name(word: str) -> bool:
    """Whether a word can only be meant as a file: it is one, or has a suffix, or names a folder."""
    path = Path(word)
    return word == "-" or is_there(path) or bool(path.suffix) or path.name != word


@overload
def paint(content: bytes, style: StyleSource = ..., **options: Any) -> bytes: ...
@overload
def paint(content: Image.Image, style: StyleSource = ..., **options: Any) -> Image.Image: ...
@overload
def paint(content: NDArray[Any], style: StyleSource = ..., **options: Any) -> NDArray[Any]: ...
@overload
def paint(content: str | Path | BinaryIO | Picture, style: StyleSource = ..., **options: Any) -> Picture: ...
def paint(
    content: Source,
    style: StyleSource = (),
    *,
    quality: str | None = None,
    preset: str | None = None,
    start: Source | None = None,
    max_pixels: int = MAX_PIXELS,
    progress: ProgressCallback | None = None,
    should_stop: ShouldStop | None = None,
    **settings: Any,
) -> Any:
    """Paint a picture in the style of others.

        import impasto

        painting = impasto.paint("photo.jpg", "starry-night")
        painting.save("painting.jpg")

        impasto.paint(photo, [("sunset.jpg", 0.7), ("mosaic", 0.3)], strength=0.8)
        impasto.paint(photo, "sunset.jpg", quality="best", seconds=60)
        impasto.paint(photo, "sunset.jpg", preset="gatys", iterations=200)

    Args:
        content: the picture whose subject is kept: a path, bytes, an open file, a Pillow picture, an array or a
            `Picture`.
        style: the same, or a name of `impasto styles`; or a list of these, or of (style, weight). Weights are divided
            by their sum. A model that has styles of its own knows them by name; an only one need not be named.
        quality: "fast", "fine" or "best"; None is fast or, where a preset or a setting asks for what fast
            has not, a quality that has it.
        preset: a published recipe (`impasto presets`) whose settings are taken instead of our own.
        start: "content", "style", "noise", or a picture to start from.
        max_pixels: refuse pictures with more pixels (width × height) than this.
        progress: called with a `Progress` after every step or tile, in this thread.
        should_stop: asked before every step or tile; once it says yes, the best picture so far is returned.
        settings: whatever else is to be chosen. Of fast: `model`, a name of `impasto models` or an ONNX file;
            `strength`, `brush`, `size` …, fields of `runtime.fast.FastSettings`. Of best: fields of `impasto.Settings`
            (`iterations`, `seconds`, `size`, `encoder` …), and `content_weight`, `style_weight`, `tv_weight`,
            `content_layers`, `style_layers`; see `recipe.make_settings`. Of fine: both, but for `model` and what
            concerns coarser scales.

    Returns:
        The painting, of the content's type: bytes for bytes (of the same format), a Pillow picture for a Pillow
        picture, an array for an array; for paths, open files and `Picture`, a `Picture`. To learn why a painting ended
        and how long it took, use a painter: `make_painter(…).paint(…)` returns a `Painting`.

    Raises:
        ImpastoError: one of its subclasses, see `impasto.errors`; each says what was wrong and what to do.
    """
    picture = read_picture(content, max_pixels=max_pixels)
    painter = make_painter(quality, preset=preset, start=start, max_pixels=max_pixels, **settings)
    codes = getattr(painter, "codes", None)
    styles = read_styles(style, max_pixels=max_pixels, side=style_side(picture.size), codes=codes)
    painting = painter.paint(picture, painter.prepare(styles), progress=progress, should_stop=should_stop)
    return like_input(painting.picture, content)
