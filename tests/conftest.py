"""What tests of several rooms share."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from chromium import browser as browser
from made_once import made_once
from small_networks import write_small_johnson, write_small_swift

from impasto.errors import ImpastoError

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell's job in the background ignores Ctrl-C, and so would all that tests start, and wait for.
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the slow ones: at the end, one process would wait for another's."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)


@pytest.fixture(scope="session")
def tiny_encoder_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The weight file of an encoder with few channels and random weights: paintings on it take milliseconds."""
    import torch

    from impasto.features import save_encoder
    from impasto.features.architectures import Architecture
    from impasto.features.encoder import Encoder

    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = Encoder(Architecture(((4, 4), (6, 6), (8, 8), (8, 8), (8,))), padding="reflect", name="tiny")
    path = tmp_path_factory.mktemp("encoder") / "tiny.safetensors"
    save_encoder(network, path)
    return path


@pytest.fixture(scope="session")
def swift_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The content side of a small `swift` with random weights; the style side lies beside it."""
    return made_once(tmp_path_factory, "swift", write_small_swift) / "small.onnx"


@pytest.fixture(scope="session")
def johnson_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small painter of two styles, `dots` and `night-sky`, with random weights."""
    return made_once(tmp_path_factory, "johnson", write_small_johnson) / "two.onnx"


@pytest.fixture
def as_nobody() -> Callable[[Callable[[], object]], int]:
    """Carries out an action in a process without root's rights; returns the exit code of the error that it meets
    there, 0 if it meets none."""
    if not hasattr(os, "fork"):
        pytest.skip("no fork here")

    def carry_out(action: Callable[[], object]) -> int:
        child = os.fork()
        if child == 0:
            code = 99
            try:
                if os.geteuid() == 0:
                    os.setuid(65534)
                action()
                code = 0
            except ImpastoError as error:
                code = error.exit_code
            finally:
                os._exit(code)
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])

    return carry_out
