"""One statement of which nothing fits is one mistake, however many words of it cannot stand where they stand."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from smartgen.language.diagnostics import Diagnostic
from smartgen.language.lexemes import lexemes
from smartgen.language.mistakes.gist import gist, prose
from smartgen.language.mistakes.spot import Repair
from smartgen.language.source import line_end
from smartgen.language.words import STATEMENTS

_GUESSES = frozenset({"SG003", "SG005"})  # something cannot stand here, something is missing
_MANY = 3  # findings of one statement that are none by themselves
_SHOWN = 100  # characters


def garbled(text: str, found: Sequence[Diagnostic]) -> list[Repair]:
    """A repair for each statement of `text` in which `found` has more mistakes than a writer makes; none without guesses."""
    repairs = list[Repair]()
    here = sorted((each for each in found if each.span.source.text == text), key=lambda each: each.span.start)
    for line, group in groupby(here, key=lambda each: text.rfind("\n", 0, each.span.start) + 1):
        findings = list(group)
        if len(findings) < _MANY or not any(each.code in _GUESSES for each in findings):
            continue
        repair = _as_one(text, line, findings[0].span.start)
        if repair is not None:
            repairs.append(repair)
    return repairs


def _as_one(text: str, line: int, first: int) -> Repair | None:
    end = line_end(text, line)
    words = [x for x in lexemes(text[line:end]) if x.sort != "comment"]
    if not words:
        return None
    begins = [i for i, x in enumerate(words) if x.text in STATEMENTS and (i == 0 or words[i - 1].text in ("{", "}"))]
    at = max((i for i in begins if line + words[i].start <= first), default=0)
    stop = next((i for i in range(at + 1, len(words)) if words[i].text in ("{", "}") or i in begins), len(words))
    keyword = words[at].text if words[at].text in STATEMENTS else ""
    if (keyword == "when") != (stop < len(words) and words[stop].text == "{"):
        return None
    start, until = line + words[at].start, line + words[stop - 1].end
    said = text[start:until]
    if keyword:
        written = gist(keyword, said)
        message = f"this says nothing in the form of a `{keyword}`"
        fix = f"for example `{written}`"
        return Repair("SG003", message, start, until, fix, ((start, until, written),)) if written else None
    if not prose(said) or stop < len(words):
        return None
    message = "this line is no statement, and comments begin with `#`"
    shown = said if len(said) < _SHOWN else f"{said[:_SHOWN]}..."
    return Repair("SG016", message, start, until, f"write `# {shown}`", ((start, start, "# "),))
