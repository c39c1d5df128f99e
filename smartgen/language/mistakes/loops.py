"""`for d in 1..6 { ... }`, `repeat 6 { ... }`, `while c { ... }`, `for each request { ... }`: a policy is a loop already."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from smartgen.language.mistakes.operands import closing
from smartgen.language.mistakes.spot import Change, Repair, Spot
from smartgen.language.nearest import misspelt
from smartgen.language.words import STATEMENTS

_LOOPS = ("for", "foreach", "forall", "repeat", "loop", "while", "until", "do", "each", "every", "iterate", "times")
_HEAD = 14  # lexemes of a loop before its body


def loop(spot: Spot) -> Iterator[Repair]:
    """The statements of a loop without it; how often it runs is a limit, what it asks a condition of drafting."""
    here = spot.lexemes[spot.at]
    if here.text not in _LOOPS:
        return
    opens = next(
        (i for i in range(spot.at + 1, min(spot.at + _HEAD, len(spot.lexemes))) if spot.lexemes[i].text in ("{", ":")),
        None,
    )
    inner = spot.word(opens + 1 - spot.at) if opens is not None else ""
    if opens is None or not (inner in STATEMENTS or misspelt(inner, STATEMENTS)):
        return
    changes: list[Change] = []
    end = spot.lexemes[opens].end
    end += spot.text[end : end + 1] == " "
    if spot.lexemes[opens].text == "{":
        close = closing(spot.lexemes, opens)
        if close is None:
            return
        brace = spot.lexemes[close]
        start = brace.start - (spot.text[brace.start - 1] == " ")
        changes.append((start, brace.end, ""))
    said = _said(spot, here.text, spot.slice(spot.at + 1, opens - 1) if opens > spot.at + 1 else "")
    changes.insert(0, (here.start, end, f"{said}\n  " if said else ""))
    message = f"there is no `{here.text}`: a policy is asked at every step and every pass, it has no loops"
    help = "write its statements without the loop" + (f", and `{said}`" if said else "")
    yield Repair("SG006", message, here.start, spot.lexemes[opens - 1].end, help, tuple(changes))


def _said(spot: Spot, word: str, head: str) -> str:
    """What the head of a loop says, as a statement that the policy does not have yet; empty where it says nothing."""
    begun = {x.text for x in spot.lexemes if x.text in STATEMENTS}
    if word in ("while", "until") and re.search(r"[<>=]", head) and "continue" not in begun:
        condition = " ".join(head.split()).strip("()")
        return f"continue while {condition if word == 'while' else f'not ({condition})'}"
    numbers = re.findall(r"[0-9]+", head)
    limited = any(a.text in ("limit", ",") and b.text == "depth" for a, b in pairwise(spot.lexemes))
    return f"limit depth {numbers[-1]}" if numbers and word not in ("while", "until") and not limited else ""
