"""How far a text can be read: the parser's own table walked without building a tree, many times a second.

Trying a repair is one walk. The lexemes are those of `smartgen.language.lexemes`, which a test holds against the grammar's.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from lark.lexer import PatternStr
from lark.parsers.lalr_analysis import Shift

from smartgen.language.lexemes import Lexeme, lexemes
from smartgen.language.tables import parser

_END = "$END"
_COMPARES = frozenset({"<", "<=", ">", ">=", "==", "!="})
_SORTS = {"number": "QUANTITY", "text": "STRING"}


@dataclass(frozen=True)
class Walk:
    """`at`: index of the first lexeme that cannot stand where it stands, None where the whole text is legal."""

    text: str
    lexemes: tuple[Lexeme, ...]
    at: int | None
    stack: tuple[int, ...]
    recogniser: Recogniser

    @property
    def left(self) -> int:
        """Characters that were not read; -1 where nothing stopped the walk."""
        if self.at is None:
            return -1
        return len(self.text) - self.lexemes[self.at].start if self.at < len(self.lexemes) else 0

    @cached_property
    def accepts(self) -> frozenset[str]:
        """Terminals that could have stood where the walk stopped."""
        stack = list(self.stack)
        possible = self.recogniser.states[stack[-1]]
        return frozenset(t for t in possible if t.isupper() and self.recogniser.step(list(stack), t) is not None)


class Recogniser:
    """For one start rule of the grammar."""

    def __init__(self, start: str) -> None:
        table: Any = parser().parser.parser._parse_table
        self.states: dict[int, dict[str, tuple[Any, Any]]] = table.states
        self.start: int = table.start_states[start]
        self.end: int = table.end_states[start]
        self.signs = {t.pattern.value: t.name for t in parser().terminals if isinstance(t.pattern, PatternStr)}

    def walk(self, text: str) -> Walk:
        """Read as far as it goes."""
        found = tuple(x for x in lexemes(text) if x.sort != "comment")
        stack = [self.start]
        for i, x in enumerate(found):
            terminal = self.terminal(x)
            action, argument = self.states[stack[-1]].get(terminal, (None, None))
            if action is Shift:  # nothing is lost by it, so that a deep stack need not be kept
                stack.append(argument)
                continue
            kept = tuple(stack)
            if self.step(stack, terminal) is None:
                return Walk(text, found, i, kept, self)
        kept = tuple(stack)
        at = None if self.step(stack, _END) is not None else len(found)
        return Walk(text, found, at, kept, self)

    def terminal(self, x: Lexeme) -> str:
        """The terminal of a lexeme; empty for one that the grammar does not have."""
        if x.text in _COMPARES:
            return "COMPARE"
        if x.sort == "name":
            return "DOTTED" if "." in x.text else "NAME"
        return _SORTS.get(x.sort) or (self.signs.get(x.text, "") if x.sort != "foreign" else "")

    def step(self, stack: list[int], terminal: str) -> list[int] | None:
        """The stack after one more terminal, changed in place; None where it cannot stand."""
        while True:
            action, argument = self.states[stack[-1]].get(terminal, (None, None))
            if action is None:
                return None
            if action is Shift:
                stack.append(argument)
                return stack
            size = len(argument.expansion)
            if size:
                del stack[-size:]
            stack.append(self.states[stack[-1]][argument.origin.name][1])
            if terminal == _END and stack[-1] == self.end:
                return stack
