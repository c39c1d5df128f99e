"""One way to write a recipe down. Only spaces, line ends and alignment change: the lexemes stay, comments among them.

A statement has a line of its own; a break inside it is kept, so that a long expression stays as it was laid out, and so is
a block that stood on one line. Words, names, signs and comments of neighbouring lines are aligned.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from smartgen.language.layout import Line, head, joined, padded
from smartgen.language.lexemes import Lexeme, lexemes
from smartgen.language.words import SECOND_WORDS, STATEMENTS

_BEGINS = frozenset({*STATEMENTS, "policy", "smartgen"})


def formatted(text: str) -> str:
    """`text`, which has to be a legal recipe, in the one form."""
    lines = _Breaker(lexemes(text), text).lines()
    written = [row for paragraph in _paragraphs(lines) for row in _rows(paragraph)]
    return "\n".join(written) + "\n" if written else ""


@dataclass
class _Breaker:
    """Lexemes into lines."""

    found: Sequence[Lexeme]
    text: str
    done: list[Line] = field(default_factory=list)
    line: Line = field(default_factory=lambda: Line(0))
    level: int = 0

    def lines(self) -> list[Line]:
        inline = self._inline()
        before: Lexeme | None = None  # the last lexeme that is no comment
        end, shut = 0, False  # `shut`: a brace that has its own line stands before
        within = 0
        for i, x in enumerate(self.found):
            gap = x.first and self.text.count("\n", end, x.start) > 1
            end = x.end
            if x.sort == "comment":
                self._comment(x, gap)
                continue
            opens, closes = x.text == "{", x.text == "}"
            own = closes and i not in inline
            if own:
                self.level -= 1
            begins = x.text in _BEGINS or own or shut
            joined = opens or self._second_word(x)
            if not within and not joined and (begins or x.first or self.line.comment):
                self._next(gap, more=not begins and before is not None)
            self.line.words.append(x)
            within += (opens and i in inline) - (closes and i in inline)
            shut = ((opens or closes) and i not in inline) or (closes and not within)
            self.level += opens and i not in inline
            before = x
        self._next(False)
        return self.done

    def _second_word(self, x: Lexeme) -> bool:
        """`to` behind `subject`, `while` behind `continue`: they stay on one line."""
        return bool(self.line.words) and SECOND_WORDS.get(self.line.words[-1].text) == x.text

    def _next(self, gap: bool, more: bool = False) -> None:
        if self.line.words or self.line.comment:
            self.done.append(self.line)
        self.line = Line(self.level, more=more, gap=gap and bool(self.done))

    def _comment(self, x: Lexeme, gap: bool) -> None:
        if x.first:
            self._next(gap)
            self.line.comment = x.text.rstrip()
            self._next(False)
        else:
            self.line.comment = f"{self.line.comment} {x.text.rstrip()}".strip()

    def _inline(self) -> frozenset[int]:
        """Indices of the braces of blocks that stand on one line."""
        pairs: set[int] = set()
        opened: list[tuple[int, bool]] = []
        broken = 0  # index of the last lexeme that begins a line or is a comment
        statement = ""
        for i, x in enumerate(self.found):
            if x.first or x.sort == "comment":
                broken = i
            if x.text in _BEGINS:
                statement = x.text
            if x.text == "{":
                opened.append((i, statement in ("when", "otherwise")))
            elif x.text == "}" and opened:
                start, block = opened.pop()
                if block and broken <= start:
                    pairs |= {start, i}
        return frozenset(pairs)


def _paragraphs(lines: Iterable[Line]) -> Iterator[list[Line]]:
    """Runs of lines of one level without a blank line or a comment of its own between them."""
    group: list[Line] = []
    for line in lines:
        if group and (line.gap or line.level != group[-1].level or not line.words or not group[-1].words):
            yield group
            group = []
        group.append(line)
    if group:
        yield group


def _rows(group: Sequence[Line]) -> Iterator[str]:
    """A paragraph written out, its comments aligned."""
    texts = _texts(group)
    column = max((len(text) for line, text in zip(group, texts, strict=True) if line.comment and line.words), default=0)
    for line, text in zip(group, texts, strict=True):
        if line.gap:
            yield ""
        if not line.words:
            yield "  " * line.level + line.comment
        else:
            yield f"{text:{column}}  {line.comment}" if line.comment else text


def _texts(group: Sequence[Line]) -> list[str]:
    width = max((len(head(line)) for line in group), default=0)
    names = padded(group)
    found: list[str] = []
    statement: list[str] = []  # rows of the statement so far, for aligning what continues it
    for line in group:
        if line.more:
            found.append(" " * _hang(statement, line) + joined(line.words))
        else:
            statement = []
            found.append("  " * line.level + names.write(line, width))
        statement.append(found[-1])
    return found


def _hang(rows: Sequence[str], line: Line) -> int:
    """Column of a line that continues a statement: behind the innermost open parenthesis, under the first text of a tree,
    or four further in."""
    open_at: list[int] = []
    quoted = False
    for row in rows:
        for column, c in enumerate(row):
            quoted ^= c == '"'
            if not quoted and c == "(":
                open_at.append(column + 1)
            elif not quoted and c == ")" and open_at:
                open_at.pop()
    if open_at:
        return open_at[-1]
    if rows and line.words[0].sort == "text" and '"' in rows[0]:
        return rows[0].index('"')
    return 2 * line.level + 4
