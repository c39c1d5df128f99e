"""Lines that say it in the manner of other languages: `minimize x`, `stop when x`, `x = 3`, loops and returns."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from smartgen.language.borrowed import extent
from smartgen.language.mistakes.declaring import type_of
from smartgen.language.mistakes.operands import closing, statement_last
from smartgen.language.mistakes.spot import Repair, Spot
from smartgen.language.nearest import misspelt
from smartgen.language.words import CONSTANTS, EXTENTS

NO_WORDS = (
    *(
        "return",
        "for",
        "class",
        "lambda",
        "function",
        "fn",
        "func",
        "print",
        "try",
        "with",
        "do",
        "goto",
        "break",
        "pass",
    ),
    *("switch", "match", "loop", "foreach", "end", "begin", "elsif"),
)


def idiom(spot: Spot) -> Iterator[Repair]:
    """Several words at once: `stop when x`, `minimize x`, `else if x {`, `depth 8`."""
    here, word = spot.lexemes[spot.at], spot.here
    last = statement_last(spot.lexemes, spot.at + (spot.word(1) == "when"))
    end = spot.lexemes[last].end
    rest = spot.text[here.end : end].strip()
    if word in ("minimize", "minimise", "minimum") and rest:
        written = f"maximize {_inverse(rest)}"
        yield _rewrite(spot, end, "there is no statement `minimize`", written)
    if word in ("stop", "until", "halt", "break", "end", "finish") and last > spot.at:
        condition = _extents_read(re.sub(r"^(when|if|while|once|drafting|:)\b\s*", "", rest))
        yield _rewrite(spot, end, f"there is no statement `{word}`", f"continue while not ({condition})")
    if word in ("return", "yield", "output", "emit") and rest and not any(x.text == "maximize" for x in spot.lexemes):
        yield _rewrite(spot, end, f"there is no statement `{word}`", f"maximize {rest}")
    if word in ("prune", "drop", "discard", "reject", "filter", "cut") and last > spot.at + 1:
        yield from _pruned(spot, last)
    unset = word in ("enabled", "enable", "active", "speculate") and spot.word(2).lower() in ("false", "off", "no", "0")
    if (word in ("off", "disable", "disabled", "skip") and last == spot.at) or (unset and last == spot.at + 2):
        yield _rewrite(spot, end, f"there is no statement `{word}`", "limit depth 0")
    if word == "else" and spot.word(1) == "if":
        yield spot.replace("SG011", "there is no `else if` of statements", "when", "write `when ... { ... }`", 2)
    if word in EXTENTS:
        following = spot.word(1)
        skip = 1 if following in ("=", ":", "<=", "<") else 0
        message = f"`{word}` begins no statement"
        yield spot.replace("SG011", message, f"limit {word}", f"write `limit {word} {spot.word(1 + skip)}`", 1 + skip)
    extent = _extent(word)
    if extent and word not in EXTENTS:
        skip = 1 if spot.word(1) in ("=", ":") else 0
        help = f"write `limit {extent} {spot.word(1 + skip)}`"
        yield spot.replace("SG011", f"there is no statement `{word}`", f"limit {extent}", help, 1 + skip)


def _inverse(rest: str) -> str:
    """What is largest where `rest` is smallest."""
    ratio = re.fullmatch(r"([\w.]+|\([^()]*\))\s*/\s*([\w.]+|\([^()]*\))", rest)
    if ratio is not None:
        return f"{ratio.group(2)} / {ratio.group(1)}"
    return f"tokens / {rest}" if rest in ("time", "energy", "money") else f"-({rest})"


def _extents_read(condition: str) -> str:
    """`depth >= 5` with the signal that the extent is a limit of."""
    read = {"depth": "layer.depth", "nodes": "tree.nodes", "width": "frontier.nodes", "topk": "layer.nodes"}
    return re.sub(r"(?<![\w.])(depth|nodes|width|topk)(?=\s*(?:[<>=!]|$))", lambda m: read[m.group(1)], condition)


def _pruned(spot: Spot, last: int) -> Iterator[Repair]:
    """`prune node.prob < 0.1`: what `expand`, or else `verify`, leaves out."""
    words = [i for i, x in enumerate(spot.lexemes) if x.first and x.text in ("expand", "verify")]
    for i in words:
        to = statement_last(spot.lexemes, i)
        if any(x.text in ("where", "by", "pooled", "tree") for x in spot.lexemes[i : to + 1]):
            continue
        first = spot.at + 1
        while first < last and spot.lexemes[first].text in (
            "nodes",
            "node",
            "candidates",
            "if",
            "when",
            "where",
            "with",
        ):
            first += 1
        here, condition = spot.lexemes[spot.at], " ".join(spot.slice(first, last).split())
        filtered = condition if here.text == "filter" else f"not ({condition})"
        at, end = spot.lexemes[to].end, spot.lexemes[last].end
        help = f"write `{' '.join(spot.slice(i, to).split())} where {filtered}`"
        changes = ((at, at, f" where {filtered}"), (here.start, end, ""))
        yield Repair("SG011", f"there is no statement `{here.text}`", here.start, here.end, help, changes)


def _extent(word: str) -> str | None:
    found = re.fullmatch(r"(?:max|maximum|limit)_?(depth|width|topk|nodes)", word)
    return found.group(1) if found else {"topK": "topk", "top_k": "topk", "max_tokens": "nodes"}.get(word)


def unnamed(spot: Spot) -> Iterator[Repair]:
    """`x = 3`, `x: prob = 0.5`: the statement's own word is missing."""
    here, word = spot.lexemes[spot.at], spot.here
    if here.sort != "name":
        return
    if spot.word(1) in ("<", "<=", ">", ">=", "=="):
        last = statement_last(spot.lexemes, spot.at)
        condition = " ".join(spot.slice(spot.at, last).split())
        if last + 1 < len(spot.lexemes) and spot.lexemes[last + 1].text == "{":
            change, fix = (here.start, here.start, "when "), f"write `when {condition} {{`"
            yield Repair("SG011", "`when` is missing before this block", here.start, here.end, fix, (change,))
        change = (here.start, here.start, "subject to ")
        message = "a condition by itself says nothing"
        yield Repair("SG011", message, here.start, here.end, f"write `subject to {condition}`", (change,))
    if "." in word:
        return
    sign = spot.word(1)
    if sign == ":" and misspelt(word, ["subject_to", "subject"]):  # as YAML has it
        yield spot.replace("SG011", f"there is no statement `{word}:`", "subject to", "write `subject to`", 2)
    count, capped = spot.near(2), extent(word)
    alone = count is not None and count.sort == "number" and (behind := spot.near(3)) is not None and behind.first
    limited = any(x.text == "limit" and y.text == capped for x, y in pairwise(spot.lexemes))
    if sign == "=" and alone and capped is not None and not limited and not _read(spot, word):
        written = f"limit {capped} {spot.word(2)}"  # `num_speculative_tokens = 7`
        yield spot.replace("SG011", f"`{word}` begins no statement", written, "", 3)
    if sign == "=" and any(x.text == "use" for x in spot.lexemes[: spot.at]):
        yield from _setting(spot, word)
    if sign == "=":
        said = spot.lexemes[spot.at + 2 : statement_last(spot.lexemes, spot.at) + 1]
        keyword = "let" if _read(spot, word) else _keyword(spot, word, [x.text for x in said])
        change, help = (here.start, here.start, f"{keyword} "), f"write `{keyword} {word} = ...`"
        yield Repair("SG011", f"`{word}` begins no statement", here.start, here.end, help, (change,))
    if sign == ":" and spot.word(3) in ("=", "/"):
        change = (here.start, here.start, "param ")
        help = f"write `param {word}: {spot.word(2)} = ...`"
        yield Repair("SG011", f"`{word}` begins no statement", here.start, here.end, help, (change,))
    if sign == ":":
        colon = spot.lexemes[spot.at + 1]
        changes = ((here.start, here.start, "let "), (colon.start, colon.end, " ="))
        yield Repair(
            "SG011", f"`{word}` begins no statement", here.start, here.end, f"write `let {word} = ...`", changes
        )


def _keyword(spot: Spot, name: str, said: list[str]) -> str:
    """What a name that nothing reads stands for, by what it is given: `said` are the words of that."""
    if any(word.startswith("profile.") for word in said):
        return "cost"
    unsaid = all(x.text != "benefit" for x in spot.lexemes)
    return "benefit" if unsaid and (name == "accepted" or "path" in said or "node.path" in said) else "let"


def _read(spot: Spot, name: str) -> bool:
    """Whether something reads it: a cost is read by nobody, a `let` by somebody."""
    return sum(x.text == name for x in spot.lexemes) > 1


def _setting(spot: Spot, word: str) -> Iterator[Repair]:
    """`trust = 0.8` below a `use`: a value for a param of the base."""
    value, end = spot.near(2), statement_last(spot.lexemes, spot.at)
    if value is None or end != spot.at + 2 or (value.sort not in ("number", "text") and value.text not in CONSTANTS):
        return
    here, kind = spot.lexemes[spot.at], type_of(spot, end)
    changes = ((here.start, here.end, f"param {word}: {kind}"),)
    help = f"write `param {word}: {kind} = {value.text}`"
    yield Repair("SG011", f"`{word}` begins no statement", here.start, here.end, help, changes)


def foreign_statement(spot: Spot) -> Iterator[Repair]:
    """Loops, returns and the like have nothing they could be: they go, with their block."""
    here = spot.lexemes[spot.at]
    last = statement_last(spot.lexemes, spot.at)
    if last + 1 < len(spot.lexemes) and spot.lexemes[last + 1].text == "{":
        close = closing(spot.lexemes, last + 1)
        last = last + 1 if close is None else close
    change = (here.start, spot.lexemes[last].end, "")
    yield Repair(
        "SG006",
        f"`{here.text}` is not a word of this language",
        here.start,
        here.end,
        "remove it: a policy has no loops and no functions of its own, it only names expressions, `let x = ...`",
        (change,),
    )


def _rewrite(spot: Spot, end: int, message: str, written: str) -> Repair:
    here = spot.lexemes[spot.at]
    return Repair("SG011", message, here.start, here.end, f"write `{written}`", ((here.start, end, written),))
