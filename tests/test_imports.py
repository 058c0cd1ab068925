"""What is imported when: the core starts without torch, --version without anything."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from impasto.extras import EXTRA_OF_PACKAGE

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "src" / "impasto"
HEAVY = {*EXTRA_OF_PACKAGE, "onnxruntime"}
# Rooms of the extras may import their packages at their top; all others never.
STUDIO = {"features", "losses", "networks", "optimize", "training", "service"}
# What the command line reads of those rooms before it knows that torch is needed.
READ_BY_THE_CORE = {
    *("features/__init__.py", "features/architectures.py", "features/download.py", "features/layers.py"),
    *("features/partial.py", "features/sources.py", "features/status.py"),
    *("losses/__init__.py", "networks/__init__.py", "networks/quantisation/__init__.py"),
    *(
        "networks/quantisation/settings.py",
        "optimize/__init__.py",
        "optimize/settings.py",
        "optimize/presets/__init__.py",
    ),
    *("optimize/recorder.py", "optimize/report.py", "optimize/snapshots.py", "training/__init__.py"),
    *("service/__init__.py", "service/settings.py"),
}


def imported_at_top(path: Path) -> set[str]:
    """Top-level packages that importing the module imports; what only type checkers see is left out."""
    body = ast.parse(path.read_text("utf-8")).body
    return {name.partition(".")[0] for node in _statements(body) for name in _names(node)}


def _statements(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    for node in body:
        if isinstance(node, ast.If) and ast.unparse(node.test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING"):
            yield from _statements(node.orelse)
        elif isinstance(node, ast.If | ast.Try | ast.With | ast.ClassDef | ast.For | ast.While):
            for block in ("body", "orelse", "handlers", "finalbody"):
                for part in getattr(node, block, []):
                    yield from _statements(part.body if isinstance(part, ast.ExceptHandler) else [part])
        else:
            yield node


def _names(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        return [node.module or ""]
    return []


def modules(*rooms: str) -> list[Path]:
    found = [path for room in rooms for path in (ROOT / room).rglob("*.py")]
    return sorted(path for path in found if "__pycache__" not in path.parts)


CORE = [
    path
    for path in modules("src")
    if path.relative_to(PACKAGE).parts[0] not in STUDIO or path.relative_to(PACKAGE).as_posix() in READ_BY_THE_CORE
]


@pytest.mark.parametrize("path", CORE, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_the_core_imports_nothing_heavy_at_its_top(path: Path) -> None:
    assert not imported_at_top(path) & set(EXTRA_OF_PACKAGE)


def test_files_read_by_the_core_are_there() -> None:
    assert {name for name in READ_BY_THE_CORE if not (PACKAGE / name).is_file()} == set()


def modules_after(code: str) -> set[str]:
    """Top-level modules that a fresh Python has imported after running `code`."""
    report = "import sys; sys.stderr.write('\\n' + ' '.join(sorted({m.partition('.')[0] for m in sys.modules})))"
    done = subprocess.run([sys.executable, "-c", f"{code}\n{report}"], capture_output=True, text=True, check=True)
    return set(done.stderr.splitlines()[-1].split())


def running(*words: str) -> str:
    return f"from impasto.cli import main; main({list(words)!r})"


def test_import_impasto_imports_next_to_nothing() -> None:
    assert not modules_after("import impasto") & {*HEAVY, "numpy", "PIL", "typer", "rich", "click"}


def test_version_is_told_before_anything_is_imported() -> None:
    assert not modules_after(running("--version")) & {*HEAVY, "numpy", "PIL", "typer", "rich", "click", "dataclasses"}


def test_help_lists_and_completion_never_import_torch() -> None:
    code = [running("--help"), running("paint", "--help"), running("styles"), running("weights", "list", "--json")]
    code += [running("train", "--help"), running("paint", "--quality", "best", "no-such-picture.jpg", "-s", "mosaic")]
    code += [running("models", "quantise", "--help")]
    code += ["from impasto.cli import completion as c", "c.complete_style(''), c.complete_preset('')"]
    code += ["c.complete_encoder(''), c.complete_published(''), c.complete_quality('')"]
    assert not modules_after("\n".join(code)) & {"torch", "onnxruntime", "matplotlib", "safetensors", "h5py", "httpx"}


def test_torchvision_and_torchaudio_are_nowhere() -> None:
    # Both crash beside the CPU build of torch.
    forbidden = {"torchvision", "torchaudio"}
    for path in modules("src", "tests", "benchmarks"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            assert not {name.partition(".")[0] for name in _names(node)} & forbidden, path
            if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] in (
                *("import_module", "importorskip", "__import__", "find_spec"),
            ):
                named = {arg.value for arg in node.args if isinstance(arg, ast.Constant)}
                assert not {str(name).partition(".")[0] for name in named} & forbidden, path
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    for wanted in (project["dependencies"], *project["optional-dependencies"].values()):
        assert not any(requirement.startswith(tuple(forbidden)) for requirement in wanted)


def test_extras_are_those_of_the_project() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    known = {_distribution(name) for name in EXTRA_OF_PACKAGE}
    for extra in set(EXTRA_OF_PACKAGE.values()):
        names = (re.split(r"[\[>]", requirement)[0] for requirement in project["optional-dependencies"][extra])
        wanted = {name.replace("-", "_") for name in names}
        told = {_distribution(name) for name, its in EXTRA_OF_PACKAGE.items() if its == extra}
        assert told <= wanted <= known  # a package that two extras need is told as one's


def _distribution(package: str) -> str:
    return "scikit_image" if package == "skimage" else package
