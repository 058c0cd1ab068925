from __future__ import annotations

import copy
from pathlib import Path

import onnx
import pytest
import torch
from small_networks import small_swift

from impasto.errors import WeightsFormatError, WeightsMissingError
from impasto.networks.colour import COLOURS
from impasto.networks.content_side import ContentDesign
from impasto.networks.export import round_weights
from impasto.networks.exported_weights import read_exported
from impasto.networks.johnson import JohnsonNetwork
from impasto.networks.johnson_file import export_johnson
from impasto.training.johnson_settings import JohnsonTraining


def test_they_are_those_of_the_network_in_half_precision(swift_file: Path) -> None:
    rounded = small_swift()
    round_weights(rounded)
    found = read_exported(swift_file)
    expected = rounded.content.state_dict()
    assert found.content.keys() == expected.keys()
    for name, tensor in expected.items():
        torch.testing.assert_close(found.content[name], tensor, rtol=1e-3, atol=1e-4, msg=name)
    codes = torch.rand(2, rounded.design.code_length)
    wishes = rounded.style.head.wishes(codes)[:, :-COLOURS]
    torch.testing.assert_close(found.wishes(codes), wishes, rtol=1e-3, atol=1e-4)


@pytest.mark.slow
def test_those_of_a_few_styles_are_read_too(tmp_path: Path) -> None:
    torch.manual_seed(0)
    network = JohnsonNetwork(ContentDesign(4, 6, 8, 2), ["dots", "waves", "bars"], torch.rand(3, COLOURS)).eval()
    with torch.no_grad():
        assert network.content.last.bias is not None
        network.content.last.bias.normal_()
    export_johnson(network, tmp_path / "it.onnx", name="it", training={})
    rounded = copy.deepcopy(network)
    round_weights(rounded)
    found, expected = read_exported(tmp_path / "it.onnx"), rounded.content.state_dict()
    assert found.content.keys() == expected.keys()
    for name, tensor in expected.items():
        torch.testing.assert_close(found.content[name], tensor, rtol=1e-3, atol=1e-4, msg=name)
    codes = torch.tensor([[0.0, 1.0, 0.0], [0.5, 0.1, 0.4]])
    torch.testing.assert_close(found.wishes(codes), codes @ network.style.learnt, rtol=1e-3, atol=1e-4)


@pytest.fixture(scope="module")
def usual(tmp_path_factory: pytest.TempPathFactory) -> tuple[JohnsonNetwork, Path]:
    """A network of the design that is trained by default, and its file."""
    settings, path = JohnsonTraining(), tmp_path_factory.mktemp("usual") / "it.onnx"
    design = ContentDesign(settings.half, settings.quarter, settings.eighth, settings.blocks)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = JohnsonNetwork(design, ["dots"], torch.rand(1, COLOURS)).eval()
        with torch.no_grad():
            assert network.content.last.bias is not None
            network.content.last.bias.normal_()
    export_johnson(network, path, name="it", training={})
    return network, path


@pytest.mark.slow
def test_filters_are_stored_in_eight_bits(usual: tuple[JohnsonNetwork, Path]) -> None:
    network, path = usual
    types = {t.name: t.data_type for t in onnx.load(path).graph.initializer}
    assert types["int8/folded.content.deep.0.first.weight"] == onnx.TensorProto.INT8
    assert types["folded.stem_weight_half"] == types["folded.last_weight_half"] == onnx.TensorProto.FLOAT16
    found, trained = read_exported(path).content["deep.0.first.weight"], network.content.deep[0].first
    steps = trained.weight.abs().amax((1, 2, 3), keepdim=True) / 127
    assert ((found - trained.weight).abs() <= 0.501 * steps).all()
    assert torch.allclose(found / steps, (found / steps).round(), atol=1e-3)


@pytest.mark.slow
def test_what_is_trained_by_default_fits_in_half_a_megabyte(usual: tuple[JohnsonNetwork, Path]) -> None:
    assert usual[1].stat().st_size <= 500_000


def test_files_that_are_no_such_painter_are_refused(tmp_path: Path) -> None:
    with pytest.raises(WeightsMissingError):
        read_exported(tmp_path / "gone.onnx")
    (tmp_path / "text.onnx").write_text("no network")
    with pytest.raises(WeightsFormatError, match="no network"):
        read_exported(tmp_path / "text.onnx")
