"""What `expand`, `verify` and `limit` demand: counts, ranges, orders, filters."""

from __future__ import annotations

import re
from dataclasses import dataclass

from smartgen.language import syntax as s
from smartgen.language.additions import addition, additions
from smartgen.language.aggregate import aggregated
from smartgen.language.expressions import Place, Typer, constant
from smartgen.language.mismatch import asked
from smartgen.language.program import Axis, Choice, Const, Expr, Phase
from smartgen.language.resolve import Slots
from smartgen.language.shapes import static_tree
from smartgen.language.signals import TOTALS
from smartgen.language.source import Edit, Span
from smartgen.language.types import COUNT, Kind, Typed
from smartgen.language.values import late, typed

_OF_THE_TREE = frozenset({"marginal", "tree.nodes", "tree.tokens", "tree.paths"})


@dataclass(frozen=True)
class Counted:
    """A number (low = high) or a range, and the typed expressions in it."""

    low: Expr | None = None
    high: Expr | None = None
    searched: bool = False
    parts: tuple[Typed, ...] = ()


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
    maximizing = typed(typer, choice.maximizing, Place("`maximizing`")) if choice.maximizing is not None else None
    if choice.pooled:
        _no_clause(typer, choice, "pooled", "remove it: each row expands its own candidates")
    by = _by(typer, choice)
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


def _no_clause(typer: Typer, choice: s.Choice, word: str, fix: str) -> None:
    """A clause of the other statement."""
    text = choice.span.text
    pattern = r"\s*\bpooled\b" if word == "pooled" else r"\s*\bmaximizing\b.*?(?=\s+(?:by|where|pooled)\b|\Z)"
    found = re.search(pattern, text, re.DOTALL)
    span, edits = choice.span, tuple[Edit, ...]()
    if found:
        start = choice.span.start + found.start()
        removed = type(span)(span.source, start, choice.span.start + found.end())
        lead = len(removed.text) - len(removed.text.lstrip())
        span = type(span)(span.source, start + lead, removed.end)
        edits = (Edit(removed, ""),)
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
        fix, edits = asked(found)
        message = f"`where` asks a yes/no question, this is {found.kind}"
        typer.findings.add("SG201", message, found.span, fix, edits=edits)
    return found


def count(typer: Typer, written: s.Count | None, by: str) -> Counted:
    """A count or a range of counts."""
    if written is None:
        return Counted()
    low = whole(typer, written.low, by)
    if written.high is None:
        code = low.code if low else Const(1.0)
        return Counted(code, code, False, (low,) if low else ())
    high = whole(typer, written.high, by)
    known = low and high and isinstance(low.code, Const) and isinstance(high.code, Const)
    if low and high and known and float(low.code.value) > float(high.code.value):  # type: ignore[union-attr]
        swapped = f"{written.high.span.text}..{written.low.span.text}"
        edits = (Edit(written.span, swapped),)
        typer.findings.add("SG317", "this range is empty", written.span, f"write `{swapped}`", edits=edits)
    parts = tuple(part for part in (low, high) if part)
    return Counted(low.code if low else Const(0.0), high.code if high else Const(1.0), True, parts)


def whole(typer: Typer, expression: s.Expression, by: str, settled: bool = False) -> Typed | None:
    """A whole bare number, one per request at most; None where it is broken. `settled`: it is asked before drafting."""
    found = typed(typer, expression, Place("a count"))
    if found is None:
        return None
    if found.kind.base != "number" or not found.kind.dimension.bare or not found.kind.whole:
        fix, edits = _made_whole(typer, found)
        typer.findings.add("SG318", f"{by} needs a count, this is {_counted(found.kind)}", found.span, fix, edits=edits)
        return None
    if found.axis is Axis.NODE and not settled:
        fix, edits = aggregated(typer, expression, Axis.REQUEST)
        message = f"{by} is asked once per request, this has one value per node"
        typer.findings.add("SG301", message, found.span, fix, edits=edits)
        return None
    if isinstance(found.code, Const) and float(found.code.value) < 0:
        behind = found.span.source.text[found.span.end : found.span.end + 4].lstrip()
        meant = "0" if behind.startswith("..") else f"{-float(found.code.value):.0f}"
        if isinstance(expression, s.Binary) and expression.op == "-":
            meant = f"{expression.left.span.text}..{expression.right.span.text}"
        edits = (Edit(found.span, meant),)
        typer.findings.add("SG317", "a count is not negative", found.span, f"write `{meant}`", edits=edits)
    return found


def _made_whole(typer: Typer, found: Typed) -> tuple[str, tuple[Edit, ...]]:
    point = re.fullmatch(r"(0)\.([1-9][0-9]+)", found.span.text)
    if point:  # one point of two
        written = f"{point.group(1)}..{point.group(2)}"
        return f"a range has two points: write `{written}`", (Edit(found.span, written),)
    literal = re.fullmatch(r"([0-9]+)(\.[0-9]+)?([eE][+-]?[0-9]+)?\s*[A-Za-z/]*", found.span.text)
    if literal:
        number = str(max(1, round(float("".join(part or "" for part in literal.groups())))))
        return f"write `{number}`", (Edit(found.span, number),)
    if found.kind.base == "text" and found.span.text.strip('"').isdigit():
        number = found.span.text.strip('"')
        return f"write `{number}`", (Edit(found.span, number),)
    named = typer.policy.lets.get(found.span.text)
    if named is not None and isinstance(named.value, s.Text) and named.value.value.isdigit():
        number = named.value.value
        return f"write `let {found.span.text} = {number}`", (Edit(named.value.span, number),)
    param = typer.policy.params.get(found.span.text)
    bare = found.kind.base == "number" and found.kind.dimension.bare and isinstance(found.code, Const)
    if param is not None and bare and float(found.code.value).is_integer():  # type: ignore[union-attr]
        return f"declare it as `param {param.name.text}: count`", (Edit(param.type.span, "count"),)
    if found.kind.base == "number":
        unit = f" / 1 {found.kind.dimension.symbol}" if not found.kind.dimension.bare else ""
        written = f"floor({found.span.text}{unit})"
        return f"write `{written}`", (Edit(found.span, written),)
    known = isinstance(found.code, Const) or found.kind.base != "flag"
    written = "8" if known else f"(if {found.span.text} then 1 else 0)"
    return f"write `{written}`", (Edit(found.span, written),)


def _counted(kind: Kind) -> str:
    return "a number that may have a fraction" if kind.base == "number" and kind.dimension.bare else str(kind)


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


def cap(typer: Typer, written: s.Cap) -> tuple[Expr, Expr | None, tuple[Typed, ...]]:
    """(the cap, a searched lower end, what was typed)."""
    high = whole(typer, written.count.high or written.count.low, f"`limit {written.extent}`", settled=True)
    low: Typed | None = None
    if high is not None and high.phase > Phase.PLAN:
        message = f"a limit is settled before drafting, `{late(high)}` is known only while drafting"
        fix = "write a number, or a `table` of a batch or request signal; while drafting, ask in `continue while`"
        edits: tuple[Edit, ...] = (Edit(high.span, "8"),)
        as_condition = _while_drafting(typer, written)
        if as_condition is not None:
            fix, edits = as_condition
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
