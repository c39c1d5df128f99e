"""Blocks that this language does not have: phases, sections of params, settings in a row."""

from __future__ import annotations

from collections.abc import Iterator

from smartgen.language.borrowed import extent
from smartgen.language.mistakes.operands import closing, statement_last
from smartgen.language.mistakes.spot import Change, Repair, Spot
from smartgen.language.nearest import misspelt
from smartgen.language.words import EXTENTS, STATEMENTS

SECTIONS = {
    **dict.fromkeys(("params", "parameters", "parameter", "param", "arguments", "args", "options", "inputs"), "param"),
    **dict.fromkeys(("lets", "let", "variables", "vars", "definitions", "defs", "constants", "locals"), "let"),
    **dict.fromkeys(("costs", "cost", "prices"), "cost"),
    **dict.fromkeys(("benefits", "benefit"), "benefit"),
    **dict.fromkeys(("constraints", "constraint", "requirements"), "subject to"),
}
_CHAIN = ("when", "otherwise", "if", "elif", "else", "case", "unless")


def sections(spot: Spot) -> Iterator[Repair]:
    """`parameters { trust: prob = 0.9 }`: every line of it is a statement of its own."""
    brace = spot.at if spot.here == "{" else spot.at + 1
    word, opens = spot.near(brace - 1 - spot.at), spot.near(brace - spot.at)
    if word is None or opens is None or opens.text != "{" or word.text not in SECTIONS:
        return
    close = closing(spot.lexemes, brace)
    if close is None or close == brace + 1:
        return
    statement, commas = SECTIONS[word.text], [i for i in range(brace + 1, close) if spot.lexemes[i].text == ","]
    starts = [i for i in range(brace + 1, close) if i == brace + 1 or spot.lexemes[i].first or i - 1 in commas]
    said = statement.split()[0]
    changes: list[Change] = [(word.start, opens.end, "")]
    changes += [(spot.lexemes[i].start, spot.lexemes[i].end, "\n ") for i in commas if i + 1 < close]
    changes += [(spot.lexemes[i].start,) * 2 + (f"{statement} ",) for i in starts if spot.lexemes[i].text != said]
    changes.append((spot.lexemes[close].start, spot.lexemes[close].end, ""))
    first = spot.slice(brace + 1, _line_last(spot, brace + 1, close, commas))
    help = f"write each as a statement of its own: `{statement} {first}`"
    end = opens.end if "\n" not in spot.text[word.start : opens.end] else word.end
    yield Repair("SG006", f"there is no block `{word.text}`", word.start, end, help, tuple(changes))


def _line_last(spot: Spot, first: int, close: int, commas: list[int]) -> int:
    """Index of the last lexeme of the line that begins at `first`, or of what stands before its comma."""
    ends = [i for i in range(first + 1, close) if spot.lexemes[i].first or i in commas]
    return (ends[0] if ends else close) - 1


def phases(spot: Spot) -> Iterator[Repair]:
    """`plan { limit depth 5 }`: statements stand in the policy itself."""
    here = spot.lexemes[spot.at]
    if spot.word(1) != "{" or here.text in (*_CHAIN, *STATEMENTS, "policy") or here.text in SECTIONS:
        return
    close, inner = closing(spot.lexemes, spot.at + 1), spot.word(2)
    if close is None or not (inner in STATEMENTS or misspelt(inner, STATEMENTS)):
        return
    opens, closes = spot.lexemes[spot.at + 1], spot.lexemes[close]
    changes = ((here.start, opens.end, ""), (closes.start, closes.end, ""))
    message = f"there is no block `{here.text}`: which phase a statement belongs to follows from what it says"
    help = "write its statements without a block"
    yield Repair("SG006", message, here.start, opens.end, help, changes)


def settings(spot: Spot) -> Iterator[Repair]:
    """`draft topk=10 steps=6`, `tree(depth: 5, branches: 4)`: settings of other engines, which limit the tree."""
    here, last = spot.lexemes[spot.at], statement_last(spot.lexemes, spot.at)
    if here.text in STATEMENTS or here.text in EXTENTS:
        return
    number, meant = spot.near(1), extent(here.text)
    if meant is not None and number is not None and number.sort == "number" and last == spot.at + 1:
        written = f"limit {meant} {number.text}"
        message, change = f"there is no statement `{here.text}`", (here.start, number.end, written)
        yield Repair("SG011", message, here.start, here.end, f"write `{written}`", (change,))
        return
    inside = [x for x in spot.lexemes[spot.at + 1 : last + 1] if x.text not in ("(", ")", "{", "}", "=", ":", ",")]
    names, numbers = inside[::2], inside[1::2]
    if not names or len(names) != len(numbers) or not all(number.sort == "number" for number in numbers):
        return
    caps: dict[str, str] = {}
    for name, number in zip(names, numbers, strict=True):
        meant = extent(name.text) if name.word else None
        if meant is None or meant in caps:
            return
        caps[meant] = number.text
    if len(names) < 2 and spot.word(1) not in ("(", "{"):
        return  # `int k = 10`
    written = f"limit {', '.join(f'{name} {cap}' for name, cap in caps.items())}"
    end = spot.lexemes[last].end
    message = f"there is no statement `{here.text}`"
    yield Repair("SG011", message, here.start, end, f"write `{written}`", ((here.start, end, written),))
