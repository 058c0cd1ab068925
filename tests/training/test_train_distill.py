"""Teaching small painters for real, only smaller: what they are shown, and that they learn it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper
from safetensors.torch import load_file

from impasto.errors import UsageError
from impasto.features.encoder import Encoder
from impasto.networks.colour import colour_statistics
from impasto.networks.content_side import ContentDesign
from impasto.networks.johnson import JohnsonNetwork
from impasto.networks.johnson_file import export_johnson, load_johnson
from impasto.networks.mobile import MobileDesign
from impasto.painters import WeightedStyle
from impasto.pictures import Picture, read_picture
from impasto.runtime.adoption import adopt
from impasto.runtime.opening import open_painter
from impasto.training.checkpoint import load_checkpoint
from impasto.training.data import PictureBank
from impasto.training.distill import DistillTask, student_design
from impasto.training.distill_settings import DistillTraining
from impasto.training.pool import Pool
from impasto.training.run import TrainingProgress
from impasto.training.sources import find_pictures
from impasto.training.teacher import Lesson, Teacher, batch, palette
from impasto.training.trainer import Trainer

SMALL = DistillTraining(
    steps=6,
    width=0.05,
    size=32,
    batch=2,
    thumbnail=(32, 32),
    pairs=4,
    renew_every=2,
    warm_up=2,
    checkpoint_every=3,
    log_every=3,
    samples_every=6,
    device="cpu",
)
QUICK = replace(SMALL, log_every=10, checkpoint_every=200, pairs=16, schedule="constant", ema=0.9)
QUICK = replace(QUICK, learning_rate=2e-2, table_learning_rate=2e-2)


@pytest.fixture(scope="module")
def network() -> JohnsonNetwork:
    """A painter with random weights that changes much."""
    with torch.random.fork_rng():
        torch.manual_seed(1)
        colours = colour_statistics(torch.tensor([[0.8, 0.5, 0.1], [0.1, 0.3, 0.6]]).T[None, :, None])
        made = JohnsonNetwork(ContentDesign(half=4, quarter=6, eighth=8, blocks=1), ["dots"], colours)
        with torch.no_grad():
            made.style.learnt.normal_(std=0.5)
            made.content.last.weight.mul_(5)
            made.content.grain_quarter.weight.normal_(std=0.3)
            for tensor in made.state_dict().values():
                tensor.copy_(tensor.half().float())
    return made.eval().requires_grad_(False)


@pytest.fixture(scope="module")
def teacher_file(network: JohnsonNetwork, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("teacher") / "dots.onnx"
    export_johnson(network, path, name="dots", training={})
    return path


@pytest.fixture(scope="module")
def plain_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An adopted network that takes 0.2 from red, and adds it to blue."""
    path = tmp_path_factory.mktemp("plain") / "cold.onnx"
    ports = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", 3, "h", "w"]) for name in "xy"]
    offset = numpy_helper.from_array(np.array([-0.2, 0, 0.2], np.float32).reshape(1, 3, 1, 1), "offset")
    graph = helper.make_graph([helper.make_node("Add", ["x", "offset"], ["y"])], "cold", ports[:1], ports[1:], [offset])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), str(path))
    path.write_bytes(adopt(path, name="cold"))
    return path


def _teacher(file: Path) -> Teacher:
    painter = open_painter(file)
    return Teacher(painter, painter.prepare([WeightedStyle(style) for style in painter.codes.own.values()]))


def _trainer(
    settings: DistillTraining, file: Path, judge: Encoder, pictures: Path, run: Path, style: Picture | None = None
) -> Trainer[DistillTraining]:
    bank = PictureBank(find_pictures([pictures]))
    return Trainer(DistillTask(settings, _teacher(file), judge, bank, name="dots", style=style), run)


def _photo(seed: int, *size: int) -> np.ndarray[Any, np.dtype[np.float32]]:
    coarse = np.random.default_rng(seed).random((size[0] // 8, size[1] // 8, 3), np.float32)
    return coarse.repeat(8, 0).repeat(8, 1)


def test_a_student_is_shown_what_its_teacher_saw(network: JohnsonNetwork, teacher_file: Path) -> None:
    """The teacher itself as its own student: only where it sees the border can it paint anything else."""
    lessons = [_teacher(teacher_file).lesson(_photo(seed, 144, 160), seed) for seed in (3, 8)]
    contents = batch([lesson.content for lesson in lessons])
    painted = network(contents, contents, torch.ones(2, 1), seed=[lesson.seed for lesson in lessons])
    inside = (..., slice(margin := network.content.margin, -margin), slice(margin, -margin))
    paintings = batch([lesson.painting for lesson in lessons])
    assert (painted[inside].clamp(0, 1) - paintings[inside]).abs().max() < 0.6 / 255
    assert (contents[inside] - paintings[inside]).abs().mean() > 0.1
    other = network(contents, contents, torch.ones(2, 1), seed=[8, 3])  # with another's grain it is another painting
    assert (other[inside] - paintings[inside]).abs().mean() > 1 / 255


@pytest.mark.parametrize("student", ["content", "mobilenet"])
def test_it_learns(student: Any, teacher_file: Path, teacher: Encoder, pictures: Path, tmp_path: Path) -> None:
    reports: list[TrainingProgress] = []
    settings = replace(QUICK, student=student, steps=80)
    weights = _trainer(settings, teacher_file, teacher, pictures, tmp_path / "run").run(reports.append)
    first, last = reports[0].losses, reports[-1].losses
    assert set(last) == {"pixels", "features"}
    assert last["pixels"] < 0.65 * first["pixels"]
    assert last["features"] < 0.5 * first["features"]
    learnt = load_johnson(weights)
    assert type(learnt.design) is (MobileDesign if student == "mobilenet" else ContentDesign)
    lesson = _teacher(teacher_file).lesson(_photo(0, 64, 96), 5)
    content, painting = batch([lesson.content]), batch([lesson.painting])
    painted = learnt(content, content, torch.ones(1, 1), seed=5).clamp(0, 1)
    assert (painted - painting).abs().mean() < 0.5 * (content - painting).abs().mean()


def test_an_interrupted_run_goes_on_to_the_same_bits(
    teacher_file: Path, teacher: Encoder, pictures: Path, tmp_path: Path
) -> None:
    settings = replace(SMALL, student="mobilenet")
    whole = _trainer(settings, teacher_file, teacher, pictures, tmp_path / "whole").run()
    cut = _trainer(settings, teacher_file, teacher, pictures, tmp_path / "cut")
    cut.run(should_stop=lambda: cut.step == 4)
    assert load_checkpoint(tmp_path / "cut" / "checkpoint.pt")["step"] == 4
    resumed = _trainer(settings, teacher_file, teacher, pictures, tmp_path / "cut").run()
    tensors, expected = load_file(resumed), load_file(whole)
    assert tensors.keys() == expected.keys()
    assert all(torch.equal(tensors[name], expected[name]) for name in expected)
    sheet = read_picture(tmp_path / "whole" / "samples" / "0000006.jpg")
    assert sheet.width > 3 * 32 < sheet.height


def test_a_batch_in_parts_is_the_batch(teacher_file: Path, teacher: Encoder, pictures: Path, tmp_path: Path) -> None:
    trainer = _trainer(replace(SMALL, batch=4, pixel_weight=1.0), teacher_file, teacher, pictures, tmp_path)
    task = trainer.task
    task.ready(0)
    (player,) = task.players
    whole, parts = (
        [task.losses(player, samples, trainer.chance)["pixels"][1].item() for samples in split]
        for split in ([range(4)], [range(2), range(2, 4)])
    )
    assert np.mean(parts) == pytest.approx(whole[0], rel=1e-5)


def test_the_style_s_own_gram_matrices_may_count(
    teacher_file: Path, teacher: Encoder, pictures: Path, tmp_path: Path
) -> None:
    reports: list[TrainingProgress] = []
    settings = replace(SMALL, steps=3, log_every=1, gram_weight=1.0)
    style = read_picture(pictures / "0.png")
    _trainer(settings, teacher_file, teacher, pictures, tmp_path, style).run(reports.append)
    assert reports[-1].losses["gram"] > 0
    with pytest.raises(UsageError, match="no picture of the style 'dots'"):
        _trainer(settings, teacher_file, teacher, pictures, tmp_path)


def _lessons(file: Path, contents: Sequence[np.ndarray[Any, np.dtype[np.float32]]]) -> list[Lesson]:
    return [_teacher(file).lesson(content, n) for n, content in enumerate(contents)]


def test_palettes_are_told_apart(teacher_file: Path, plain_file: Path) -> None:
    contents = [(0.2 + 0.6 * _photo(seed, 48, 64)) * tint for seed, tint in enumerate((0.5, 0.8, 1.0))]
    own, kept = palette(_lessons(teacher_file, contents)), palette(_lessons(plain_file, contents))
    assert own.own
    assert not kept.own
    statistics = [colour_statistics(batch([lesson.painting])) for lesson in _lessons(teacher_file, contents)]
    torch.testing.assert_close(own.colours, torch.stack(statistics).mean(0))


def test_an_adopted_network_teaches_too(plain_file: Path, teacher: Encoder, pictures: Path, tmp_path: Path) -> None:
    """Without a palette of its own: the student keeps the photograph's colours, and learns what is done to them."""
    reports: list[TrainingProgress] = []
    trainer = _trainer(replace(QUICK, steps=40), plain_file, teacher, pictures, tmp_path / "run")
    assert isinstance(trainer.task, DistillTask)
    assert not trainer.task.network.design.recolours
    weights = trainer.run(reports.append)
    assert reports[-1].losses["pixels"] < 0.5 * reports[0].losses["pixels"]
    assert not load_johnson(weights).design.recolours
    asked = replace(SMALL, palette="style")
    forced = DistillTask(asked, _teacher(plain_file), teacher, PictureBank(find_pictures([pictures])), name="x")
    assert forced.network.design.recolours


def test_designs_are_the_usual_ones_times_the_width() -> None:
    half = student_design(replace(SMALL, width=0.5))
    assert half == ContentDesign(quarter=32, eighth=48)
    assert student_design(replace(SMALL, width=1.0), recolours=False) == ContentDesign(recolours=False)
    assert student_design(replace(SMALL, student="mobilenet", width=1.0)) == MobileDesign()
    small = student_design(replace(SMALL, student="mobilenet", width=0.25))
    assert isinstance(small, MobileDesign)
    assert (small.half, small.quarter, small.eighth) == (16, 16, 16)


@pytest.mark.parametrize(
    ("change", "error", "says"),
    [
        ({"size": 60}, UsageError, "multiple of 8"),
        ({"width": 0.0}, UsageError, "width is 0.0"),
        ({"thumbnail": (64, 32)}, UsageError, "thumbnail is"),
        ({"pixel_weight": 0.0, "feature_weight": 0.0}, UsageError, "All weights of the losses are 0"),
    ],
)
def test_settings_are_checked(change: dict[str, Any], error: type[Exception], says: str) -> None:
    with pytest.raises(error, match=says):
        replace(SMALL, **change)


def test_a_pool_makes_each_thing_once_and_the_same_ones_after_a_break() -> None:
    made: list[int] = []

    def make(n: int) -> int:
        made.append(n)
        return n * n

    pool = Pool(3, make)
    for newest in (1, 1, 2, 4):
        pool.ready(newest)
    assert pool.things == [4, 9, 16]
    assert made == [0, 1, 2, 3, 4]
    again = Pool(3, make)
    again.ready(4)
    assert again.things == pool.things
    pool.ready(3)  # a run that is taken back
    assert pool.things == [1, 4, 9]
