from __future__ import annotations

import pytest
import torch

from impasto.errors import DeviceError, UnknownNameError
from impasto.optimize import hardware

CPU = torch.device("cpu")


def test_the_cpu_is_always_there() -> None:
    assert hardware.resolve_device("cpu") == CPU


def test_auto_is_a_device_that_works() -> None:
    assert torch.ones(1, device=hardware.resolve_device()).sum().item() == 1


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a CUDA device")
@pytest.mark.parametrize("name", ["cuda", "cuda:3"])
def test_cuda_where_there_is_none(name: str) -> None:
    with pytest.raises(DeviceError, match=name) as caught:
        hardware.resolve_device(name)
    assert caught.value.exit_code == 51
    assert "--device auto" in caught.value.hint


def _with_gpus(count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: count)


@pytest.mark.parametrize("name", ["auto", "cuda"])
def test_each_process_has_its_own_gpu(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    _with_gpus(2, monkeypatch)
    monkeypatch.delenv("LOCAL_RANK", raising=False)
    assert hardware.resolve_device(name) == torch.device("cuda:0")
    for place in range(2):
        monkeypatch.setenv("LOCAL_RANK", str(place))
        assert hardware.resolve_device(name) == torch.device("cuda", place)


def test_no_two_processes_share_a_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    _with_gpus(2, monkeypatch)
    monkeypatch.setenv("LOCAL_RANK", "2")
    with pytest.raises(DeviceError, match="more processes than GPUs") as caught:
        hardware.resolve_device()
    assert "--nproc-per-node 2" in caught.value.hint
    assert hardware.resolve_device("cpu") == CPU


@pytest.mark.skipif(torch.backends.mps.is_available(), reason="this machine has an Apple GPU")
def test_an_apple_gpu_where_there_is_none() -> None:
    with pytest.raises(DeviceError) as caught:
        hardware.resolve_device("mps")
    assert caught.value.exit_code == 51


@pytest.mark.parametrize("name", ["cda", "gpu", "", "cpuu"])
def test_a_kind_of_device_that_does_not_exist(name: str) -> None:
    with pytest.raises(UnknownNameError) as caught:
        hardware.resolve_device(name)
    assert caught.value.exit_code == 3
    assert "cuda" in caught.value.hint or "cpu" in caught.value.hint


def test_precision_with_and_without_bfloat16(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hardware, "has_fast_bfloat16", lambda device: True)
    assert hardware.resolve_precision("auto", CPU) == torch.bfloat16
    assert hardware.resolve_precision("bfloat16", CPU) == torch.bfloat16
    assert hardware.resolve_precision("float32", CPU) == torch.float32
    monkeypatch.setattr(hardware, "has_fast_bfloat16", lambda device: False)
    assert hardware.resolve_precision("auto", CPU) == torch.float32
    assert hardware.resolve_precision("float32", CPU) == torch.float32
    with pytest.raises(DeviceError, match="bfloat16") as caught:
        hardware.resolve_precision("bfloat16", CPU)
    assert caught.value.exit_code == 51


def test_whether_this_machine_has_bfloat16_is_a_plain_answer() -> None:
    assert hardware.has_fast_bfloat16(CPU) in (True, False)
