"""The count of `best`: words behind it, ranges that are none."""

from __future__ import annotations

import re
from collections.abc import Iterator

from smartgen.language.functions import AGGREGATES, FUNCTIONS
from smartgen.language.mistakes.operands import expression_last, statement_last
from smartgen.language.mistakes.spot import Repair, Spot
from smartgen.language.words import EXTENTS, KEYWORDS


def counted(spot: Spot) -> Iterator[Repair]:
    """What stands behind the count of `best`: a unit, the other end of a range."""
    here, before, statement = spot.lexemes[spot.at], spot.word(-1), spot.statement
    clause = any(x.text in ("where", "by", "maximizing") for x in spot.lexemes[spot.begun : spot.at])
    called = clause or before in FUNCTIONS or before.rpartition(".")[2] in AGGREGATES
    if not called and here.text in (
        "nodes",
        "tokens",
        "node",
        "candidates",
        "children",
        "leaves",
        "token",
        "draft",
        "per",
        "of",
        "for",
        "each",
        "a",
        "max",
        "maximum",
        "most",
    ):
        yield from _counted_what(spot)
    if before == "between" and here.sort == "number" and spot.word(1) in ("and", "to", ","):
        written = f"{here.text}..{spot.word(2)}"
        yield spot.replace("SG007", "a range has two points", written, f"write `{statement} best {written}`", 4, -1)
    if here.text == "if" and before != "best":
        yield from _by_condition(spot)
    if here.text in ("to", "-", ":", "until", "through", "upto", ","):
        yield from _range(spot)
    if before == "all" and here.sort == "number" and not here.first:
        help = f"write `{statement} best {here.text}`"
        yield spot.replace("SG006", "`all` takes no count", "best", help, 1, -1)
    if (
        here.sort == "number"
        and not here.first
        and spot.lexemes[spot.at - 1].sort == "number"
        and spot.word(-2) == "best"
    ):
        written = f"{before}..{here.text}"
        yield spot.replace("SG007", "a range has two points", written, f"write `{statement} best {written}`", 2, -1)
    if here.text == ".." and before == "best":
        written = f"0..{spot.word(1)}"
        yield spot.insert("SG010", "a range begins with a number", "0", f"write `{statement} best {written}`")
    if here.text == ".." and spot.word(-2) == "(" and spot.word(2) == ")":
        written = f"{before}..{spot.word(1)}"
        yield spot.replace(
            "SG007", "a range stands without parentheses", written, f"write `{statement} best {written}`", 5, -2
        )


def _counted_what(spot: Spot) -> Iterator[Repair]:
    """Words behind a count: `10 nodes`, `10 per batch`."""
    here = spot.lexemes[spot.at]
    last = spot.at
    while (
        last + 1 < len(spot.lexemes)
        and spot.lexemes[last + 1].word
        and not spot.lexemes[last + 1].first
        and (spot.lexemes[last + 1].text not in KEYWORDS or spot.lexemes[last + 1].text in EXTENTS)
    ):
        last += 1
    words = spot.slice(spot.at, last)
    count = last - spot.at + 1
    if re.search(r"\b(batch|all|total|together|step)\b", words):
        yield spot.replace(
            "SG004",
            f"`{here.text}` is not a word of the language",
            "pooled",
            "one count for all rows of the batch is `pooled`",
            count,
        )
    yield spot.remove(
        "SG004", f"a count has no unit, and `{words}` is no clause", f"remove `{words}`: a count is per row", count
    )


def _by_condition(spot: Spot) -> Iterator[Repair]:
    """`best 4 if c else 2`, `best 4 if c else best 2`."""
    end = statement_last(spot.lexemes, spot.at)
    otherwise = next((i for i in range(spot.at, end + 1) if spot.lexemes[i].text == "else"), None)
    first = next((i for i in range(spot.at - 1, spot.begun, -1) if spot.lexemes[i].text == "best"), None)
    if otherwise is None or first is None:
        return
    second = otherwise + 1 + (otherwise < end and spot.lexemes[otherwise + 1].text == "best")
    if second > end or otherwise == spot.at + 1 or first + 1 == spot.at:
        return
    last, here = expression_last(spot.lexemes, second), spot.lexemes[spot.at]
    condition, value = spot.slice(spot.at + 1, otherwise - 1), spot.slice(first + 1, spot.at - 1)
    written = f"(if {condition} then {value} else {spot.slice(second, last)})"
    change = (spot.lexemes[first + 1].start, spot.lexemes[last].end, written)
    help = f"write `{spot.statement} best {written}`"
    yield Repair("SG006", "the condition stands in front", here.start, here.end, help, (change,))


def _range(spot: Spot) -> Iterator[Repair]:
    before, following = spot.near(-1), spot.near(1)
    if (
        before is not None
        and following is not None
        and before.sort == "number"
        and following.sort in ("number", "name")
    ):
        written = f"{before.text}..{following.text}"
        step = spot.near(3) if spot.word(2) in (":", ",", "by", "step") else None
        if step is not None and step.sort == "number":
            yield spot.replace("SG007", "a range has two points and no step", written, "", 5, -1)
        yield spot.replace("SG007", "a range has two points", "..", f"write `{written}`")
