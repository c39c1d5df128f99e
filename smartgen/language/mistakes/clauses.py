"""What stands behind `expand` and `verify`: which nodes, in which order, how many."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from smartgen.language.borrowed import extent
from smartgen.language.mistakes.all_or_best import head
from smartgen.language.mistakes.counts import counted
from smartgen.language.mistakes.operands import expression_last, statement_last
from smartgen.language.mistakes.spot import Repair, Spot
from smartgen.language.nearest import misspelt
from smartgen.language.words import EXTENTS

_SHARED = ("pool", "shared", "together", "overall", "jointly", "globally", "global")


def choice(spot: Spot) -> Iterator[Repair]:
    """What stands behind `expand` and `verify`."""
    here, before, statement = spot.near(0), spot.word(-1), spot.statement
    if here is None or statement not in ("expand", "verify"):
        return
    if before == statement:
        yield from head(spot, statement)
    if before == "best" and here.text in ("=", ":", "of", "top"):
        yield spot.remove("SG008", f"no `{here.text}` stands behind `best`", f"write `{statement} best {spot.word(1)}`")
    if before == "of" and spot.word(-2) == "best":
        help = f"write `{statement} best {here.text}`"
        yield spot.remove("SG008", "no `of` stands behind `best`", help, 1, -1)
    if before == "tree" and here.sort in ("number", "name"):
        last = statement_last(spot.lexemes, spot.at)
        written = f'"{spot.slice(spot.at, last)}"'
        yield spot.replace(
            "SG016", "the paths of a tree are a text", written, f"write `verify tree {written}`", last - spot.at + 1
        )
    if here.text == "if":
        yield from counted(spot)
    if here.text in ("until", "till", "for", "up") and before != statement:
        yield from _as_long(spot)
    yield from _filter(spot)
    yield from _order(spot)
    if here.text != "if":
        yield from counted(spot)
    if here.text in ("maximize", "maximise", "maximising") and "_MAXIMIZING" in spot.accepts:
        yield spot.replace(
            "SG006", "a range of `expand` is searched by `maximizing`", "maximizing", "write `maximizing`"
        )


def _as_long(spot: Spot) -> Iterator[Repair]:
    """`expand best 10 until depth 6`, `for 6 steps`: how deep is a limit, and a condition is asked by `continue while`."""
    here, last = spot.lexemes[spot.at], statement_last(spot.lexemes, spot.at)
    words = [x for x in spot.lexemes[spot.at + 1 : last + 1] if x.text not in ("to", "is", "=", "==", ">=", ">", ":")]
    numbers, end = [x.text for x in words if x.sort == "number"], spot.lexemes[last].end
    named = [extent(x.text.rpartition(".")[2]) for x in words if x.word]
    limited = any(x.text == "limit" for x in spot.lexemes)
    if len(numbers) == 1 and len(words) <= 2 and (named == ["depth"] or not named):
        written = f"continue while layer.depth < {numbers[0]}" if limited else f"limit depth {numbers[0]}"
        fix = f"write `{written}`, a statement of its own"
        message = "how deep is no part of this statement"
        yield Repair("SG006", message, here.start, end, fix, ((here.start, end, f"\n  {written}"),))
    elif here.text in ("until", "till") and last > spot.at:
        condition = spot.slice(spot.at + 1, last)
        written = f"continue while not ({condition})"
        fix, message = f"write `{written}`, a statement of its own", "how long is no part of this statement"
        yield Repair("SG006", message, here.start, end, fix, ((here.start, end, f"\n  {written}"),))


def _opens_block(spot: Spot) -> bool:
    """Whether a `{` follows on the line."""
    rest = itertools.takewhile(lambda x: not x.first, spot.lexemes[spot.at + 1 :])
    return any(x.text == "{" for x in rest)


def _filter(spot: Spot) -> Iterator[Repair]:
    """`unless`, `if`, `such that`, and a second `where`."""
    here = spot.lexemes[spot.at]
    filtered = any(x.text == "where" for x in spot.lexemes[spot.begun : spot.at])
    if here.text == "unless" and not filtered:
        last = expression_last(spot.lexemes, spot.at + 1) if spot.near(1) else spot.at
        written = f"where not ({spot.slice(spot.at + 1, last)})" if last > spot.at else "where"
        yield spot.replace("SG006", "nodes are filtered with `where`", written, "", last - spot.at + 1)
    if here.text == "unless" and filtered and spot.near(1):
        last = expression_last(spot.lexemes, spot.at + 1)
        written = f"and not ({spot.slice(spot.at + 1, last)})"
        yield spot.replace("SG006", "there is no `unless`", written, "", last - spot.at + 1)
    if here.text == "when" and here.first and _opens_block(spot):
        return
    if here.text == "pooled" and spot.word(-1) == "where":
        yield spot.replace("SG018", "`pooled` stands right behind the count", "pooled where", "", 2, -1)
    capped = spot.near(1)
    if here.text in EXTENTS and capped is not None and capped.sort == "number" and spot.word(-1) not in ("best", ".."):
        yield spot.insert("SG005", "`limit` is missing", "limit", f"write `limit {here.text} {capped.text}`")
    if here.text in ("max", "maximum", "cap", "limits", "bound", "limited", "capped") and spot.word(1) in EXTENTS:
        yield spot.replace("SG011", f"there is no statement `{here.text}`", "limit", "did you mean `limit`?")
    if here.text in ("when", "if", "while", "with", "having", "filter", "such") or misspelt(here.text, ["where"]):
        count = 2 if (here.text, spot.word(1)) == ("such", "that") else 1
        yield spot.replace("SG006", "nodes are filtered with `where`", "where", "write `where`", count)
    if (here.text in ("and", "&") and spot.word(1) in ("node", "where")) or (
        here.text == "where" and "_WHERE" not in spot.accepts
    ):
        yield spot.replace("SG105", "one `where` filters", "and", "join conditions with `and`")


def _order(spot: Spot) -> Iterator[Repair]:
    """`pool`, `sorted by`."""
    here = spot.lexemes[spot.at]
    shared = here.text in _SHARED or misspelt(here.text, ["pooled"])
    if here.text in ("across", "over") and "_POOLED" in spot.accepts:
        count = 2 if spot.word(1) == "the" else 1
        if spot.word(count) in ("batch", "rows", "requests"):
            message = "one count for all rows of the batch is `pooled`"
            yield spot.replace("SG006", message, "pooled", "", count + 1)
    if shared and "_POOLED" in spot.accepts:
        message = "one count for all rows of the batch is `pooled`"
        yield spot.replace("SG006", message, "pooled")
    if here.text in (
        "order",
        "ordered",
        "sort",
        "sorted",
        "ranked",
        "orderby",
        "order_by",
        "sort_by",
        "sortby",
        "key",
        "using",
    ):
        count = 2 if spot.word(1).lower() in ("by", "=", ":") else 1
        yield spot.replace("SG006", "the order is given with `by`", "by", "write `by`", count)
