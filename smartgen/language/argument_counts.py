"""A function that exists, called with too few arguments or too many."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smartgen.language import syntax as s
from smartgen.language.decimal_commas import decimal_comma
from smartgen.language.functions import FUNCTIONS
from smartgen.language.program import Axis
from smartgen.language.signals import MONOTONE, SIGNALS
from smartgen.language.source import Edit, Span
from smartgen.language.types import PLACES_OF_NODES, Typed

if TYPE_CHECKING:
    from smartgen.language.expressions import Broken, Typer


def plain(typer: Typer, e: s.Call, least: int, most: int) -> list[Typed]:
    """The arguments of a call that takes `least` to `most` of them, by place. Raises Broken for any other call."""
    named = next((argument for argument in e.arguments if argument.label is not None), None)
    joined = f"{named.label.span.text}.{named.value.span.text}" if named is not None and named.label is not None else ""
    if named is not None and joined in SIGNALS:
        raise typer.replaced("SG016", "parts of a name are joined by a point", named.span, joined)
    if named is not None:
        raise typer.replaced("SG111", f"`{e.name.text}` takes no named argument", named.span, named.value.span.text)
    if not least <= len(e.arguments) <= most:
        raise wrong_count(typer, e, least, most)
    return typer.all(argument.value for argument in e.arguments)


def wrong_count(typer: Typer, e: s.Call, least: int, most: int) -> Broken:
    """The finding about a call with fewer arguments than `least` or more than `most`."""
    name, given = e.name.text, len(e.arguments)
    wanted = str(least) if least == most else f"{least} or more" if most > 90 else f"{least} to {most}"
    message = f"`{name}` takes {wanted} argument{'s' * (wanted != '1')}, here {'is' if given == 1 else 'are'} {given}"
    comma = decimal_comma(e.arguments)
    if given > most and comma is not None:
        return typer.replaced("SG010", "the decimal sign is a point", comma[0], comma[1])
    if given > most and (meant := _meant(e)) is not None:
        place, written = meant
        fix = f"write `{written}`" if place == e.span else f"write `{name}({written})`"
        return typer.replaced("SG111", message, place, written, fix)
    if given > most:
        extra = Span(e.span.source, e.arguments[most - 1].span.end, e.arguments[-1].span.end)
        kept = f"{e.span.source.text[e.span.start : extra.start]})"
        return typer.fail("SG111", message, e.span, f"write `{kept}`", edits=(Edit(extra, ""),))
    moved = _closed_late(e, least, most)
    if moved is not None:
        inner = e.arguments[0].value
        return typer.fail("SG111", message, inner.span, f"write `{moved}`", edits=(Edit(e.span, moved),))
    if name in ("min", "max") and given == 1:
        return _extreme_of_one(typer, e, message)
    form = FUNCTIONS[name].form if name in FUNCTIONS else f"{name}(x)"
    edits: tuple[Edit, ...] = ()
    if name == "clip":
        end = Span(e.span.source, e.arguments[-1].span.end, e.arguments[-1].span.end)
        edits = (Edit(end, ", 0, 1" if given == 1 else ", 1"),)
    return typer.fail("SG111", message, e.span, f"it is `{form}`", edits=edits)


_OF_TWO = {"log": "(log({0}) / log({1}))", "floor": "floor({0} / {1})"}  # as other languages have them


def _meant(e: s.Call) -> tuple[Span, str] | None:
    """(where, what is written there) of a call that makes sense with its further arguments; None of any other."""
    given, first = tuple(argument.span.text for argument in e.arguments), e.arguments[0]
    if any(argument.label is not None for argument in e.arguments):
        return None
    if e.name.text in _OF_TWO and len(given) == 2:
        return e.span, _OF_TWO[e.name.text].format(*given)
    inside = first.span.to(e.arguments[-1].span)
    if e.name.text == "path" and isinstance(first.value, s.Call) and first.value.name.text == "calibrated":
        return inside, f"{given[0].rstrip()[:-1]}, {', '.join(given[1:])})"  # `path(calibrated(node.prob), node.rank)`
    names = [argument.value.span.text for argument in e.arguments]
    if e.name.text == "path" and names[0] in MONOTONE and all(name in SIGNALS for name in names):
        return inside, f"calibrated({inside.text})"
    return None


def _extreme_of_one(typer: Typer, e: s.Call, message: str) -> Broken:
    """`max(x)`: the largest over nodes, or x itself where it has one value."""
    name, argument = e.name.text, e.arguments[0].value.span.text
    group, _, read = argument.partition(".")
    if group in ("layer", "frontier", "tree") and f"node.{read}" in SIGNALS:
        return typer.replaced("SG111", message, e.span, f"{group}.{name}(node.{read})")
    if group in ("layer", "frontier", "tree") and typer.benefit is not None and read == typer.benefit[0]:
        return typer.replaced("SG111", message, e.span, f"{group}.{name}({read})")
    known = SIGNALS.get(argument)
    if known is not None and known.axis <= Axis.STEP:
        return typer.replaced("SG111", message, e.span, argument)
    second = f"or give `{name}` a second argument"
    if typer.place.word == "`expand ... where`" and known is not None and known.axis is Axis.NODE:
        return typer.replaced("SG111", message, e.span, f"layer.{name}({argument})")
    if typer.place.word in PLACES_OF_NODES:
        return typer.replaced("SG111", message, e.span, argument, f"write `{argument}`, {second}")
    help = f"write `layer.{name}(...)` for the nodes of the newest layer, {second}"
    return typer.fail("SG111", message, e.name.span, help, edits=(Edit(e.name.span, f"layer.{name}"),))


def _closed_late(e: s.Call, least: int, most: int) -> str | None:
    """`clip(floor(x, 1, 8))` with its parenthesis moved: what the inner call cannot take belongs to the outer one."""
    inner = e.arguments[0].value if len(e.arguments) == 1 else None
    if not isinstance(inner, s.Call) or inner.name.text not in FUNCTIONS:
        return None
    own = FUNCTIONS[inner.name.text].most
    values = [argument.span.text for argument in inner.arguments]
    if not least <= 1 + len(values) - own <= most or own >= len(values):
        return None
    return f"{e.name.text}({inner.name.text}({', '.join(values[:own])}), {', '.join(values[own:])})"
