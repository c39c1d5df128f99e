"""Two units that are added, subtracted or compared and do not go together: what each such pair was meant to be.

Readings of the pair are tried in order; what is known exactly comes before what is guessed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from smartgen.language import syntax as s
from smartgen.language.program import Const
from smartgen.language.signals import TOTALS
from smartgen.language.source import Edit, Span
from smartgen.language.types import Typed
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
from smartgen.language.units import EXAMPLE, MONEY, POWER, TIME, TOKEN, TOTAL_OF

if TYPE_CHECKING:
    from smartgen.language.expressions import Typer

_LATELY = {POWER: "run.power", TOKEN / TIME: "run.rate"}  # of recent steps
_LEAST_POWER = 20.0  # watts: no machine draws less, the unit is the mistake
_SPOKEN = {"energy": r"joule|energy|watt|power", "money": r"money|dollar|usd|price", "time": r"time|second|throughput|fast"}
VERBS = {"+": ("add", "to"), "-": ("subtract", "from")}

Meant = tuple[str, tuple[Edit, ...]]  # help, edits
Fix = tuple[str, str, tuple[Edit, ...]]  # code, help, edits


@dataclass(frozen=True)
class Clash:
    """An operation `e` whose sides have units that it cannot take."""

    typer: Typer
    e: s.Binary
    left: Typed
    right: Typed

    @property
    def adds(self) -> bool:
        """Whether the sides are added or subtracted; else they are compared."""
        return self.e.op in VERBS

    @property
    def in_cost(self) -> bool:
        return self.typer.place.word == "`cost`"

    @property
    def code(self) -> str:
        return "SG203" if self.adds else "SG202"

    @property
    def ways(self) -> Iterator[tuple[s.Expression, Typed, Typed]]:
        """(expression, its type, the type of the other side), of both sides."""
        yield self.e.left, self.left, self.right
        yield self.e.right, self.right, self.left

    @property
    def rate(self) -> tuple[Typed, Typed] | None:
        """The side that is so much a second of what the other one is, and the other one."""
        pairs = ((self.right, self.left), (self.left, self.right))
        return next((pair for pair in pairs if pair[0].kind.dimension * TIME == pair[1].kind.dimension), None)


def answer(clash: Clash) -> Fix:
    """The first reading that fits; where none does, what is to be brought together."""
    for reading in _READINGS:
        found = reading(clash)
        if found is not None:
            return found
    sides = "both" if clash.adds else "both sides"
    return clash.code, f"bring {sides} to one unit: the left is {clash.left.kind}, the right {clash.right.kind}", ()


# -- numbers, totals and rates ---------------------------------------------------------------------------------------
def _lately(it: Clash) -> Fix | None:
    """`when energy > 300 W`: what a total was a second, lately."""
    if it.rate is None or it.typer.place.word not in ("`when`", "a count"):
        return None
    rate, total = it.rate
    known = _LATELY.get(rate.kind.dimension)
    if known is None or total.span.text not in TOTALS:
        return None
    return "SG202", f"write `{known}`", (Edit(total.span, known),)


def _literal(it: Clash) -> Fix | None:
    found = literal_fix(it.typer, it.left, it.right)
    return ("SG202", *found) if found else None


def _total_meant(it: Clash) -> Fix | None:
    found = None if it.adds else other_total(it.typer, it.left, it.right) or other_total(it.typer, it.right, it.left)
    return ("SG202", *found) if found else None


def _over_time(it: Clash) -> Fix | None:
    """`energy <= 300 W`."""
    if it.rate is None or it.adds:
        return None
    rate, total = it.rate
    if rate.kind.dimension not in (POWER, MONEY / TIME) or total.span.text not in TOTALS:
        return None
    if isinstance(rate.code, Const) and float(rate.code.value) < _LEAST_POWER:
        return None
    return "SG202", f"write `{grouped(rate.span)} * time`", (wrapped(rate.span, "", " * time"),)


def _swapped(it: Clash) -> Fix | None:
    found = None if it.adds else swapped(it.left, it.right) or swapped(it.right, it.left)
    return ("SG202", *found) if found else None


def _time_in_tokens(it: Clash) -> Fix | None:
    """A time beside tokens has a price in tokens."""
    ways = [way for way in it.ways if way[1].kind.dimension == TIME and way[2].kind.dimension == TOKEN]
    if not ways:
        return None
    e, time, tokens = ways[0]
    if (paid := _bare_factor(e)) is not None:  # `tokens - 60 * time`
        written = f"{paid.written} tok/s"
        return "SG204", f"write `{written}`", (Edit(paid.span, written),)
    price = f"run.rate * {grouped(time.span)}"
    if it.adds and it.in_cost:
        return "SG204", f"a cost is a time: `{grouped(tokens.span)} / run.rate`", (wrapped(tokens.span, "", " / run.rate"),)
    if it.adds:
        priced = f"{tokens.span.text} {it.e.op} {price}"
        return "SG204", f"price the time: `{priced}`", (wrapped(time.span, "run.rate * ", ""),)
    if isinstance(tokens.code, Const) and (number := LITERAL.fullmatch(tokens.span.text)):
        return "SG202", f"write `{number[1]} ms`", (Edit(tokens.span, f"{number[1]} ms"),)
    return "SG204", f"price the time: `{price}`", (wrapped(time.span, "run.rate * ", ""),)


def _bare_factor(e: s.Expression) -> s.Number | None:
    """The number without a unit that multiplies the rest."""
    if not isinstance(e, s.Binary) or e.op != "*":
        return None
    return next((side for side in (e.left, e.right) if isinstance(side, s.Number) and not side.unit and side.value >= 1), None)


def _counted_in_time(it: Clash) -> Fix | None:
    """`request.generated < 64 ms`: a number of tokens with the wrong unit."""
    for _, time, tokens in it.ways:
        number = LITERAL.fullmatch(time.span.text)
        signal = tokens.span.text.startswith(("request.", "batch.", "last."))
        if not it.adds and signal and number and (time.kind.dimension, tokens.kind.dimension) == (TIME, TOKEN):
            written = f"{number[1]} tok"
            return "SG202", f"write `{written}`", (Edit(time.span, written),)
    return None


# -- a factor, a unit, a declaration ---------------------------------------------------------------------------------
def _per_token(it: Clash) -> Fix | None:
    return None if it.adds else _either(it, per_token)


def _nodes_for_tokens(it: Clash) -> Fix | None:
    """`time <= tpot * tree.nodes`: nodes where tokens make the units fit."""
    for _, side, other in it.ways:
        named = re.search(r"(?<![\w.])(tree|layer|frontier|batch)\.nodes\b", side.span.text)
        alone = named is not None and named[0] == side.span.text  # else something was meant to be counted
        if named is None or side.kind.dimension * TOKEN != other.kind.dimension or (it.adds and not alone):
            continue
        written = "tokens" if named[1] == "batch" else f"{named[1]}.tokens"
        start = side.span.start + named.start()
        return "SG202", f"write `{written}`", (Edit(Span(side.span.source, start, start + len(named[0])), written),)
    return None


def _misdeclared(it: Clash) -> Fix | None:
    return _either(it, lambda e, side, other: misdeclared(it.typer, e, side, other))


def _spare_unit(it: Clash) -> Fix | None:
    return _either(it, spare_unit)


def _as_rate(it: Clash) -> Fix | None:
    found = None if it.adds else as_rate(it.left, it.right) or as_rate(it.right, it.left)
    return ("SG202", *found) if found else None


def _bare(it: Clash) -> Fix | None:
    """One side has no unit: its number gets one, or the other side is divided by its own."""
    way = next((way for way in it.ways if way[1].kind.dimension.bare), None)
    if way is None:
        return None
    e, _, other = way
    weight, one = factor(e, other), EXAMPLE.get(other.kind.dimension)
    if weight is not None:
        return it.code, *weight
    written = f"{grouped(other.span)} / 1 {one}"
    return ("SG202", f"divide by its unit: `{written}`", (wrapped(other.span, "", f" / 1 {one}"),)) if one else None


def _turned(it: Clash) -> Fix | None:
    return _either(it, lambda e, side, other: turned(it.typer, e, side, other))


def _either(it: Clash, reading: Callable[[s.Expression, Typed, Typed], Meant | None]) -> Fix | None:
    """A reading of either side in the light of the other."""
    found = next((found for way in it.ways if (found := reading(*way))), None)
    return (it.code, *found) if found else None


def _other_factor(it: Clash) -> Fix | None:
    """`tokens - run.rate * energy`: a product with another total than the one that makes the units fit."""
    for e, side, other in it.ways:
        factors = [e]
        while it.adds and factors:
            part = factors.pop()
            if isinstance(part, s.Binary) and part.op == "*":
                factors += [part.left, part.right]
            named = isinstance(part, s.Name) and part is not e and part.text in TOTALS
            due = it.typer.expression(part).kind.dimension * other.kind.dimension / side.kind.dimension if named else None
            if due in TOTAL_OF:
                return "SG203", f"write `{TOTAL_OF[due]}`", (Edit(part.span, TOTAL_OF[due]),)
    return None


# -- sums ------------------------------------------------------------------------------------------------------------
def _rate_added(it: Clash) -> Fix | None:
    """`tokens - run.rate` in an objective."""
    if it.rate is None or not it.adds or it.in_cost:
        return None
    rate, _ = it.rate
    return "SG203", f"write `{grouped(rate.span)} * time`", (wrapped(rate.span, "", " * time"),)


def _totals_added(it: Clash) -> Fix | None:
    """`maximize tokens / (time + energy)`: the total of which the comments speak, else the first."""
    names = (it.left.span.text, it.right.span.text)
    if it.e.op != "+" or it.typer.place.word != "`maximize`" or not {*names} <= TOTALS:
        return None
    comments = " ".join(re.findall(r"#([^\n]*)", it.typer.policy.span.source.text))
    said = [name for name in names if re.search(_SPOKEN.get(name, "^$"), comments, re.IGNORECASE)]
    kept = said[0] if len(said) == 1 else names[0]
    return "SG203", f"an objective weighs one of them: write `{kept}`", (Edit(it.e.span, kept),)


def _product(it: Clash) -> Fix | None:
    """`cost verifying = 300 W + profile.verify.time`."""
    if it.e.op != "+" or not it.in_cost or it.left.kind.dimension * it.right.kind.dimension not in TOTAL_OF:
        return None
    return "SG203", f"write `{it.left.span.text} * {it.right.span.text}`", (Edit(it.e.op_span, "*"),)


def _other_quantity(it: Clash) -> Fix | None:
    """`profile.verify.energy + 3 ms` in a cost of a policy that asks for time only."""
    goal = it.typer.policy.slots.maximize
    if not it.adds or not it.in_cost or goal is None:
        return None
    asked = re.findall(r"(?<![\w.])(?:time|energy)(?![\w.])", goal.span.text)
    for _, profiled, other in it.ways:
        named = re.fullmatch(r"profile\.(draft|verify)\.(time|energy)", profiled.span.text)
        total = TOTAL_OF.get(other.kind.dimension)
        if named is not None and total in asked and named[2] not in asked:
            written = f"profile.{named[1]}.{total}"
            return "SG203", f"write `{written}`", (Edit(profiled.span, written),)
    return None


def _other_unit(it: Clash) -> Fix | None:
    """`cost verifying = profile.verify.energy + 0.3 W`: a number whose unit no cost has."""
    for _, side, other in it.ways:
        number, due = LITERAL.fullmatch(side.span.text), EXAMPLE.get(other.kind.dimension)
        if it.adds and it.in_cost and number and number[2] and due and side.kind.dimension not in TOTAL_OF:
            return "SG203", f"write `{number[1]} {due}`", (Edit(side.span, f"{number[1]} {due}"),)
    return None


def _two_costs(it: Clash) -> Fix | None:
    """`cost step = a + b` as two lines."""
    if not it.adds or not it.in_cost:
        return None
    cost, edits = it.typer.place.statement, tuple[Edit, ...]()
    if isinstance(cost, s.Cost) and cost.value is it.e and it.e.op == "+" and not it.e.span.source.is_yaml:
        between = Span(it.e.span.source, it.left.span.end, it.right.span.start)
        symbol = it.right.kind.dimension.symbol
        edits = (Edit(between, f"\n  cost {cost.name.text}_{symbol if symbol.isalnum() else 'more'} = "),)
    return "SG203", "put them in separate `cost` lines; each joins the total of its unit", edits


_READINGS: tuple[Callable[[Clash], Fix | None], ...] = (
    _lately,
    _literal,
    _total_meant,
    _over_time,
    _swapped,
    _counted_in_time,
    _time_in_tokens,
    _per_token,
    _nodes_for_tokens,
    _misdeclared,
    _spare_unit,
    _as_rate,
    _bare,
    _turned,
    _other_factor,
    _rate_added,
    _totals_added,
    _product,
    _other_quantity,
    _other_unit,
    _two_costs,
)
