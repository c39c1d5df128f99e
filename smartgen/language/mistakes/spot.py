"""Where reading stopped, and a proposal for what was meant there."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from smartgen.language.lexemes import Lexeme
from smartgen.language.source import comment_behind
from smartgen.language.words import STATEMENTS

Change = tuple[int, int, str]  # characters start..end become a text
Lexemes = Sequence[Lexeme]


@dataclass(frozen=True)
class Repair:
    """A finding about characters start..end, and the changes that mend it. `also`: further (start, end, words) to point at."""

    code: str
    message: str
    start: int
    end: int
    help: str
    changes: tuple[Change, ...]
    also: tuple[tuple[int, int, str], ...] = ()


def replaced(at: Lexeme, code: str, message: str, written: str, help: str, changes: tuple[Change, ...] = ()) -> Repair:
    """A finding about one lexeme, which becomes `written` where `changes` do not say more."""
    return Repair(code, message, at.start, at.end, help, changes or ((at.start, at.end, written),))


def removal(text: str, start: int, end: int) -> Change:
    """Characters start..end gone, with their line if nothing else stands on it."""
    line, stop = text.rfind("\n", 0, start) + 1, text.find("\n", end)
    alone = stop >= 0 and not text[line:start].strip() and not text[end:stop].strip()
    return (line, stop + 1, "") if alone else (start, end, "")


@dataclass(frozen=True)
class Spot:
    """`at` is the index of the lexeme that cannot stand where it stands (one past the last: the text ends too early).

    `accepts`: the terminals of the grammar that could.
    """

    text: str
    lexemes: tuple[Lexeme, ...] = field(repr=False)
    at: int
    accepts: frozenset[str]
    document: bool  # a whole recipe, not one expression of a YAML file

    @property
    def here(self) -> str:
        """The text of the offending lexeme, empty at the end."""
        return self.lexemes[self.at].text if self.at < len(self.lexemes) else ""

    @property
    def start(self) -> int:
        """First character of the offending lexeme; at the end, one past the last lexeme."""
        if self.at < len(self.lexemes):
            return self.lexemes[self.at].start
        return self.lexemes[-1].end if self.lexemes else 0

    def near(self, offset: int) -> Lexeme | None:
        """The lexeme so many places further on (negative: back)."""
        index = self.at + offset
        return self.lexemes[index] if 0 <= index < len(self.lexemes) else None

    def word(self, offset: int) -> str:
        """Its text, empty where there is none."""
        found = self.near(offset)
        return found.text if found else ""

    @property
    def comment(self) -> str:
        """What the comment behind the line says on which reading came to a stop; empty without one."""
        return comment_behind(self.text, self.lexemes[self.at - 1].end)

    @property
    def opens(self) -> bool:
        """Whether a statement could begin here: first on its line, or right behind a brace."""
        lexeme = self.near(0)
        return lexeme is not None and (lexeme.first or self.word(-1) in ("{", "}"))

    @property
    def ends(self) -> bool:
        """Whether what came before should have been complete: the end, a brace, the next statement."""
        lexeme = self.near(0)
        return lexeme is None or lexeme.text in ("}", "policy") or lexeme.text in STATEMENTS

    @property
    def wants_operand(self) -> bool:
        return "QUANTITY" in self.accepts and "STRING" in self.accepts

    @property
    def begun(self) -> int:
        """Index of the word that began the statement; -1 before the first."""
        for index in range(min(self.at, len(self.lexemes)) - 1, -1, -1):
            if self.lexemes[index].text in STATEMENTS or self.lexemes[index].text in ("policy", "smartgen", "{", "}"):
                return index
        return -1

    @property
    def statement(self) -> str:
        """The word that began the statement in which reading stopped, or a brace."""
        return self.lexemes[self.begun].text if self.begun >= 0 else ""

    def slice(self, first: int, last: int) -> str:
        """The text from lexeme `first` to lexeme `last`."""
        return self.text[self.lexemes[first].start : self.lexemes[last].end]

    def declares(self, name: str) -> bool:
        """Whether a `let` or a `param` has this name."""
        return any(x.text in ("let", "param") and y.text == name for x, y in pairwise(self.lexemes))

    def column(self, at: int) -> int:
        """How many characters stand before character `at` on its line."""
        return at - self.text.rfind("\n", 0, at) - 1

    # -- proposals ----------------------------------------------------------------------------------------------
    def replace(self, code: str, message: str, text: str, help: str = "", count: int = 1, offset: int = 0) -> Repair:
        """`count` lexemes from the one at `offset` on become `text`."""
        first, last = self.lexemes[self.at + offset], self.lexemes[self.at + offset + count - 1]
        before, behind = self.text[first.start - 1 : first.start], self.text[last.end : last.end + 1]
        if text:
            apart = f"{' ' * _glues(before, text[:1])}{text}{' ' * _glues(text[-1:], behind)}"
        else:
            apart = " " * _glues(before, behind)
        change = (first.start, last.end, apart)
        return Repair(code, message, first.start, last.end, help or f"write `{text}`", (change,))

    def insert(self, code: str, message: str, text: str, help: str) -> Repair:
        """`text` in front of the offending lexeme, with spaces as needed."""
        end = self.lexemes[self.at].end if self.at < len(self.lexemes) else self.start
        before = self.lexemes[self.at - 1].end if self.at else 0
        tight = text[:1] in (",", ":", ")", ".")
        change = (before, before, text if tight else f" {text}") if self.at else (self.start, self.start, text + " ")
        if self.at and self.at < len(self.lexemes) and self.lexemes[self.at].first:
            return Repair(code, message, before, before, help, (change,))  # the line before lacks it
        return Repair(code, message, min(self.start, max(0, end - 1)), end, help, (change,))

    def remove(self, code: str, message: str, help: str, count: int = 1, offset: int = 0) -> Repair:
        """`count` lexemes from the one at `offset` on go."""
        return self.replace(code, message, "", help, count, offset)


def _glues(left: str, right: str) -> bool:
    """Whether two characters would become one word."""
    return (left.isalnum() or left == "_") and (right.isalnum() or right == "_")


Rule = Callable[[Spot], Iterator[Repair]]
