"""Styles: paintings that the project's own code draws: style pictures that work offline and may be shown anywhere."""

from impasto.styles.registry import STYLES, ProceduralStyle, draw, find, names

__all__ = ["STYLES", "ProceduralStyle", "draw", "find", "names"]
