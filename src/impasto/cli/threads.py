"""`--threads`, for every verb that computes, and how torch is made ready."""

from __future__ import annotations

from typing import Annotated

import typer

from impasto.cli.memory import give_back_large_buffers
from impasto.extras import needs_extra

Threads = Annotated[
    int | None,
    typer.Option(
        "--threads", min=1, max=1024, help="Threads to compute with.", show_default="all", rich_help_panel="Machine"
    ),
]


def set_up_torch(threads: int | None) -> None:
    """Before torch's first tensor: little memory, and so many threads; None leaves torch its own choice."""
    give_back_large_buffers()
    if threads is not None:
        with needs_extra("Painting by optimisation"):
            import torch
        torch.set_num_threads(threads)
