"""`0,25`: a decimal sign that makes two arguments of one number."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from smartgen.language import syntax as s
from smartgen.language.source import Span


def decimal_comma(arguments: Sequence[s.Argument], named: bool = False) -> tuple[Span, str] | None:
    """`0,25`: two numbers that nothing but a comma parts, as one; with `named`, the first one has a label."""
    for first, second in pairwise(arguments):
        between = Span(first.span.source, first.value.span.end, second.span.start)
        numbers = isinstance(first.value, s.Number) and isinstance(second.value, s.Number) and second.label is None
        if numbers and between.text == "," and (first.label is not None or not named):
            return first.value.span.to(second.span), f"{first.value.span.text}.{second.span.text}"
    return None
