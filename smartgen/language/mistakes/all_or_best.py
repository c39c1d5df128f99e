"""What stands right behind `expand` and `verify`, where `all`, `best` and a count are due."""

from __future__ import annotations

import re
from collections.abc import Iterator

from smartgen.language.mistakes.operands import closing, statement_last
from smartgen.language.mistakes.spot import Repair, Spot
from smartgen.language.nearest import misspelt

_CLAUSES = ("where", "by", "pooled", "maximizing")
_BEST = ("top", "first", "max", "exactly", "most", "up", "only", "topk", "top_k", "topK", "largest", "highest", "likeliest")
_AT_MOST = (
    ("at", "most"),
    ("no", "more", "than"),
    ("not", "more", "than"),
    ("fewer", "than"),
    ("a", "maximum", "of"),
    ("maximum", "of"),
    ("the", "top"),
)


def head(spot: Spot, statement: str) -> Iterator[Repair]:
    """Other words for `all` and `best`, none at all, and clauses that come too early."""
    here = spot.lexemes[spot.at]
    message = f"`{statement}` takes `all` or `best` and a count"
    rest = spot.text[here.end : spot.lexemes[statement_last(spot.lexemes, spot.at)].end].strip()
    if here.text in ("=", ":"):
        yield spot.remove(
            "SG008", f"no `{here.text}` stands behind `{statement}`", f"write `{statement} {spot.word(1)} ...`"
        )
    if here.text in ("(", "{"):
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
    counted, apart = spot.near(1), spot.word(1) == "-"
    if here.text in ("width", "nodes", "topk", "top") and counted and (counted.sort == "number" or apart):
        shown = rest.removeprefix("-").strip()
        yield spot.replace("SG006", message, "best", f"write `{statement} best {shown}`", 1 + apart)
    yield from _other_words(spot, statement, message, rest)
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


def _other_words(spot: Spot, statement: str, message: str, rest: str) -> Iterator[Repair]:
    """`none`, `top`, `every`: what other languages say for how many. `rest`: what stands behind."""
    here = spot.lexemes[spot.at]
    if here.text in ("true", "True", "yes", "on", "None", "null", "nil"):
        yield spot.replace("SG006", message, "all", f"write `{statement} all`")
    if here.text in ("none", "nothing", "off", "no", "false", "False"):
        yield spot.replace("SG006", message, "best 0", f"write `{statement} best 0`")
    if here.text in _BEST or misspelt(here.text, ["best"]):
        count = 2 if (here.text, spot.word(1)) == ("up", "to") else 1
        shown = rest.removeprefix("to ") if count == 2 else rest
        yield spot.replace("SG006", message, "best", f"write `{statement} best {shown}`", count)
    if here.text == "the" and spot.word(1) in ("best", "all"):
        yield spot.remove("SG003", "`the` cannot stand here", "remove `the`")
    if here.text in ("every", "any", "everything", "the", "nodes") or misspelt(here.text, ["all"]):
        count = 2 if spot.word(1) in ("nodes", "best", "node") else 1
        yield spot.replace("SG006", message, "all", f"write `{statement} all`", count)


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
    lines = re.sub(r"(?<=[^,\s])[ \t]*\n\s*(?=\S)", ", ", spot.slice(spot.at, close)[1:-1].strip())
    lines = re.sub(r"[\"'](\w+)[\"']", r"\1", lines)  # as JSON has it
    inside = " ".join(re.sub(r"\s*[:=]\s*", " ", lines).rstrip(", ").split())
    message = f"`{statement}` is a statement and no {'block' if spot.here == '{' else 'call'}"
    yield spot.replace("SG006", message, f" {inside}", f"write `{statement} {inside}`", close - spot.at + 1)
