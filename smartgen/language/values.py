"""What `benefit`, `maximize`, `subject to`, `continue while` and `when` demand of their expressions."""

from __future__ import annotations

import re

from smartgen.language import syntax as s
from smartgen.language.aggregate import aggregated
from smartgen.language.decided import instead, read_too_early
from smartgen.language.earlier import asked_earlier
from smartgen.language.expressions import Broken, Place, Typer, constant
from smartgen.language.kinds import asked
from smartgen.language.program import Aggregate, Axis, Const, Measured, Phase, parts
from smartgen.language.resolve import Slots
from smartgen.language.signals import SIGNALS, TOTALS
from smartgen.language.source import Edit, Span
from smartgen.language.types import AXIS_NAMES, NUMBER, Typed
from smartgen.language.units import ENERGY, TIME, TOTAL_OF

_OF_BENEFITS = frozenset({"batch.nodes", "layer.tokens", "frontier.tokens"})
_OF_THE_TREE = frozenset({"tree.nodes", "tree.tokens", "tree.depth", "tree.paths"})
_RATE_OF_ROW = re.compile(
    r"(request\.generated|last\.length|(?:tree|layer|frontier)\.tokens)\s*/\s*(?:time|energy|money)\b"
)
LOOKS_AHEAD = frozenset({"forecast", "previous"})


def typed(typer: Typer, expression: s.Expression, place: Place) -> Typed | None:
    """None where something in it is broken, which is recorded."""
    try:
        return typer.type(expression, place)
    except Broken:
        return None


def benefit(typer: Typer, slots: Slots) -> Typed:
    """One bare number per node; 0 where there is none or it is broken."""
    if slots.benefit is None:
        return constant(0.0, NUMBER, Span(typer.policy.span.source, 0, 0))
    name, value = slots.benefit.name.text, slots.benefit.value
    typer.benefit = None
    found = typed(typer, value, Place("`benefit`"))
    if found is None:
        found = constant(0.0, NUMBER, value.span)
        typer.benefit = (name, found)
        return found
    circular, early = found.reads & (TOTALS | _OF_THE_TREE | _OF_BENEFITS) | _priced(found), read_too_early(typer, found)
    if circular:
        message = f"a benefit cannot read `{min(circular)}`: it orders the tree that it would read"
        fix = "read the node itself: `node.path`, `node.depth`"
        typer.findings.add("SG313", message, found.span, fix, edits=(Edit(found.span, "node.path"),))
    elif early is not None:
        message = f"a benefit cannot read `{early.text}`: `expand` keeps what it puts first"
        fix, edits = instead(early)
        typer.findings.add("SG313", message, early, fix, edits=edits)
    elif found.kind.base != "number" or not found.kind.dimension.bare:
        message = f"a benefit is a probability or a number of tokens without unit, this is {found.kind}"
        typer.findings.add("SG205", message, found.span, "write `node.path`", edits=(Edit(found.span, "node.path"),))
    elif found.axis < Axis.NODE and not isinstance(found.code, Const):
        message = f"a benefit is one number per node, this is one per {AXIS_NAMES[found.axis]}"
        written = f"path({found.span.text})" if found.kind.prob else "node.path"
        if isinstance(value, s.Call) and isinstance(found.code, Aggregate) and found.code.scope != "batch":
            written = value.arguments[0].value.span.text
        typer.findings.add("SG302", message, found.span, f"write `{written}`", edits=(Edit(found.span, written),))
    typer.benefit = (name, found)
    return found


def _priced(found: Typed) -> set[str]:
    """The prices of verifying the tree as it stands."""
    measured = [part for part in parts(found.code) if isinstance(part, Measured)]
    return {f"profile.verify.{part.quantity}" for part in measured if part.phase == "verify" and not part.at}


def objective(typer: Typer, slots: Slots) -> Typed | None:
    """One number per step."""
    if slots.maximize is None:
        return None
    value = slots.maximize.value
    found = typed(typer, value, Place("`maximize`"))
    if found is None:
        return constant(0.0, NUMBER, value.span)
    typer.objective = found.kind
    if "objective" in found.reads:
        instead = (Edit(found.span, "tokens / time"),)
        message = "`objective` is defined by itself: it is what `maximize` says"
        typer.findings.add("SG104", message, found.span, "write `maximize tokens / time`", edits=instead)
        return constant(0.0, NUMBER, value.span)
    if found.kind.base != "number":
        instead = (Edit(found.span, "tokens / time"),)
        message = f"an objective is a number, this is {found.kind}"
        typer.findings.add("SG201", message, found.span, "write `maximize tokens / time`", edits=instead)
    elif found.axis > Axis.STEP:
        message = f"the objective is one number per step, this is one per {AXIS_NAMES[found.axis]}"
        fix, edits = aggregated(typer, value, Axis.STEP)
        rate = _RATE_OF_ROW.match(found.span.text)
        if rate is not None and found.axis is Axis.REQUEST:
            place = Span(found.span.source, found.span.start, found.span.start + rate.end(1))
            fix, edits = f"write `tokens{found.span.text[rate.end(1) :]}`", (Edit(place, "tokens"),)
        elif found.axis is Axis.NODE and re.match(r"tokens\s*/", found.span.text):  # `tokens / node.depth`
            fix, edits = "write `tokens / time`", (Edit(found.span, "tokens / time"),)
        elif found.axis is Axis.NODE:
            edits = tuple(Edit(edit.span, "tokens") for edit in edits)
        if edits and edits[0].text == "tokens":
            fix = "write `tokens`, the sum over the batch"
        typer.findings.add("SG302", message, found.span, fix, edits=edits)
    return found


def constraint(typer: Typer, line: s.Subject) -> Typed | None:
    """Yes or no per step or request; None where it is broken."""
    found = typed(typer, line.value, Place("`subject to`"))
    if found is None:
        return None
    if found.kind.base != "flag":
        fix, edits = _compared(typer, found)
        message = f"a constraint holds or does not, this is {found.kind}"
        typer.findings.add("SG201", message, found.span, fix, edits=edits)
        return None
    if found.axis > Axis.REQUEST:
        message = "a constraint is asked once per step or request, this has one value per node"
        fix, edits = aggregated(typer, line.value, Axis.REQUEST, "tree")
        typer.findings.add("SG302", message, found.span, fix, edits=edits)
        return None
    return found


def _compared(typer: Typer, found: Typed) -> tuple[str, tuple[Edit, ...]]:
    bounded = re.fullmatch(r"(min|max)\((time|energy|money|tokens|tree\.\w+),\s*([0-9.]+\s*[\w/]*)\)", found.span.text)
    if bounded is not None:  # `subject to min(time, 80 ms)`
        written = f"{bounded[2]} {'<=' if bounded[1] == 'min' else '>='} {bounded[3]}"
        return f"write `{written}`", (Edit(found.span, written),)
    limit = {TIME: "25 ms", ENERGY: "5 J"}.get(found.kind.dimension)
    total = TOTAL_OF.get(found.kind.dimension)
    if total is not None and isinstance(found.code, Const):
        written = f"{total} <= {found.span.text}"
        return f"say what it bounds: `{written}`", (Edit(found.span, written),)
    if limit is None:
        return asked(typer, found)
    written = f"{found.span.text} <= {limit}"
    return f"compare it: `{written}`", (Edit(found.span, written),)


def proceed(typer: Typer, rule: s.Proceed | None) -> Typed | None:
    """Yes or no per step or request, asked before every pass."""
    if rule is None:
        return None
    found = typed(typer, rule.value, Place("`continue while`", LOOKS_AHEAD))
    if found is None:
        return None
    if found.kind.base != "flag":
        fix, edits = asked(typer, found, word="`continue while`")
        message = f"`continue while` asks a yes/no question, this is {found.kind}"
        typer.findings.add("SG201", message, found.span, fix, edits=edits)
    elif found.axis > Axis.REQUEST:
        fix, edits = aggregated(typer, rule.value, Axis.REQUEST)
        name = edits[0].span.text if edits else "this"
        at = edits[0].span if edits else found.span
        message = f"`continue` is asked once per request, `{name}` has one value per node"
        typer.findings.add("SG301", message, at, fix, edits=edits)
    return found


def condition(typer: Typer, expression: s.Expression) -> Typed | None:
    """The condition of a `when`: one answer for the step, known before drafting."""
    found = typed(typer, expression, Place("`when`"))
    if found is None:
        return None
    if found.kind.base != "flag":
        fix, edits = asked(typer, found, "8" if found.span.text.startswith("batch.") else "")
        message = f"`when` asks a yes/no question, this is {found.kind}"
        typer.findings.add("SG201", message, found.span, fix, edits=edits)
    elif found.phase > Phase.PLAN:
        _asked_too_early(typer, expression, found)
    elif found.axis > Axis.STEP:
        fix, edits = aggregated(typer, expression, Axis.STEP)
        edits = _batch_wide(expression, edits)
        fix = f"write `{edits[0].text}`" if edits else fix
        typer.findings.add(
            "SG303",
            "a batch holds several requests, a block is for all of it",
            found.span,
            f"{fix}, or put the difference into a value: `limit nodes (if {found.span.text} then 8 else 64)`",
            edits=edits,
        )
    return found


def _asked_too_early(typer: Typer, expression: s.Expression, found: Typed) -> None:
    """A `when` that reads what is known only while drafting: another statement, or what is known before."""
    at, (fix, edits) = found.span, _ends_drafting(found.span) or _narrower(found.span) or ("", ())
    if not edits:
        written, edits = asked_earlier(typer, expression) or ("batch.size > 8", (Edit(at, "batch.size > 8"),))
        of_before = all(edit.text.startswith("last.") for edit in edits)
        where = "ask it of the step before" if of_before else "ask it in `continue while`, or ask here what is known"
        fix, at = f"{where}: `{written}`", at if at.holds(edits[0].span) else edits[0].span
    message = f"`when` is settled before drafting, `{late(found)}` is known only while drafting"
    typer.findings.add("SG304", message, at, fix, edits=edits)


def _ends_drafting(condition: Span) -> tuple[str, tuple[Edit, ...]] | None:
    """`when ... { limit depth 0 }` of the text form, all of it."""
    text = condition.source.text
    before = re.search(r"\bwhen\s*$", text[: condition.start])
    behind = re.match(r"\s*\{\s*(?:limit\s+depth|expand\s+best|verify\s+best)\s+0\s*\}", text[condition.end :])
    if before is None or behind is None or re.search(r"^\s*continue\b", text, re.MULTILINE):
        return None
    written = f"continue while not ({condition.text})"
    block = Span(condition.source, before.start(), condition.end + behind.end())
    return f"write `{written}`", (Edit(block, written),)


def _narrower(condition: Span) -> tuple[str, tuple[Edit, ...]] | None:
    """`when layer.depth > 3 { expand best 2 }` of the text form: a count that depends on the layer."""
    text = condition.source.text
    before = re.search(r"\n?[ \t]*\bwhen\s*$", text[: condition.start])
    behind = re.match(r"\s*\{\s*expand\s+best\s+([0-9]+)\s*\}", text[condition.end :])
    count = re.search(r"^[ \t]*expand[ \t]+best[ \t]+(\w+)[ \t]*(?:#[^\n]*)?$", text[: condition.start], re.MULTILINE)
    if before is None or behind is None or count is None or "layer.depth" not in condition.text:
        return None
    written = f"(if {condition.text} then {behind[1]} else {count[1]})"
    block = Span(condition.source, before.start(), condition.end + behind.end())
    return f"write `expand best {written}`", (Edit(Span(condition.source, *count.span(1)), written), Edit(block, ""))


def _batch_wide(expression: s.Expression, edits: tuple[Edit, ...]) -> tuple[Edit, ...]:
    """`request.tag == "free"` of a batch: how many rows say so."""
    if isinstance(expression, s.Binary) and expression.op in ("==", "!=") and isinstance(expression.right, s.Text):
        return (Edit(expression.span, f"batch.count({expression.span.text}) > 0"),)
    return edits


def late(found: Typed) -> str:
    """The first thing in an expression that is not known before drafting; one that is written in it, if there is."""
    reads = sorted(found.reads, key=lambda name: (name not in found.span.text, name))
    of_nodes = re.search(r"(?<![\w.])(layer|frontier|tree)\.(?:max|min|mean|sum|count)(?=\()", found.span.text)
    if of_nodes is not None and not any(name in found.span.text for name in reads):
        return of_nodes.group()
    return next(
        (name for name in reads if name in SIGNALS and SIGNALS[name].phase > Phase.PLAN), reads[0] if reads else "this"
    )
