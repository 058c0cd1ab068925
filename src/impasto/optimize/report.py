"""Reports: how a painting came about, as one HTML page or one PNG, complete in itself."""

from __future__ import annotations

import base64
import dataclasses
import difflib
import html
import importlib.util
import io
from collections.abc import Iterable, Mapping
from pathlib import Path

from impasto.errors import MissingExtraError, UnknownSuffixError
from impasto.optimize.recorder import Moment, Recorder
from impasto.optimize.settings import Settings
from impasto.painters import Painting
from impasto.pictures import check_place, place_file

_SUFFIXES = (".html", ".png")


def check_report(path: str | Path, *, overwrite: bool = False) -> None:
    """Raise now what `write_report` would raise later, before a minute is spent on the painting.

    Raises:
        UnknownSuffixError: neither .html nor .png.
        OutputExistsError, UnwritableOutputError: see `check_place`.
        MissingExtraError: matplotlib is not installed.
    """
    path = Path(path)
    if path.suffix.lower() not in _SUFFIXES:
        near = difflib.get_close_matches(path.suffix.lower(), _SUFFIXES, n=1, cutoff=0.5)
        guess = f"Did you mean {path.stem + near[0]!r}? " if near else ""
        raise UnknownSuffixError(
            f"A report can't be written as {path.name!r}.", hint=f"{guess}Reports are .html or .png."
        )
    check_place(path, overwrite=overwrite)
    if importlib.util.find_spec("matplotlib") is None:
        raise MissingExtraError("A report", "studio")


def write_report(
    path: str | Path,
    recorder: Recorder,
    painting: Painting,
    settings: Settings,
    *,
    title: str = "How this painting came about",
    overwrite: bool = False,
) -> None:
    """Write the loss curves by layer, the intermediate pictures, the settings and the painter's facts.

    An HTML report holds its pictures in itself and asks nothing of the network.

    Args:
        path: its suffix tells the format, .html or .png.
        recorder: was the progress callback of the painting, or one of several.
        painting, settings: what `paint` returned and what it was told.

    Raises:
        UnknownSuffixError, OutputExistsError, UnwritableOutputError, DiskFullError, MissingExtraError
    """
    path = Path(path)
    check_report(path, overwrite=overwrite)
    facts = _facts(painting)
    if path.suffix.lower() == ".png":
        from impasto.optimize.report_figure import report_png

        tables = {"result": facts, "settings that differ": _changed(settings)}
        data = report_png(recorder, title, tables, [str(loss) for loss in settings.losses])
    else:
        data = _page(recorder, title, facts, _settings(settings)).encode()
    place_file(path, data, overwrite=overwrite)


def _facts(painting: Painting) -> dict[str, str]:
    width, height = painting.picture.size
    facts = {"size": f"{width}×{height}", "stop": painting.stop, "seconds": f"{painting.seconds:.1f}"}
    return facts | {name: _text(value) for name, value in painting.facts.items()}


def _settings(settings: Settings) -> dict[str, str]:
    rows = {field.name: getattr(settings, field.name) for field in dataclasses.fields(settings)}
    losses = rows.pop("losses")
    return {"losses": "\n".join(str(loss) for loss in losses)} | {name: _text(value) for name, value in rows.items()}


def _changed(settings: Settings) -> dict[str, str]:
    """Settings that differ from the defaults, without the losses."""
    usual = Settings()
    return {
        name: value
        for name, value in _settings(settings).items()
        if name != "losses" and value != _settings(usual)[name]
    }


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, tuple):
        return ", ".join(_text(item) for item in value)
    return "–" if value is None else str(value)


_STYLE = """
:root { color-scheme: light; }
body { font: 15px/1.5 system-ui, sans-serif; color: #1f2430; background: #fff; max-width: 1180px; margin: 2rem auto;
  padding: 0 1rem; }
h1 { font-size: 1.5rem; margin: 0 0 1rem; }
h2 { font-size: 1.1rem; margin: 2rem 0 .6rem; }
img { display: block; max-width: 100%; height: auto; }
.row { display: grid; grid-template-columns: repeat(auto-fit, minmax(220px, 1fr)); gap: 1rem; margin-bottom: 1rem; }
figure { margin: 0; }
figcaption { color: #676d7b; font-size: .82rem; margin-top: .25rem; }
table { border-collapse: collapse; font-size: .9rem; }
th { text-align: left; font-weight: 500; color: #676d7b; padding: .15rem 1.5rem .15rem 0; vertical-align: top; }
td { padding: .15rem 0; white-space: pre-wrap; overflow-wrap: anywhere; }
"""

# The policy forbids every request, so that a page that stays silent is a promise and not a habit.
_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
<h1>{title}</h1>
{facts}
<h2>Losses by layer</h2>
<img alt="Loss curves by layer on a logarithmic scale" src="{chart}">
<h2>On the way</h2>
{pictures}
<h2>Settings</h2>
{settings}
</body>
</html>
"""


def _page(recorder: Recorder, title: str, facts: Mapping[str, str], settings: Mapping[str, str]) -> str:
    from impasto.optimize.report_figure import chart_png

    return _PAGE.format(
        title=html.escape(title),
        style=_STYLE,
        facts=_table(facts),
        chart=_inline(chart_png(recorder)),
        pictures="\n".join(_row(moments) for moments in recorder.moments().values()),
        settings=_table(settings),
    )


def _table(rows: Mapping[str, str]) -> str:
    cells = (f"<tr><th>{html.escape(name)}</th><td>{html.escape(value)}</td></tr>" for name, value in rows.items())
    return f"<table>\n{chr(10).join(cells)}\n</table>"


def _row(moments: Iterable[Moment]) -> str:
    return f'<div class="row">\n{chr(10).join(_figure(moment) for moment in moments)}\n</div>'


def _figure(moment: Moment) -> str:
    from PIL import Image

    from impasto.optimize.report_figure import caption

    stream = io.BytesIO()
    Image.fromarray(moment.pixels).save(stream, "PNG")
    text = html.escape(caption(moment))
    return f'<figure><img alt="{text}" src="{_inline(stream.getvalue())}"><figcaption>{text}</figcaption></figure>'


def _inline(png: bytes) -> str:
    return f"data:image/png;base64,{base64.b64encode(png).decode()}"
