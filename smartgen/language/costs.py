"""`cost`: one time, energy or amount of money a pass or a step."""

from __future__ import annotations

import re

from smartgen.language import syntax as s
from smartgen.language.aggregate import aggregated
from smartgen.language.expressions import Place, Typer
from smartgen.language.intervals import Ranges
from smartgen.language.program import Axis, Const, CostTerm
from smartgen.language.signals import TOTALS
from smartgen.language.source import Edit, Span
from smartgen.language.types import AXIS_NAMES, Typed
from smartgen.language.unit_fixes import grouped, wrapped
from smartgen.language.units import ENERGY, MONEY, TIME, TOTAL_OF
from smartgen.language.values import typed

_DRAFTING = ("profile.draft.", "layer.", "frontier.")
_OF_SECONDS = 0.1  # a bare cost below it is one in seconds
_CHEAPEST = 0.05  # dollars of an hour, or watts: less is no price of a machine


def cost(typer: Typer, line: s.Cost) -> tuple[CostTerm, Typed] | None:
    """One time, energy or amount of money per step; None where it is broken."""
    found = typed(typer, line.value, Place("`cost`", statement=line))
    if found is None:
        return None
    total = TOTAL_OF.get(found.kind.dimension) if found.kind.base == "number" else None
    if total is None:
        message = f"a cost is a time, an energy or money, this is {found.kind}"
        fix, edits = _meant(typer, line.value, found)
        at = found.span if not edits or found.span.start <= edits[0].span.start < found.span.end else edits[0].span
        typer.findings.add("SG209", message, at, fix, edits=edits)
        return None
    if found.axis > Axis.STEP:
        message = f"a cost is one number per step, this is one per {AXIS_NAMES[found.axis]}"
        fix, edits = aggregated(typer, line.value, Axis.STEP, "tree", adds="profile." not in found.span.text)
        typer.findings.add("SG302", message, found.span, fix, edits=edits)
        return None
    if Ranges(typer.sites).of(found.code)[1] < 0:
        signless = found.span.text.removeprefix("-").strip()
        edits = (Edit(found.span, signless),) if signless != found.span.text else ()
        message = "a cost is what something takes, and this is below 0"
        typer.findings.add("SG209", message, found.span, f"write `{signless}`" if edits else "turn its sign", edits=edits)
        return None
    if found.reads & TOTALS:
        message = f"a cost cannot read `{min(found.reads & TOTALS)}`: it is a part of a total"
        total = min(found.reads & TOTALS)
        inside = re.search(rf"(?<![\w.]){total}(?![\w.(])", found.span.text) if total in ("time", "energy") else None
        start = found.span.start + (inside.start() if inside is not None else 0)
        place = Span(found.span.source, start, start + len(total)) if inside is not None else found.span
        written = f"profile.verify.{total}" if inside is not None else "profile.verify.time"
        fix = f"read profile signals and counts: write `{written}`"
        typer.findings.add("SG314", message, found.span, fix, edits=(Edit(place, written),))
        return None
    per_pass = any(read.startswith(_DRAFTING) for read in found.reads)
    if per_pass and any(read.startswith("profile.verify.") for read in found.reads):
        message = "this cost mixes drafting, paid each pass, with verification, paid each step"
        typer.findings.add("SG314", message, found.span, "write two `cost` lines", edits=_two_lines(line))
        return None
    return CostTerm(line.name.text, found.code, total, "pass" if per_pass else "step"), found  # type: ignore[arg-type]


def _meant(typer: Typer, value: s.Expression, found: Typed) -> tuple[str, tuple[Edit, ...]]:
    """(help, edits) that make a cost of what is none: the unit of a time behind its numbers, or a profile's time."""
    number = found.kind.base == "number"
    bare = number and found.kind.dimension.bare
    if bare and (numbers := _first_numbers(value)):
        text, begins = found.span.text, found.span.start
        unit = "s" if all(0 < it.value < _OF_SECONDS for it in numbers) else "ms"
        for it in reversed(numbers):
            end = it.span.end - begins
            text = f"{text[:end]} {unit}{text[end:]}"
        return f"write `{text}`", tuple(Edit(it.span, f"{it.written} {unit}") for it in numbers)
    if number and any(found.kind.dimension == total * TIME for total in (MONEY, ENERGY)):  # `0.001 usd * time`
        per = value.right if isinstance(value, s.Binary) and value.op == "/" else None
        if isinstance(per, s.Number) and not per.unit:
            return f"write `{per.written} s`", (Edit(per.span, f"{per.written} s"),)
        if price := _price(typer, value):
            return f"write `{price.text}`", (price,)
        written = f"{grouped(found.span)} / 1 s"
        return f"divide by a time: `{written}`", (wrapped(found.span, "", " / 1 s"),)
    phase = "draft" if any(read.startswith(_DRAFTING) for read in found.reads) else "verify"
    written = f"{found.span.text} ms" if bare and isinstance(found.code, Const) else f"profile.{phase}.time"
    if number and found.kind.dimension * TIME in (MONEY, ENERGY):  # `2.50 usd/h`, `300 W`
        rate = found.span.text if isinstance(value, s.Number | s.Name | s.Call) else f"({found.span.text})"
        written = f"profile.{phase}.time * {rate}"
    return f"write `{written}`", (Edit(found.span, written),)


def _price(typer: Typer, value: s.Expression) -> Edit | None:
    """`profile.draft.time * 2.5 usd`: a number that somebody has to pay by the hour, or a power."""
    while isinstance(value, s.Binary) and value.op in ("*", "/"):
        value = value.right if isinstance(value.right, s.Number) and value.right.unit else value.left
    if isinstance(value, s.Name) and value.text in typer.policy.lets:  # `let rent = 2.4 usd`
        value = typer.policy.lets[value.text].value
    if not isinstance(value, s.Number) or float(value.written) < _CHEAPEST:
        return None
    due = {"usd": "usd/h", "J": "W", "kJ": "kW"}.get(value.unit)
    return None if due is None else Edit(value.span, f"{value.written} {due}")


def rated(line: s.Cost, total: str) -> Edit | None:
    """`65 * profile.verify.time` of a policy that asks for energy: the number is a power, or a price."""
    value, due = line.value, {"energy": "W", "money": "usd/h"}.get(total)
    if not isinstance(value, s.Binary) or value.op != "*" or due is None or "profile." not in value.span.text:
        return None
    number = next((side for side in (value.left, value.right) if isinstance(side, s.Number) and not side.unit), None)
    return None if number is None else Edit(number.span, f"{number.written} {due}")


def _first_numbers(value: s.Expression) -> tuple[s.Number, ...]:
    """The number that begins each term of a sum, in order: where a unit makes a time of it; empty if one has none."""
    if isinstance(value, s.Number):
        return (value,)
    if not isinstance(value, s.Binary) or value.op not in ("+", "-", "*", "/"):
        return ()
    left = _first_numbers(value.left)
    if value.op in ("*", "/"):
        return left or (_first_numbers(value.right) if value.op == "*" else ())
    right = _first_numbers(value.right)
    return (*left, *right) if left and right else ()


def _two_lines(line: s.Cost) -> tuple[Edit, ...]:
    value = line.value
    if not isinstance(value, s.Binary) or value.op != "+" or value.span.source.is_yaml:
        return ()
    between = Span(value.span.source, value.left.span.end, value.right.span.start)
    return (Edit(between, f"\n  cost {line.name.text}_2 = "),)
