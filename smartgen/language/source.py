"""Where text comes from and how to point into it. Lines and columns count characters from 1."""

from __future__ import annotations

import bisect
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property


@dataclass(frozen=True)
class Source:
    """A whole file, or a text that was passed in; `name` is what a diagnostic calls it."""

    name: str
    text: str = field(repr=False)

    @cached_property
    def line_starts(self) -> list[int]:
        """Offset of each line's first character."""
        return [0, *(i + 1 for i, c in enumerate(self.text) if c == "\n")]

    @property
    def is_yaml(self) -> bool:
        """Whether the text is in the YAML form; its name tells."""
        return self.name.endswith((".yaml", ".yml"))

    def position(self, offset: int) -> tuple[int, int]:
        """(line, column) of a character."""
        offset = max(0, min(offset, len(self.text)))
        line = bisect.bisect_right(self.line_starts, offset)
        return line, offset - self.line_starts[line - 1] + 1

    def line(self, number: int) -> str:
        """A line's text without its end."""
        start = self.line_starts[number - 1]
        return self.text[start : line_end(self.text, start)]


LONGEST = 6_000  # characters of a text that is worth looking through again and again


def comment_behind(text: str, at: int) -> str:
    """The comment of the text form on the rest of the line on which `at` stands, without its sign; empty without one."""
    return text[at : line_end(text, at)].partition("#")[2]


def only_number(comment: str) -> str:
    """The one whole number that a comment says, but 0; empty where it says none or several."""
    found = [number for number in re.findall(r"(?<![\w.])[0-9]+(?![\w.%])", comment) if number != "0"]
    return found[0] if len(found) == 1 else ""


def mentions(text: str, name: str) -> int | None:
    """How often a name stands in a text, as a word of its own; None where that is too long to look through."""
    return None if len(text) > LONGEST else len(re.findall(rf"(?<![\w.]){re.escape(name)}(?![\w.])", text))


def line_end(text: str, at: int) -> int:
    """Offset behind the last character of the line on which `at` stands: of its line break, or of the end of the text."""
    end = text.find("\n", at)
    return len(text) if end < 0 else end


@dataclass(frozen=True)
class Span:
    """Characters start..end (exclusive) of a source."""

    source: Source
    start: int
    end: int

    @property
    def text(self) -> str:
        return self.source.text[self.start : self.end]

    @property
    def first_line(self) -> str:
        """The whole line on which it begins."""
        return self.source.line(self.source.position(self.start)[0])

    def holds(self, other: Span) -> bool:
        """Whether the other lies in this one."""
        return self.source is other.source and self.start <= other.start and other.end <= self.end

    def led_by(self, words: str) -> Span | None:
        """The span with the words in front of it, a pattern, and the space between; None where others stand there."""
        found = re.search(rf"{words}\s+\Z", self.source.text[max(0, self.start - 200) : self.start])
        return None if found is None else Span(self.source, self.start - len(found[0]), self.end)

    def to(self, other: Span) -> Span:
        """From this span's start to the other's end."""
        return Span(self.source, min(self.start, other.start), max(self.end, other.end))


@dataclass(frozen=True)
class Edit:
    """Replace what a span covers by `text`; an empty span inserts."""

    span: Span
    text: str


@dataclass(frozen=True)
class Excerpt:
    """Text to be read, each of its characters at its place in a source.

    Usually a slice of the source; a YAML scalar whose quotes and folds are gone, or a text that was mended before it was
    read on, points back all the same. Character i stands for `source.text[starts[i]:ends[i]]`.
    """

    source: Source
    text: str = field(repr=False)
    starts: Sequence[int] = field(repr=False)
    ends: Sequence[int] = field(repr=False)

    @classmethod
    def slice(cls, source: Source, start: int, end: int) -> Excerpt:
        """Characters start..end as they stand."""
        return cls(source, source.text[start:end], range(start, end), range(start + 1, end + 1))

    @classmethod
    def whole(cls, source: Source) -> Excerpt:
        return cls.slice(source, 0, len(source.text))

    @classmethod
    def standing_for(cls, text: str, span: Span) -> Excerpt:
        """A text that is nowhere in the source (an interpolation's value): every character is the whole span."""
        return cls(span.source, text, [span.start] * len(text), [span.end] * len(text))

    def span(self, start: int, end: int) -> Span:
        """Where characters start..end of this text stand in the source; an empty stretch is a place between two."""
        if not self.text:
            return Span(self.source, 0, 0)
        if start >= end:
            at = self.starts[start] if start < len(self.text) else self.ends[-1]
            return Span(self.source, at, at)
        first = self.starts[start]
        return Span(self.source, first, max(first, self.ends[min(end, len(self.text)) - 1]))

    def behind(self, words: str) -> Excerpt:
        """This text with words in front that the source does not hold."""
        at = self.span(0, 0).start
        n = len(words)
        return Excerpt(self.source, words + self.text, [at] * n + list(self.starts), [at] * n + list(self.ends))

    def edited(self, edits: Sequence[tuple[int, int, str]]) -> Excerpt:
        """With characters start..end replaced by a text, for each (start, end, text); they must not overlap."""
        text, starts, ends, done = "", list[int](), list[int](), 0
        for start, end, new in sorted(edits):
            span = self.span(start, end)
            text += self.text[done:start] + new
            starts += [*self.starts[done:start], *[span.start] * len(new)]
            ends += [*self.ends[done:start], *[span.end] * len(new)]
            done = end
        return Excerpt(
            self.source, text + self.text[done:], starts + list(self.starts[done:]), ends + list(self.ends[done:])
        )
