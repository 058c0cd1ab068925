from __future__ import annotations

from pathlib import Path

import pytest
from downloading import Caller


@pytest.fixture(autouse=True)
def _no_outside(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Neither the proxies nor the weights of the machine that runs the tests have a say in them."""
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setenv("IMPASTO_HOME", str(tmp_path_factory.mktemp("home")))


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An empty IMPASTO_HOME."""
    monkeypatch.setenv("IMPASTO_HOME", str(tmp_path / "impasto home"))
    return tmp_path / "impasto home"


@pytest.fixture
def caller(tmp_path: Path) -> Caller:
    return Caller(tmp_path / "home" / "weights")
