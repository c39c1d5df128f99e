"""When no rule knows the mistake: what one word or sign more, less or other lets the text be read furthest?"""

from __future__ import annotations

from collections.abc import Iterator

from smartgen.language.functions import AGGREGATES, FUNCTIONS
from smartgen.language.mistakes.operands import unclosed
from smartgen.language.mistakes.spot import Repair, Spot
from smartgen.language.nearest import misspelt
from smartgen.language.words import KEYWORDS, STATEMENTS

_COMPARES = ("<", "<=", ">", ">=", "==", "!=")
_SIGNS = {
    "RPAR": ")",
    "COMMA": ",",
    "COLON": ":",
    "EQUAL": "=",
    "RBRACE": "}",
    "LBRACE": "{",
    "_TO": "to",
    "_WHILE": "while",
    "_BEST": "best",
    "_ALL": "all",
    "_THEN": "then",
    "_ELSE": "else",
    "AND": "and",
    "_WHERE": "where",
}


def words(spot: Spot) -> Iterator[Repair]:
    """A misspelt keyword: the offending word, or the one before it that was taken for a name."""
    here, before = spot.near(0), spot.near(-1)
    possible = [w for w in KEYWORDS if {f"_{w.upper()}", w.upper()} & spot.accepts]
    if here is not None and here.word:
        near = misspelt(here.text, possible)
        if near and near != here.text:
            yield spot.replace("SG011", f"there is no word `{here.text}` here", near, f"did you mean `{near}`?")
        yield from _glued(spot, possible)
    if before is not None and before.sort == "name":
        near = misspelt(before.text, KEYWORDS)
        if near:
            yield spot.replace(
                "SG011", f"there is no word `{before.text}` here", near, f"did you mean `{near}`?", 1, -1
            )


def _glued(spot: Spot, possible: list[str]) -> Iterator[Repair]:
    for keyword in possible:
        rest = spot.here[len(keyword) :]
        if spot.here.startswith(keyword) and rest and not rest.startswith("_"):
            yield spot.replace(
                "SG011",
                f"there is no word `{spot.here}` here",
                f"{keyword} {rest}",
                f"did you mean `{keyword} {rest}`?",
            )


def _before_sign(spot: Spot, opened: int) -> int | None:
    """Where `layer.max(node.prob > 0.3` is closed: what a function takes is a number, so a comparison is of its value."""
    called = spot.lexemes[opened - 1].text if opened else ""
    aggregate = called.rpartition(".")[2]
    if called not in FUNCTIONS and (aggregate not in AGGREGATES or aggregate == "count"):
        return None
    inside = [x.text for x in spot.lexemes[opened + 1 : spot.at]]
    sign = next((i for i, text in enumerate(inside) if text in _COMPARES), None)
    if not sign or {"if", "and", "or", "not"} & set(inside[:sign]):
        return None
    return spot.lexemes[opened + sign].end


def _overfull(spot: Spot) -> tuple[int, int] | None:
    """(index of the `(`, where it is closed) of a call that goes on beyond what it takes: with an argument too many, or
    with the next row of a table that it stands in."""
    calls: list[list[int]] = []  # of each open parenthesis: its index, commas so far
    for i in range(max(spot.begun, 0), spot.at):
        lexeme = spot.lexemes[i]
        if lexeme.text == "(":
            calls.append([i, 0])
        elif lexeme.text == ")" and calls:
            calls.pop()
        elif lexeme.text == "," and len(calls) > 1:
            opened = calls[-1][0]
            called = spot.lexemes[opened - 1].text
            labelled = i + 2 < spot.at and spot.lexemes[i + 2].text == ":"
            row = labelled and spot.lexemes[i + 1].sort == "number"
            calls[-1][1] += not (labelled and called in FUNCTIONS and spot.lexemes[i + 1].text in FUNCTIONS[called].named)
            most = FUNCTIONS[called].most if called in FUNCTIONS else 1 if called.rpartition(".")[2] in AGGREGATES else None
            if most is not None and (calls[-1][1] >= most or (row and called != "table")):
                return opened, spot.lexemes[i - 1].end
    return None


def _closings(spot: Spot, opened: int) -> Iterator[tuple[int, int]]:
    """(index of a `(`, where it may be closed), the likeliest first."""
    overfull = _overfull(spot)
    if overfull is not None:
        yield overfull
    compared = _before_sign(spot, opened)
    if compared is not None:
        yield opened, compared
    yield opened, spot.lexemes[spot.at - 1].end


def _unclosed(spot: Spot, opened: int) -> Iterator[Repair]:
    for index, close in _closings(spot, opened):
        at = spot.lexemes[index]
        called = spot.lexemes[index - 1] if index and spot.lexemes[index - 1].end == at.start else at
        shown = " ".join(spot.text[called.start : close].split())
        message, change = "this parenthesis is not closed", (close, close, ")")
        end = close if "\n" not in spot.text[at.start : close] else at.end
        yield Repair("SG015", message, at.start, end, f"write `{shown})`", (change,))


def signs(spot: Spot) -> Iterator[Repair]:
    """Something missing, something too many, something else."""
    here = spot.near(0)
    opened = unclosed(spot.lexemes, spot.at)
    if "RPAR" in spot.accepts and opened is not None:
        yield from _unclosed(spot, opened)
    if here is not None and here.text in (")", "}"):
        yield spot.remove("SG015", f"this `{here.text}` closes nothing", "remove it")
    boundary = here is not None and here.first and here.text in STATEMENTS  # nothing goes on behind it
    for terminal, sign in _SIGNS.items():
        if boundary and terminal not in ("RPAR", "RBRACE", "LBRACE"):
            continue
        if terminal in spot.accepts and not (terminal == "RPAR" and opened is not None):
            shown = f"{spot.word(-1)}{'' if sign in ',:)' else ' '}{sign} {spot.here}".strip()
            behind = f"behind `{spot.word(-1)}`" if spot.at else "here"
            yield spot.insert("SG005", f"`{sign}` is missing {behind}", sign, f"write `{shown}`")
    if here is not None and not boundary:
        yield spot.remove("SG003", f"`{here.text}` cannot stand here", f"remove `{here.text}`")
        for terminal, sign in _SIGNS.items():
            if terminal in spot.accepts and here.sort == "sign" and not sign.isalpha():
                yield spot.replace("SG003", f"`{here.text}` cannot stand here", sign)
        before = spot.near(-1)
        if before is not None and before.text not in ("{", "}"):
            yield spot.remove("SG003", f"`{before.text}` cannot stand here", f"remove `{before.text}`", 1, -1)
