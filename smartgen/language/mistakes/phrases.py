"""Whole phrases: prose for operators, comments of other languages, words that nobody declared."""

from __future__ import annotations

import re
from collections.abc import Iterator

from smartgen.language.borrowed import extent
from smartgen.language.functions import FUNCTIONS, SCOPES
from smartgen.language.mistakes.operands import expression_last
from smartgen.language.mistakes.spot import Repair, Spot
from smartgen.language.signals import SIGNALS, SYNONYMS
from smartgen.language.words import EXTENTS, STATEMENTS

_EACH = ("request", "row", "step", "batch", "sequence", "round", "pass", "iteration", "layer", "call")
_OPERATORS = {
    ("is", "not", "equal", "to"): "!=",
    ("is", "equal", "to"): "==",
    ("is", "less", "than", "or", "equal", "to"): "<=",
    ("is", "greater", "than", "or", "equal", "to"): ">=",
    ("is", "less", "than"): "<",
    ("is", "greater", "than"): ">",
    ("is", "more", "than"): ">",
    ("is", "at", "least"): ">=",
    ("is", "at", "most"): "<=",
    ("is", "below"): "<",
    ("is", "above"): ">",
    ("less", "than"): "<",
    ("greater", "than"): ">",
    ("more", "than"): ">",
    ("fewer", "than"): "<",
    ("at", "least"): ">=",
    ("at", "most"): "<=",
    ("equal", "to"): "==",
    ("not", "equal", "to"): "!=",
    ("divided", "by"): "/",
    ("multiplied", "by"): "*",
}

_OPTION = re.compile(r"--([a-z]+(?:[-_][a-z]+)*)[ \t=]+([0-9]+)(?=[ \t]*(?:[\n}#]|$))")


_RISES = ("increases", "increasing", "rises", "grows", "improves", "improving", "growing")
_QUANTIFIED = {"exists": "layer.count({}) > 0", "any": "layer.count({}) > 0", "forall": "layer.count(not ({})) == 0"}


def _quantified(spot: Spot) -> Iterator[Repair]:
    """`exists node.prob > 0.1`, `any node.prob > 0.1`: a condition that some nodes of the layer fulfil."""
    word = spot.near(-1)
    if word is None or word.text not in _QUANTIFIED or not spot.here.startswith("node.") or spot.declares(word.text):
        return
    last = expression_last(spot.lexemes, spot.at)
    written = _QUANTIFIED[word.text].format(" ".join(spot.slice(spot.at, last).split()))
    yield spot.replace("SG007", f"there is no `{word.text}`", written, "", last - spot.at + 2, -1)


def prose(spot: Spot) -> Iterator[Repair]:
    """`is less than`, `at most`: an operator in words."""
    if spot.here == "x" and "TIMES" in spot.accepts and not any(a.text == "let" for a in spot.lexemes[: spot.at]):
        yield spot.replace("SG007", "`x` is not an operator here", "*", "write `*`")
    if spot.here == "where" and spot.statement == "maximize" and "PLUS" in spot.accepts:
        message = "what the chosen tree must respect is `subject to`"
        yield spot.replace("SG006", message, "\n  subject to", "write `subject to` in its place")
    if spot.here == "per" and spot.word(1) in ("second", "sec", "s", "time"):
        yield spot.replace("SG007", "there is no `per`", "/ time", "write `/ time`", 2)
    if spot.here == "per" and spot.word(1) in _EACH:
        shown = f"per {spot.word(1)}"
        fix = f"remove `{shown}`: what a statement has one value of follows from what it reads"
        yield spot.remove("SG003", f"`{shown}` cannot stand here", fix, 2)
    if spot.word(-1) in ("objective", "throughput") and spot.here in _RISES and "COMPARE" in spot.accepts:
        written = "forecast(objective) > objective"
        yield spot.replace("SG007", "what one more pass brings is a `forecast`", written, "", 2, -1)
    yield from _quantified(spot)
    for words, sign in _OPERATORS.items():
        if tuple(spot.word(i) for i in range(len(words))) == words and spot.accepts & {"COMPARE", "PLUS"}:
            shown = " ".join(words)
            yield spot.replace("SG007", f"there is no `{shown}`", sign, f"write `{sign}`", len(words))


def dashes(spot: Spot) -> Iterator[Repair]:
    """`-- a comment`, `--limit-depth 6`."""
    line = spot.text.rfind("\n", 0, spot.start) + 1
    begins = (
        line + len(spot.text[line:]) - len(spot.text[line:].lstrip())
    )  # reading went on behind it, as to two minuses
    option = _OPTION.match(spot.text, begins)
    option = option if option is not None and spot.start < option.end() else None
    words = option.group(1).replace("_", "-").split("-") if option is not None else []
    if option is not None and (words[0] in STATEMENTS or extent("_".join(words)) is not None):
        named = words[-1] if words[-1] in EXTENTS else extent("_".join(words))
        word = f"limit {named}" if named and words[0] not in ("expand", "verify") else f"{words[0]} best"
        written = f"{word} {option.group(2)}"
        change = (*option.span(), written)
        yield Repair(
            "SG011", "options of a command are statements here", *option.span(), f"write `{written}`", (change,)
        )
    for i in range(min(spot.at, len(spot.lexemes) - 1), 0, -1):
        first, second = spot.lexemes[i - 1], spot.lexemes[i]
        if first.text == second.text == "-" and first.end == second.start:
            if "\n" in spot.text[first.start : spot.start]:
                return
            change = (first.start, second.end, "#")
            yield Repair("SG016", "comments begin with `#`", first.start, second.end, "write `#`", (change,))
            return


def undeclared(spot: Spot) -> Iterator[Repair]:
    """A word too many that means nothing: `16 layers`, `objective increases`."""
    here = spot.near(0)
    if here is None or here.sort != "name" or here.first or spot.wants_operand or "." in here.text:
        return
    known = here.text in (*SIGNALS, *FUNCTIONS, *SCOPES, *SYNONYMS)
    declared = any(
        x.text == here.text and i and spot.lexemes[i - 1].text in ("let", "param", "benefit", "cost", "policy")
        for i, x in enumerate(spot.lexemes)
    )
    if not known and not declared and spot.word(1) not in ("(", "=", ":"):
        yield spot.remove("SG003", f"`{here.text}` cannot stand here", f"remove `{here.text}`")
