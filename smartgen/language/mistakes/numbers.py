"""What stands right behind a number: units, other units, and digits in groups."""

from __future__ import annotations

import re
from collections.abc import Iterator

from smartgen.language.mistakes.spot import Repair, Spot
from smartgen.language.nearest import misspelt
from smartgen.language.units import SPELT, UNITS
from smartgen.language.words import EXTENTS, KEYWORDS, STATEMENTS

_LARGER = {"kW": (1e3, "W"), "MJ": (1e6, "J"), "Wh": (3600, "J"), "day": (24, "h"), "days": (24, "h")}
_PREFIXES = {"k": 1e3, "K": 1e3, "M": 1e6, "G": 1e9}


def _larger(name: str) -> tuple[float, str] | None:
    """How many of which unit a larger one is: `kW`, `ktok`."""
    base = SPELT.get(name[1:].lower(), name[1:])
    plain = base in UNITS and len(base) > 1 and name.lower() not in (*SPELT, *(known.lower() for known in UNITS))
    return _LARGER.get(name) or ((_PREFIXES[name[0]], base) if plain and name[0] in _PREFIXES else None)


def unit(spot: Spot) -> Iterator[Repair]:
    """A word right behind a number, on its line."""
    here, number = spot.near(0), spot.near(-1)
    behind = (
        here is not None and number is not None and not here.first and (number.sort == "name" or number.text == ")")
    )
    unit = here is not None and here.text in UNITS and not spot.declares(here.text)
    inside = spot.near(-2)
    if unit and inside is not None and inside.sort == "number" and (spot.word(-3), spot.word(-1)) == ("(", ")"):
        whole = f"{inside.text} {spot.here}"  # `(40) ms`
        yield spot.replace("SG004", "a unit stands right behind its number", whole, "", 4, -3)
    if unit and number is not None and number.sort == "text" and re.fullmatch(r'"[0-9.]+"', number.text):
        whole = f"{number.text[1:-1]} {spot.here}"
        yield spot.replace("SG016", "numbers stand without quotes", whole, "", 2, -1)
    if here is not None and behind and unit and "PLUS" in spot.accepts and spot.word(1) != "(":
        yield spot.remove("SG004", f"`{here.text}` is a unit, and units stand behind numbers", f"remove `{here.text}`")
    if here is None or not here.word or number is None or number.sort != "number" or here.first:
        return
    name = here.text
    if name in STATEMENTS or "." in name or name in ("if", "for"):
        return
    if re.fullmatch(r"_[0-9_]+", name) and here.start == number.end:
        written = number.text + name.replace("_", "")
        yield spot.replace("SG010", "digits are written without `_`", written, "", 2, -1)
    if re.fullmatch(r"[lIOo]+[0-9lIOo]*", name) and here.start == number.end:
        written = number.text + name.translate(str.maketrans("lIOo", "1100"))
        yield spot.replace("SG010", "this number has letters in the place of digits", written, "", 2, -1)
    thousands = {"k": 1000, "K": 1000, "m": 10**6, "M": 10**6}.get(name)
    if thousands and here.start == number.end:
        written = f"{float(number.text) * thousands:.0f}"
        yield spot.replace("SG010", "a number is written out", written, "", 2, -1)
    if name in ("nodes", "of", "per", "node", "candidates", "for", "each") and spot.statement in ("expand", "verify"):
        return
    if re.match(r"^[xX][0-9a-fA-F]+$", name) and number.text == "0":
        yield spot.replace("SG010", "numbers are decimal", str(int(name[1:], 16)), "", 2, -1)
    below = SPELT.get(spot.word(1).lower()) or (spot.word(1) if spot.word(1) in UNITS else None)
    if name in ("per", "a", "each") and below and below != "req" and re.search("[a-zA-Z]$", number.text):
        written = f"{number.text}/{below}"
        yield spot.replace("SG004", "one unit stands below another", written, "", 3, -1)
    parts = next(((a, b) for a in UNITS for b in UNITS if a + b == name and a != b), None)
    if parts is not None and name not in (*UNITS, *SPELT):
        written = f"{number.text} {parts[0]}/{parts[1]}"
        yield spot.replace("SG004", f"there is no unit `{name}`", written, "", 2, -1)
    if name in ("percent", "pct"):
        written = f"{float(number.text) / 100:.6g}"
        yield spot.replace("SG010", "percentages are written as fractions", written, "", 2, -1)
    if (larger := _larger(name)) is not None:
        factor, base = larger
        written = f"{float(number.text) * factor:g} {base}"
        yield spot.replace("SG004", f"there is no unit `{name}`", written, "", 2, -1)
    meant = (
        SPELT.get(name.lower()) or next((u for u in UNITS if u.lower() == name.lower()), None) or misspelt(name, UNITS)
    )
    if name not in KEYWORDS and meant:
        change = (here.start, here.end, meant)
        help = f"write `{number.text} {meant}`"
        counted = spot.word(-2) in ("best", "..", *EXTENTS)
        if counted and name.lower() in ("token", "tokens", "toks"):
            yield spot.remove("SG004", "a count has no unit", f"write `{number.text}`")
        yield Repair("SG004", f"there is no unit `{name}`", here.start, here.end, help, (change,))


def decimal_comma(spot: Spot) -> Iterator[Repair]:
    """`0,5`, `1,000`."""
    here, before, following = spot.near(0), spot.near(-1), spot.near(1)
    if here is None or before is None:
        return
    digits = following is not None and following.sort == "number" and following.start == here.end
    if here.text == "," and spot.wants_operand and digits:
        yield spot.replace("SG010", "the decimal sign is a point", f"0.{spot.word(1)}", "", 2)
    if (
        here.text == ","
        and before.sort == "number"
        and following is not None
        and following.sort == "number"
        and following.start == here.end == before.end + 1
    ):
        thousands = re.fullmatch(r"[0-9]{3}(\s*\w+)?", following.text) and not before.text.startswith("0")
        written = before.text + ("" if thousands else ".") + following.text
        message = "digits are written without `,`" if thousands else "the decimal sign is a point"
        yield spot.replace("SG010", message, written, "", 3, -1)
