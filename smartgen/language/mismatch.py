"""Two values that do not go together, and how they would."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from smartgen.language import syntax as s
from smartgen.language.diagnostics import Label
from smartgen.language.kinds import one_kind, unquoted
from smartgen.language.nearest import misspelt
from smartgen.language.program import Const, Read
from smartgen.language.signals import SOURCES, TOTALS
from smartgen.language.source import Edit, Span
from smartgen.language.types import Kind, Typed
from smartgen.language.unit_fixes import (
    LITERAL,
    as_rate,
    factor,
    grouped,
    literal_fix,
    misdeclared,
    other_total,
    per_token,
    spare_unit,
    swapped,
    turned,
    wrapped,
)
from smartgen.language.units import BARE, EXAMPLE, MONEY, POWER, TIME, TOKEN, TOTAL_OF

if TYPE_CHECKING:
    from smartgen.language.expressions import Broken, Typer

_LATELY = {POWER: "run.power", TOKEN / TIME: "run.rate"}  # of recent steps
_LEAST_POWER = 20.0  # watts
_SPOKEN = {"energy": r"joule|energy|watt|power", "money": r"money|dollar|usd|price", "time": r"time|second|throughput|fast"}
_VERBS = {"+": ("add", "to"), "-": ("subtract", "from")}
Fix = tuple[str, str, tuple[Edit, ...]]  # code, help, edits


def mismatch(typer: Typer, e: s.Binary, left: Typed, right: Typed) -> Broken:
    """Two units added, subtracted or compared."""
    verb, to = _VERBS.get(e.op, ("compare", "with"))
    first, second = (right, left) if e.op == "-" else (left, right)
    message = f"cannot {verb} {first.kind} {to} {second.kind}"
    code, fix, edits = _fix(typer, e, left, right)
    return _fail(typer, code, message, left, right, fix, edits)


def _fail(
    typer: Typer, code: str, message: str, left: Typed, right: Typed, fix: str, edits: tuple[Edit, ...]
) -> Broken:
    """Both operands get carets; the position is the one that the fix changes."""
    declared = next((p for p in typer.policy.params.values() if edits and _within(edits[0].span, p.span)), None)
    if declared is not None:
        also = (Label(left.span, short(left.kind)), Label(right.span, short(right.kind)))
        place = declared.type.span.to(declared.value.span)
        return typer.fail(code, f"{message}, as `{declared.name.text}` is declared", place, fix, "", also, edits)
    changed = edits and all(edit.span.start >= left.span.end for edit in edits)
    at, other = (right, left) if changed else (left, right)
    return typer.fail(code, message, at.span, fix, short(at.kind), (Label(other.span, short(other.kind)),), edits)


def _within(inner: Span, outer: Span) -> bool:
    return inner.source is outer.source and outer.start <= inner.start and inner.end <= outer.end


def _fix(typer: Typer, e: s.Binary, left: Typed, right: Typed) -> Fix:
    literal = literal_fix(typer, left, right)
    if literal is None and e.op not in _VERBS:
        literal = other_total(typer, left, right) or other_total(typer, right, left)
    priced = next((side for side, other in ((right, left), (left, right)) if _rate_of(side, other)), None)
    asked_earlier = typer.place.word in ("`when`", "a count")
    total = left if priced is right else right
    if priced is not None and asked_earlier and priced.kind.dimension in _LATELY and total.span.text in TOTALS:
        known = _LATELY[priced.kind.dimension]
        return "SG202", f"write `{known}`", (Edit(total.span, known),)
    a_rate = priced is not None and priced.kind.dimension in (POWER, MONEY / TIME) and total.span.text in TOTALS
    if a_rate and priced is not None and isinstance(priced.code, Const) and float(priced.code.value) < _LEAST_POWER:
        a_rate = False  # no machine draws so little: the unit is the mistake
    if literal is None and e.op not in _VERBS and priced is not None and a_rate:
        literal = f"write `{grouped(priced.span)} * time`", (wrapped(priced.span, "", " * time"),)
    if literal is None and e.op not in _VERBS:
        literal = swapped(left, right) or swapped(right, left)
    if literal:
        return ("SG202", *literal)
    dimensions = (left.kind.dimension, right.kind.dimension)
    if set(dimensions) == {TIME, TOKEN}:
        time, tokens = (left, right) if left.kind.dimension == TIME else (right, left)
        if (paid := _bare_factor(e.left if time is left else e.right)) is not None:  # `tokens - 60 * time`
            written = f"{paid.written} tok/s"
            return "SG204", f"write `{written}`", (Edit(paid.span, written),)
        edit = wrapped(time.span, "run.rate * ", "")
        price = f"run.rate * {grouped(time.span)}"
        if e.op in _VERBS:
            if typer.place.word == "`cost`":
                price = f"{grouped(tokens.span)} / run.rate"
                return "SG204", f"a cost is a time: `{price}`", (wrapped(tokens.span, "", " / run.rate"),)
            return "SG204", f"price the time: `{tokens.span.text} {e.op} {price}`", (edit,)
        if isinstance(tokens.code, Const) and (number := LITERAL.fullmatch(tokens.span.text)):
            return "SG202", f"write `{number[1]} ms`", (Edit(tokens.span, f"{number[1]} ms"),)
        return "SG204", f"price the time: `{price}`", (edit,)
    paced = per_token(e.left, left, right) or per_token(e.right, right, left)
    if paced and e.op not in _VERBS:
        return "SG202", *paced
    counted = _of_tokens(left, right) or _of_tokens(right, left)
    if counted and e.op not in _VERBS:
        return "SG202", *counted
    spare = misdeclared(typer, e.left, left, right) or misdeclared(typer, e.right, right, left)
    spare = spare or spare_unit(e.left, left, right) or spare_unit(e.right, right, left)
    if spare:
        return ("SG203" if e.op in _VERBS else "SG202", *spare)
    if e.op not in _VERBS:
        rate = as_rate(left, right) or as_rate(right, left)
        if rate:
            return ("SG202", *rate)
    bare = next((side for side in (left, right) if side.kind.dimension.bare), None)
    weight = factor(e.left if bare is left else e.right, left if bare is right else right) if bare else None
    if weight:
        return ("SG203" if e.op in _VERBS else "SG202", *weight)
    if bare is not None:
        other = right if bare is left else left
        one = EXAMPLE.get(other.kind.dimension)
        if one:
            written = f"{grouped(other.span)} / 1 {one}"
            return "SG202", f"divide by its unit: `{written}`", (wrapped(other.span, "", f" / 1 {one}"),)
    other_way = turned(typer, e.left, left, right) or turned(typer, e.right, right, left)
    if other_way:
        return ("SG203" if e.op in _VERBS else "SG202", *other_way)
    if priced is not None and e.op in _VERBS and typer.place.word != "`cost`":
        return "SG203", f"write `{grouped(priced.span)} * time`", (wrapped(priced.span, "", " * time"),)
    if e.op == "+" and typer.place.word == "`maximize`" and {left.span.text, right.span.text} <= TOTALS:
        kept = _said_of(typer, left, right)
        return "SG203", f"an objective weighs one of them: write `{kept}`", (Edit(e.span, kept),)
    if e.op in _VERBS and typer.place.word != "`cost`":
        return "SG203", f"bring both to one unit: the left is {left.kind}, the right {right.kind}", ()
    product = left.kind.dimension * right.kind.dimension
    if e.op == "+" and product in TOTAL_OF and typer.place.word == "`cost`":  # `300 W + profile.verify.time`
        written = f"{left.span.text} * {right.span.text}"
        return "SG203", f"write `{written}`", (Edit(e.op_span, "*"),)
    if e.op in _VERBS and (other_quantity := _of_policy(typer, left, right) or _of_policy(typer, right, left)):
        return "SG203", *other_quantity
    if e.op in _VERBS:
        return (
            "SG203",
            "put them in separate `cost` lines; each joins the total of its unit",
            _split(typer, e, left, right),
        )
    return "SG202", f"bring both sides to one unit: the left is {left.kind}, the right {right.kind}", ()


def _of_policy(typer: Typer, profiled: Typed, other: Typed) -> tuple[str, tuple[Edit, ...]] | None:
    """`profile.verify.energy + 3 ms` of a policy that asks for time only."""
    named = re.fullmatch(r"profile\.(draft|verify)\.(time|energy)", profiled.span.text)
    total = TOTAL_OF.get(other.kind.dimension)
    goal = typer.policy.slots.maximize
    asked = re.findall(r"(?<![\w.])(?:time|energy)(?![\w.])", goal.span.text) if goal is not None else []
    if named is None or total not in asked or named[2] in asked:
        return None
    written = f"profile.{named[1]}.{total}"
    return f"write `{written}`", (Edit(profiled.span, written),)


def _bare_factor(e: s.Expression) -> s.Number | None:
    """The number without a unit that multiplies the rest."""
    if not isinstance(e, s.Binary) or e.op != "*":
        return None
    return next((side for side in (e.left, e.right) if isinstance(side, s.Number) and not side.unit and side.value >= 1), None)


def _of_tokens(side: Typed, other: Typed) -> tuple[str, tuple[Edit, ...]] | None:
    """`time <= tpot * tree.nodes`: nodes where tokens make the units fit."""
    named = re.search(r"(?<![\w.])(tree|layer|frontier|batch)\.nodes\b", side.span.text)
    if named is None or side.kind.dimension * TOKEN != other.kind.dimension:
        return None
    written = "tokens" if named[1] == "batch" else f"{named[1]}.tokens"
    start = side.span.start + named.start()
    place = Span(side.span.source, start, start + len(named[0]))
    return f"write `{written}`", (Edit(place, written),)


def _said_of(typer: Typer, left: Typed, right: Typed) -> str:
    """Which of two totals the comments of a policy speak of; the first where they do not."""
    comments = " ".join(re.findall(r"#([^\n]*)", typer.policy.span.source.text))
    said = [name for name in (left.span.text, right.span.text) if re.search(_SPOKEN.get(name, "^$"), comments, re.IGNORECASE)]
    return said[0] if len(said) == 1 else left.span.text


def _rate_of(side: Typed, other: Typed) -> bool:
    """Whether it is so much a second of what the other one is."""
    return side.kind.dimension * TIME == other.kind.dimension


def _split(typer: Typer, e: s.Binary, left: Typed, right: Typed) -> tuple[Edit, ...]:
    """`cost step = a + b` as two lines."""
    cost = typer.place.statement
    if not isinstance(cost, s.Cost) or cost.value is not e or e.op != "+" or e.span.source.is_yaml:
        return ()
    between = Span(e.span.source, left.span.end, right.span.start)
    suffix = right.kind.dimension.symbol if right.kind.dimension.symbol.isalnum() else "more"
    return (Edit(between, f"\n  cost {cost.name.text}_{suffix} = "),)


def comparable(typer: Typer, e: s.Binary, left: Typed, right: Typed) -> None:
    """Raises Broken unless two values can be compared by `e.op`."""
    a, b = left.kind, right.kind
    if a.base != b.base:
        fix, edits = one_kind(e, left, right)
        raise _fail(typer, "SG201", f"cannot compare {a} with {b}", left, right, fix, edits)
    if a.base != "number" and e.op not in ("==", "!="):
        raise typer.replaced("SG201", f"{a} has no order", e.op_span, "==", "write `==` or `!=`")
    if a.dimension != b.dimension:
        raise mismatch(typer, e, left, right)
    for side, other in ((left, right), (right, left)):
        if isinstance(side.code, Const) and isinstance(side.code.value, str) and other.code == Read("node.source"):
            _known_source(typer, side, side.code.value)
    for side, other in ((left, right), (right, left)):
        if other.kind.prob and not isinstance(other.code, Const) and _no_probability(side):
            percent = float(side.span.text)
            written = f"{percent / 100:.6g}" if percent <= 100 else "1"
            message = f"{side.span.text} is not a probability, and this is compared with one"
            raise typer.replaced("SG205", message, side.span, written, f"a probability lies in 0..1: write `{written}`")


def _known_source(typer: Typer, side: Typed, written: str) -> None:
    """A warning: a drafter of one's own may have a name of its own."""
    near = misspelt(written, SOURCES)
    if written not in SOURCES and near is not None:
        message = f'no drafter that is known here calls itself "{written}"'
        edits = (Edit(side.span, f'"{near}"'),)
        typer.findings.add("SG905", message, side.span, f'did you mean "{near}"?', warning=True, edits=edits)


def _no_probability(side: Typed) -> bool:
    return isinstance(side.code, Const) and LITERAL.fullmatch(side.span.text) is not None and float(side.code.value) > 1


def differ(typer: Typer, a: Typed, b: Typed, what: str) -> Broken:
    """Alternatives (branches, rows, arguments) of different kinds."""
    literal = literal_fix(typer, a, b) or unquoted(a, b) or unquoted(b, a) or _counted(a, b) or _counted(b, a)
    fix, edits = literal or (
        "give both one unit" if a.kind.base == b.kind.base == "number" else "give both one kind",
        (),
    )
    message = f"{what} differ: {a.kind} and {b.kind}"
    return _fail(typer, "SG206", message, a, b, fix, edits)


def _counted(bare: Typed, due: Typed) -> tuple[str, tuple[Edit, ...]] | None:
    """`batch.size / time` beside tokens a second: a count stands for as many tokens."""
    if bare.kind.base != "number" or due.kind.base != "number":
        return None
    if bare.kind.dimension * TOKEN != due.kind.dimension:
        return None
    return f"write `1 tok * {grouped(bare.span)}`", (wrapped(bare.span, "1 tok * ", ""),)


def short(kind: Kind) -> str:
    """A few letters for under the carets."""
    if kind.base != "number":
        return kind.base
    return "no unit" if kind.dimension == BARE else kind.dimension.symbol
