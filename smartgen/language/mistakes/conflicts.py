"""What a merge leaves behind: `<<<<<<< HEAD`, `=======`, `>>>>>>> branch`."""

from __future__ import annotations

import re

from smartgen.language.mistakes.spot import Change, Repair

_CONFLICT = re.compile(
    r"^(?P<ours><{7}[^\n]*\n)(?P<first>.*?)^(?P<middle>(?:\|{7}.*?^)?={7}[^\n]*\n.*?^>{7}[^\n]*(?:\n|$))", re.M | re.S
)
_LEFT = re.compile(r"^(?:<{7}|\|{7}|={7}|>{7})[^\n]*\n?", re.M)


def conflict(text: str) -> Repair | None:
    """Both sides of every conflict stand in the text: the first one is kept."""
    found = list(_CONFLICT.finditer(text))
    if not found:
        return _left(text)
    changes: list[Change] = []
    for one in found:
        changes += [(*one.span("ours"), ""), (*one.span("middle"), "")]
    start, end = found[0].start(), found[0].end()
    message = "two versions stand here, as a merge left them"
    help = "keep one of them, for example the first, and remove the lines of `<`, `=` and `>`"
    return Repair("SG003", message, start, end, help, tuple(changes))


def _left(text: str) -> Repair | None:
    """Lines that stayed when one side was taken."""
    lines = list(_LEFT.finditer(text))
    if not lines:
        return None
    changes = tuple((*line.span(), "") for line in lines)
    start, end = lines[0].span()
    return Repair("SG003", "this line is left from a merge", start, start + len(text[start:end].rstrip()), "remove it", changes)
