"""Collects diagnostics, so that one check reports everything at once."""

from __future__ import annotations

import re
from collections.abc import Callable

from smartgen.language.diagnostics import Diagnostic, Label, RecipeError
from smartgen.language.source import Edit, Span

MOST = 100  # findings that are worth showing of one recipe
# What is only missing because a statement before it could not be read.
_FOLLOW = frozenset({"SG002", "SG305", "SG306", "SG312", "SG315", "SG319", "SG901", "SG902", "SG904", "SG907"})
_NAMED = frozenset({"SG101", "SG102", "SG103", "SG107"})


class Findings:
    """An ordered list without repetitions."""

    def __init__(self, fitted: Callable[[Diagnostic], Diagnostic] | None = None) -> None:
        """`fitted`: makes the fix of a finding one of the form in which the text is written."""
        self._fitted = fitted
        self.all: list[Diagnostic] = []
        self._lost: set[str] | None = None  # words of statements that could not be read

    def add(
        self,
        code: str,
        message: str,
        span: Span,
        fix: str,
        label: str = "",
        also: tuple[Label, ...] = (),
        warning: bool = False,
        edits: tuple[Edit, ...] = (),
    ) -> None:
        """One finding; `also` are further spans concerned, `edits` is the fix as changes of the text."""
        severity = "warning" if warning else "error"
        self.take(Diagnostic(code, message, (Label(span, label), *also), fix, severity, edits))  # type: ignore[arg-type]

    def take(self, found: Diagnostic) -> None:
        """A finding made elsewhere; dropped if it only follows from what could not be read."""
        if len(self.all) >= MOST:
            return
        if self._fitted is not None:
            found = self._fitted(found)
        if self._lost is not None and (
            found.code in _FOLLOW or (found.code in _NAMED and set(_words(found.span.text)) & self._lost)
        ):
            return
        if not found.code.startswith("SG0") and any(_over(found, earlier) for earlier in self.all):
            return
        if found not in self.all:
            self.all.append(found)

    def forget(self, kept: int) -> None:
        """Drop all but the first `kept`: the text is read again, in another way."""
        del self.all[kept:]
        self._lost = None if not kept else self._lost

    def lost(self, text: str) -> None:
        """Remember that this text was passed over: what it would have defined is not reported as missing."""
        self._lost = (self._lost or set()) | set(_words(text))

    @property
    def errors(self) -> list[Diagnostic]:
        return [diagnostic for diagnostic in self.all if diagnostic.severity == "error"]

    def raise_errors(self) -> None:
        """Raises RecipeError with every finding if one of them is an error, in the order of the text."""
        if self.errors:
            raise RecipeError(sorted(self.all, key=lambda d: d.span.start))


def _over(found: Diagnostic, earlier: Diagnostic) -> bool:
    """Whether the fix of a finding rewrites what was mended before it could be read: it comes up again once that is."""
    return earlier.code.startswith("SG0") and any(
        max(a.span.start, b.span.start) < min(a.span.end, b.span.end)
        or a.span.start < b.span.start == b.span.end <= a.span.end
        for a in found.edits
        for b in earlier.edits
    )


def _words(text: str) -> list[str]:
    return re.findall(r"[A-Za-z_]\w*", text)
