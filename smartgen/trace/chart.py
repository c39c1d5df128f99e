"""Rows of a replay as a picture: against the best static tree of each cell, with intervals."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from smartgen.atomic import replacing
from smartgen.trace.errors import TraceError
from smartgen.trace.judging import Row

FORMATS = (".png", ".svg", ".pdf")


def check_drawable(path: Path) -> None:
    """Raises TraceError if the name's ending is unknown or matplotlib is not there."""
    if path.suffix not in FORMATS:
        raise TraceError(f"{path} should end in {', '.join(FORMATS)}")
    if find_spec("matplotlib") is None:
        raise TraceError("drawing needs matplotlib: pip install 'smartgen[report]'")


def draw(rows: Sequence[Row], path: Path) -> None:
    """One panel a trace, profile and way to fill a batch; a point a recipe and batch, with its interval if it has one.

    Raises TraceError as `check_drawable` does.
    """
    check_drawable(path)
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    panels = list(dict.fromkeys((row.trace, row.profile, row.rows) for row in rows))
    figure = Figure(figsize=(8, 3.2 * len(panels)), layout="constrained")
    FigureCanvasAgg(figure)
    for number, panel in enumerate(panels):
        axes = figure.add_subplot(len(panels), 1, number + 1)
        _panel(axes, [row for row in rows if (row.trace, row.profile, row.rows) == panel])
        axes.set_title(", ".join(panel), fontsize=9)
    with replacing(path) as file:
        figure.savefig(file, format=path.suffix[1:], dpi=150)


def _panel(axes: Any, rows: list[Row]) -> None:
    batches = sorted({row.batch for row in rows})
    recipes = list(dict.fromkeys(row.recipe for row in rows))
    width = 0.8 / len(recipes)
    for place, recipe in enumerate(recipes):
        points = {row.batch: row for row in rows if row.recipe == recipe}
        x = [batches.index(batch) + (place - (len(recipes) - 1) / 2) * width for batch in points]
        y = [row.vs_best_static for row in points.values()]
        below = [0.0 if row.low is None else row.vs_best_static - row.low for row in points.values()]
        above = [0.0 if row.high is None else row.high - row.vs_best_static for row in points.values()]
        axes.errorbar(x, y, [below, above], fmt="o", markersize=4, capsize=2, label=recipe)
    axes.axhline(1.0, linewidth=0.8, color="black")
    axes.set_xticks(range(len(batches)), [str(batch) for batch in batches])
    axes.set_xlabel("batch")
    axes.set_ylabel("× best static tree")
    axes.legend(fontsize=7, ncols=4)
