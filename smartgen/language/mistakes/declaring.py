"""`param NAME: TYPE = value` with one of its parts missing, misplaced or of another language."""

from __future__ import annotations

import re
from collections.abc import Iterator

from smartgen.language.mistakes.naming import BEFORE_NAMES, joined_name
from smartgen.language.mistakes.spot import Repair, Spot
from smartgen.language.nearest import closest
from smartgen.language.units import SPELT
from smartgen.language.words import TYPES


def param(spot: Spot) -> Iterator[Repair]:
    """`param NAME: TYPE = value`."""
    if spot.statement != "param" or spot.at - spot.begun > 6:
        return
    here, before = spot.near(0), spot.word(-1)
    if spot.accepts == {"COLON"} and here is not None and (here.first or spot.ends):
        name, written = spot.lexemes[spot.at - 1], f"{before}: number = 1"
        change = (name.start, name.end, written)
        message = f"`{before}` has no type and no value"
        yield Repair("SG005", message, name.start, name.end, f"write `param {written}`", (change,))
    if spot.accepts == {"COLON"} and here is not None:
        yield from _no_type(spot, before)
    if spot.accepts == {"NAME"} and before == ":" and here is not None and here.word:
        yield spot.replace(
            "SG210", f"there is no type `{here.text}`", SPELT.get(here.text) or closest(here.text, TYPES) or "number"
        )
    if spot.accepts == {"NAME"} and before == ":" and here is not None and here.text == "=":
        kind = type_of(spot, spot.at + 1)
        yield spot.insert("SG005", "this param has no type", kind, f"write `: {kind} = ...`")
    if "EQUAL" in spot.accepts and here is not None and here.text == "per" and spot.word(2) == "=":
        below = SPELT.get(spot.word(1), spot.word(1))
        yield spot.replace("SG004", "one unit stands below another", f"/{below}", f"write `{before}/{below}`", 2)
    bounded = here is not None and here.text in (">=", "<=", ">", "<", "in") and spot.word(2) == "="
    if "EQUAL" in spot.accepts and bounded:
        yield spot.remove("SG008", "a param has a type and no bounds", f"write `: {before} = ...`", 2)
    if "EQUAL" in spot.accepts:
        yield from _no_value(spot, before)


def _no_type(spot: Spot, written: str) -> Iterator[Repair]:
    here = spot.lexemes[spot.at]
    if here.word and not here.first and spot.word(1) == ":" and written.isidentifier() and written not in BEFORE_NAMES:
        joined = f"{written}_{here.text}"  # `param max nodes: count`
        yield spot.replace("SG017", "a name has no space", joined, f"write `param {joined}: ...`", 2, -1)
    if written in (*TYPES, "int", "float", "bool", "str") and here.sort == "name" and spot.word(1) == "=":
        kind = {"int": "count", "float": "number", "bool": "flag", "str": "text"}.get(written, written)
        swapped = f"{here.text}: {kind}"
        yield spot.replace("SG005", "the type stands behind the name", swapped, f"write `param {swapped} = ...`", 2, -1)
    if here.text == "(" and spot.word(2) == ")":
        kind = spot.word(1)
        yield spot.replace(
            "SG008", "a type stands behind a `:`", f": {kind}", f"write `param {written}: {kind} = ...`", 3
        )
    if written in BEFORE_NAMES and here.sort == "name" and spot.word(1) in (":", "="):
        fix = f"write `param {here.text}: ...`"
        yield spot.remove("SG008", f"`{written}` does not stand before a name", fix, 1, -1)
    yield from joined_name(spot, ":")
    behind = spot.near(3)
    if here.text == "=" and spot.word(2) == ":" and behind is not None and behind.sort == "name":
        swapped = f": {behind.text} = {spot.word(1)}"
        message = "the type stands before the value"
        yield spot.replace("SG018", message, swapped, f"write `param {written}{swapped}`", 4)
    if here.text in ("=", "=="):
        kind = type_of(spot, spot.at + 1)
        change = (here.start, here.end, f": {kind} =")
        help = f"write `param {written}: {kind} = ...`"
        before = spot.lexemes[spot.at - 1]
        changes = ((before.end, here.start, ""), change)
        yield Repair("SG005", f"`{written}` has no type", before.start, before.end, help, changes)
    if here.word and (here.text in TYPES or spot.word(1) in ("=", "/")):
        yield spot.insert(
            "SG005", f"`:` is missing behind `{written}`", ":", f"write `param {written}: {here.text} = ...`"
        )


def _no_value(spot: Spot, before: str) -> Iterator[Repair]:
    here = spot.near(0)
    name = spot.lexemes[spot.begun + 1].text if spot.begun + 1 < len(spot.lexemes) else ""
    if spot.ends or (here is not None and here.first):
        value = {"prob": "1.0", "flag": "false", "text": '""', "count": "1", "number": "1"}.get(before, f"1 {before}")
        last = spot.lexemes[spot.at - 1]
        change = (last.end, last.end, f" = {value}")
        first = spot.lexemes[spot.begun]
        yield Repair(
            "SG009", f"`param {name}` has no value", first.start, last.end, f"write `= {value}` behind it", (change,)
        )
    elif here is not None and here.text in ("==", ":", "is", "default"):
        yield spot.replace("SG008", "a param is given its value with `=`", "=", "write `=`")
    elif here is not None:
        yield spot.insert(
            "SG008", f"`=` is missing behind `param {name}: {before}`", "=", f"write `param {name}: {before} = ...`"
        )


def type_of(spot: Spot, index: int) -> str:
    """The type that the value at `index` would have."""
    value = spot.lexemes[index] if index < len(spot.lexemes) else None
    if value is not None and value.sort == "text":
        return "text"
    if value is not None and value.text in ("true", "false"):
        return "flag"
    found = re.fullmatch(r"([0-9.eE+-]+?)\s*([A-Za-z/]*)", value.text) if value and value.sort == "number" else None
    if found is None:
        return "number"
    number, unit = found.groups()
    if unit:
        return str(unit)
    return "count" if "." not in number and number not in ("0", "1") else "prob" if float(number) <= 1 else "number"
