"""Comments of other languages."""

from __future__ import annotations

from itertools import takewhile

from smartgen.language.functions import FUNCTIONS
from smartgen.language.mistakes.operands import unclosed
from smartgen.language.mistakes.spot import Lexemes, Repair, replaced
from smartgen.language.signals import SIGNALS
from smartgen.language.source import line_end
from smartgen.language.units import UNITS

COMMENTS = {
    "/*": 2,
    "<!--": 3,
    '"""': 3,
    "'''": 3,
}  # what opens a comment of other languages: length of what closes it
_SIGNS = ("//", ";", "%")
_FAR = 200  # lexemes before and behind a sign that are looked at
_MESSAGE = "comments begin with `#`"


def block_comment(text: str, lexemes: Lexemes, index: int) -> Repair:
    sign = lexemes[index]
    if sign.text == "/*":
        return replaced(sign, "SG016", _MESSAGE, "#", "write `#`")
    alone = not text[sign.end :].partition("\n")[0].strip()
    opens = next(o for o in COMMENTS if sign.text.startswith(o))
    inside = sign.text[len(opens) : -COMMENTS[opens]]
    lines = [line.strip().lstrip("*").strip() for line in inside.strip().splitlines()]
    written = "\n".join(f"# {line}" for line in lines) if alone else ""
    return replaced(sign, "SG016", f"{_MESSAGE} and end with their line", written, "write `# ...`")


def trailing(text: str, lexemes: Lexemes, index: int) -> Repair | None:
    """`1.5 ms  // of Python`, `; was 64`, `% all rows`: a sign apart from what stands around it, and words behind it."""
    sign = lexemes[index]
    apart = text[sign.start - 1 : sign.start].isspace() and text[sign.end : sign.end + 1].isspace()
    before = lexemes[max(0, index - _FAR) : index]
    if sign.first or not apart or sign.text not in _SIGNS or unclosed(before, len(before)) is not None:
        return None
    end = line_end(text, sign.end)
    behind = list(takewhile(lambda x: x.end <= end, lexemes[index + 1 : index + _FAR]))
    known = {x.text for x in before} | {*SIGNALS, *FUNCTIONS, *UNITS}
    unheard = [x for x in behind if x.sort == "name" and x.text not in known]
    return replaced(sign, "SG016", _MESSAGE, "#", "write `#`") if unheard and behind[0].sort != "keyword" else None
