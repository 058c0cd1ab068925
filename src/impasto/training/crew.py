"""The processes that train one network together, as `torchrun` starts them; alone, a crew of one.

Each takes its share of every batch; gradients are averaged over all before any step (synchronous data parallelism, as
of torch's DistributedDataParallel, Li et al. 2020). Ours averages after the whole backward pass, which suits several
losses and several players, and costs little for small networks.
"""

from __future__ import annotations

import atexit
import os
from collections.abc import Iterable, Mapping
from typing import Any

import torch
from torch import Tensor, distributed

from impasto.errors import UsageError


def crew_size() -> int:
    """How many processes `torchrun` has started; 1 without it."""
    return int(os.environ.get("WORLD_SIZE", "1"))


class Crew:
    """
    Args:
        device: where this process computes. Tensors on CUDA travel through NCCL, all others through Gloo.
    """

    def __init__(self, device: torch.device) -> None:
        self.size = crew_size()
        self.place = int(os.environ.get("RANK", "0"))
        if self.size > 1 and not distributed.is_initialized():
            if device.type == "cuda":
                torch.cuda.set_device(device)  # NCCL takes the current one
            distributed.init_process_group("cpu:gloo,cuda:nccl" if device.type == "cuda" else "gloo")
            atexit.register(_disband)

    @property
    def leads(self) -> bool:
        """Whether this process writes files and tells how it goes: one of the crew does."""
        return self.place == 0

    def share(self, batch: int, parts: int) -> list[range]:
        """Which samples of a batch this process takes, in so many parts.

        Raises:
            UsageError: the batch can't be shared evenly.
        """
        count, rest = divmod(batch, self.size * parts)
        if rest or not count:
            raise UsageError(
                f"A batch of {batch} can't be shared by {self.size} processes in {parts} parts each.",
                hint=f"Make it a multiple of {self.size * parts}.",
            )
        first = self.place * count * parts
        return [range(first + n * count, first + (n + 1) * count) for n in range(parts)]

    def average(self, tensors: Iterable[Tensor]) -> None:
        """Replace tensors, of the same shapes in every process, by their means over the crew."""
        if self.size == 1:
            return
        several = list(tensors)
        together = torch.cat([tensor.flatten().float() for tensor in several])
        distributed.all_reduce(together)
        together /= self.size
        for tensor, mean in zip(several, torch.split(together, [t.numel() for t in several]), strict=True):
            tensor.copy_(mean.view_as(tensor))

    def mean(self, numbers: Mapping[str, float]) -> dict[str, float]:
        """Numbers by name as means over the crew; all have the same names."""
        if self.size == 1:
            return dict(numbers)
        values = torch.tensor([numbers[name] for name in numbers], dtype=torch.float64)
        distributed.all_reduce(values)
        return dict(zip(numbers, (values / self.size).tolist(), strict=True))

    def told(self, value: Any) -> Any:
        """What the leader gives, in every process."""
        if self.size == 1:
            return value
        box = [value]
        distributed.broadcast_object_list(box, src=0)
        return box[0]

    def gathered(self, value: Any) -> list[Any]:
        """What each gives, by place, in every process; tensors in it should be on the CPU."""
        if self.size == 1:
            return [value]
        box = [None] * self.size
        distributed.all_gather_object(box, value)
        return box


def _disband() -> None:
    """Left to the interpreter's end, the threads that talk to the others abort the process now and then."""
    if distributed.is_initialized():
        distributed.destroy_process_group()
