"""The drawings of a report, by matplotlib's object interface: no global figure, no window, any thread."""

from __future__ import annotations

import io
import math
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from impasto.optimize.recorder import Moment, Recorder

_INK, _FAINT, _PAPER = "#1f2430", "#8a8f9c", "#ffffff"
_CONTENT = "#1c7ed6"
# One hue a family, so that the layers of the style read as one thing, from fine (light) to coarse (dark).
_STYLE = ("#f7b267", "#f4845f", "#e05269", "#b5367a", "#7a2382", "#4a1a6b")
_OTHERS = ("#2f9e44", "#8d6e4f", "#868e96")


def chart_png(recorder: Recorder, *, width: float = 11.0, height: float = 4.8) -> bytes:
    """The loss curves alone, as PNG; sizes in inches."""
    figure = Figure(figsize=(width, height), dpi=140, facecolor=_PAPER, layout="constrained")
    _draw_curves(figure.add_subplot(), recorder)
    return _png(figure)


def report_png(recorder: Recorder, title: str, tables: Mapping[str, Mapping[str, str]], losses: Sequence[str]) -> bytes:
    """The whole report as one PNG: curves, tables, a row of intermediate pictures for each scale, losses in words.

    Args:
        tables: name and value of facts, under a heading each.
    """
    rows = list(recorder.moments().values())
    columns = max((len(row) for row in rows), default=1)
    width, chart_height = 12.0, 4.8
    cell = width / max(columns, 4)
    words = [line for loss in losses for line in textwrap.wrap(loss, 190, subsequent_indent="    ")]
    heights = [min(cell * row[0].size[1] / row[0].size[0], 3.2) + 0.35 for row in rows] + [0.15 * len(words) + 0.1]
    figure = Figure(figsize=(width, chart_height + sum(heights) + 0.4), dpi=130, facecolor=_PAPER, layout="constrained")
    figure.suptitle(title, x=0.01, ha="left", color=_INK, fontsize=14, fontweight="bold")
    parts = figure.subfigures(2 + len(rows), 1, height_ratios=[chart_height, *heights], squeeze=False, hspace=0)[:, 0]
    top, *bands, foot = parts
    chart, table = top.subplots(1, 2, width_ratios=[3.2, 1])
    _draw_curves(chart, recorder)
    _draw_tables(table, tables)
    for band, row in zip(bands, rows, strict=True):
        _draw_pictures(band.subplots(1, max(columns, 4), squeeze=False)[0], row)
    foot.text(0.004, 1.0, "\n".join(words), va="top", fontsize=7, color=_FAINT, linespacing=1.4)
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
    names = list(dict.fromkeys(name for evaluation in evaluations for name in evaluation.losses))
    colours = _colours(names)
    axes.set_yscale("log")
    for name in names:
        values = [_positive(evaluation.losses.get(name, 0.0)) for evaluation in evaluations]
        _draw_curve(axes, recorder, values, label=name, color=colours[name], linewidth=1.4)
    # One term alone is the total.
    if len(names) != 1:
        values = [_positive(evaluation.loss) for evaluation in evaluations]
        _draw_curve(axes, recorder, values, label="total", color=_INK, linewidth=2.2)
    _mark_scales(axes, recorder)
    axes.set_xlabel("evaluations of the objective", color=_INK)
    axes.set_ylabel("weighted loss (log scale)", color=_INK)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_xlim(0, max(1, len(evaluations) - 1))
    axes.grid(axis="y", color="#e6e8ee", linewidth=0.8)
    axes.tick_params(colors=_FAINT, labelcolor=_INK)
    axes.spines[["top", "right"]].set_visible(False)
    if evaluations:
        _draw_legend(axes)
        _limit_depth(axes, recorder)
    else:
        axes.text(0.5, 0.5, "no step was made", transform=axes.transAxes, ha="center", color=_FAINT)


def _draw_curve(axes: Axes, recorder: Recorder, values: Sequence[float], *, label: str, **style: Any) -> None:
    """One line for each scale: the jump between two scales is no progress."""
    for place, (_, start, count) in enumerate(_stretches(recorder)):
        axes.plot(
            range(start, start + count),
            values[start : start + count],
            marker="o" if count < 3 else "",  # a line through one point shows nothing
            markersize=3,
            label=label if place == 0 else "_",
            **style,
        )


def _stretches(recorder: Recorder) -> Iterator[tuple[int, int, int]]:
    """(scale, its first evaluation, how many it has)."""
    start = 0
    for scale, group in groupby(evaluation.scale for evaluation in recorder.evaluations):
        count = len(list(group))
        yield scale, start, count
        start += count


def _draw_legend(axes: Axes) -> None:
    handles, labels = axes.get_legend_handles_labels()
    axes.legend(
        handles[::-1],
        labels[::-1],
        loc="upper left",
        bbox_to_anchor=(1.0, 1.0),
        frameon=False,
        fontsize=9,
        labelcolor=_INK,
    )


def _limit_depth(axes: Axes, recorder: Recorder) -> None:
    """Keep a term that starts near zero, as the content's does at the content, from pressing all others flat."""
    values = [value for evaluation in recorder.evaluations for value in evaluation.losses.values() if value > 0]
    if values:
        bottom, top = float(np.quantile(values, 0.02)) / 2, max(e.loss for e in recorder.evaluations) * 2
        axes.set_ylim(bottom, max(top, 10 * bottom))


def _positive(value: float) -> float:
    """Zero has no logarithm: a gap in the curve."""
    return value if value > 0 else math.nan


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
    total = max(1, len(recorder.evaluations))
    for scale, start, count in _stretches(recorder):
        if start:
            axes.axvline(start - 0.5, color=_FAINT, linewidth=0.9, linestyle=(0, (4, 3)))
        width, height = recorder.sizes[scale]
        axes.text(
            max(0.0, start - 0.5) + 0.006 * total,
            0.99,
            f"{width}×{height}",
            transform=axes.get_xaxis_transform(),
            rotation=90 if count / total < 0.12 else 0,
            va="top",
            ha="left",
            fontsize=8.5,
            color=_FAINT,
        )


def _draw_tables(axes: Axes, tables: Mapping[str, Mapping[str, str]]) -> None:
    axes.axis("off")
    rows = [row for heading, table in tables.items() if table for row in ((heading, None), *table.items())]
    step = min(0.05, 1 / max(1, len(rows)))
    for place, (name, value) in enumerate(rows):
        look: dict[str, Any] = {"transform": axes.transAxes, "va": "top", "fontsize": 8}
        if value is None:
            axes.text(0.0, 1 - place * step, name, color=_INK, fontweight="bold", **look)
        else:
            axes.text(0.0, 1 - place * step, name, color=_FAINT, **look)
            axes.text(0.55, 1 - place * step, value, color=_INK, **look)


def _draw_pictures(cells: Sequence[Axes], moments: Sequence[Moment]) -> None:
    for place, axes in enumerate(cells):
        axes.axis("off")
        if place < len(moments):
            axes.imshow(moments[place].pixels, interpolation="antialiased")
            axes.set_anchor("NW")
            axes.set_title(caption(moments[place]), fontsize=8, color=_FAINT, loc="left", pad=3)
