"""Where networks run: a device chosen or checked, never silently replaced."""

from __future__ import annotations

from collections.abc import Mapping

from impasto.errors import DeviceError, UnknownNameError

AUTO = "auto"
# What `auto` prefers comes first; the CPU is always there.
PROVIDERS: Mapping[str, str] = {
    "cuda": "CUDAExecutionProvider",
    "directml": "DmlExecutionProvider",
    "coreml": "CoreMLExecutionProvider",
    "openvino": "OpenVINOExecutionProvider",
    "cpu": "CPUExecutionProvider",
}
_PREFERRED = ("cuda", "directml", "cpu")


def available_devices() -> list[str]:
    """Names of the devices that this installation of ONNX Runtime can use, the preferred ones first."""
    import onnxruntime

    here = set(onnxruntime.get_available_providers())
    return [name for name, provider in PROVIDERS.items() if provider in here]


def resolve_device(name: str = AUTO) -> str:
    """The device called `name`; "auto" is a GPU where there is one, else the CPU.

    Raises:
        UnknownNameError: no such kind of device.
        DeviceError: a device asked for by name that is not here.
    """
    wanted = name.strip().lower()
    if wanted != AUTO and wanted not in PROVIDERS:
        raise UnknownNameError("device", name, (AUTO, *PROVIDERS))
    here = available_devices()
    if wanted == AUTO:
        return next(device for device in _PREFERRED if device in here)
    if wanted not in here:
        raise DeviceError(
            f"The device {name!r} is not available here.",
            hint="Use --device auto; `impasto doctor` lists what is here.",
        )
    return wanted
