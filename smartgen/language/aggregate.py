"""One value per node, or per request, where fewer are due: which part wants an aggregate, and which."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from smartgen.language import syntax as s
from smartgen.language.program import Axis
from smartgen.language.signals import GROUPS, REDUCTIONS, SIGNALS
from smartgen.language.source import Edit, Span, comment_behind, mentions
from smartgen.language.types import FLAG
from smartgen.language.units import TOKEN

if TYPE_CHECKING:
    from smartgen.language.expressions import Typer

_NAMED = {
    "min": r"\b(?:min|weakest|least|low|calm|worst|small|unlik)",
    "mean": r"\b(?:mean\b|avg|average|typical)",
    "sum": r"\b(?:sum|total|mass)",
}
_OF_NODES = ("path", "calibrated", "marginal")
# One per request, and the total or mean of it over the batch.
_OVER_ROWS = {"tree.tokens": "tokens", "tree.nodes": "batch.nodes", "request.context": "batch.context"}


def too_fine(typer: Typer, e: s.Expression, most: Axis) -> Iterator[tuple[Span, Axis, bool]]:
    """(span, axis, whether it is a flag) of every largest part of `e` that has more values than one per `most`."""
    if isinstance(e, s.Name):
        found = _named(typer, e.text)
        if found and found[0] > most:
            yield e.span, found[0], found[1]
    elif isinstance(e, s.Call):
        yield from _called(typer, e, most)
    elif isinstance(e, s.Unary):
        yield from too_fine(typer, e.operand, most)
    elif isinstance(e, s.Binary):
        yield from too_fine(typer, e.left, most)
        yield from too_fine(typer, e.right, most)
    elif isinstance(e, s.Conditional):
        for part in (e.condition, e.then, e.otherwise):
            yield from too_fine(typer, part, most)


def _called(typer: Typer, e: s.Call, most: Axis) -> Iterator[tuple[Span, Axis, bool]]:
    group, _, function = e.name.text.partition(".")
    if e.name.text in _OF_NODES:
        yield e.span, Axis.NODE, False
    elif group in GROUPS and function in REDUCTIONS:
        if group != "batch" and most < Axis.REQUEST:
            yield e.span, Axis.REQUEST, False
    else:
        for argument in e.arguments:
            yield from too_fine(typer, argument.value, most)


def _named(typer: Typer, name: str) -> tuple[Axis, bool] | None:
    if name in SIGNALS:
        return SIGNALS[name].axis, SIGNALS[name].kind == FLAG
    if typer.benefit is not None and name == typer.benefit[0]:
        return Axis.NODE, False
    let = typer.policy.lets.get(name)
    if let is None or let.value.span.text == name:
        return None
    inner = max((axis for _, axis, _ in too_fine(typer, let.value, Axis.STEP)), default=None)
    return (inner, False) if inner is not None else None


def _in_let(typer: Typer, span: Span) -> Span:
    """Where the aggregate belongs: in the value of a `let` that is read nowhere else."""
    let = typer.policy.lets.get(span.text)
    if let is None or let.value.span.source != span.source or mentions(span.source.text, span.text) != 2:
        return span
    return let.value.span


def _function(span: Span, usual: str) -> str:
    """The aggregate that a name, or the comment behind its line, speaks of; `usual` where neither does."""
    comment = comment_behind(span.source.text, span.end)
    said = f"{span.text if span.text.isidentifier() else ''} {comment}"
    return next((function for function, words in _NAMED.items() if re.search(words, said)), usual)


def _of_all(e: s.Expression, span: Span) -> str:
    """What holds of every node if it holds of it: of a constraint `node.path >= 0.02` the least one."""
    below = isinstance(e, s.Binary) and (
        (e.op in (">", ">=") and e.left.span.holds(span)) or (e.op in ("<", "<=") and e.right.span.holds(span))
    )
    return "min" if below else "max"


def _named_already(typer: Typer, text: str) -> str:
    """A `let` that nothing reads and that is an aggregate of this; empty without one."""
    for name, let in typer.policy.lets.items():
        found = re.fullmatch(rf"batch\.(\w+)\({re.escape(text)}\)", let.value.span.text)
        if name not in typer.read_lets and found is not None:
            return f"{name} > 0" if found[1] == "count" else name
    return ""


def _adds_up(name: str) -> bool:
    """Whether a signal counts nodes or tokens of a row."""
    return name in SIGNALS and (SIGNALS[name].kind.whole or SIGNALS[name].kind.dimension == TOKEN)


def aggregated(
    typer: Typer, e: s.Expression, most: Axis, scope: str = "layer", adds: bool = False
) -> tuple[str, tuple[Edit, ...]]:
    """(help, edits) that leave one value per `most`: nodes through `scope`, rows through `batch`. `adds`: rows add up."""
    edits, shown = [], ""
    for span, axis, flag in too_fine(typer, e, most):
        written = _OVER_ROWS.get(span.text, "") if most < Axis.REQUEST else ""
        if adds and _adds_up(span.text) and written not in ("batch.nodes", "tokens"):
            written = f"batch.sum({span.text})"
        if not written:
            inner = span.text
            if axis is Axis.NODE:
                usual = _of_all(e, span) if scope == "tree" else "max"
                function, span = _function(span, usual), _in_let(typer, span)
                inner = f"{scope}.count({span.text}) > 0" if flag else f"{scope}.{function}({span.text})"
            if inner == f"{scope}.max(node.depth)":
                inner = f"{scope}.depth"
            written = inner
            if most < Axis.REQUEST:
                written = f"batch.count({inner}) > 0" if flag or inner.endswith("> 0") else f"batch.mean({inner})"
        written = _named_already(typer, span.text) or written if most < Axis.REQUEST else written
        shown = shown or written
        edits.append(Edit(span, written))
    return (f"write `{shown}`" if shown else "aggregate it: `layer.max(...)`"), tuple(edits)
