"""Counts and ranges of counts, as `expand best`, `verify best` and `limit` have them."""

from __future__ import annotations

import re
from dataclasses import dataclass

from smartgen.language import syntax as s
from smartgen.language.aggregate import aggregated
from smartgen.language.diagnostics import Diagnostic, mended
from smartgen.language.expressions import Place, Typer
from smartgen.language.program import Axis, Const, Expr
from smartgen.language.source import Edit, Span
from smartgen.language.types import Kind, Typed
from smartgen.language.units import EXAMPLE
from smartgen.language.values import typed


@dataclass(frozen=True)
class Counted:
    """A number (low = high) or a range, and the typed expressions in it."""

    low: Expr | None = None
    high: Expr | None = None
    searched: bool = False
    parts: tuple[Typed, ...] = ()


def count(typer: Typer, written: s.Count | None, by: str) -> Counted:
    """A count or a range of counts."""
    if written is None:
        return Counted()
    low = whole(typer, written.low, by)
    if written.high is None:
        code = low.code if low else Const(1.0)
        return Counted(code, code, False, (low,) if low else ())
    high = whole(typer, written.high, by)
    known = low and high and isinstance(low.code, Const) and isinstance(high.code, Const)
    if low and high and known and float(low.code.value) > float(high.code.value):  # type: ignore[union-attr]
        swapped = f"{written.high.span.text}..{written.low.span.text}"
        edits = (Edit(written.span, swapped),)
        typer.findings.add("SG317", "this range is empty", written.span, f"write `{swapped}`", edits=edits)
    parts = tuple(part for part in (low, high) if part)
    return Counted(low.code if low else Const(0.0), high.code if high else Const(1.0), True, parts)


def whole(typer: Typer, expression: s.Expression, by: str, settled: bool = False) -> Typed | None:
    """A whole bare number, one per request at most; None where it is broken. `settled`: it is asked before drafting."""
    found = typed(typer, expression, Place("a count"))
    if found is None:
        return None
    if found.kind.base != "number" or not found.kind.dimension.bare or not found.kind.whole:
        fix, edits = _made_whole(typer, found)
        typer.findings.add("SG318", f"{by} needs a count, this is {_counted(found.kind)}", found.span, fix, edits=edits)
        return None
    if found.axis is Axis.NODE and not settled:
        fix, edits = aggregated(typer, expression, Axis.REQUEST)
        message = f"{by} is asked once per request, this has one value per node"
        typer.findings.add("SG301", message, found.span, fix, edits=edits)
        return None
    if isinstance(found.code, Const) and float(found.code.value) < 0:
        behind = found.span.source.text[found.span.end : found.span.end + 4].lstrip()
        meant = "0" if behind.startswith("..") else f"{-float(found.code.value):.0f}"
        if isinstance(expression, s.Binary) and expression.op == "-":
            meant = f"{expression.left.span.text}..{expression.right.span.text}"
        edits = (Edit(found.span, meant),)
        typer.findings.add("SG317", "a count is not negative", found.span, f"write `{meant}`", edits=edits)
    return found


def _made_whole(typer: Typer, found: Typed) -> tuple[str, tuple[Edit, ...]]:
    point = re.fullmatch(r"(0)\.([1-9][0-9]+)", found.span.text)
    if point:  # one point of two
        written = f"{point.group(1)}..{point.group(2)}"
        return f"a range has two points: write `{written}`", (Edit(found.span, written),)
    literal = re.fullmatch(r"([0-9]+)(\.[0-9]+)?([eE][+-]?[0-9]+)?\s*[A-Za-z/]*", found.span.text)
    if literal:
        number = str(max(1, round(float("".join(part or "" for part in literal.groups())))))
        return f"write `{number}`", (Edit(found.span, number),)
    if found.kind.base == "text" and found.span.text.strip('"').isdigit():
        number = found.span.text.strip('"')
        return f"write `{number}`", (Edit(found.span, number),)
    named = typer.policy.lets.get(found.span.text)
    if named is not None and isinstance(named.value, s.Text) and named.value.value.isdigit():
        number = named.value.value
        return f"write `let {found.span.text} = {number}`", (Edit(named.value.span, number),)
    param = typer.policy.params.get(found.span.text)
    bare = found.kind.base == "number" and found.kind.dimension.bare and isinstance(found.code, Const)
    if param is not None and bare and float(found.code.value).is_integer():  # type: ignore[union-attr]
        return f"declare it as `param {param.name.text}: count`", (Edit(param.type.span, "count"),)
    if (edits := _literals(found.span)) and found.kind.base == "number":
        written = mended(found.span.source.text, [Diagnostic("", "", (), "", "error", edits)])
        end = len(written) - (len(found.span.source.text) - found.span.end)
        return f"write `{written[found.span.start : end]}`", edits
    if found.kind.base == "number":
        symbol = EXAMPLE.get(found.kind.dimension, found.kind.dimension.symbol)
        unit = f" / 1 {symbol}" if not found.kind.dimension.bare else ""
        written = f"floor({found.span.text}{unit})"
        return f"write `{written}`", (Edit(found.span, written),)
    known = isinstance(found.code, Const) or found.kind.base != "flag"
    written = "8" if known else f"(if {found.span.text} then 1 else 0)"
    return f"write `{written}`", (Edit(found.span, written),)


def _literals(span: Span) -> tuple[Edit, ...]:
    """What turns the `2.0`, `2 tok` and `"2"` of an expression into counts; what it compares with may have a unit."""
    found = re.finditer(r'(?<![\w."])(?<![<>=] )(?<![<>=])(?:([0-9]+)(?:\.0+|[ ]?tok)\b(?!/)|"([0-9]+)")', span.text)
    places = ((Span(span.source, span.start + m.start(), span.start + m.end()), m.group(1) or m.group(2)) for m in found)
    return tuple(Edit(place, number) for place, number in places)


def _counted(kind: Kind) -> str:
    return "a number that may have a fraction" if kind.base == "number" and kind.dimension.bare else str(kind)
