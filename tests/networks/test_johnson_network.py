from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch
from small_networks import small_johnson
from torch import Tensor

from impasto.errors import UsageError, WeightsFormatError, WeightsMissingError
from impasto.networks.colour import colour_statistics
from impasto.networks.content_side import ContentDesign, with_grain
from impasto.networks.export import round_weights
from impasto.networks.inheritance import inherit_styles
from impasto.networks.johnson import JohnsonNetwork, StyleTable
from impasto.networks.johnson_file import load_johnson, save_johnson

DESIGN = ContentDesign(half=4, quarter=6, eighth=8, blocks=2)


def _pictures(seed: int, *shape: int) -> Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed))


def _network(design: ContentDesign = DESIGN, seed: int = 0) -> JohnsonNetwork:
    torch.manual_seed(seed)
    made = JohnsonNetwork(design, ["dots", "waves"], colour_statistics(_pictures(7, 2, 3, 16, 16)))
    with torch.no_grad():
        made.style.learnt.normal_(std=0.5)
        made.content.grain_eighth.weight.normal_(std=0.2)
    return made.eval().requires_grad_(False)


def test_blended_wishes_are_the_means_by_share() -> None:
    table: StyleTable = _network().style
    first, second = table.wishes(torch.eye(2)).numpy()
    np.testing.assert_allclose(table.wishes(torch.tensor([[0.25, 0.75]]))[0], 0.25 * first + 0.75 * second, atol=1e-6)
    assert len(first) == DESIGN.wishes
    np.testing.assert_allclose(first[-9:], colour_statistics(_pictures(7, 2, 3, 16, 16))[0], atol=1e-6)


def test_each_style_paints_another_picture() -> None:
    network, picture = _network(), _pictures(0, 1, 3, 32, 48)
    paintings = [network(picture, picture, code[None]) for code in torch.eye(2)]
    assert paintings[0].shape == picture.shape
    assert (paintings[0] - paintings[1]).abs().mean() > 0.01


def test_a_file_keeps_the_network(tmp_path: Path) -> None:
    network, picture, code = _network(), _pictures(0, 1, 3, 32, 48), torch.tensor([[0.3, 0.7]])
    save_johnson(network, tmp_path / "a.safetensors")
    loaded = load_johnson(tmp_path / "a.safetensors")
    assert (loaded.names, loaded.design) == (network.names, DESIGN)
    assert torch.equal(loaded(picture, picture, code), network(picture, picture, code))


def test_other_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(WeightsMissingError):
        load_johnson(tmp_path / "gone.safetensors")
    (tmp_path / "text.safetensors").write_text("no weights")
    with pytest.raises(WeightsFormatError, match="damaged"):
        load_johnson(tmp_path / "text.safetensors")


def test_onnx_paints_as_pytorch_does(johnson_file: Path) -> None:
    network = small_johnson()
    round_weights(network)
    picture, thumbnail, code = _pictures(0, 1, 3, 168, 200), _pictures(1, 1, 3, 40, 56), torch.tensor([[0.3, 0.7]])
    feed = {"picture": picture, "thumbnail": thumbnail, "code": code}
    feed |= {"grain": with_grain(picture).grain, "thumbnail_grain": with_grain(thumbnail).grain}
    session = onnxruntime.InferenceSession(johnson_file)
    (painting,) = session.run(["painting"], {name: tensor.numpy() for name, tensor in feed.items()})
    # Near the border zeros, which stand for black, differ from what is mirrored there in training.
    inside = (..., slice(margin := network.content.margin, -margin), slice(margin, -margin))
    np.testing.assert_allclose(painting[inside], network(picture, thumbnail, code).clamp(0, 1)[inside], atol=1e-4)
    about = session.get_modelmeta().custom_metadata_map
    assert about["styles"] == '["dots", "night-sky"]'
    assert (about["family"], about["code_length"]) == ("johnson", "2")


def test_a_painter_to_begin_with_paints_the_same() -> None:
    old, new = _network(seed=0), _network(seed=1)
    inherit_styles(new, old.content.state_dict(), old.style.wishes(torch.eye(2)))
    picture, code = _pictures(0, 1, 3, 32, 48), torch.tensor([[0.3, 0.7]])
    torch.testing.assert_close(new(picture, picture, code), old(picture, picture, code))


def test_a_painter_of_another_design_is_refused() -> None:
    old, new = _network(), _network(ContentDesign(half=4, quarter=8, eighth=8, blocks=2))
    with pytest.raises(UsageError, match="another design"):
        inherit_styles(new, old.content.state_dict(), old.style.wishes(torch.eye(2)))
    with pytest.raises(UsageError, match="another design"):
        inherit_styles(_network(), old.content.state_dict(), torch.zeros(2, 20))
