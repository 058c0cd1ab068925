"""Style codes that clients send."""

from __future__ import annotations

import json

from impasto.errors import NotAPictureError, WeightsFormatError
from impasto.styles.code import StyleCode, from_json

_LARGEST = 1 << 20  # bytes; those that ship have some thousands


def read_code(data: bytes) -> StyleCode:
    """
    Raises:
        NotAPictureError: it is no style code, or a damaged one.
    """
    try:
        if len(data) <= _LARGEST:
            return from_json(json.loads(data), "The style code")
        problem: Exception | None = None
    except (ValueError, RecursionError, WeightsFormatError) as error:
        problem = error
    raise NotAPictureError("The style is neither a picture nor a style code.", hint="Send one of these.") from problem
