"""The craft under the paintings, each against an independent formula."""

from __future__ import annotations

import numpy as np
import pytest

from impasto.styles.craft import colour, grounds, light, shapes
from impasto.styles.craft.brushes import bristle_brush, dab, ink_brush, knife, stick
from impasto.styles.craft.canvas import Canvas, blur, resize
from impasto.styles.craft.cells import centroids, distance, edge_distance, lots, nearest, renumber
from impasto.styles.craft.flow import scatter, straight, trace, vectors
from impasto.styles.craft.marks import Brush, Marks
from impasto.styles.craft.noise import noise, smoothstep, wobble
from impasto.styles.craft.wash import Sheet, Water

CANVAS = Canvas((120, 80), 240, 160)


def test_a_canvas_is_one_square_unit() -> None:
    for size in ((120, 80), (33, 177), (1, 1)):
        canvas = Canvas.stretch(size)
        assert canvas.width * canvas.height == pytest.approx(1)
        assert canvas.width / canvas.height == pytest.approx(size[0] / size[1])
        assert canvas.finish(np.ones((canvas.rows, canvas.columns, 3), np.float32)).shape == (size[1], size[0], 3)


def test_a_sketch_is_the_same_for_every_size_of_one_shape() -> None:
    small, large = Canvas.stretch((96, 64)).sketch(), Canvas.stretch((960, 640)).sketch()
    assert (small.columns, small.rows) == (large.columns, large.rows)
    assert small.width == large.width


def test_sampling_a_linear_field_is_exact() -> None:
    field = 2 * CANVAS.x - 3 * CANVAS.y
    x, y = np.array([0.3, 0.71, 1.1], np.float32), np.array([0.2, 0.55, 0.4], np.float32)
    np.testing.assert_allclose(CANVAS.sample(field, x, y), 2 * x - 3 * y, atol=1e-5)


@pytest.mark.parametrize("sigma", [1.0, 2.5, 9.0])
def test_blur_is_gaussian(sigma: float) -> None:
    point = np.zeros((161, 161), np.float32)
    point[80, 80] = 1
    r = np.arange(161) - 80.0
    wanted = np.exp(-(r[:, None] ** 2 + r[None] ** 2) / (2 * sigma**2)) / (2 * np.pi * sigma**2)
    np.testing.assert_allclose(blur(point, sigma), wanted, atol=0.08 * wanted.max())


def test_noise_has_mean_zero_and_deviation_one_and_the_same_blobs_on_every_plate() -> None:
    coarse, fine = Canvas((100, 100), 200, 200), Canvas((100, 100), 600, 600)
    first = noise(coarse, 0.05, np.random.default_rng(3), octaves=3)
    second = resize(noise(fine, 0.05, np.random.default_rng(3), octaves=3), (200, 200))
    assert abs(float(first.mean())) < 0.1
    assert float(first.std()) == pytest.approx(1, abs=0.15)
    assert np.corrcoef(first.ravel(), second.ravel())[0, 1] > 0.99


def test_wobble_leaves_the_generator_alike_however_many_positions_it_gets() -> None:
    first, second = np.random.default_rng(1), np.random.default_rng(1)
    few = wobble(np.linspace(0, 1, 50, dtype=np.float32), 0.01, first)
    many = wobble(np.linspace(0, 1.004, 500, dtype=np.float32), 0.01, second)
    assert first.random() == second.random()
    assert few[0] == pytest.approx(many[0])


def test_smoothstep_rises_and_falls() -> None:
    value = np.array([-1, 0, 0.25, 0.5, 1, 2], np.float32)
    np.testing.assert_allclose(smoothstep(0, 1, value), [0, 0, 0.15625, 0.5, 1, 1], atol=1e-6)
    np.testing.assert_allclose(smoothstep(1, 0, value), [1, 1, 0.84375, 0.5, 0, 0], atol=1e-6)


def test_oklab_matches_published_values_and_returns() -> None:
    """Ottosson's values for white and the sRGB primaries, as CSS Color 4 tools print them."""
    primaries = colour.palette("ffffff ff0000 00ff00 0000ff")
    wanted = [[1, 0, 0], [0.62796, 0.22486, 0.12585], [0.86644, -0.23389, 0.17950], [0.45201, -0.03246, -0.31153]]
    np.testing.assert_allclose(colour.to_oklab(primaries), wanted, atol=2e-4)
    some = np.random.default_rng(0).random((50, 3)).astype(np.float32)
    np.testing.assert_allclose(colour.from_oklab(colour.to_oklab(some)), some, atol=2e-4)


def test_variation_keeps_the_mean_colour() -> None:
    base = np.repeat(colour.palette("7f8f5f"), 4000, axis=0)
    varied = colour.to_oklab(colour.vary(base, np.random.default_rng(0), lightness=0.05, chroma=0.1, hue=0.2))
    assert varied[:, 0].std() == pytest.approx(0.05, rel=0.1)
    np.testing.assert_allclose(varied.mean(0), colour.to_oklab(base[:1])[0], atol=0.005)


def test_stain_follows_beer_and_lambert() -> None:
    white, pigment = np.ones((1, 3), np.float32), colour.palette("408060")[0]
    np.testing.assert_allclose(colour.stain(white, pigment, 1.0)[0], pigment, rtol=1e-5)
    np.testing.assert_allclose(colour.stain(white, pigment, 2.0)[0], pigment**2, rtol=1e-5)


def test_ramp_hits_its_stops() -> None:
    tints = colour.palette("000000 ff0000 ffffff")
    np.testing.assert_allclose(colour.ramp(np.array([0, 0.5, 1, 9], np.float32), tints), tints[[0, 1, 2, 2]])


def test_light_on_a_tilted_plane_is_lambert() -> None:
    slope, elevation, azimuth = 0.4, 0.9, np.pi
    diffuse, glint = light.shade(CANVAS, slope * CANVAS.x + 0 * CANVAS.y, elevation=elevation, azimuth=azimuth)
    normal = np.array([-slope, 0, 1]) / np.hypot(slope, 1)
    source = np.array([np.cos(elevation) * np.cos(azimuth), np.cos(elevation) * np.sin(azimuth), np.sin(elevation)])
    np.testing.assert_allclose(diffuse, normal @ source / np.sin(elevation), rtol=1e-3)
    flat, none = light.shade(CANVAS, np.zeros_like(diffuse))
    np.testing.assert_allclose(flat, 1, rtol=1e-6)
    np.testing.assert_allclose(none, 0, atol=1e-6)
    assert glint.max() <= 1


def test_distance_equals_brute_force_up_to_its_limit() -> None:
    target = np.random.default_rng(2).random((40, 55)) < 0.004
    rows, columns = np.nonzero(target)
    y, x = np.mgrid[:40, :55]
    wanted = np.sqrt(((y[..., None] - rows) ** 2 + (x[..., None] - columns) ** 2).min(-1))
    np.testing.assert_allclose(distance(target, 12), np.minimum(wanted, 12), rtol=1e-6)
    assert (distance(np.zeros((5, 5), bool), 3) == 3).all()


def test_edge_distance_is_small_beside_borders_only() -> None:
    labels = np.zeros((20, 30), np.int32)
    labels[:, 15:] = 1
    found = edge_distance(labels, 8)
    np.testing.assert_allclose(found[10, 10:20], [4, 3, 2, 1, 0, 1, 2, 3, 4, 5])


def test_nearest_is_the_voronoi_diagram() -> None:
    points = scatter(CANVAS, 0.15, np.random.default_rng(4), margin=0.0)
    cells = nearest(CANVAS, points, 0.4)
    reach = np.hypot(CANVAS.x[..., None] - points[:, 0], CANVAS.y[..., None] - points[:, 1])
    # Cones are sampled, so a pixel beside a border may fall to either side.
    own = np.take_along_axis(reach, cells[..., None], -1)[..., 0]
    assert (own <= reach.min(-1) + 1.5 / CANVAS.scale).all()
    assert (cells == reach.argmin(-1)).mean() > 0.97


def test_square_cones_make_square_cells_that_turn_and_centroids_lie_within() -> None:
    points = np.array([[0.6, 0.4]], np.float32)
    for angle in (0.0, np.pi / 4):
        cells = nearest(CANVAS, points, 0.1, angles=np.array([angle], np.float32))
        inside = cells == 0
        assert inside.sum() / CANVAS.scale**2 == pytest.approx(0.04, rel=0.06)
        width = inside.any(0).sum() / CANVAS.scale
        assert width == pytest.approx(0.2 * (np.sqrt(2) if angle else 1), rel=0.06)
        np.testing.assert_allclose(centroids(CANVAS, cells, points), points, atol=0.01)


def test_renumber_and_lots_depend_on_codes_only() -> None:
    codes = np.array([[7, 7, 900], [7, 30, 900]], np.int64)
    numbers, known = renumber(codes)
    np.testing.assert_array_equal(known[numbers], codes)
    few, more = (lots(np.array(c), 2, np.random.default_rng(0)) for c in ([7, 900], [7, 30, 900]))
    np.testing.assert_array_equal(few, more[[0, 2]])


def test_scattered_points_are_evenly_dense() -> None:
    points = scatter(CANVAS, 0.02, np.random.default_rng(0), margin=0.0)
    assert len(points) == pytest.approx(1 / 0.02**2, rel=0.05)
    left = (points[:, 0] < CANVAS.width / 2).mean()
    assert left == pytest.approx(0.5, abs=0.03)


def test_paths_in_a_turning_flow_are_circles() -> None:
    field = vectors(-(CANVAS.y - 0.4), CANVAS.x - 0.6)
    starts = np.array([[0.75, 0.4], [0.6, 0.65]], np.float32)
    paths = trace(CANVAS, field, starts, np.array([0.1, 0.2], np.float32), steps=40)
    radii = np.hypot(paths[..., 0] - 0.6, paths[..., 1] - 0.4)
    np.testing.assert_allclose(radii, np.broadcast_to([[0.15], [0.25]], radii.shape), rtol=0.03)
    lengths = np.linalg.norm(np.diff(paths, axis=1), axis=2).sum(1)
    np.testing.assert_allclose(lengths, [0.1, 0.2], rtol=0.01)


def test_a_solid_stroke_has_no_holes_and_the_last_one_lies_on_top() -> None:
    solid = Brush(np.ones((1, 4, 4), bool), np.ones((1, 4, 4), np.float32), np.zeros((1, 4, 4), np.float32))
    marks, rng = Marks(CANVAS), np.random.default_rng(0)
    middles = np.array([[0.5, 0.4], [0.7, 0.45]], np.float32)
    paths = straight(middles, np.array([0.5, 1.9]), np.array([0.4, 0.3]))
    red_blue = colour.palette("ff0000 0000ff")
    marks.lay(paths, np.array([0.06, 0.05], np.float32), solid, rng, colours=red_blue, thickness=0.01)
    pixels, height = marks.paint(np.zeros(3, np.float32))
    along = (CANVAS.x - 0.7) * np.cos(1.9) + (CANVAS.y - 0.45) * np.sin(1.9)
    across = -(CANVAS.x - 0.7) * np.sin(1.9) + (CANVAS.y - 0.45) * np.cos(1.9)
    inner = (np.abs(along) < 0.14) & (np.abs(across) < 0.045)
    assert (marks.top[inner] == 1).all()
    assert (pixels[inner] == red_blue[1]).all()
    np.testing.assert_allclose(height[inner], 0.01, rtol=1e-6)
    assert (marks.top == -1).any()
    assert (height[marks.top == -1] == 0).all()


def test_marks_beyond_the_border_are_cut_off() -> None:
    marks, rng = Marks(CANVAS), np.random.default_rng(0)
    paths = straight(np.array([[-0.5, -0.5], [0.0, 0.4]], np.float32), np.zeros(2), np.full(2, 0.2))
    marks.lay(paths, np.full(2, 0.05, np.float32), dab(rng), rng, colours=np.ones((2, 3), np.float32))
    assert set(np.unique(marks.top)) == {-1, 1}


@pytest.mark.parametrize("make", [bristle_brush, knife, dab, ink_brush, stick])
def test_brushes_leave_paint_of_sane_thickness(make: object) -> None:
    brush = make(np.random.default_rng(0))  # type: ignore[operator]
    assert 0.3 < brush.cover.mean() < 1
    assert brush.cover.shape == brush.relief.shape == brush.streak.shape
    assert 0 <= brush.relief.min() <= brush.relief.max() <= 2
    assert 0 <= brush.streak.min() <= brush.streak.max() <= 1


def test_shapes_cover_their_area_and_later_ones_hide_earlier_ones() -> None:
    square = shapes.coordinates(".2,.2 .6,.2 .6,.6 .2,.6")
    assert shapes.fill(CANVAS, [square]).sum() / CANVAS.scale**2 == pytest.approx(0.16, rel=0.05)
    labels = shapes.stencil(CANVAS, [(square, 5), (shapes.ellipse(0.4, 0.4, 0.1), 9)])
    assert (labels == 9).sum() / CANVAS.scale**2 == pytest.approx(np.pi * 0.01, rel=0.05)
    assert set(np.unique(labels)) == {0, 5, 9}


def test_a_curve_passes_through_its_points() -> None:
    knots = shapes.coordinates("0,0 1,.5 .3,.8")
    for closed in (False, True):
        line = shapes.curve(knots, closed=closed, steps=10)
        gaps = np.linalg.norm(line[:, None] - knots[None], axis=2).min(0)
        np.testing.assert_allclose(gaps, 0, atol=1e-6)


def test_grounds_have_texture_of_the_stated_range() -> None:
    rng = np.random.default_rng(0)
    assert grounds.paper_tooth(CANVAS, rng).std() == pytest.approx(1, abs=0.4)
    for field, low in (
        (grounds.fibres(CANVAS, rng), 0),
        (grounds.weave(CANVAS), 0),
        (grounds.woodgrain(CANVAS, rng), -1),
    ):
        assert low <= field.min() < field.max() <= 1


def test_a_wash_darkens_its_shape_only_and_most_at_its_edge() -> None:
    rng = np.random.default_rng(0)
    canvas = Canvas((120, 80), 600, 400)
    sheet = Sheet(canvas, np.ones(3, np.float32), rng)
    before = sheet.pixels.copy()
    water = Water(softness=0.0005, rim=2.0, pooling=0.0, granulation=0.0)
    sheet.wash([shapes.ellipse(0.6, 0.4, 0.2)], colour.palette("4060a0")[0], 0.5, water, rng)
    radius = np.hypot(canvas.x - 0.6, canvas.y - 0.4)
    np.testing.assert_array_equal(sheet.pixels[radius > 0.25], before[radius > 0.25])
    rim, middle = sheet.pixels[(radius > 0.190) & (radius < 0.196)], sheet.pixels[radius < 0.15]
    assert rim.mean() < middle.mean() - 0.02
    assert middle.mean() < before.mean() - 0.2
