"""Diagnostics as text: for a reader, for an editor's list, for programs, and for code hosts."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from smartgen.language.diagnostics import Diagnostic, Label

_WIDEST = 160  # columns of an excerpt; a longer line is shown around its carets


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


def concise(diagnostic: Diagnostic) -> str:
    """One line: file:line:column code message; help."""
    line, column = diagnostic.span.source.position(diagnostic.span.start)
    where = f"{diagnostic.span.source.name}:{line}:{column}"
    return f"{where}: {diagnostic.severity}[{diagnostic.code}] {diagnostic.message}; {diagnostic.help}"


def as_json(diagnostics: Sequence[Diagnostic]) -> str:
    """A list of {code, severity, message, help, file, line, column, end_line, end_column}."""
    return json.dumps([_plain(diagnostic) for diagnostic in diagnostics], indent=1, ensure_ascii=False)


def github(diagnostic: Diagnostic) -> str:
    """A workflow command, which GitHub shows as an annotation at the line."""
    at = _plain(diagnostic)
    where = f"file={_property(at['file'])},line={at['line']},col={at['column']}"
    ends = f"endLine={at['end_line']},endColumn={at['end_column']},title={diagnostic.code}"
    return f"::{diagnostic.severity} {where},{ends}::{_data(diagnostic.message)}%0A{_data('help: ' + diagnostic.help)}"


def sarif(diagnostics: Sequence[Diagnostic], version: str) -> str:
    """SARIF 2.1.0: one run with every finding and, where there is one, its fix. `version` is smartgen's."""
    used = sorted({diagnostic.code for diagnostic in diagnostics})
    driver = {"name": "smartgen", "version": version, "rules": [{"id": code} for code in used]}
    results = [_result(diagnostic) for diagnostic in diagnostics]
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
    schema = "https://json.schemastore.org/sarif-2.1.0.json"
    return json.dumps({"$schema": schema, "version": "2.1.0", "runs": [run]}, indent=1, ensure_ascii=False)


def _result(diagnostic: Diagnostic) -> dict[str, Any]:
    where = {"physicalLocation": {"artifactLocation": _artifact(diagnostic), "region": _region(diagnostic.span)}}
    result: dict[str, Any] = {
        "ruleId": diagnostic.code,
        "level": diagnostic.severity,
        "message": {"text": f"{diagnostic.message}; {diagnostic.help}"},
        "locations": [where],
    }
    if diagnostic.edits:
        changes = [{"deletedRegion": _region(e.span), "insertedContent": {"text": e.text}} for e in diagnostic.edits]
        change = {"artifactLocation": _artifact(diagnostic), "replacements": changes}
        result["fixes"] = [{"description": {"text": diagnostic.help}, "artifactChanges": [change]}]
    return result


def _artifact(diagnostic: Diagnostic) -> dict[str, str]:
    return {"uri": diagnostic.span.source.name.replace("\\", "/")}


def _region(span: Any) -> dict[str, int]:
    line, column = span.source.position(span.start)
    end_line, end_column = span.source.position(span.end)
    return {"startLine": line, "startColumn": column, "endLine": end_line, "endColumn": end_column}


def _plain(diagnostic: Diagnostic) -> dict[str, Any]:
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


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


# -- the excerpt ------------------------------------------------------------------------------------------------------
def _excerpt(labels: Sequence[Label]) -> list[str]:
    source = labels[0].span.source
    shown = [label for label in labels if label.span.source == source]
    lines = sorted({source.position(label.span.start)[0] for label in shown})
    margin = len(str(lines[-1]))
    rows = [f"{' ' * margin} |"]
    for number in lines:
        text, carets = _window(_printable(source.line(number)), _carets(number, shown))
        rows.append(f"{number:>{margin}} | {text}".rstrip())
        rows.append(f"{' ' * margin} | {carets}".rstrip())
    return rows


def _printable(line: str) -> str:
    """One column per character, whatever the character is; wide ones keep their two."""
    return "".join(" " if c in "\t\f\v" else c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in line)


def _columns(text: str) -> int:
    """Columns of a terminal."""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text) if not text.isascii() else len(text)


def _carets(number: int, labels: Sequence[Label]) -> str:
    """All carets of one line, each with its words behind it where they do not collide."""
    row = ""
    source = labels[0].span.source
    line = _printable(source.line(number))
    here = []
    for label in labels:
        start_line, start = source.position(label.span.start)
        if start_line == number:
            end = min(start - 1 + max(1, label.span.end - label.span.start), max(start, len(line)))
            here.append((_columns(line[: start - 1]), max(1, _columns(line[start - 1 : end])), label.text))
    for column, width, words in sorted(here):
        row += " " * (column - len(row)) + "^" * (width - max(0, len(row) - column))
        following = min((c for c, _, _ in here if c > column), default=10_000)
        if words and len(row) + len(words) + 2 <= following:  # words that do not fit are left out
            row += f" {words} "
    return row.rstrip()


def _window(text: str, carets: str) -> tuple[str, str]:
    """The part of a very long line that has the carets."""
    if len(text) <= _WIDEST:
        return text, carets
    first = len(carets) - len(carets.lstrip())
    start = 0 if first < _WIDEST - 40 else first - 40
    end = start + _WIDEST
    shown = ("…" + text[start + 1 : end] if start else text[:end]) + ("…" if end < len(text) else "")
    return shown, carets[start:end].rstrip()


PER_FINDING: dict[str, Callable[[Diagnostic], str]] = {"full": full, "concise": concise, "github": github}
FORMATS = (*PER_FINDING, "json", "sarif")
