"""Rows of a `table` as lists: keys and values apart, `[1, 8], [5, 3]`, a list of pairs, `[(1, 5), (8, 3)]`, or of values."""

from __future__ import annotations

import re

from smartgen.language.mistakes.operands import closing, unclosed
from smartgen.language.mistakes.spot import Lexemes, Repair


def row_lists(text: str, lexemes: Lexemes, index: int) -> Repair | None:
    """The rows that the list at `index`, and the one behind it, were meant to be; None where they are something else."""
    opened = unclosed(lexemes, index)
    if not opened or lexemes[opened - 1].text != "table":
        return None
    interval = re.match(r"[\[(]\s*([0-9.]+)\s*(?:,|\.\.|-)\s*[0-9.]+\s*[\])](?=\s*:)", text[lexemes[index].start :])
    if interval is not None:  # `[4, 63]: 2`
        change = (lexemes[index].start, lexemes[index].start + interval.end(), interval[1])
        message = "a row of `table` holds from its key on"
        return Repair("SG111", message, *change[:2], f"write `{interval[1]}: ...`", (change,))
    lists, at, end = list[list[str]](), index, index
    while at < len(lexemes) and lexemes[at].text == "[" and (close := closing(lexemes, at)) is not None:
        lists.append(_items(text[lexemes[at].end : lexemes[close].start]))
        end, at = close, close + 2 if close + 1 < len(lexemes) and lexemes[close + 1].text == "," else len(lexemes)
    if not lists or not all(lists):
        return None
    rows = (_columns(*lists) if len(lists) == 2 and not lists[0][0].startswith(("(", "[")) else None) or _pairs(lists)
    if not rows and len(lists) == 1 and len(lists[0]) > 1 and lexemes[index - 1].text == ",":
        rows = _numbered(lists[0], 0 if lexemes[index - 2].text == "node.rank" else 1)
    if not rows:
        return None
    written = ", ".join(f"{key}: {value}" for key, value in rows)
    span = (lexemes[index].start, lexemes[end].end)
    message = "there are no lists: a row of `table` is its key and its value"
    return Repair("SG111", message, *span, f"write `{written}`", ((*span, written),))


def _items(inside: str) -> list[str]:
    """What commas separate that stand in no bracket."""
    items, depth = [""], 0
    for sign in inside:
        depth += (sign in "([") - (sign in ")]")
        if sign == "," and depth == 0:
            items.append("")
        else:
            items[-1] += sign
    return [item.strip() for item in items if item.strip()]


def _columns(keys: list[str], values: list[str]) -> list[tuple[str, str]]:
    """Keys and values; one value more is what holds below the first key."""
    if len(values) == len(keys) + 1:
        keys = [re.sub(r"^[0-9.]+", "0", keys[0]), *keys]
    return list(zip(keys, values, strict=True)) if len(keys) == len(values) else []


def _pairs(lists: list[list[str]]) -> list[tuple[str, str]]:
    """`[(1, 5), (8, 3)]`, `[1: 5, 8: 3]`, `[1, 5], [8, 3]`."""
    items = [item for found in lists for item in found] if len(lists) == 1 else [", ".join(found) for found in lists]
    pairs = [re.fullmatch(r"[\[(]?\s*([\w.\" ]+?)\s*[:,]\s*(.+?)\s*[\])]?", item) for item in items]
    return [(pair[1], pair[2]) for pair in pairs if pair is not None] if all(pairs) else []


def _numbered(values: list[str], first: int) -> list[tuple[str, str]]:
    """`[0.6, 0.2]`: values alone, the first of them for `first`."""
    return [(str(key), value) for key, value in enumerate(values, first)]
