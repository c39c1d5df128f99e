"""Comments of other languages."""

from __future__ import annotations

from smartgen.language.functions import FUNCTIONS
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
    behind = [x for x in lexemes[index + 1 :] if x.end <= line_end(text, sign.end)]
    if sign.first or not apart or not behind or sign.text not in _SIGNS:
        return None
    said = [x for x in behind if x.sort == "name" and x.text not in SIGNALS and x.text not in FUNCTIONS]
    known = {x.text for x in lexemes[:index]} | {x.text for x in lexemes if x.first}
    unheard = [x for x in said if x.text not in known and x.text not in UNITS]
    return replaced(sign, "SG016", _MESSAGE, "#", "write `#`") if unheard and behind[0].sort != "keyword" else None
