"""How much memory a run has needed."""

from __future__ import annotations

import sys

import torch


def peak_memory(device: torch.device) -> int:
    """The most memory held so far, in bytes: the device's own if it is a GPU with CUDA, else this process's; 0 where
    the system does not tell.
    """
    if device.type == "cuda":
        return int(torch.cuda.max_memory_allocated(device))
    try:
        import resource
    except ImportError:  # Windows
        return 0
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024  # Linux counts in kB
