"""`limit`: what its extents are capped at."""

from __future__ import annotations

from typing import TypeGuard

from smartgen.language import syntax as s
from smartgen.language.additions import addition
from smartgen.language.counts import whole
from smartgen.language.earlier import asked_earlier, speaks_of_rows
from smartgen.language.expressions import Typer, constant
from smartgen.language.program import Const, Expr, Phase
from smartgen.language.signals import SIGNALS
from smartgen.language.source import Edit, Span, comment_behind, only_number
from smartgen.language.types import COUNT, Typed
from smartgen.language.values import late


def cap(typer: Typer, written: s.Cap) -> tuple[Expr, Expr | None, tuple[Typed, ...]]:
    """(the cap, a searched lower end, what was typed)."""
    high = whole(typer, written.count.high or written.count.low, f"`limit {written.extent}`", settled=True)
    low: Typed | None = None
    if high is not None and high.phase > Phase.PLAN:
        message = f"a limit is settled before drafting, `{late(high)}` is known only while drafting"
        fix = "write a number, or a `table` of a batch or request signal; while drafting, ask in `continue while`"
        said = only_number(comment_behind(high.span.source.text, high.span.end))
        edits: tuple[Edit, ...] = (Edit(high.span, said or "8"),)
        key = written.count.low.arguments[0].value.span if _is_table(written.count.low) else None
        if key is not None and key.text in SIGNALS:
            fix, edits = f"write `table(batch.size, ...)`; {fix.rpartition('; ')[2]}", (Edit(key, "batch.size"),)
        earlier = asked_earlier(typer, written.count.low) if isinstance(written.count.low, s.Conditional) else None
        as_condition = _while_drafting(typer, written)
        of_batch = earlier is not None and any("batch." in edit.span.text for edit in earlier[1])
        of_batch = of_batch or (earlier is not None and speaks_of_rows(written.span))
        if as_condition is not None and not of_batch:
            fix, edits = as_condition
        elif earlier is not None:
            fix, edits = f"write `{earlier[0]}`", earlier[1]
        typer.findings.add("SG304", message, high.span, fix, edits=edits)
        high = constant(8.0, COUNT, high.span)
    if written.count.high is not None:
        low = whole(typer, written.count.low, f"`limit {written.extent}`")
        if written.extent != "depth":
            number = written.count.high.span.text
            message = f"only `depth` can be searched, not `{written.extent}`"
            edits = (Edit(written.count.span, number),)
            typer.findings.add(
                "SG317", message, written.count.span, f"write `limit {written.extent} {number}`", edits=edits
            )
    parts = tuple(part for part in (high, low) if part)
    return (high.code if high else Const(1.0)), (low.code if low else None), parts


def _is_table(e: s.Expression) -> TypeGuard[s.Call]:
    return isinstance(e, s.Call) and e.name.text == "table"


def _while_drafting(typer: Typer, written: s.Cap) -> tuple[str, tuple[Edit, ...]] | None:
    """`limit depth (if c then 8 else 4)`, c known while drafting: `limit depth 8`, and below 4 c is not asked."""
    e = written.count.low
    if written.extent != "depth" or written.count.high is not None or typer.policy.slots.proceed:
        return None
    if not (isinstance(e, s.Conditional) and isinstance(e.then, s.Number) and isinstance(e.otherwise, s.Number)):
        return None
    deep, flat = sorted((e.then, e.otherwise), key=lambda number: -number.value)
    holds = e.condition.span.text if deep is e.then else f"not ({e.condition.span.text})"
    statement = f"continue while layer.depth < {flat.written} or {holds}"
    chain = typer.policy.chain[0].span if typer.policy.chain else None
    help, edits = addition(typer.policy.span, statement, chain)
    text, start, end = e.span.source.text, e.span.start, e.span.end
    if text[start - 1 : start] == "(" and text[end : end + 1] == ")":
        start, end = start - 1, end + 1
    number = Edit(Span(e.span.source, start, end), deep.written)
    return f"write `limit depth {deep.written}` and {help.removeprefix('add ')}", (number, *edits)
