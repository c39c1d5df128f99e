"""Words of queries: `CASE WHEN a THEN b ELSE c END`, `LIKE "%head%"`, `ORDER BY ... DESC`, `IS NULL`."""

from __future__ import annotations

import re
from collections.abc import Iterator

from smartgen.language.mistakes.operands import statement_last
from smartgen.language.mistakes.spot import Repair, Spot

_CASE = re.compile(r"\bcase\b\s*(?P<rows>\bwhen\b.*?)(?:\belse\b\s*(?P<rest>.*?))?\s*\bend\b", re.I | re.S)
_ROW = re.compile(r"\bwhen\b\s*(.*?)\s*\bthen\b\s*(.*?)\s*(?=\bwhen\b|$)", re.I | re.S)


def query(spot: Spot) -> Iterator[Repair]:
    """What each of them is here."""
    here = spot.near(0)
    if here is None:
        return
    word = here.text.lower()
    if word == "like" and "COMPARE" in spot.accepts:
        yield from _like(spot)
    if word in ("desc", "descending") and not here.first:
        yield spot.remove("SG003", f"no `{here.text}` stands here", "remove it: the largest comes first")
    if word in ("asc", "ascending") and not here.first and spot.word(-2) == "by":
        written = f"-({spot.word(-1)})"
        yield spot.replace("SG003", f"no `{here.text}` stands here: the largest comes first", written, "", 2, -1)
    if spot.word(-1).lower() == "case" or word == "case":
        yield from _case(spot, spot.at - (word != "case"))


def _like(spot: Spot) -> Iterator[Repair]:
    text = spot.near(1)
    if text is not None and text.sort == "text":
        written = f'== "{text.text.strip(chr(34)).strip("%*")}"'
        yield spot.replace("SG007", f"there is no `{spot.here}`: texts are compared whole", written, "", 2)


def _case(spot: Spot, at: int) -> Iterator[Repair]:
    start = spot.lexemes[at].start
    found = _CASE.match(spot.text, start)
    rows = _ROW.findall(found.group("rows")) if found is not None else []
    if found is None or not rows or found.end() > start + 400:
        return
    rest = found.group("rest") or "0"
    written = " else ".join(f"if {' '.join(c.split())} then {' '.join(v.split())}" for c, v in rows)
    written = f"{written} else {' '.join(rest.split())}"
    whole = spot.text[spot.lexemes[at - 1].end : start].strip() == "" and spot.lexemes[at - 1].text in ("=", "(")
    last = statement_last(spot.lexemes, at)
    alone = whole and found.end() >= spot.lexemes[last].end
    written = written if alone else f"({written})"
    change = (start, found.end(), written)
    yield Repair("SG006", "there is no `case`", start, found.end(), f"write `{written}`", (change,))
