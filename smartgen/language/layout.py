"""Lines of a formatted recipe: how words stand beside one another, and in which columns."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from smartgen.language.lexemes import Lexeme
from smartgen.language.words import STATEMENTS

_UNALIGNED = frozenset({"use", "param", "let", "when", "otherwise"})
_TIGHT_BEFORE = frozenset({")", ",", ":", ".."})
_TIGHT_BEHIND = frozenset({"(", ".."})


@dataclass
class Line:
    """A line to be: `comment` stands behind `words`; `level` counts open braces; `more`: it continues the statement above;
    `gap`: a blank line stands before it."""

    level: int
    words: list[Lexeme] = field(default_factory=list)
    comment: str = ""
    more: bool = False
    gap: bool = False

    @property
    def statement(self) -> str:
        """The keyword it begins with."""
        return self.words[0].text if self.words and not self.more and self.words[0].text in STATEMENTS else ""


def head(line: Line) -> str:
    """What is padded to the width of its neighbours: `subject to`, `limit`, `continue`."""
    if not line.statement or line.statement in _UNALIGNED:
        return ""
    return "subject to" if line.statement == "subject" and len(line.words) > 1 else line.statement


@dataclass(frozen=True)
class Padding:
    """Widths that the lines of one paragraph share: of names, of a param's types, of what stands before a block."""

    let: int
    valued: int  # benefit and cost
    param: int
    type: int
    block: int

    def write(self, line: Line, width: int) -> str:
        """The line without its indentation; `width` is that of the paragraph's heads."""
        statement, words = line.statement, line.words
        if statement in ("when", "otherwise"):
            return self._block(words)
        if statement == "param":
            return f"param {self._param(words)}".rstrip()
        if statement == "let":
            return f"let {_named(words[1:], self.let)}".rstrip()
        if not head(line):
            return joined(words)
        lead = len(head(line).split())
        rest = _named(words[lead:], self.valued) if statement in ("benefit", "cost") else joined(words[lead:])
        return f"{head(line):{width}} {rest}".rstrip()

    def _block(self, words: Sequence[Lexeme]) -> str:
        brace = next((i for i, x in enumerate(words) if x.text == "{"), len(words))
        if brace + 1 >= len(words):
            return joined(words)
        return f"{joined(words[:brace]):{self.block}} {joined(words[brace:])}"

    def _param(self, words: Sequence[Lexeme]) -> str:
        sign = next((i for i, x in enumerate(words) if x.text == "="), len(words))
        if len(words) < 4 or words[2].text != ":" or sign == len(words):
            return joined(words[1:])
        name, kind = f"{words[1].text}:", "".join(x.text for x in words[3:sign])
        return f"{name:{self.param}} {kind:{self.type}} = {joined(words[sign + 1 :])}".rstrip()


def padded(group: Sequence[Line]) -> Padding:
    """The widths of a paragraph."""

    def widest(statements: tuple[str, ...]) -> int:
        return max((len(x.words[1].text) for x in group if x.statement in statements and len(x.words) > 1), default=0)

    kinds = (_kind(line) for line in group if line.statement == "param")
    blocks = (_before_block(line) for line in group if line.statement in ("when", "otherwise"))
    widths = (widest(("let",)), widest(("benefit", "cost")), widest(("param",)) + 1)
    return Padding(*widths, max(map(len, kinds), default=0), max(map(len, blocks), default=0))


def _kind(line: Line) -> str:
    sign = next((i for i, x in enumerate(line.words) if x.text == "="), 0)
    return "".join(x.text for x in line.words[3:sign])


def _before_block(line: Line) -> str:
    """What stands before a block that is on its line."""
    brace = next((i for i, x in enumerate(line.words) if x.text == "{"), len(line.words))
    return joined(line.words[:brace]) if brace + 1 < len(line.words) else ""


def _named(words: Sequence[Lexeme], width: int) -> str:
    """`name = expression`, the sign in its column."""
    if len(words) < 2 or words[1].text != "=":
        return joined(words)
    return f"{words[0].text:{width}} = {joined(words[2:])}".rstrip()


def joined(words: Sequence[Lexeme]) -> str:
    """Lexemes with one space between them, or none, or two between the statements of a block."""
    text = ""
    for i, x in enumerate(words):
        if i and not _tight(words, i):
            text += "  " if x.text in STATEMENTS and words[i - 1].text not in ("{", "}") else " "
        text += _quantity(x.text) if x.sort == "number" else x.text
    return text


def _quantity(text: str) -> str:
    return " ".join(part for part in re.split(r"^([0-9.]+(?:[eE][+-]?[0-9]+)?)[ \t]*", text) if part)


def _tight(words: Sequence[Lexeme], i: int) -> bool:
    """Whether no space stands before lexeme i."""
    x, before = words[i], words[i - 1]
    if x.text in _TIGHT_BEFORE or before.text in _TIGHT_BEHIND:
        return True
    if before.text == "-" and _sign(words, i - 1):
        return True
    return x.text == "(" and before.sort == "name"


def _sign(words: Sequence[Lexeme], i: int) -> bool:
    """Whether the minus at i is a sign and no difference."""
    if i == 0:
        return True
    before = words[i - 1]
    return (before.sort == "keyword" and before.text not in ("true", "false")) or (
        before.sort == "sign" and before.text != ")"
    )
