"""Styles: those that the project's own code draws, and codes of others, on a shelf; all known by name."""

from impasto.styles.registry import STYLES, ProceduralStyle, draw, find, names

__all__ = ["STYLES", "ProceduralStyle", "draw", "find", "names"]
