"""`if` in all the shapes of other languages."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator

from smartgen.language.contrast import contrasting
from smartgen.language.mistakes.operands import closing, expression_first, expression_last, statement_last
from smartgen.language.mistakes.spot import Repair, Spot
from smartgen.language.nearest import misspelt
from smartgen.language.words import OPPOSITE

_NOTHING = {"benefit": "0", "cost": "0 ms"}  # what holds where a condition does not


def conditional(spot: Spot) -> Iterator[Repair]:
    """`if` in all the shapes of other languages."""
    here = spot.near(0)
    if here is None:
        return
    if here.text == "when" and not here.first and spot.wants_operand and _then_follows(spot):
        yield spot.replace("SG006", "`when` opens a block; inside an expression it is `if`", "if", "write `if`")
    if here.text == "then" and "PLUS" in spot.accepts and spot.at:
        yield from _no_if(spot)
    if here.text == "if" and "_IF" not in spot.accepts and spot.at:
        if spot.wants_operand or "QUANTITY" in spot.accepts:
            yield from _bare(spot)
        else:
            yield from _behind(spot)
    if "_THEN" in spot.accepts and here.text == "else":
        yield from _and_for_then(spot)
    if "_THEN" in spot.accepts and here.text == "{":
        yield from _braced(spot)
    if "_THEN" in spot.accepts and here.text != "then":
        if here.text in (":", ",", "do", "{", "=>") and spot.statement != "when":
            yield spot.replace(
                "SG006", "between condition and value stands `then`", "then", "write `if a then b else c`"
            )
        if here.word and misspelt(here.text, ["then"]):
            yield spot.replace("SG011", f"there is no word `{here.text}` here", "then", "did you mean `then`?")
        yield spot.insert("SG006", "between condition and value stands `then`", "then", "write `if a then b else c`")
    if "_ELSE" in spot.accepts and here.text != "else":
        yield from _no_else(spot)
    if here.text == "elif" and "_ELSE" in spot.accepts:
        yield spot.replace("SG006", "there is no `elif`", "else if", "write `else if`")


def _no_if(spot: Spot) -> Iterator[Repair]:
    """`(batch.size > 4 then 2 else 8)`."""
    first = expression_first(spot.lexemes, spot.at - 1)
    if first < spot.at and all(x.text != "if" for x in spot.lexemes[max(spot.begun, 0) : spot.at]):
        at, condition = spot.lexemes[first].start, spot.slice(first, spot.at - 1)
        end = spot.lexemes[spot.at - 1].end
        help = f"write `if {' '.join(condition.split())} then ...`"
        yield Repair("SG005", "`if` is missing before this condition", at, end, help, ((at, at, "if "),))


def _and_for_then(spot: Spot) -> Iterator[Repair]:
    """`if batch.size > 4 and 2 else 8`."""
    back = next((i for i in range(spot.at - 1, spot.begun, -1) if spot.lexemes[i].text in ("and", ",", "or")), None)
    compares = back is not None and any(x.text in OPPOSITE for x in spot.lexemes[back : spot.at])
    if back is not None and not compares:
        written = f"then {spot.slice(back + 1, spot.at - 1)}"
        message = "between condition and value stands `then`"
        yield spot.replace("SG006", message, "then", f"write `{written}`", 1, back - spot.at)


def _then_follows(spot: Spot) -> bool:
    """Whether `then` comes before the line ends."""
    rest = itertools.takewhile(lambda x: not x.first, spot.lexemes[spot.at + 1 :])
    return any(x.text == "then" for x in rest)


def _braced(spot: Spot) -> Iterator[Repair]:
    """`if c { a } else { b }`."""
    close = closing(spot.lexemes, spot.at)
    if close is None or close + 2 >= len(spot.lexemes) or spot.lexemes[close + 2].text != "{":
        return
    end = closing(spot.lexemes, close + 2)
    if end is None or spot.lexemes[close + 1].text != "else":
        return
    then, otherwise = spot.slice(spot.at + 1, close - 1), spot.slice(close + 3, end - 1)
    written = f"then {then} else {otherwise}"
    here = spot.lexemes[spot.at]
    change = (here.start, spot.lexemes[end].end, written)
    yield Repair(
        "SG006", "the branches of an `if` stand without braces", here.start, here.end, f"write `{written}`", (change,)
    )


def _bare(spot: Spot) -> Iterator[Repair]:
    """A conditional where only an operand may stand goes into parentheses."""
    here = spot.lexemes[spot.at]
    message = "an `if` inside an expression stands in parentheses"
    last = expression_last(spot.lexemes, spot.at)
    whole = _branches(spot)
    if whole is not None:
        written, end = whole
        change = (here.start, end, written)
        yield Repair("SG006", f"{message}, without braces", here.start, here.end, f"write `{written}`", (change,))
    end = spot.lexemes[last].end
    inside = [x.text for x in spot.lexemes[spot.at : last + 1]]
    lacking = ""
    if "then" in inside and "else" not in inside and inside[-1] != "then":
        lacking = f" else {spot.slice(spot.at + inside.index('then') + 1, last)}"
        message = "an `if` inside an expression has two branches and stands in parentheses"
    changes = ((here.start, here.start, "("), (end, end, f"{lacking})"))
    written = f"({spot.text[here.start : end]}{lacking})"
    to = end if lacking and "\n" not in spot.text[here.start : end] else here.end
    yield Repair("SG006", message, here.start, to, f"write `{' '.join(written.split())}`", changes)


def _branches(spot: Spot) -> tuple[str, int] | None:
    """`if c { a } else { b }` from the spot on, as it is written here, and where it ends."""
    found = spot.lexemes
    first = next((i for i in range(spot.at, min(spot.at + 30, len(found))) if found[i].text == "{"), None)
    close = closing(found, first) if first is not None else None
    if first is None or close is None or close + 2 >= len(found):
        return None
    end = closing(found, close + 2) if found[close + 2].text == "{" else None
    if end is None or found[close + 1].text != "else" or first + 1 == close or close + 3 == end:
        return None
    condition, then = spot.slice(spot.at + 1, first - 1), spot.slice(first + 1, close - 1)
    return f"(if {condition} then {then} else {spot.slice(close + 3, end - 1)})", found[end].end


def _behind(spot: Spot) -> Iterator[Repair]:
    """`a if c else b`, and `a if c`."""
    here = spot.lexemes[spot.at]
    first, end = expression_first(spot.lexemes, spot.at - 1), statement_last(spot.lexemes, spot.at)
    otherwise = next((i for i in range(spot.at, end + 1) if spot.lexemes[i].text == "else"), None)
    if first >= spot.at:
        return
    if otherwise is None:
        yield from _one_branch(spot, first)
        return
    last = expression_last(spot.lexemes, otherwise + 1) if otherwise + 1 < len(spot.lexemes) else otherwise
    value, condition = spot.slice(first, spot.at - 1), spot.slice(spot.at + 1, otherwise - 1)
    condition = re.sub(r"(?<![<>=!])=(?!=)", "==", condition)
    written = f"if {condition} then {value} else {spot.slice(otherwise + 1, last)}"
    start, end = spot.lexemes[first].start, spot.lexemes[last].end
    message = "the condition stands in front"
    for shown in (written, f"({written})"):
        yield Repair("SG006", message, here.start, here.end, f"write `{shown}`", ((start, end, shown),))


def _one_branch(spot: Spot, first: int) -> Iterator[Repair]:
    """`a if c`: without the condition a benefit is nothing, and so is a cost."""
    here = spot.lexemes[spot.at]
    if spot.at + 1 >= len(spot.lexemes) or here.first:
        return
    last = expression_last(spot.lexemes, spot.at + 1)
    value, condition = spot.slice(first, spot.at - 1), spot.slice(spot.at + 1, last)
    condition = re.sub(r"(?<![<>=!])=(?!=)", "==", condition)
    written = f"if {condition} then {value} else {_NOTHING.get(spot.statement, value)}"
    change = (spot.lexemes[first].start, spot.lexemes[last].end)
    message = "the condition stands in front, and an `if` has two branches"
    for shown in (written, f"({written})"):
        yield Repair("SG006", message, here.start, here.end, f"write `{shown}`", ((*change, shown),))


def _in_comment(spot: Spot) -> str:
    """`# 8 otherwise` behind the line: what its writer meant to write."""
    found = re.search(r"\b([0-9.]+)\s+(?:otherwise|else)\b|\b(?:otherwise|else)[ :]+([0-9.]*[0-9])", spot.comment)
    return (found[1] or found[2]) if found is not None else ""


def _no_else(spot: Spot) -> Iterator[Repair]:
    here = spot.lexemes[spot.at]
    message = "an `if` has two branches"
    if here.text in (":", ",", "otherwise", "}") and spot.word(1) not in ("", "}"):
        yield spot.replace("SG006", message, "else", "write `if a then b else c`")
    if here.word and misspelt(here.text, ["else"]):
        yield spot.replace("SG011", f"there is no word `{here.text}` here", "else", "did you mean `else`?")
    then = next((i for i in range(spot.at - 1, -1, -1) if spot.lexemes[i].text == "then"), None)
    begun = next((i for i in range(spot.at - 1, -1, -1) if spot.lexemes[i].text == "if"), None)
    if (
        (then is not None and begun is not None and then < spot.at - 1 and not spot.lexemes[spot.at].word)
        or spot.ends
        or here.first
    ):
        value = spot.slice(then + 1, spot.at - 1) if then is not None and then + 1 < spot.at else "0"
        condition = spot.slice(begun + 1, then - 1) if begun is not None and then is not None and begun + 1 < then else ""
        factor = spot.text[: spot.lexemes[begun].start].rstrip(" (")[-1:] if begun is not None else ""
        nothing = {"*": "1", "+": "0", "-": "0"}.get(factor, "")  # what changes nothing there
        value = _in_comment(spot) or nothing or contrasting(value, condition)
        end = spot.lexemes[spot.at - 1].end
        start = spot.lexemes[begun] if begun is not None else here
        change = (end, end, f" else {value}")
        to = end if start.start < end and "\n" not in spot.text[start.start : end] else start.end
        yield Repair(
            "SG006",
            message,
            start.start,
            to,
            f"write what holds otherwise, for example `else {value}`",
            (change,),
        )
