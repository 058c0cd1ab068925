"""`impasto doctor`: what is here, what is missing, and the command that mends it."""

from __future__ import annotations

import importlib
import os
import platform
import shutil
from collections.abc import Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import Annotated, Any

import typer

from impasto import __version__
from impasto.cli.voice import Voice
from impasto.cli.weights import REINSTALL, describe
from impasto.errors import ImpastoError
from impasto.extras import EXTRA_OF_PACKAGE

_CORE = {"numpy": "numpy", "PIL": "Pillow", "onnxruntime": "onnxruntime", "typer": "typer", "rich": "rich"}
_DISTRIBUTIONS = {**_CORE, "skimage": "scikit-image"}


def register(app: typer.Typer) -> None:
    app.command("doctor")(doctor)


def doctor(json: Annotated[bool, typer.Option("--json", help="Everything as one JSON object.")] = False) -> None:
    """Tell what is here, what is missing, and the command that mends it."""
    voice = Voice(json=json)
    findings = examine()
    if json:
        voice.object(findings)
        return
    for section, content in findings.items():
        voice.line(section.replace("_", " "))
        for line in _lines(content):
            voice.line(f"    {line}")


def examine() -> dict[str, Any]:
    """All findings, by section."""
    packages, weights = _packages(), _weights()
    return {
        "versions": {"impasto": __version__, "python": platform.python_version(), "platform": platform.platform()},
        "packages": packages,
        "processor": _processor(),
        "torch": _torch(),
        "onnxruntime": _onnxruntime(),
        "pictures": _pictures(),
        "weights": weights,
        "fast_painter": _fast_painter(),
        "storage": _storage(),
        "to_mend": _remedies(packages, weights),
    }


def _packages() -> dict[str, str | None]:
    """Version by distribution, None for one that is not installed."""
    found: dict[str, str | None] = {}
    for module in (*_CORE, *EXTRA_OF_PACKAGE):
        name = _DISTRIBUTIONS.get(module, module)
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = None
    return found


def _processor() -> dict[str, Any]:
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return {"architecture": platform.machine(), "processors": os.cpu_count(), "usable": usable}


def _torch() -> dict[str, Any]:
    try:
        import torch
    except (ImportError, OSError) as error:  # OSError: a library that torch links to is missing
        return {"usable": False, "reason": str(error)}
    from impasto.optimize.hardware import has_fast_bfloat16, resolve_device

    device = resolve_device()
    return {
        "usable": True,
        "version": torch.__version__,
        "device": str(device),
        "cuda": [torch.cuda.get_device_name(n) for n in range(torch.cuda.device_count())],
        "mps": torch.backends.mps.is_available(),
        "threads": torch.get_num_threads(),
        "fast_bfloat16": has_fast_bfloat16(device),
    }


def _onnxruntime() -> dict[str, Any]:
    try:
        onnxruntime = importlib.import_module("onnxruntime")
    except (ImportError, OSError) as error:
        return {"usable": False, "reason": str(error)}
    return {"usable": True, "version": onnxruntime.__version__, "providers": onnxruntime.get_available_providers()}


def _pictures() -> dict[str, bool]:
    """Which formats can be read and written here."""
    from impasto.pictures.formats import FORMATS, can_write

    return {name: can_write(kind) for name, kind in FORMATS.items()}


def _weights() -> list[dict[str, object]]:
    from impasto.features import weights_status

    try:
        return [describe(status) for status in weights_status()]
    except ImpastoError:  # no folder for weights; the section on storage says so
        return []


def _fast_painter() -> dict[str, Any]:
    """The network of quality fast, and how many styles have a name."""
    from impasto.runtime.fast import SHIPPED, FastPainter
    from impasto.styles.listing import listing

    try:
        painter = FastPainter(SHIPPED)
        return {"usable": True, **painter.about, "styles": len(listing())}
    except (ImpastoError, ImportError, OSError) as error:
        return {"usable": False, "reason": str(error)}


def _storage() -> dict[str, Any]:
    from impasto.home import impasto_home

    try:
        home = impasto_home()
    except ImpastoError as error:
        return {"impasto_home": None, "reason": str(error)}
    there = _nearest(home)
    return {
        "impasto_home": str(home),
        "named_by_variable": "IMPASTO_HOME" in os.environ,
        "writable": os.access(there, os.W_OK),
        "free_gigabytes": round(shutil.disk_usage(there).free / 1e9, 1),
        "free_gigabytes_here": round(shutil.disk_usage(Path.cwd()).free / 1e9, 1),
    }


def _nearest(path: Path) -> Path:
    """The path, or the nearest folder above it that exists."""
    return next((folder for folder in (path, *path.parents) if folder.exists()), Path.cwd())


def _remedies(packages: Mapping[str, str | None], weights: Sequence[Mapping[str, Any]]) -> list[str]:
    """What is missing, each with the command that mends it."""
    remedies = []
    for extra in sorted(set(EXTRA_OF_PACKAGE.values())):
        names = [_DISTRIBUTIONS.get(module, module) for module, e in EXTRA_OF_PACKAGE.items() if e == extra]
        if absent := [name for name in names if packages[name] is None]:
            remedies.append(f"{', '.join(absent)} not installed: pip install 'impasto[{extra}]'")
    for status in weights:
        command = f"impasto weights get {status['name']}" if status["address"] else REINSTALL.removeprefix("Type: ")
        if status["verified"] is False:
            remedies.append(f"the weights of {status['name']} are damaged: {command}")
        elif not status["present"] and not status["address"]:
            remedies.append(f"the weights of {status['name']} are not here: {command}")
    return remedies


def _lines(content: Any) -> list[str]:
    if isinstance(content, Mapping):
        return [f"{name.replace('_', ' '):20} {_word(value)}" for name, value in content.items()]
    if content and isinstance(content[0], Mapping):
        return [f"{item['name']:20} {_place(item)}" for item in content]
    return list(content) or ["nothing"]


def _place(weights: Mapping[str, Any]) -> str:
    if weights["present"]:
        return str(weights["path"])
    return f"not here; impasto weights get {weights['name']}" if weights["address"] else "missing"


def _word(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    return "not installed" if value is None else str(value)
