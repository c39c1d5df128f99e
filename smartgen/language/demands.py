"""What a policy must respect so that it can be executed as it is written: asked of the lowered rules, told at their lines."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping

from smartgen.language import syntax as s
from smartgen.language.findings import Findings
from smartgen.language.program import (
    Aggregate,
    Axis,
    Expr,
    Measured,
    Operation,
    PathProduct,
    Phase,
    Read,
    Recall,
    Rules,
    Shift,
    Site,
    Table,
    parts,
)
from smartgen.language.resolve import Slots
from smartgen.language.signals import PAST, SIGNALS
from smartgen.language.source import Edit, Span
from smartgen.language.units import EXAMPLE

# Of a node, known only when it has been drafted; rank, depth and spine follow from its place.
DRAFTED = ("node.prob", "node.path", "node.entropy", "node.confidence")


def demand(
    rules: Rules,
    sites: list[Site],
    slots: Slots,
    lets: Mapping[str, s.Let],
    unread: Collection[str],
    findings: Findings,
) -> None:
    """Record what is wrong with the rules as a whole; their parts have been checked. `unread`: which `lets` nothing reads."""
    if rules.verify.pooled and slots.verify is not None:
        _one_count(rules, sites, slots.verify.span, findings)
        for line, written in zip(rules.constraints, slots.subjects, strict=False):
            _floor(line, sites, written.value.span, findings)
    if rules.limits.depth_low is not None and "depth" in slots.caps:
        _known_before(rules, slots.caps["depth"].count.span, findings)
    for expression, span in _counts(rules, slots):
        _always_there(expression, span, lets, unread, findings)


def axis_of(code: Expr, sites: list[Site]) -> Axis:
    """One value per what, of a lowered expression."""
    if isinstance(code, Read):
        return SIGNALS[code.name].axis
    if isinstance(code, Aggregate):
        return Axis.STEP if code.scope == "batch" else Axis.REQUEST
    if isinstance(code, PathProduct):
        return Axis.NODE
    if isinstance(code, Shift):
        return Axis.NODE if code.kind == "marginal" else axis_of(code.of, sites)
    if isinstance(code, Recall):
        return Axis.NODE if sites[code.site].kind == "calibrated" else sites[code.site].axis
    if isinstance(code, Operation):
        return max(axis_of(operand, sites) for operand in code.operands)
    if isinstance(code, Table):
        return max(axis_of(code.at, sites), *(axis_of(value, sites) for _, value in code.rows))
    return Axis.STEP if isinstance(code, Measured) else Axis.POLICY


def _one_count(rules: Rules, sites: list[Site], span: Span, findings: Findings) -> None:
    for count in (rules.verify.low, rules.verify.high):
        if count is not None and axis_of(count, sites) > Axis.STEP:
            message = "`pooled` shares one count among all rows, this differs from row to row"
            fix = "leave `pooled` out, or aggregate it: `batch.sum(...)`"
            findings.add("SG302", message, span, fix, edits=_without_pooled(span))
            return


def _without_pooled(span: Span) -> tuple[Edit, ...]:
    found = re.search(r"\s*\bpooled\b", span.text)
    if found is None:
        return ()
    return (Edit(Span(span.source, span.start + found.start(), span.start + found.end()), ""),)


def _floor(line: Expr, sites: list[Site], span: Span, findings: Findings) -> None:
    """Under `pooled` a constraint of a row must say how many tokens the row is to reach, before anything is drafted."""
    if axis_of(line, sites) < Axis.REQUEST:
        return
    if isinstance(line, Operation) and line.op in (">", ">=", "<", "<="):
        small, large = line.operands if line.op.startswith("<") else line.operands[::-1]
        if large == Read("tree.tokens") and _phase(small) is Phase.PLAN:
            return
    message = "where rows share one count, a row can ask for tokens only, and must know how many before drafting"
    fix = "write `tree.tokens >= 2 tok`, or what else is known at plan; or drop `pooled`"
    findings.add("SG321", message, span, fix, edits=(Edit(span, "tree.tokens >= 2 tok"),))


def _phase(code: Expr) -> Phase:
    late = [SIGNALS[part.name].phase for part in parts(code) if isinstance(part, Read)]
    late += [Phase.GROW for part in parts(code) if isinstance(part, Aggregate) and part.scope != "batch"]
    return max(late, default=Phase.PLAN)


def _known_before(rules: Rules, span: Span, findings: Findings) -> None:
    read = (rules.benefit, rules.expand, rules.verify)
    found = sorted({part.name for part in parts(read) if isinstance(part, Read) and part.name in DRAFTED})
    if found:
        message = f"a range of depths is searched before drafting, and `{found[0]}` is known only after it"
        most = span.text.rpartition("..")[2].strip()
        fix = f"write `{most}`; while drafting, `continue while forecast(objective) > objective` decides"
        findings.add("SG322", message, span, fix, edits=(Edit(span, most),))


def _counts(rules: Rules, slots: Slots) -> Iterator[tuple[Expr, Span]]:
    limits = rules.limits
    for extent, code in (
        ("depth", limits.depth),
        ("width", limits.width),
        ("topk", limits.topk),
        ("nodes", limits.nodes),
    ):
        if code is not None and extent in slots.caps:
            yield code, slots.caps[extent].count.span
    for choice, statement in ((rules.expand, slots.expand), (rules.verify, slots.verify)):
        for count in (choice.low, choice.high):
            if count is not None and statement is not None:
                yield count, _count_span(statement)


def _count_span(statement: s.Expand | s.Verify) -> Span:
    return statement.choice.count.span if statement.choice.count is not None else statement.span


def _always_there(
    code: Expr, span: Span, lets: Mapping[str, s.Let], unread: Collection[str], findings: Findings
) -> None:
    """A count must have a value in the first step, too."""
    for part in parts(code):
        if isinstance(part, Read) and part.name.startswith(PAST):
            message = f"`{part.name}` has no value in the first step, and a count always needs one"
            begun, edits = _started(part.name, span)
            named = next((let.value.span for let in lets.values() if _reads(let, span, part.name)), None)
            if not edits and named is not None:
                begun, edits = _started(part.name, named)
                if edits and re.search(r"floor\(\s*\w+\s*\)", span.text):  # a whole number is made of it there
                    edits = (Edit(edits[0].span, begun),)
                span = named if edits else span
            average = next((name for name, let in lets.items() if name in unread and _averages(let, part.name)), None)
            if average is not None and edits:  # somebody has begun it
                edits = (Edit(edits[0].span, average),)
                findings.add("SG323", message, span, f"write `{average}`", edits=edits)
                return
            fix = f"give it a start: `{begun}`; weight 1 is its last value"
            findings.add("SG323", message, span, fix, edits=edits)
            return


def _reads(let: s.Let, span: Span, name: str) -> bool:
    """Whether the text at `span` reads a `let` that reads the signal."""
    reads = re.search(rf"(?<![\w.]){re.escape(let.name.text)}(?![\w.])", span.text) is not None
    return reads and re.search(rf"(?<![\w.]){re.escape(name)}(?![\w.])", let.value.span.text) is not None


def _averages(let: s.Let, name: str) -> bool:
    return re.match(rf"ema\((?:batch\.\w+\()?{re.escape(name)}(?![\w.])", let.value.span.text) is not None


def _started(name: str, span: Span) -> tuple[str, tuple[Edit, ...]]:
    """(what stands for the signal, or for its aggregate over the rows; the edits that put it there)."""
    found = re.search(rf"(?<![\w.]){re.escape(name)}(?![\w.])", span.text)
    if found is None:
        return _begun(name, name), ()
    first, last = found.span()
    over = re.search(r"\bbatch\.\w+\($", span.text[:first])
    if over is not None and span.text[last : last + 1] == ")":  # one average of all rows instead of one of each
        first, last = over.start(), last + 1
    begun = _begun(span.text[first:last], name)
    whole = span.text[:first].endswith("floor(") and span.text[last:].startswith(")")
    compared = re.search(r"[<>=]=?", span.text) is not None or not SIGNALS[name].kind.whole  # then it is no count itself
    place = Span(span.source, span.start + first, span.start + last)
    return begun, (Edit(place, begun if whole or compared else f"floor({begun})"),)


def _begun(written: str, name: str) -> str:
    """What has the last value of a signal, or of an aggregate of it, and a usual one before there is any."""
    kind = SIGNALS[name].kind
    usual = "0.5" if kind.prob else "3" if kind.dimension.bare else f"1 {EXAMPLE.get(kind.dimension, '')}"
    return f"ema({written}, 1, start: {usual})"


def memory_axis(kind: str, arguments: list[tuple[Axis, Span]], findings: Findings) -> None:
    """A memory has one state for each value of its first argument, a bandit one for all; nothing in it may be finer."""
    first = Axis.STEP if kind == "ucb" else max(arguments[0][0], Axis.STEP)
    for axis, span in arguments:
        if axis is Axis.NODE:
            message = f"`{kind}` remembers one value per step or request, this has one per node"
            written = f"tree.mean({span.text})"
            findings.add("SG301", message, span, f"aggregate it: `{written}`", edits=(Edit(span, written),))
        elif axis > first:
            message = f"this `{kind}` has one state for the whole batch, this differs from row to row"
            written = f"batch.mean({span.text})"
            findings.add("SG302", message, span, f"aggregate it: `{written}`", edits=(Edit(span, written),))
