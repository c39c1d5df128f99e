"""How a value gets the unit that is due: another number, another declaration, a factor or a divisor."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from smartgen.language import syntax as s
from smartgen.language.program import Const
from smartgen.language.source import Edit, Span
from smartgen.language.types import Typed
from smartgen.language.units import ENERGY, EXAMPLE, MONEY, TIME, TOKEN, TOTAL_OF, unit

if TYPE_CHECKING:
    from smartgen.language.expressions import Typer

LITERAL = re.compile(r"([0-9.]+(?:[eE][+-]?[0-9]+)?)\s*([A-Za-z/]*)")


def misdeclared(typer: Typer, e: s.Expression, side: Typed, other: Typed) -> tuple[str, tuple[Edit, ...]] | None:
    """`time <= tpot * tree.tokens` with `tpot: ms`: a param that would go with another unit below its own."""
    factors = [e]
    while factors:
        part = factors.pop()
        if isinstance(part, s.Binary) and part.op == "*":
            factors += [part.left, part.right]
        param = typer.policy.params.get(part.text) if isinstance(part, s.Name) else None
        if param is None or not isinstance(param.value, s.Number) or not param.value.unit:
            continue
        own = typer.params[param.name.text].kind.dimension
        due = EXAMPLE.get(own * other.kind.dimension / side.kind.dimension)
        if due is not None and due.startswith(f"{param.value.unit}/"):
            written = f"param {param.name.text}: {due} = {param.value.written} {due}"
            edits = (Edit(param.type.span, due), Edit(param.value.span, f"{param.value.written} {due}"))
            return f"declare it as `{written}`", edits
    return None


def per_token(e: s.Expression, side: Typed, other: Typed) -> tuple[str, tuple[Edit, ...]] | None:
    """`time <= 40 ms * tree.tokens`: a price of a token that does not say so."""
    number = e
    while isinstance(number, s.Binary) and number.op == "*":
        number = number.left if isinstance(number.left, s.Number | s.Binary) else number.right
    if not isinstance(number, s.Number) or number is e or side.kind.dimension != other.kind.dimension * TOKEN:
        return None
    written = f"{number.written} {number.unit}/tok"
    return (f"write `{written}`", (Edit(number.span, written),)) if unit(f"{number.unit}/tok") is not None else None


def turned(typer: Typer, e: s.Expression, side: Typed, other: Typed) -> tuple[str, tuple[Edit, ...]] | None:
    """`time * tpot` where `time / tpot` has the other side's unit, and the other way round."""
    if not isinstance(e, s.Binary) or e.op not in ("*", "/"):
        return None
    first, second = typer.expression(e.left).kind.dimension, typer.expression(e.right).kind.dimension
    if (first / second if e.op == "*" else first * second) != other.kind.dimension or second.bare:
        return None
    start, end = e.left.span.end, e.right.span.start
    at = e.span.source.text.find(e.op, start, end)
    if at < 0 or e.span.text != e.span.source.text[e.span.start : e.span.end]:
        return None
    sign = "/" if e.op == "*" else "*"
    place = Span(e.span.source, at, at + 1)
    written = side.span.text[: at - side.span.start] + sign + side.span.text[at + 1 - side.span.start :]
    return f"write `{' '.join(written.split())}`", (Edit(place, sign),)


def spare_unit(e: s.Expression, side: Typed, other: Typed) -> tuple[str, tuple[Edit, ...]] | None:
    """`time + 2 tok * last.time`: a factor whose unit is one too many."""
    factors, found = [e], list[s.Number]()
    while factors:
        part = factors.pop()
        if isinstance(part, s.Binary) and part.op in ("*", "/"):
            factors += [part.left, part.right]
        elif isinstance(part, s.Number) and part.unit and part is not e:
            found.append(part)
    for number in found:
        known = unit(number.unit)
        if known is not None and other.kind.dimension in (
            side.kind.dimension / known[0],
            side.kind.dimension * known[0],
        ):
            before, behind = side.span.start - number.span.start, number.span.end - side.span.start
            written = side.span.text[:-before] + number.written + side.span.text[behind:]
            return f"leave out its unit: `{written}`", (Edit(number.span, number.written),)
    return None


def factor(e: s.Expression, other: Typed) -> tuple[str, tuple[Edit, ...]] | None:
    """`tokens - 0.5 * time / plain`: a number that weighs a bare value could have the other side's unit."""
    due = EXAMPLE.get(other.kind.dimension)
    while isinstance(e, s.Binary) and e.op in ("*", "/"):
        weighs = e.op == "*" and isinstance(e.right, s.Number) and not e.right.unit
        e = e.right if weighs else e.left
    if due is None or not isinstance(e, s.Number) or e.unit:
        return None
    return f"write `{e.written} {due}`", (Edit(e.span, f"{e.written} {due}"),)


def as_rate(side: Typed, other: Typed) -> tuple[str, tuple[Edit, ...]] | None:
    """`time <= 25 ms/tok`: the total that the other side has below is missing."""
    below = side.kind.dimension / other.kind.dimension
    if side.span.text == "time" and below == TOKEN and "tree." not in other.span.text:
        written = f"{grouped(other.span)} * tree.tokens"  # what the row's own tree gives
        return f"write `{side.span.text} <= {written}`", (wrapped(other.span, "", " * tree.tokens"),)
    total = {TIME: "time", TOKEN: "tokens", ENERGY: "energy", MONEY: "money"}.get(below)
    if total is None or isinstance(side.code, Const) or other.kind.dimension.bare or other.kind.base != "number":
        return None
    return f"write `{grouped(side.span)} / {total}`", (wrapped(side.span, "", f" / {total}"),)


def literal_fix(typer: Typer, left: Typed, right: Typed) -> tuple[str, tuple[Edit, ...]] | None:
    """A number that lacks the other side's unit, or else has one where the other side has none."""
    for fix in (_stripped, _added) if typer.place.word == "a count" else (_added, _stripped):
        for side, other in ((left, right), (right, left)):
            found = fix(typer, side, other)
            if found:
                return found
    return None


def _added(typer: Typer, bare: Typed, other: Typed) -> tuple[str, tuple[Edit, ...]] | None:
    due = EXAMPLE.get(other.kind.dimension)
    if due is None or not isinstance(bare.code, Const) or not bare.kind.dimension.bare:
        return None
    if due == "ms" and (0 < float(bare.code.value) < 1 or "request.elapsed" in other.reads):
        due = "s" if float(bare.code.value) < 1000 else "ms"  # whoever writes a fraction thinks in seconds
    if LITERAL.fullmatch(bare.span.text):
        return f"write `{bare.span.text} {due}`", (wrapped(bare.span, "", f" {due}"),)
    param = typer.policy.params.get(bare.span.text)
    if (
        param is not None
        and param.type.text in ("number", "count", "prob")
        and LITERAL.fullmatch(param.value.span.text)
    ):
        value = f"{param.value.span.text} {due}"
        edits = (Edit(param.type.span, due), Edit(param.value.span, value))
        return f"declare it as `param {param.name.text}: {due} = {value}`", edits
    return None


def _stripped(typer: Typer, side: Typed, other: Typed) -> tuple[str, tuple[Edit, ...]] | None:
    match = LITERAL.fullmatch(side.span.text)
    if match and match.group(2) and other.kind.dimension.bare:
        return f"write `{match.group(1)}`", (Edit(side.span, match.group(1)),)
    return None


def swapped(side: Typed, other: Typed) -> tuple[str, tuple[Edit, ...]] | None:
    """`25 J` where a time is due: the number stays, sizes in bytes are counted out."""
    match, due = LITERAL.fullmatch(side.span.text), EXAMPLE.get(other.kind.dimension)
    if match is None or not match.group(2) or due is None or side.kind.dimension == other.kind.dimension:
        return None
    if {side.kind.dimension, other.kind.dimension} == {TIME, TOKEN}:
        return None  # a time has a price in tokens
    if side.kind.dimension * TOKEN == other.kind.dimension:
        return None  # a rate is of the tokens that the other side is for
    size = match.group(2) in ("KiB", "MiB", "GiB") and isinstance(side.code, Const)
    written = f"{float(side.code.value):.0f} {due}" if size else f"{match.group(1)} {due}"  # type: ignore[union-attr]
    return f"write `{written}`", (Edit(side.span, written),)


def other_total(typer: Typer, side: Typed, other: Typed) -> tuple[str, tuple[Edit, ...]] | None:
    """`energy <= 30 ms` of a policy that pays in time alone: the total that the number's unit tells."""
    total = TOTAL_OF.get(other.kind.dimension)
    if side.span.text not in TOTAL_OF.values() or not LITERAL.fullmatch(other.span.text) or total is None:
        return None
    costs = {typer.dimension(cost.value) for cost in typer.policy.slots.costs.values()}
    if other.kind.dimension not in costs or side.kind.dimension in costs:
        return None
    return f"write `{total}`", (Edit(side.span, total),)


def grouped(span: Span) -> str:
    return f"({span.text})" if _loose(span.text) else span.text


def wrapped(span: Span, before: str, behind: str) -> Edit:
    return (
        Edit(span, f"{before}{grouped(span)}{behind}")
        if before or behind.startswith((" /", " *"))
        else Edit(span, span.text + behind)
    )


def _loose(text: str) -> bool:
    """Whether a text would come apart beside `*` or `/`: it has an operator outside of parentheses."""
    depth = 0
    for i, c in enumerate(text):
        depth += (c == "(") - (c == ")")
        if depth == 0 and c in "+-<>=" and i:
            return True
    return False


def without_unit(value: Typed) -> tuple[str, tuple[Edit, ...]]:
    """A quantity divided by its unit."""
    unit = EXAMPLE.get(value.kind.dimension)
    if unit is None:
        return "divide it by its unit first", ()
    written = f"{value.span.text} / 1 {unit}"
    return f"divide by its unit: `{written}`", (Edit(value.span, written),)
