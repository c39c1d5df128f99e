"""One object for everything that can be wrong with a recipe, and its renderings."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from smartgen.language.source import Span


@dataclass(frozen=True)
class Label:
    """A span with a few words under its carets."""

    span: Span
    text: str = ""


@dataclass(frozen=True)
class Diagnostic:
    """`code` is stable (SG101), `message` stands alone, `labels` point (the first one is *the* position), `help` is the fix."""

    code: str
    message: str
    labels: tuple[Label, ...]
    help: str
    severity: str = "error"

    @property
    def span(self) -> Span:
        return self.labels[0].span


class RecipeError(ValueError):
    """A recipe cannot be used. `diagnostics` holds every finding; the text shows them all."""

    def __init__(self, diagnostics: Sequence[Diagnostic]) -> None:
        self.diagnostics = tuple(diagnostics)
        super().__init__("\n\n".join(full(diagnostic) for diagnostic in self.diagnostics))

    def __reduce__(self) -> tuple[type[RecipeError], tuple[tuple[Diagnostic, ...]]]:
        return (RecipeError, (self.diagnostics,))


def full(diagnostic: Diagnostic) -> str:
    """Message, place, excerpt with carets, help."""
    span = diagnostic.span
    line, column = span.source.position(span.start)
    rows = [
        f"{diagnostic.severity}[{diagnostic.code}]: {diagnostic.message}",
        f"  --> {span.source.name}:{line}:{column}",
    ]
    rows += _excerpt(diagnostic.labels)
    rows += [f"help: {diagnostic.help}", f"docs: smartgen explain {diagnostic.code}"]
    return "\n".join(rows)


def _excerpt(labels: Sequence[Label]) -> list[str]:
    source = labels[0].span.source
    lines = sorted({source.position(label.span.start)[0] for label in labels})
    margin = len(str(lines[-1]))
    rows = [f"{' ' * margin} |"]
    for number in lines:
        rows.append(f"{number:>{margin}} | {source.line(number).expandtabs(1)}")
        rows.append(f"{' ' * margin} | {_carets(number, labels)}".rstrip())
    return rows


def _carets(number: int, labels: Sequence[Label]) -> str:
    """All carets of one line, each with its words behind it where they do not collide."""
    row = ""
    here = [label for label in labels if label.span.source.position(label.span.start)[0] == number]
    columns = [label.span.source.position(label.span.start)[1] - 1 for label in here]
    for column, label in sorted(zip(columns, here, strict=True), key=lambda pair: pair[0]):
        source = label.span.source
        width = min(max(1, label.span.end - label.span.start), max(1, len(source.line(number)) - column))
        row += " " * (column - len(row)) + "^" * width
        following = min((c for c in columns if c > column), default=10_000)
        if label.text and len(row) + len(label.text) + 2 <= following:  # words that do not fit are left out
            row += f" {label.text} "
    return row.rstrip()


def concise(diagnostic: Diagnostic) -> str:
    """One line: file:line:column code message; help."""
    line, column = diagnostic.span.source.position(diagnostic.span.start)
    where = f"{diagnostic.span.source.name}:{line}:{column}"
    return f"{where}: {diagnostic.severity}[{diagnostic.code}] {diagnostic.message}; {diagnostic.help}"


def as_json(diagnostics: Sequence[Diagnostic]) -> str:
    """A list of {code, severity, message, help, file, line, column, end_line, end_column}."""
    return json.dumps([_plain(diagnostic) for diagnostic in diagnostics], indent=1, ensure_ascii=False)


def _plain(diagnostic: Diagnostic) -> dict[str, object]:
    span = diagnostic.span
    line, column = span.source.position(span.start)
    end_line, end_column = span.source.position(span.end)
    return {
        "code": diagnostic.code,
        "severity": diagnostic.severity,
        "message": diagnostic.message,
        "help": diagnostic.help,
        "file": span.source.name,
        "line": line,
        "column": column,
        "end_line": end_line,
        "end_column": end_column,
    }
