"""A small `swift` with random weights, exported once."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from small_networks import small_swift, small_swift_file

if TYPE_CHECKING:
    from impasto.networks.swift import SwiftNetwork


@pytest.fixture(scope="session")
def swift_network() -> SwiftNetwork:
    return small_swift()


@pytest.fixture(scope="session")
def swift_file(swift_network: SwiftNetwork, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its content side; the style side lies beside it."""
    return small_swift_file(swift_network, tmp_path_factory.mktemp("swift"))
