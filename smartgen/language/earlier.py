"""What is known before drafting, in the place of something that is known only while drafting."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from smartgen.language import syntax as s
from smartgen.language.diagnostics import Diagnostic, mended
from smartgen.language.program import Phase
from smartgen.language.signals import GROUPS, REDUCTIONS, SIGNALS, TOTALS
from smartgen.language.source import Edit, Span, comment_behind
from smartgen.language.units import POWER, TIME, TOKEN, Dimension

if TYPE_CHECKING:
    from smartgen.language.expressions import Typer

_COMPARISONS = ("<", "<=", ">", ">=", "==", "!=")
_BEFORE = {  # the same of the step before, or of a step without draft nodes
    "tokens": "last.tokens",
    "progress": "last.tokens",
    "time": "last.time",
    "batch.nodes": "batch.size",
    "profile.verify.time": "profile.verify.time(nodes: 0)",
    "profile.verify.energy": "profile.verify.energy(nodes: 0)",
}
_DRAFTED = {"tree.nodes": "last.drafted", "tree.tokens": "last.length"}  # of a row
_RATES = {TOKEN / TIME: "run.rate", POWER: "run.power"}
_RATE = re.compile(r"(?:tokens|progress|energy)\s*/\s*(?:last\.)?time")
_WAITING = re.compile(r"\b(?:wait\w*|queue\w*|backlog)\b")
_CACHE = re.compile(r"\b(?:memory|cache|kv|blocks?)\b")

Late = tuple[s.Expression, s.Expression | None, bool]


def asked_earlier(typer: Typer, e: s.Expression) -> tuple[str, tuple[Edit, ...]] | None:
    """(what is written then, the edits) of `e` with all that is known too late replaced; None where something has no such."""
    edits = list[Edit]()
    for part, compared, of_rows in _late(typer, e):
        written = _known(typer, part, compared, of_rows)
        if written is None:
            return None
        edits.append(Edit(part.span, written))
    if not edits or len({edit.span.source for edit in edits}) > 1:
        return None
    whole = e.span if all(e.span.start <= edit.span.start < e.span.end for edit in edits) else edits[0].span
    text = mended(whole.source.text, [Diagnostic("", "", (), "", "error", tuple(edits))])
    return text[whole.start : whole.end + len(text) - len(whole.source.text)], tuple(edits)


def _late(typer: Typer, e: s.Expression, compared: s.Expression | None = None, of_rows: bool = False) -> Iterator[Late]:
    """(a part that is known too late, what it is compared with, whether it stands in an aggregate over the rows)."""
    if isinstance(e, s.Name):
        let = typer.policy.lets.get(e.text)
        if e.text in SIGNALS and SIGNALS[e.text].phase > Phase.PLAN:
            yield e, compared, of_rows
        elif let is not None and let.value.span.text != e.text:
            yield from _late(typer, let.value, compared, of_rows)
    elif isinstance(e, s.Call):
        group, _, function = e.name.text.partition(".")
        if group in GROUPS and group != "batch" and function in REDUCTIONS:
            yield e, compared, of_rows
        else:
            for argument in e.arguments:
                yield from _late(typer, argument.value, compared, of_rows or group == "batch")
    elif isinstance(e, s.Unary):
        yield from _late(typer, e.operand, compared, of_rows)
    elif isinstance(e, s.Binary):
        asks = e.op in _COMPARISONS
        if e.op == "/" and compared is not None and _RATE.fullmatch(e.span.text):
            yield e, compared, of_rows
            return
        yield from _late(typer, e.left, e.right if asks else compared, of_rows)
        yield from _late(typer, e.right, e.left if asks else compared, of_rows)
    elif isinstance(e, s.Conditional):
        for part in (e.condition, e.then, e.otherwise):
            yield from _late(typer, part, None, of_rows)


def _known(typer: Typer, part: s.Expression, compared: s.Expression | None, of_rows: bool) -> str | None:
    name = part.text if isinstance(part, s.Name) else ""
    if isinstance(part, s.Binary) and compared is not None and "run." in compared.span.text:
        return "last.tokens / last.time"  # against recent steps
    if isinstance(part, s.Binary):
        return "run.power" if part.span.text.startswith("energy") else "run.rate"
    dimension, chance = (None, False) if compared is None else _compared(typer, compared)
    if dimension in _RATES and name in TOTALS:
        return _RATES[dimension]
    if name in _BEFORE:
        return _BEFORE[name]
    said = _said(typer, part.span, compared)
    if name in _DRAFTED and (of_rows or re.search(r"\b(?:previous|last|before)\b", said)):
        return _DRAFTED[name] if of_rows else f"batch.mean({_DRAFTED[name]})"
    if compared is None or of_rows:
        return None
    if chance:
        return "engine.memory" if _CACHE.search(said) else "batch.mean(last.rate)"
    if dimension is None:
        return None
    if dimension.bare and name in ("layer.depth", "tree.depth", "node.depth"):
        return None
    if dimension.bare:
        return "engine.queue" if _WAITING.search(said) else "batch.size"
    return {TOKEN: "batch.context", TIME: "last.time", **_RATES}.get(dimension)


def _compared(typer: Typer, e: s.Expression) -> tuple[Dimension | None, bool]:
    """(unit, whether it is a chance) of a number or a param; (None, False) of anything else."""
    param = typer.params.get(e.text) if isinstance(e, s.Name) else None
    if param is not None and param.kind.base == "number":
        return param.kind.dimension, param.kind.prob
    if isinstance(e, s.Number):
        from_literal = typer.expression(e).kind
        return from_literal.dimension, not e.unit and 0 < e.value < 1
    return None, False


def speaks_of_rows(span: Span) -> bool:
    """Whether the comment behind a line is about the batch or the queue, and not about the tree."""
    comment = comment_behind(span.source.text, span.end)
    return re.search(r"\b(?:requests?|rows?|batch\w*|users?|crowd\w*|wait\w*|queue\w*|load)\b", comment) is not None


def _said(typer: Typer, span: Span, compared: s.Expression | None) -> str:
    """The line with its comment, and that of the param it is compared with."""
    places = [span]
    if isinstance(compared, s.Name) and compared.text in typer.policy.params:
        places.append(typer.policy.params[compared.text].span)
    return "\n".join(place.first_line for place in places)
