"""Perceptual encoders and their weights.

Names are imported when first used: importing this package alone imports neither torch nor httpx.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from impasto.features.architectures import ARCHITECTURES, LITE, VGG16, VGG19, Architecture, MobileArchitecture
    from impasto.features.download import download_weights
    from impasto.features.encoder import Encoder, Pooling
    from impasto.features.mobile import MobileEncoder
    from impasto.features.native import save_encoder
    from impasto.features.padding import Padding
    from impasto.features.partial import DownloadProgress
    from impasto.features.patience import Patience
    from impasto.features.sources import PUBLISHED, PublishedWeights
    from impasto.features.status import WeightsStatus, weights_status
    from impasto.features.weights import known_encoders, load_encoder

_HOMES = {
    "ARCHITECTURES": "architectures",
    "LITE": "architectures",
    "MobileArchitecture": "architectures",
    "MobileEncoder": "mobile",
    "PUBLISHED": "sources",
    "VGG16": "architectures",
    "VGG19": "architectures",
    "Architecture": "architectures",
    "DownloadProgress": "partial",
    "Encoder": "encoder",
    "Padding": "padding",
    "Patience": "patience",
    "Pooling": "encoder",
    "PublishedWeights": "sources",
    "WeightsStatus": "status",
    "download_weights": "download",
    "known_encoders": "weights",
    "load_encoder": "weights",
    "save_encoder": "native",
    "weights_status": "status",
}

__all__ = [
    "ARCHITECTURES",
    "LITE",
    "PUBLISHED",
    "VGG16",
    "VGG19",
    "Architecture",
    "DownloadProgress",
    "Encoder",
    "MobileArchitecture",
    "MobileEncoder",
    "Padding",
    "Patience",
    "Pooling",
    "PublishedWeights",
    "WeightsStatus",
    "download_weights",
    "known_encoders",
    "load_encoder",
    "save_encoder",
    "weights_status",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return __all__
