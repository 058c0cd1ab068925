"""`--threads`, for every verb that computes."""

from __future__ import annotations

from typing import Annotated

import typer

from impasto.extras import needs_extra

Threads = Annotated[
    int | None,
    typer.Option(
        "--threads", min=1, max=1024, help="Threads to compute with.", show_default="all", rich_help_panel="Machine"
    ),
]


def use_threads(count: int | None) -> None:
    """Let torch compute with so many threads; None leaves its own choice."""
    if count is not None:
        with needs_extra("Painting by optimisation"):
            import torch
        torch.set_num_threads(count)
