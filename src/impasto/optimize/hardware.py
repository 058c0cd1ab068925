"""Where the optimisation runs: device and precision, chosen or checked, never silently replaced."""

from __future__ import annotations

import os

import torch

from impasto.errors import DeviceError, UnknownNameError


def resolve_device(name: str = "auto") -> torch.device:
    """The torch device called `name`; "auto" is a CUDA or Apple GPU where there is one, else the CPU.

    CUDA without a number is the first GPU; of the processes that `torchrun` starts, each gets its own.

    Raises:
        DeviceError: a device asked for by name that is not here, or more processes than GPUs.
        UnknownNameError: no such kind of device.
    """
    if name == "auto":
        if not torch.cuda.is_available():
            return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
        name = "cuda"
    if name == "cuda" and torch.cuda.is_available():
        return _own_gpu()
    kind = name.split(":")[0]
    if kind not in ("cpu", "cuda", "mps"):
        raise UnknownNameError("device", name, ("auto", "cpu", "cuda", "mps"))
    try:
        device = torch.device(name)
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError) as error:
        raise DeviceError(
            f"The device {name!r} is not available here.",
            hint="Use --device auto; `impasto doctor` lists what is here.",
        ) from error
    return device


def _own_gpu() -> torch.device:
    place, count = int(os.environ.get("LOCAL_RANK", "0")), torch.cuda.device_count()
    if place >= count:
        raise DeviceError(
            f"There are more processes than GPUs here: {count}.",
            hint=f"Use --nproc-per-node {count}, or --device cpu.",
        )
    return torch.device("cuda", place)


def has_fast_bfloat16(device: torch.device) -> bool:
    """Whether convolutions in bfloat16 run in hardware: an instruction set of the CPU's, or a GPU of 2020 and later."""
    if device.type == "cuda":
        return torch.cuda.get_device_capability(device) >= (8, 0)
    if device.type == "cpu":
        # oneDNN emulates bfloat16 where only plain AVX-512 is there; that is slower than float32.
        return bool(torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported())
    return False


def resolve_precision(name: str, device: torch.device) -> torch.dtype:
    """The dtype of the encoder's convolutions.

    Raises:
        DeviceError: bfloat16 was asked for by name and the device does not have it.
    """
    if name == "bfloat16" and not has_fast_bfloat16(device):
        raise DeviceError("This processor has no bfloat16 arithmetic.", hint="Use --precision auto or float32.")
    return torch.bfloat16 if name != "float32" and has_fast_bfloat16(device) else torch.float32
