"""Rows of a `table` in the manner of other languages: `1..8: 5`, `<= 8: 5`, `(1, 5)`, `else: 2`."""

from __future__ import annotations

import re
from collections.abc import Iterator

from smartgen.language.mistakes.operands import closing, unclosed
from smartgen.language.mistakes.spot import Change, Repair, Spot

_ROW = re.compile(r"([0-9.]+|\"[^\"]*\")\s*:\s*((?:[^,(){}:]|\([^()]*\))+?)\s*(?=,|$|\s[0-9.\"_a-z]+\s*:)")
_BELOW, _ABOVE = ("<", "<="), (">", ">=", "==")


def matched(spot: Spot) -> Iterator[Repair]:
    """`match batch.size { 1 => 8, _ => 4 }`: a lookup is a `table`."""
    word = spot.near(-1)
    if word is None or word.text not in ("match", "switch", "case", "select", "lookup") or spot.statement == word.text:
        return
    brace = next((i for i in range(spot.at, min(spot.at + 8, len(spot.lexemes))) if spot.lexemes[i].text == "{"), None)
    close = closing(spot.lexemes, brace) if brace is not None else None
    if brace is None or close is None or brace == spot.at:
        return
    inside = re.sub(r"\bcase\s+|[;\n]", " ", spot.text[spot.lexemes[brace].end : spot.lexemes[close].start])
    found = _ROW.findall(inside.replace("=>", ":").replace("->", ":"))
    if not found or any(not value.strip() for _, value in found):
        return
    key = spot.slice(spot.at, brace - 1).strip("()")
    written = f"table({key}, {', '.join(f'{name}: {value.strip()}' for name, value in found)})"
    start, end = word.start, spot.lexemes[close].end
    yield Repair("SG007", f"there is no `{word.text}`", start, end, f"write `{written}`", ((start, end, written),))


def rows(spot: Spot) -> Iterator[Repair]:
    """Where a key and its value are due."""
    here, opened = spot.near(0), unclosed(spot.lexemes, spot.at)
    opened = _table(spot, spot.at) if opened is None or spot.lexemes[opened - 1].text != "table" else opened
    if here is None or opened is None or not opened or spot.lexemes[opened - 1].text != "table":
        return
    message = "a row of `table` says from where on it holds"
    before, number = spot.near(-1), spot.near(1)
    if here.text in ("..", "-") and before is not None and before.sort == "number" and spot.word(2) == ":":
        yield spot.remove("SG111", message, f"write `{before.text}: ...`", 2)
    if here.text in (*_BELOW, *_ABOVE) and number is not None and number.sort == "number" and spot.word(2) == ":":
        key = number.text if here.text in _ABOVE else _key_before(spot, opened)
        yield spot.replace("SG111", message, key, f"write `{key}: ...`", 2)
    if here.text == ":" and spot.word(-1) == ")" and spot.word(-3) == "(":
        key = spot.word(-2)
        yield spot.replace("SG111", "a key of `table` is a number or a text", key, f"write `{key}: ...`", 3, -3)
    first = spot.near(-3)
    if here.text == ":" and spot.word(-2) == "-" and first is not None and first.sort == "number":
        yield spot.replace("SG111", message, first.text, f"write `{first.text}: ...`", 3, -3)
    if here.text == ":" and spot.word(-2) in ("and", "or") and before is not None and before.sort == "number":
        yield spot.replace("SG007", "the rows of a table are separated by `,`", ",", "write `,`", 1, -2)
    if here.text == "else" and spot.word(1) == ":" and spot.word(-1) == ",":
        close = closing(spot.lexemes, opened)
        if close is not None:
            change = (spot.lexemes[spot.at - 1].start, spot.lexemes[close].start, "")
            fix = "remove it: from its last key on the last row holds"
            yield Repair("SG111", "a table has no row `else`", here.start, spot.lexemes[close - 1].end, fix, (change,))
    yield from _pairs(spot, message)


def _table(spot: Spot, end: int) -> int | None:
    """Index of the parenthesis of the `table` around the one that is open at `end`."""
    inner = unclosed(spot.lexemes, end)
    outer = unclosed(spot.lexemes, inner) if inner is not None else None
    return outer if outer and spot.lexemes[outer - 1].text == "table" and inner is not None else None


def _key_before(spot: Spot, opened: int) -> str:
    """Up to where the row before was to hold, 0 for the first."""
    bounds = [x.text for x in spot.lexemes[opened : spot.at] if x.sort == "number"]
    signs = [i for i in range(opened, spot.at) if spot.lexemes[i].text == ":"]
    return bounds[-2] if len(signs) > 1 and len(bounds) > 1 else "0"


def _pairs(spot: Spot, message: str) -> Iterator[Repair]:
    """`(1, 5), (8, 3)`, from the first comma on."""
    at = unclosed(spot.lexemes, spot.at)
    if spot.here != "," or at is None or spot.lexemes[at].start != spot.lexemes[spot.at - 2].start:
        return
    changes, first, last, i = list[Change](), at, at, at
    while i < len(spot.lexemes) and spot.lexemes[i].text == "(":
        close = closing(spot.lexemes, i)
        if close is None or spot.lexemes[i + 2].text != "," or spot.lexemes[i + 1].sort != "number":
            break
        pair = (spot.lexemes[i], spot.lexemes[i + 2], spot.lexemes[close])
        changes += [
            (pair[0].start, pair[0].end, ""),
            (pair[1].start, pair[1].end, ":"),
            (pair[2].start, pair[2].end, ""),
        ]
        last, i = close, close + 2
    if changes:
        start, end = spot.lexemes[first].start, spot.lexemes[last].end
        written = spot.text[start:end]
        for begin, stop, text in sorted(changes, reverse=True):
            written = written[: begin - start] + text + written[stop - start :]
        yield Repair("SG111", message, start, end, f"write `{written}`", tuple(changes))
