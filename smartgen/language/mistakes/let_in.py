"""`let p = node.prob in path(p)`: a name for a part of one expression."""

from __future__ import annotations

import re
from collections.abc import Iterator

from smartgen.language.mistakes.operands import statement_last
from smartgen.language.mistakes.spot import Repair, Spot


def let_in(spot: Spot) -> Iterator[Repair]:
    """What the name stands for, in its place."""
    if spot.here != "let" or not spot.wants_operand or spot.word(2) != "=":
        return
    found = spot.lexemes
    joint = next((i for i in range(spot.at + 3, len(found)) if found[i].text == "in"), None)
    if joint is None or any(x.first for x in found[spot.at : joint + 1]) or joint == spot.at + 3:
        return
    last = statement_last(found, joint)
    if last == joint:
        return
    value, name = spot.slice(spot.at + 3, joint - 1), spot.word(1)
    value = f"({value})" if re.search(r"\s", value) else value
    written = re.sub(rf"(?<![\w.]){re.escape(name)}(?!\w)", lambda m: value, spot.slice(joint + 1, last))
    start, end = found[spot.at].start, found[last].end
    message = "a `let` is a statement of its own, not a part of an expression"
    yield Repair("SG006", message, start, end, f"write `{written}`", ((start, end, written),))
