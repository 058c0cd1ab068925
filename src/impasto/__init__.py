"""Impasto: neural style transfer that works offline.

    import impasto

    impasto.paint("photo.jpg", "swirling-strokes").save("painting.png")

Names are imported when first used: `import impasto` alone loads neither torch nor numpy.
"""

from __future__ import annotations

import importlib
import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from impasto import errors
    from impasto.errors import ImpastoError
    from impasto.optimize.painter import OptimizationPainter
    from impasto.optimize.settings import Settings
    from impasto.painters import Painter, Painting, Progress, WeightedStyle
    from impasto.painting import make_painter, paint
    from impasto.pictures import Picture, read_picture, write_picture

__version__ = "0.1.0"

# From 1.32 on ONNX Runtime notes in the user's home what it is used for, and sends that to its makers. It looks at this
# when it is imported.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

_HOMES = {
    "ImpastoError": "impasto.errors",
    "OptimizationPainter": "impasto.optimize.painter",
    "Painter": "impasto.painters",
    "Painting": "impasto.painters",
    "Picture": "impasto.pictures",
    "Progress": "impasto.painters",
    "Settings": "impasto.optimize.settings",
    "WeightedStyle": "impasto.painters",
    "make_painter": "impasto.painting",
    "paint": "impasto.painting",
    "read_picture": "impasto.pictures",
    "write_picture": "impasto.pictures",
}

__all__ = [
    "ImpastoError",
    "OptimizationPainter",
    "Painter",
    "Painting",
    "Picture",
    "Progress",
    "Settings",
    "WeightedStyle",
    "__version__",
    "errors",
    "make_painter",
    "paint",
    "read_picture",
    "write_picture",
]


def __getattr__(name: str) -> Any:
    if name == "errors":
        return importlib.import_module("impasto.errors")
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from impasto.extras import needs_extra

    with needs_extra(f"impasto.{name}"):
        return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return __all__
