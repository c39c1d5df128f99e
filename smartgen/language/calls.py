"""The functions of the language: what goes in, what comes out, and the lowered code."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from smartgen.language import syntax as s
from smartgen.language.argument_counts import plain
from smartgen.language.lookup import table
from smartgen.language.measured import measured
from smartgen.language.memory import calibrated, memory
from smartgen.language.program import Aggregate, Axis, Const, Expr, PathProduct, Phase, Read
from smartgen.language.shifts import shift
from smartgen.language.signals import GROUPS, REDUCTIONS, SIGNALS
from smartgen.language.source import Edit, Span
from smartgen.language.types import COUNT, PLACES_OF_NODES, PROB, Kind, Typed
from smartgen.language.unit_fixes import without_unit
from smartgen.language.unknown_functions import unknown_function

if TYPE_CHECKING:
    from smartgen.language.expressions import Typer

# What is asked of each row by itself, so that a value of its nodes needs no aggregate over the rows.
_OF_ROWS = (*PLACES_OF_NODES, "`continue while`", "`subject to`")
Handler = Callable[["Typer", s.Call], Typed]


def type_call(typer: Typer, e: s.Call) -> Typed:
    """Type a call of a function, an aggregate (`layer.max(x)`) or a profile signal (`profile.verify.time(nodes: 0)`)."""
    name = e.name.text
    first = e.arguments[0].value if len(e.arguments) == 2 else None
    if name in REDUCTIONS and isinstance(first, s.Name) and first.text in GROUPS:  # `max(layer, node.path)`
        written = f"{first.text}.{name}({e.arguments[1].span.text})"
        raise typer.replaced("SG108", f"`{name}` of a group of nodes is called by its name", e.span, written)
    if name in CALLS:
        return CALLS[name](typer, e)
    group, _, function = name.partition(".")
    if group in GROUPS and function in REDUCTIONS:
        return _aggregate(typer, e, group, function)
    if name.startswith("profile.") and name in SIGNALS:
        return measured(typer, e)
    if name in SIGNALS or name in typer.params or name in typer.policy.lets:
        behind = Span(e.span.source, e.name.span.end, e.span.end)
        message = f"`{name}` is a value, not a function"
        raise typer.fail("SG109", message, e.name.span, f"write `{name}`", edits=(Edit(behind, ""),))
    raise unknown_function(typer, e)


def _extreme(op: str) -> Handler:
    def handler(typer: Typer, e: s.Call) -> Typed:
        values = plain(typer, e, 2, 99)
        kind = values[0].kind
        for value in values:
            typer.require(value, "number", f"`{op}`")
            first = Typed(kind, values[0].axis, values[0].phase, values[0].code, values[0].reads, values[0].span)
            kind = typer.common(first, value, f"the arguments of `{op}`")
        return typer.made(kind, e.span, op, *values)

    return handler


def _bare(op: str) -> Handler:
    def handler(typer: Typer, e: s.Call) -> Typed:
        (value,) = plain(typer, e, 1, 1)
        typer.require(value, "number", f"`{op}`")
        if not value.kind.dimension.bare:
            fix, edits = without_unit(value)
            message = f"`{op}` takes a bare number, this is {value.kind}"
            raise typer.fail("SG207", message, value.span, fix, edits=edits)
        return typer.made(COUNT if op == "floor" else Kind(prob=op == "sqrt" and value.kind.prob), e.span, op, value)

    return handler


def _clip(typer: Typer, e: s.Call) -> Typed:
    values = plain(typer, e, 3, 3)
    if isinstance(values[0].code, Const) and isinstance(values[1].code, Const) and not isinstance(values[2].code, Const):
        inside = e.arguments[0].span.to(e.arguments[2].span)
        written = ", ".join(e.arguments[i].span.text for i in (2, 0, 1))
        raise typer.replaced("SG111", "what `clip` bounds comes first", inside, written, f"write `clip({written})`")
    kind = typer.common(values[0], values[1], "the arguments of `clip`")
    typer.common(values[0], values[2], "the arguments of `clip`")
    low, high = values[1], values[2]
    if isinstance(low.code, Const) and isinstance(high.code, Const) and float(low.code.value) > float(high.code.value):
        message, written = "this range is empty", f"{high.span.text}, {low.span.text}"
        raise typer.replaced("SG317", message, low.span.to(high.span), written)
    whole = all(value.kind.whole for value in values)
    prob = values[1].kind.prob and values[2].kind.prob
    return typer.made(Kind(kind.base, kind.dimension, prob, whole), e.span, "clip", *values)


def _path(typer: Typer, e: s.Call) -> Typed:
    (value,) = plain(typer, e, 1, 1)
    typer.require(value, "number", "`path`")
    if not value.kind.dimension.bare:
        raise typer.replaced("SG208", f"`path` multiplies probabilities, this is {value.kind}", value.span, "node.prob")
    if isinstance(value.code, Const) and not value.kind.prob:
        message = f"`path` multiplies probabilities, {value.span.text} is none"
        raise typer.replaced("SG208", message, value.span, _as_fraction(value))
    if not value.kind.prob:
        value = _clamped(typer, value)
    _multiplied_twice(typer, e, value)
    return _with(value, PROB, PathProduct(value.code), e.span, axis=Axis.NODE, phase=Phase.GROW)


def _multiplied_twice(typer: Typer, e: s.Call, value: Typed) -> None:
    """A path of what is multiplied along the path already."""
    inner = e.arguments[0].value
    if isinstance(value.code, PathProduct):
        edits = (Edit(e.span, inner.span.text),)
    elif value.code == Read("node.path"):
        edits = (Edit(inner.span, "node.prob"),)
    else:
        return
    message = f"`path` multiplies along the path, and `{inner.span.text}` is such a product already"
    fix = f"write `{'node.prob' if edits[0].span == inner.span else inner.span.text}`"
    typer.findings.add("SG906", message, inner.span, fix, warning=True, edits=edits)


def _as_fraction(value: Typed) -> str:
    number = float(value.code.value) if isinstance(value.code, Const) else 0.0
    return f"{min(1.0, max(0.0, number / 100)):.6g}"


def _clamped(typer: Typer, value: Typed) -> Typed:
    written = f"clip({value.span.text}, 0, 1)"
    typer.findings.add(
        "SG903",
        "nothing shows that this stays within 0..1; it is clamped",
        value.span,
        f"write `{written}` to say so",
        warning=True,
        edits=(Edit(value.span, written),),
    )
    zero, whole = (Typed(PROB, Axis.POLICY, Phase.PLAN, Const(x), frozenset(), value.span) for x in (0.0, 1.0))
    return typer.made(PROB, value.span, "clip", value, zero, whole)


def _aggregate(typer: Typer, e: s.Call, group: str, function: str) -> Typed:
    with typer.aggregating():
        (value,) = plain(typer, e, 1, 1)
    over_rows = group == "batch"
    if over_rows and value.axis is Axis.NODE:
        if typer.place.word in _OF_ROWS:
            message = "`batch` runs over requests, this has one value per node"
            raise typer.replaced("SG301", message, e.name.span, f"layer.{function}")
        inner = f"layer.{function}({value.span.text})"
        message = "`batch` runs over requests, this has one value per node"
        raise typer.replaced("SG301", message, value.span, inner, f"say which nodes first: `batch.{function}({inner})`")
    if not over_rows and value.axis is not Axis.NODE and function != "count":
        of_rows = re.search(r"\bbatch\.\w+\(\s*$", e.span.source.text[: e.span.start]) is not None
        if value.axis is Axis.REQUEST and not of_rows:
            message = f"`{group}.{function}` runs over nodes, this has one value per request"
            raise typer.replaced("SG301", message, e.name.span, f"batch.{function}")
        message = f"`{group}.{function}` runs over nodes, this has one value for all of them"
        raise typer.replaced("SG301", message, e.span, value.span.text, f"read it without: `{value.span.text}`")
    if over_rows and value.axis < Axis.REQUEST and function in ("mean", "max", "min") and value.kind.base == "number":
        each = value.span.text.replace("batch.", "request.")  # the mean is there already, its extremes are not
        written = value.span.text
        if function != "mean" and each in SIGNALS and each != written:
            written = f"batch.{function}({each})"
        message, edits = "this has one value for the whole batch already", (Edit(e.span, written),)
        help = f"write `{written}`"
        typer.findings.add("SG909", message, e.span, help, warning=True, edits=edits)
    if function != "count" and value.kind.base == "flag":
        inside = value.span.text
        counted = {
            "max": f"{group}.count({inside}) > 0",
            "min": f"{group}.count(not ({inside})) == 0",
            "mean": f"{group}.count({inside}) / {group}.{'size' if over_rows else 'nodes'}",
        }.get(function, f"{group}.count({inside})")
        raise typer.replaced("SG201", f"`{group}.{function}` needs a number, this is {value.kind}", e.span, counted)
    typer.require(value, "flag" if function == "count" else "number", f"`{group}.{function}`")
    kind = (
        COUNT
        if function == "count"
        else Kind(
            dimension=value.kind.dimension,
            prob=value.kind.prob and function != "sum",
            whole=value.kind.whole and function in ("max", "min", "sum"),
        )
    )
    axis = Axis.STEP if over_rows else Axis.REQUEST
    phase = value.phase if over_rows else max(value.phase, Phase.GROW)
    reads = frozenset() if over_rows else frozenset({f"{group}.nodes"})
    return _with(value, kind, Aggregate(group, function, value.code), e.span, axis=axis, phase=phase, reads=reads)  # type: ignore[arg-type]


def _with(
    value: Typed,
    kind: Kind,
    code: Expr,
    span: Span,
    axis: Axis | None = None,
    phase: Phase | None = None,
    reads: frozenset[str] = frozenset(),
) -> Typed:
    return Typed(
        kind,
        value.axis if axis is None else axis,
        max(value.phase, phase or Phase.PLAN),
        code,
        value.reads | reads,
        span,
    )


CALLS: dict[str, Handler] = {
    "min": _extreme("min"),
    "max": _extreme("max"),
    "clip": _clip,
    "floor": _bare("floor"),
    "sqrt": _bare("sqrt"),
    "exp": _bare("exp"),
    "log": _bare("log"),
    "path": _path,
    "calibrated": calibrated,
    "forecast": shift,
    "previous": shift,
    "marginal": shift,
    "table": table,
    "ema": memory,
    "ladder": memory,
    "ucb": memory,
}
