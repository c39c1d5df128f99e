"""One object for everything that can be wrong with a recipe."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from smartgen.language.source import Edit, Span

Severity = Literal["error", "warning"]


@dataclass(frozen=True)
class Label:
    """A span with a few words under its carets."""

    span: Span
    text: str = ""


@dataclass(frozen=True)
class Diagnostic:
    """`code` is stable (SG101), `message` stands alone, `labels` point (the first one is *the* position), `help` is the fix.

    `edits`, where there are any, are the help as changes of the text: applied, the mistake is gone. `instead`: other ways
    to say and mend it, for where this one does not go with the rest of the text.
    """

    code: str
    message: str
    labels: tuple[Label, ...]
    help: str
    severity: Severity = "error"
    edits: tuple[Edit, ...] = ()
    instead: tuple[Diagnostic, ...] = ()

    @property
    def span(self) -> Span:
        return self.labels[0].span


class RecipeError(ValueError):
    """A recipe cannot be used. `diagnostics` holds every finding; the text shows them all."""

    def __init__(self, diagnostics: Sequence[Diagnostic]) -> None:
        self.diagnostics = tuple(diagnostics)
        super().__init__(self.diagnostics)

    def __str__(self) -> str:
        from smartgen.language.render import full  # most of them are caught, and nobody reads them

        return "\n\n".join(full(diagnostic) for diagnostic in self.diagnostics)


def one(code: str, message: str, span: Span, fix: str, edits: tuple[Edit, ...] = ()) -> RecipeError:
    """An error of a single finding."""
    return RecipeError([Diagnostic(code, message, (Label(span),), fix, "error", edits)])


def mended(text: str, diagnostics: Sequence[Diagnostic]) -> str:
    """`text` with the edits of all findings applied; of edits that overlap the earlier finding's counts."""
    for edit in changes(diagnostics)[::-1]:
        text = text[: edit.span.start] + edit.text + text[edit.span.end :]
    return text


def changes(diagnostics: Sequence[Diagnostic]) -> list[Edit]:
    """The edits of all findings that go together, in the order of the text."""
    taken: list[Edit] = []
    for diagnostic in diagnostics:
        if all(_apart(edit, other) for edit in diagnostic.edits for other in taken):
            taken += diagnostic.edits
    return sorted(taken, key=lambda e: (e.span.start, e.span.end))


def _loose(text: str) -> bool:
    """Whether an insertion is a line or a word of its own, so that another can stand beside it."""
    return text != text.strip()


def _apart(a: Edit, b: Edit) -> bool:
    if (a.span.start, a.span.end) == (b.span.start, b.span.end):
        return a.span.start == a.span.end and a.text != b.text and _loose(a.text) and _loose(b.text)
    return a.span.end <= b.span.start or b.span.end <= a.span.start
