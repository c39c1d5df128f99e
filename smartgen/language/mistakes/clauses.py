"""What stands behind `expand`, `verify`, `limit` and `use`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from smartgen.language.borrowed import extent
from smartgen.language.mistakes.operands import closing, expression_last, statement_last
from smartgen.language.mistakes.spot import Repair, Spot
from smartgen.language.nearest import closest, misspelt
from smartgen.language.words import EXTENTS, KEYWORDS


def choice(spot: Spot) -> Iterator[Repair]:
    """What stands behind `expand` and `verify`."""
    here, before, statement = spot.near(0), spot.word(-1), spot.statement
    if here is None or statement not in ("expand", "verify"):
        return
    if before == statement:
        yield from _head(spot, statement)
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
    filtered = any(x.text == "where" for x in spot.lexemes[spot.begun : spot.at])
    if here.text == "unless" and not filtered:
        last = expression_last(spot.lexemes, spot.at + 1) if spot.near(1) else spot.at
        written = f"where not ({spot.slice(spot.at + 1, last)})" if last > spot.at else "where"
        yield spot.replace("SG006", "nodes are filtered with `where`", written, "", last - spot.at + 1)
    if here.text == "unless" and filtered and spot.near(1):
        last = expression_last(spot.lexemes, spot.at + 1)
        written = f"and not ({spot.slice(spot.at + 1, last)})"
        yield spot.replace("SG006", "there is no `unless`", written, "", last - spot.at + 1)
    if here.text in ("when", "if", "while", "with", "having", "filter", "such") or misspelt(here.text, ["where"]):
        count = 2 if (here.text, spot.word(1)) == ("such", "that") else 1
        yield spot.replace("SG006", "nodes are filtered with `where`", "where", "write `where`", count)
    shared = here.text in ("pool", "shared", "together", "overall", "jointly") or misspelt(here.text, ["pooled"])
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
        count = 2 if spot.word(1) in ("by", "=", ":") else 1
        yield spot.replace("SG006", "the order is given with `by`", "by", "write `by`", count)
    if here.text in (
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
    if (here.text in ("and", "&") and spot.word(1) in ("node", "where")) or (
        here.text == "where" and "_WHERE" not in spot.accepts
    ):
        yield spot.replace("SG105", "one `where` filters", "and", "join conditions with `and`")
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
    if here.text in ("maximize", "maximise", "maximising") and "_MAXIMIZING" in spot.accepts:
        yield spot.replace(
            "SG006", "a range of `expand` is searched by `maximizing`", "maximizing", "write `maximizing`"
        )


_FEW = 3  # words that may stand behind a count by mistake
_CLAUSES = ("where", "by", "pooled", "maximizing")
_AT_MOST = (
    ("at", "most"),
    ("no", "more", "than"),
    ("not", "more", "than"),
    ("fewer", "than"),
    ("a", "maximum", "of"),
    ("maximum", "of"),
    ("the", "top"),
)


def _head(spot: Spot, statement: str) -> Iterator[Repair]:
    here = spot.lexemes[spot.at]
    message = f"`{statement}` takes `all` or `best` and a count"
    rest = spot.text[here.end : spot.lexemes[statement_last(spot.lexemes, spot.at)].end].strip()
    if here.text in ("=", ":"):
        yield spot.remove(
            "SG008", f"no `{here.text}` stands behind `{statement}`", f"write `{statement} {spot.word(1)} ...`"
        )
    if here.text == "(":
        yield from unwrapped(spot, statement)
    if here.sort == "number" and spot.word(1) in ("best", "all"):
        help = f"write `{statement} best {here.text}`"
        yield spot.replace("SG006", message, f"best {here.text}", help, 2)
    glued = re.fullmatch(r"(best|all)(\d+)", here.text)
    if glued:
        written = f"{glued.group(1)} {glued.group(2)}"
        yield spot.replace("SG011", f"there is no word `{here.text}` here", written, f"write `{statement} {written}`")
    for words in _AT_MOST:
        if tuple(spot.word(i) for i in range(len(words))) == words:
            shown = rest.removeprefix(" ".join(words[1:])).strip()
            yield spot.replace("SG006", message, "best", f"write `{statement} best {shown}`", len(words))
    if here.text == "between" and spot.word(2) in ("and", "to"):
        written = f"best {spot.word(1)}..{spot.word(3)}"
        yield spot.replace("SG006", message, written, f"write `{statement} {written}`", 4)
    if here.text in ("true", "True", "yes", "on"):
        yield spot.replace("SG006", message, "all", f"write `{statement} all`")
    if here.text in ("none", "nothing", "off", "no", "false", "False"):
        yield spot.replace("SG006", message, "best 0", f"write `{statement} best 0`")
    if here.text in ("top", "first", "max", "exactly", "most", "up", "only", "topk") or misspelt(here.text, ["best"]):
        count = 2 if (here.text, spot.word(1)) == ("up", "to") else 1
        shown = rest.removeprefix("to ") if count == 2 else rest
        yield spot.replace("SG006", message, "best", f"write `{statement} best {shown}`", count)
    if here.text == "the" and spot.word(1) in ("best", "all"):
        yield spot.remove("SG003", "`the` cannot stand here", "remove `the`")
    if here.text in ("every", "any", "everything", "the", "nodes") or misspelt(here.text, ["all"]):
        count = 2 if spot.word(1) in ("nodes", "best", "node") else 1
        yield spot.replace("SG006", message, "all", f"write `{statement} all`", count)
    sign = spot.word(1) in ("=", ":")
    counted = spot.near(1 + sign)
    if here.sort == "name" and counted is not None and counted.sort == "number" and not counted.first:
        help = f"write `{statement} best {counted.text}`"  # `expand top_k = 10`
        yield spot.replace("SG006", message, "best", help, 1 + sign)
    if here.sort in ("number", "name") or here.text in ("(", "-"):
        yield spot.insert(
            "SG006", message, "best", f"write `{statement} best {' '.join(f'{here.text} {rest}'.split())}`"
        )
    if here.sort == "text":
        yield spot.insert("SG006", message, "tree", f"write `{statement} tree {here.text}`")
    if here.text in _CLAUSES:
        yield from _clause_first(spot, statement)
        yield spot.insert("SG006", message, "all", f"write `{statement} all {here.text} ...`")
    if spot.ends or here.first:
        last = spot.lexemes[spot.at - 1]
        yield Repair(
            "SG009", message, last.start, last.end, f"write `{statement} all`", ((last.end, last.end, " all"),)
        )


def _clause_first(spot: Spot, statement: str) -> Iterator[Repair]:
    """`verify pooled best 8`, `expand where c best 10`: the count stands in front of the clauses."""
    last = statement_last(spot.lexemes, spot.at)
    head = next((i for i in range(spot.at, last + 1) if spot.lexemes[i].text in ("best", "all")), None)
    if head is None:
        return
    end = next((i for i in range(head, last + 1) if spot.lexemes[i].text in _CLAUSES), last + 1) - 1
    rest = spot.slice(end + 1, last) if end < last else ""
    written = " ".join(f"{spot.slice(head, end)} {spot.slice(spot.at, head - 1)} {rest}".split())
    here = spot.lexemes[spot.at]
    change = (here.start, spot.lexemes[last].end, written)
    message = f"`{statement}` says how many before `{here.text}`"
    yield Repair("SG006", message, here.start, here.end, f"write `{statement} {written}`", (change,))


def unwrapped(spot: Spot, statement: str) -> Iterator[Repair]:
    """`expand(best: 10)`, `limit(depth=16)`: a statement in the manner of a call."""
    close = closing(spot.lexemes, spot.at)
    if close is None:
        return
    inside = re.sub(r"\s*[:=]\s*", " ", spot.slice(spot.at, close)[1:-1]).strip()
    message = f"`{statement}` is a statement and no call"
    yield spot.replace("SG006", message, f" {inside}", f"write `{statement} {inside}`", close - spot.at + 1)


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


def _range(spot: Spot) -> Iterator[Repair]:
    before, following = spot.near(-1), spot.near(1)
    if (
        before is not None
        and following is not None
        and before.sort == "number"
        and following.sort in ("number", "name")
    ):
        written = f"{before.text}..{following.text}"
        yield spot.replace("SG007", "a range has two points", "..", f"write `{written}`")


def limit(spot: Spot) -> Iterator[Repair]:
    """`limit EXTENT count, ...`."""
    here, before = spot.near(0), spot.word(-1)
    if spot.statement != "limit" or here is None:
        return
    if before in EXTENTS and here.text in ("=", ":", "<=", "<", "to", "of", "is", "at", "==", "max", "best", "up"):
        count = 2 if (here.text, spot.word(1)) in (("up", "to"), ("at", "most")) else 1
        help = f"write `limit {before} {spot.word(count)}`"
        yield spot.remove("SG008", f"`limit` takes no `{here.text}`", help, count)
    if "DEPTH" in spot.accepts and before in ("limit", ","):
        yield from _extent(spot, before)
    declared = any(x.text in ("let", "param") and y.text == before for x, y in pairwise(spot.lexemes))
    if before == "of" or (here.sort == "number" and spot.word(-2) in EXTENTS and before.isalpha() and not declared):
        help = f"write `limit {spot.word(-2)} {here.text}`"
        yield spot.remove("SG008", f"`limit` takes no `{before}`", help, 1, -1)
    number = spot.near(-1)
    apart = number is not None and number.sort == "number" and number.end < here.start
    if here.word and "COMMA" in spot.accepts and apart and not here.first:
        yield from _behind_cap(spot)
    if here.text in EXTENTS and "COMMA" in spot.accepts:
        following = spot.near(1)
        if following is None or following.first or following.text in ("}", ","):
            yield spot.remove("SG004", "a count has no unit", f"remove `{here.text}`")
        number = spot.word(2) if spot.word(1) in (":", "=") else spot.word(1)
        yield spot.insert("SG005", f"`,` is missing before `{here.text}`", ",", f"write `, {here.text} {number}`")
    if here.text in EXTENTS and before in ("+", "-", "*", "/") and spot.wants_operand:
        yield spot.replace("SG007", "limits are separated by `,`", ",", "write `,`", 1, -1)
    if here.text in ("and", "&", "+") and spot.word(1) in EXTENTS:
        yield spot.replace("SG007", "limits are separated by `,`", ",", "write `,`")


def _behind_cap(spot: Spot) -> Iterator[Repair]:
    """Words behind a cap: `depth 8 max`, `depth 8 at most`."""
    last = spot.at
    while last + 1 < len(spot.lexemes) and spot.lexemes[last + 1].word and not spot.lexemes[last + 1].first:
        last += 1
    words, count = spot.slice(spot.at, last), last - spot.at + 1
    following = spot.near(count)
    if (following is None or following.first or following.text in (",", "}")) and count <= _FEW:
        yield spot.remove("SG004", "a limit is a maximum, and no word stands behind it", f"remove `{words}`", count)


def _extent(spot: Spot, before: str) -> Iterator[Repair]:
    here = spot.lexemes[spot.at]
    known = ", ".join(EXTENTS)
    if here.sort == "number" and spot.word(1) in EXTENTS:
        swapped = f"{spot.word(1)} {here.text}"
        yield spot.replace("SG008", "the extent stands before its count", swapped, f"write `limit {swapped}`", 2)
    if here.text == "(":
        yield from unwrapped(spot, "limit")
    if here.sort == "number" or here.text == "(":
        yield spot.insert(
            "SG005", "a limit says what it limits", "depth", f"write `limit depth {here.text}`; extents are {known}"
        )
    if here.text in (":", "="):
        yield spot.remove("SG008", f"no `{here.text}` stands behind `limit`", "write `limit depth 8`")
    if before == "limit" and here.text in _TOTALS:
        sign = spot.word(1) in ("<", "<=", "=", "==", ":", "to")
        written = f"subject to {_TOTALS[here.text]} <= {spot.word(1 + sign)}"
        message = f"`limit` caps the tree, and `{here.text}` is no extent of it"
        yield spot.replace("SG008", message, written, "", 3 + sign, -1)
    if here.word:
        meant = misspelt(here.text, EXTENTS) or extent(here.text) or closest(here.text, EXTENTS)
        unsaid = "nodes" if any(x.text == "depth" for x in spot.lexemes) else "depth"
        count = 2 if spot.word(1) in ("=", ":") else 1
        yield spot.replace(
            "SG008",
            f"there is no extent `{here.text}`",
            meant or unsaid,
            f"did you mean `{meant}`?" if meant else f"extents are {known}",
            count,
        )
    if before == ",":
        yield spot.remove("SG005", "this `,` leads nowhere", "remove it", 1, -1)


_TOTALS = {"time": "time", "latency": "time", "energy": "energy", "money": "money", "joules": "energy"}


def use(spot: Spot) -> Iterator[Repair]:
    """`use NAME (param: value)`."""
    here = spot.near(0)
    if spot.statement != "use" or here is None or spot.at - spot.begun > 6:
        return
    if here.text in (":", "=", "policy", "from") and spot.word(-1) == "use":
        yield spot.remove("SG008", f"no `{here.text}` stands behind `use`", f"write `use {spot.word(1)}`")
    if here.text == "-" and spot.word(-2) == "use":
        yield from _hyphen(spot)
    base = spot.lexemes[spot.at]
    if base.sort == "name" and "." in base.text and spot.word(-1) == "use":
        yield spot.replace("SG016", "the path of a base is a text", f'"{base.text}"', f'write `use "{base.text}"`')
    inner, value = spot.near(-1), spot.near(0)
    if inner is not None and value is not None and inner.sort == "name" and spot.word(-2) in ("(", ","):
        written = f"{inner.text}: {value.text}"
        yield spot.insert("SG008", "arguments are named with `:`", ":", f"write `{written}`")
    if here.text == "{":
        close = closing(spot.lexemes, spot.at)
        if close is not None:
            inside = spot.slice(spot.at, close)[1:-1].strip().replace("=", ":")
            yield spot.replace(
                "SG007", "parameters of a base stand in parentheses", f"({inside})", "", close - spot.at + 1
            )
    if here.text in ("with", "where", "params"):
        last = statement_last(spot.lexemes, spot.at)
        pair = [x.text for x in spot.lexemes[spot.at + 1 : last + 1] if x.text not in ("=", ":", "(", ")", "and")]
        if len(pair) == 2:
            written = f"({pair[0]}: {pair[1]})"
            yield spot.replace(
                "SG007",
                "parameters of a base stand in parentheses",
                written,
                f"write `use {spot.word(-1)}{written}`",
                last - spot.at + 1,
            )
    if here.text in (",", "and"):
        last = statement_last(spot.lexemes, spot.at)
        yield spot.remove(
            "SG018", "a policy uses one other", "keep one; that one may use another in turn", last - spot.at + 1
        )
    if here.text == "as":
        yield spot.remove("SG018", "a base keeps its name", "remove it", 2)


def _hyphen(spot: Spot) -> Iterator[Repair]:
    """`use eagle-2`, `use smart-run`."""
    before, here, behind = spot.lexemes[spot.at - 1], spot.lexemes[spot.at], spot.near(1)
    if behind is not None and before.end == here.start and here.end == behind.start:
        written = f"{before.text}{'' if behind.sort == 'number' else '_'}{behind.text}"
        yield spot.replace("SG017", "a name has letters, digits and `_` only", written, "", 3, -1)


RULES = (choice, limit, use)
