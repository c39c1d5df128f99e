"""Small mistakes put into a recipe on purpose: a table of tests is good if it notices them.

Each comparison is turned around and moved by its boundary, each sign exchanged, each constant changed by 10 % (a count
by at least 1), each `where` made to let everything pass.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from smartgen.language import syntax as s
from smartgen.language.findings import Findings
from smartgen.language.parse import parse
from smartgen.language.program import parts
from smartgen.language.source import Source, Span

_OTHERS = {
    "<": ("<=", ">"),
    "<=": ("<", ">="),
    ">": (">=", "<"),
    ">=": (">", "<="),
    "==": ("!=",),
    "!=": ("==",),
    "+": ("-",),
    "-": ("+",),
    "*": ("/",),
    "/": ("*",),
    "and": ("or",),
    "or": ("and",),
}


@dataclass(frozen=True)
class Mutant:
    """A changed recipe: at `span`, `before` became `after`."""

    span: Span
    after: str

    @property
    def before(self) -> str:
        return self.span.text

    @property
    def source(self) -> Source:
        """The whole changed text, under the original's name."""
        whole = self.span.source
        return Source(whole.name, whole.text[: self.span.start] + self.after + whole.text[self.span.end :])


def mutants(source: Source) -> Iterator[Mutant]:
    """Every single change, in the order of the syntax tree. Raises RecipeError for a text that is no recipe."""
    findings = Findings()
    document = parse(source, findings)
    findings.raise_errors()
    for part in parts(document.policies if document is not None else ()):
        if isinstance(part, s.Number):
            yield from (Mutant(part.span, text) for text in _near(part))
        elif isinstance(part, s.Binary):
            yield from (Mutant(part.op_span, op) for op in _OTHERS[part.op])
        elif isinstance(part, s.Unary):
            yield Mutant(Span(source, part.span.start, part.operand.span.start), "")
        elif isinstance(part, s.Choice) and part.where is not None:
            yield Mutant(part.where.span, "true")


def _near(number: s.Number) -> Iterator[str]:
    """The number 10 % lower and higher, with its unit."""
    unit = f" {number.unit}" if number.unit else ""
    if number.written.isdigit() and not unit:
        step = max(1, round(number.value / 10))
        changed = [number.value - step, number.value + step]
    else:
        changed = [0.9 * number.value, 1.1 * number.value] if number.value else [0.1]
    yield from (f"{value:.6g}{unit}" for value in changed if value >= 0)
