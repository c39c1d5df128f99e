"""Collects diagnostics, so that one check reports everything at once."""

from __future__ import annotations

from smartgen.language.diagnostics import Diagnostic, Label, RecipeError
from smartgen.language.source import Span


class Findings:
    """An ordered list without repetitions."""

    def __init__(self) -> None:
        self.all: list[Diagnostic] = []

    def add(
        self,
        code: str,
        message: str,
        span: Span,
        fix: str,
        label: str = "",
        also: tuple[Label, ...] = (),
        warning: bool = False,
    ) -> None:
        """One finding; `also` are further spans concerned."""
        severity = "warning" if warning else "error"
        found = Diagnostic(code, message, (Label(span, label), *also), fix, severity)
        if found not in self.all:
            self.all.append(found)

    @property
    def errors(self) -> list[Diagnostic]:
        return [diagnostic for diagnostic in self.all if diagnostic.severity == "error"]

    def raise_errors(self) -> None:
        """Raises RecipeError with every error, in the order of the text."""
        if self.errors:
            raise RecipeError(sorted(self.errors, key=lambda d: d.span.start))
