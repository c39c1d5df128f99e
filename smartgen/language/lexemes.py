"""Any text as lexemes, legal or not: for the formatter, and for telling what is wrong where the grammar only says no."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from smartgen.language.units import UNITS
from smartgen.language.words import KEYWORDS

Sort = Literal["comment", "text", "number", "name", "keyword", "sign", "foreign"]

_UNIT = "|".join(UNITS)
_SORTS: dict[str, str] = {
    "comment": r"\#[^\n]*",
    "docstring": r'"{3}.*?"{3}',
    "text": r'"[^"\n]*"',
    "number": rf"[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?(?:[ \t]*(?:{_UNIT})(?:/(?:{_UNIT}))?\b(?![ \t]*\())?",
    "word": r"[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*",
    "foreign": r"&[a-z]+;|/\*.*?\*/|/\*|<!--.*?-->|'''.*?'''|===|!=="
    r"|/\\|\\/|\*\*=?|//|&&|\|\||:=|=>|->|<>|=<|\+=|-=|\*=|/=|\.{3,}|\.\.=|::",
    "sign": r"\.\.|<=|>=|==|!=|[<>+\-*/(){},:=]",
    "space": r"[ \t\r\n\f]+",
    "other": r".",
}
_LEXEME = re.compile("|".join(f"(?P<{sort}>{pattern})" for sort, pattern in _SORTS.items()), re.DOTALL)


@dataclass(frozen=True)
class Lexeme:
    """Characters start..end; `first`: nothing but spaces before it on its line."""

    sort: Sort
    text: str
    start: int
    end: int
    first: bool

    @property
    def word(self) -> bool:
        return self.sort in ("name", "keyword")


def lexemes(text: str) -> list[Lexeme]:
    """All of them, comments too; only spaces and line ends are passed over."""
    found: list[Lexeme] = []
    first = True
    for match in _LEXEME.finditer(text):
        sort, written = str(match.lastgroup), match.group()
        if sort == "space":
            first = first or "\n" in written
            continue
        found.append(Lexeme(_sort(sort, written), written, match.start(), match.end(), first))
        first = False
    return found


def _sort(group: str, written: str) -> Sort:
    if group == "word":
        return "keyword" if written in KEYWORDS else "name"
    return "foreign" if group in ("other", "docstring") else group  # type: ignore[return-value]
