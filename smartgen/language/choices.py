"""What `expand` and `verify` demand: counts, orders, filters."""

from __future__ import annotations

import re
from dataclasses import dataclass

from smartgen.language import syntax as s
from smartgen.language.additions import additions
from smartgen.language.aggregate import aggregated
from smartgen.language.counts import Counted, count
from smartgen.language.decided import by_itself
from smartgen.language.expressions import Place, Typer
from smartgen.language.kinds import asked
from smartgen.language.program import Axis, Choice
from smartgen.language.resolve import Slots
from smartgen.language.shapes import static_tree
from smartgen.language.signals import TOTALS
from smartgen.language.source import Edit, Span
from smartgen.language.types import Typed
from smartgen.language.values import typed

_OF_THE_TREE = frozenset({"marginal", "tree.nodes", "tree.tokens", "tree.paths"})


@dataclass(frozen=True)
class Chosen:
    """A lowered choice and everything that was typed for it, by clause."""

    choice: Choice
    parts: tuple[tuple[str, Typed], ...] = ()


def expand(typer: Typer, slots: Slots) -> Chosen:
    """`expand`; all where there is none."""
    if slots.expand is None:
        return Chosen(Choice())
    choice = slots.expand.choice
    _repeated(typer, choice)
    counted = count(typer, choice.count, "`expand best`")
    where = _where(typer, choice, Place("`expand ... where`", frozenset({"marginal"})))
    maximizing = _maximizing(typer, choice.maximizing) if choice.maximizing is not None else None
    if choice.pooled:
        moved = _pooled(slots)
        fix = "move it to `verify`" if moved else "remove it: each row expands its own candidates"
        _no_clause(typer, choice, "pooled", fix, moved)
    if maximizing is not None and choice.count is not None and not counted.searched:
        _nothing_to_choose(typer, choice.count.span)
    by = _by(typer, choice)
    for clause, found in ((choice.where, where), (choice.by, by)):
        if clause is not None and found is not None:
            by_itself(typer, clause, found)
    sequential = where is not None and bool(where.reads & (TOTALS | _OF_THE_TREE))
    made = Choice(
        counted.low,
        counted.high,
        counted.searched,
        by.code if by else None,
        where.code if where else None,
        sequential,
        maximizing.code if maximizing else None,
    )
    return Chosen(made, _parts(counted, by, where, maximizing))


def _maximizing(typer: Typer, e: s.Expression) -> Typed | None:
    """One number for each width, of the whole batch."""
    found = typed(typer, e, Place("`maximizing`"))
    if found is None or found.axis <= Axis.STEP:
        return found
    message = "one width is chosen for the whole batch, this differs from row to row"
    fix, edits = aggregated(typer, e, Axis.STEP, "frontier")
    typer.findings.add("SG302", message, found.span, fix, edits=edits)
    return None


def verify(typer: Typer, slots: Slots, objective: bool) -> Chosen:
    """`verify`; all where there is none. `objective`: whether there is one."""
    if slots.verify is None:
        return Chosen(Choice())
    choice = slots.verify.choice
    if choice.shape:
        return Chosen(Choice(static=static_tree(choice, typer.findings)))
    _repeated(typer, choice)
    counted = count(typer, choice.count, "`verify best`")
    if counted.searched and not objective:
        _no_objective(typer, choice)
    if choice.maximizing is not None:
        _no_clause(typer, choice, "maximizing", "remove it: here `maximize` decides")
    where = _where(typer, choice, Place("`verify ... where`"))
    by = _by(typer, choice)
    made = Choice(
        counted.low,
        counted.high,
        counted.searched,
        by.code if by else None,
        where.code if where else None,
        pooled=choice.pooled,
    )
    return Chosen(made, _parts(counted, by, where, None))


def _parts(
    counted: Counted, by: Typed | None, where: Typed | None, maximizing: Typed | None
) -> tuple[tuple[str, Typed], ...]:
    named = (("by", by), ("where", where), ("maximizing", maximizing))
    return tuple(("count", part) for part in counted.parts) + tuple((word, part) for word, part in named if part)


def _repeated(typer: Typer, choice: s.Choice) -> None:
    for word, span in choice.repeated:
        message = f"this choice already has a `{word}`"
        written = re.sub(rf"^{word}\b", "and", span.text) if word == "where" else ""
        fix = f"join them: `{written}`" if written else "keep one of them"
        at = Span(span.source, span.start, span.start + len(word)) if written else span
        typer.findings.add("SG105", message, at, fix, edits=(Edit(at, "and" if written else ""),))


def _no_objective(typer: Typer, choice: s.Choice) -> None:
    assert choice.count is not None
    chain = typer.policy.chain[0].span if typer.policy.chain else None
    missing = ["maximize tokens / time"]
    if not any(typer.policy.slots.costs):
        missing.insert(0, "cost verifying = profile.verify.time")
    fix, edits = additions(typer.policy.span, missing, chain)
    message = f"nothing decides between the counts of `{choice.count.span.text}`"
    typer.findings.add("SG305", message, choice.count.span, f"{fix}, or write one number", edits=edits)


def _nothing_to_choose(typer: Typer, count: Span) -> None:
    message = f"`maximizing` chooses between counts, and `{count.text}` is one"
    edits = (Edit(count, f"1..{count.text}"),)
    typer.findings.add("SG901", message, count, f"write `1..{count.text}`", warning=True, edits=edits)


def _pooled(slots: Slots) -> tuple[Edit, ...]:
    """What pools the nodes that are verified, where they are not yet."""
    choice = slots.verify.choice if slots.verify is not None else None
    if choice is None or choice.pooled or choice.count is None:
        return ()
    end = choice.count.span.end
    return (Edit(Span(choice.span.source, end, end), " pooled"),)


def _no_clause(typer: Typer, choice: s.Choice, word: str, fix: str, moved: tuple[Edit, ...] = ()) -> None:
    """A clause of the other statement; `moved`: what says it there."""
    text = choice.span.text
    pattern = r"\s*\bpooled\b" if word == "pooled" else r"\s*\bmaximizing\b.*?(?=\s+(?:by|where|pooled)\b|\Z)"
    found = re.search(pattern, text, re.DOTALL)
    span, edits = choice.span, tuple[Edit, ...]()
    if found:
        start = choice.span.start + found.start()
        removed = type(span)(span.source, start, choice.span.start + found.end())
        lead = len(removed.text) - len(removed.text.lstrip())
        span = type(span)(span.source, start + lead, removed.end)
        edits = (Edit(removed, ""), *moved)
    statement = {"pooled": "verify", "maximizing": "expand"}[word]
    typer.findings.add("SG316", f"`{word}` belongs to `{statement}`", span, fix, edits=edits)


def _by(typer: Typer, choice: s.Choice) -> Typed | None:
    if choice.by is None:
        return None
    found = typed(typer, choice.by, Place("`by`"))
    if found is not None and (found.kind.base != "number" or found.axis < Axis.NODE):
        message = "`by` orders nodes and needs a number per node"
        edits = (Edit(choice.by.span, "node.path"),)
        typer.findings.add("SG302", message, choice.by.span, "for example `by node.path`", edits=edits)
    return found


def _where(typer: Typer, choice: s.Choice, place: Place) -> Typed | None:
    if choice.where is None:
        return None
    found = typed(typer, choice.where, place)
    if found is not None and found.kind.base != "flag":
        fix, edits = asked(typer, found, word="`where`")
        message = f"`where` asks a yes/no question, this is {found.kind}"
        typer.findings.add("SG201", message, found.span, fix, edits=edits)
    return found
