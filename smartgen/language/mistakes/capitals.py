"""Words of other languages in capital letters, `ORDER BY`, `BETWEEN`: the rules have them in small ones."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise

from smartgen.language.lexemes import Lexeme
from smartgen.language.mistakes.spot import Repair
from smartgen.language.units import UNITS
from smartgen.language.words import KEYWORDS

_NAMED = ("let", "param", "benefit", "cost", "policy", "use")  # what a name of one's own stands behind


def spoken(lexemes: tuple[Lexeme, ...]) -> tuple[Lexeme, ...]:
    """The lexemes with these words in small letters."""
    loud = [i for i, x in enumerate(lexemes) if x.sort == "name" and len(x.text) > 1 and x.text.isupper()]
    if not loud:
        return lexemes
    own = {y.text for x, y in pairwise(lexemes) if x.text in _NAMED}
    found = list(lexemes)
    for i in loud:
        quiet = lexemes[i].text.lower()
        if lexemes[i].text not in own and quiet not in (*KEYWORDS, *UNITS):
            found[i] = replace(lexemes[i], text=quiet)
    return tuple(found)


def as_written(repair: Repair, lexemes: tuple[Lexeme, ...], quiet: tuple[Lexeme, ...]) -> Repair:
    """A repair whose message has the words as they stand in the text."""
    message = repair.message
    for written, word in zip(lexemes, quiet, strict=True) if lexemes is not quiet else ():
        if written.text != word.text:
            message = re.sub(rf"(?<=[`<]){word.text}(?=[`>])", written.text, message)
    return repair if message == repair.message else replace(repair, message=message)
