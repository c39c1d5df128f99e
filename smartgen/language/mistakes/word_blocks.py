"""Blocks between words: `when c then ... end if`, `do ... end`, `begin ... end`."""

from __future__ import annotations

from collections.abc import Iterator

from smartgen.language.mistakes.spot import Change, Repair, Spot, removal

_OPENS = ("then", "do", "begin", "loop", "is", ":")
_ENDS = ("end", "endif", "endwhen", "fi", "done", "end_if", "endcase")
_BEHIND = ("if", "when", "loop", "do", "case")  # the second word of `end if`


def word_block(spot: Spot) -> Iterator[Repair]:
    """The braces that the words stand for."""
    if spot.here not in _OPENS or spot.statement not in ("when", "otherwise"):
        return
    found = spot.lexemes
    last = next(
        (i for i in range(spot.at + 1, len(found)) if found[i].text in (*_ENDS, "}", "when", "otherwise")), None
    )
    if last is None or found[last].text not in _ENDS or last == spot.at + 1:
        return
    behind = last + 1
    while behind < len(found) and not found[behind].first and found[behind].text in _BEHIND:
        behind += 1
    opens, end = found[spot.at], found[last]
    changes: tuple[Change, ...] = ((opens.start, opens.end, "{"), (end.start, found[behind - 1].end, "}"))
    message = f"what `{spot.statement}` changes stands in braces"
    words = f"`{opens.text}` and `{spot.slice(last, behind - 1)}`"
    also = ((end.start, found[behind - 1].end, ""),)
    yield Repair("SG002", message, opens.start, opens.end, f"write `{{` and `}}` for {words}", changes, also)


def stray_end(spot: Spot) -> Iterator[Repair]:
    """`end` behind a brace that closes what it would."""
    if spot.here in _ENDS and spot.opens:
        here = spot.lexemes[spot.at]
        change = removal(spot.text, here.start, here.end)
        yield Repair("SG006", f"there is no `{here.text}`", here.start, here.end, "remove it", (change,))
