"""The drawings of a report, by matplotlib's object interface: no global figure, no window, any thread."""

from __future__ import annotations

import io
import math
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from impasto.optimize.recorder import Moment, Recorder

_INK, _FAINT, _PAPER = "#1f2430", "#8a8f9c", "#ffffff"
_TOTAL, _CONTENT = _INK, "#1c7ed6"
# One hue a family, so that the layers of the style read as one thing, from fine (light) to coarse (dark).
_STYLE = ("#f7b267", "#f4845f", "#e05269", "#b5367a", "#7a2382", "#4a1a6b")
_OTHERS = ("#2f9e44", "#0c8599", "#868e96")


def chart_png(recorder: Recorder, *, width: float = 11.0, height: float = 4.8) -> bytes:
    """The loss curves alone, as PNG; sizes in inches."""
    figure = Figure(figsize=(width, height), dpi=140, facecolor=_PAPER, layout="constrained")
    _draw_curves(figure.add_subplot(), recorder)
    return _png(figure)


def report_png(recorder: Recorder, title: str, facts: Mapping[str, str]) -> bytes:
    """The whole report as one PNG: curves, facts, a row of intermediate pictures for each scale."""
    rows = list(recorder.moments().values())
    columns = max((len(row) for row in rows), default=1)
    width, chart_height = 12.0, 4.8
    cell = width / max(columns, 4)
    heights = [cell * row[0].size[1] / row[0].size[0] + 0.45 for row in rows]
    figure = Figure(figsize=(width, chart_height + sum(heights) + 0.5), dpi=130, facecolor=_PAPER, layout="constrained")
    figure.suptitle(title, x=0.01, ha="left", color=_INK, fontsize=14, fontweight="bold")
    top, *bands = figure.subfigures(1 + len(rows), 1, height_ratios=[chart_height, *heights], squeeze=False)[:, 0]
    chart, table = top.subplots(1, 2, width_ratios=[3.2, 1])
    _draw_curves(chart, recorder)
    _draw_facts(table, facts)
    for band, row in zip(bands, rows, strict=True):
        _draw_pictures(band.subplots(1, max(columns, 4), squeeze=False)[0], row)
    return _png(figure)


def caption(moment: Moment) -> str:
    """What stands below an intermediate picture."""
    width, height = moment.size
    return f"{width}×{height} · step {moment.iteration} · {moment.seconds:.1f} s · loss {moment.loss:.3g}"


def _png(figure: Figure) -> bytes:
    stream = io.BytesIO()
    FigureCanvasAgg(figure)  # becomes the figure's canvas, so that no window toolkit is looked for
    figure.savefig(stream, format="png")
    return stream.getvalue()


def _draw_curves(axes: Axes, recorder: Recorder) -> None:
    evaluations = recorder.evaluations
    steps = range(len(evaluations))
    names = list(dict.fromkeys(name for evaluation in evaluations for name in evaluation.losses))
    colours = _colours(names)
    axes.set_yscale("log")
    for name in names:
        values = [_positive(evaluation.losses.get(name, math.nan)) for evaluation in evaluations]
        _draw_curve(axes, steps, values, label=name, color=colours[name], linewidth=1.4)
    # One term alone is the total.
    if len(names) != 1:
        _draw_curve(axes, steps, [_positive(e.loss) for e in evaluations], label="total", color=_TOTAL, linewidth=2.2)
    _mark_scales(axes, recorder)
    axes.set_xlabel("evaluations of the objective", color=_INK)
    axes.set_ylabel("weighted loss (log scale)", color=_INK)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_xlim(0, max(1, len(evaluations) - 1))
    axes.grid(axis="y", color="#e6e8ee", linewidth=0.8)
    axes.tick_params(colors=_FAINT, labelcolor=_INK)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    if evaluations:
        handles, labels = axes.get_legend_handles_labels()
        order = sorted(range(len(labels)), key=lambda place: -_last(handles[place]))
        axes.legend(
            [handles[place] for place in order],
            [labels[place] for place in order],
            loc="upper left",
            bbox_to_anchor=(1.0, 1.0),
            frameon=False,
            fontsize=9,
            labelcolor=_INK,
        )
    else:
        axes.text(0.5, 0.5, "no step was made", transform=axes.transAxes, ha="center", color=_FAINT)


def _draw_curve(axes: Axes, steps: Sequence[int], values: Sequence[float], **style: Any) -> None:
    # A line through a single point shows nothing.
    axes.plot(steps, values, marker="o" if len(values) < 3 else "", solid_joinstyle="round", **style)


def _positive(value: float) -> float:
    """Zero has no logarithm: a gap in the curve."""
    return value if value > 0 else math.nan


def _last(handle: Any) -> float:
    values = [value for value in handle.get_ydata() if not math.isnan(value)]
    return float(values[-1]) if values else -math.inf


def _colours(names: Sequence[str]) -> dict[str, str]:
    families: dict[str, list[str]] = {"content": [], "style": [], "": []}
    for name in names:
        family = name.split("/")[0]
        families[family if family in families else ""].append(name)
    chosen = dict.fromkeys(families["content"], _CONTENT)
    count = len(families["style"])
    for place, name in enumerate(families["style"]):
        chosen[name] = _STYLE[round(place * (len(_STYLE) - 2) / max(1, count - 1))]
    for place, name in enumerate(families[""]):
        chosen[name] = _OTHERS[place % len(_OTHERS)]
    return chosen


def _mark_scales(axes: Axes, recorder: Recorder) -> None:
    """A line where each scale begins, and its size at the top of its stretch."""
    start, total = 0, max(1, len(recorder.evaluations))
    for scale, group in groupby(evaluation.scale for evaluation in recorder.evaluations):
        count = len(list(group))
        if start:
            axes.axvline(start - 0.5, color=_FAINT, linewidth=0.9, linestyle=(0, (4, 3)))
        width, height = recorder.sizes[scale]
        narrow = count / total < 0.12
        axes.text(
            start + 0.006 * total,
            0.99,
            f"{width}×{height}",
            transform=axes.get_xaxis_transform(),
            rotation=90 if narrow else 0,
            va="top",
            ha="left",
            fontsize=8.5,
            color=_FAINT,
        )
        start += count


def _draw_facts(axes: Axes, facts: Mapping[str, str]) -> None:
    axes.axis("off")
    for place, (name, value) in enumerate(facts.items()):
        y = 1 - place * 0.052
        axes.text(0.0, y, name, transform=axes.transAxes, va="top", fontsize=8.5, color=_FAINT)
        axes.text(0.42, y, value, transform=axes.transAxes, va="top", fontsize=8.5, color=_INK)


def _draw_pictures(cells: Sequence[Axes], moments: Sequence[Moment]) -> None:
    for place, axes in enumerate(cells):
        axes.axis("off")
        if place < len(moments):
            axes.imshow(moments[place].pixels, interpolation="antialiased")
            axes.set_title(caption(moments[place]), fontsize=8, color=_FAINT, loc="left", pad=3)
