"""How far a policy may go: its limits, and what follows from its verbs where it sets none."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from smartgen.language import syntax as s
from smartgen.language.additions import addition
from smartgen.language.expressions import Typer
from smartgen.language.intervals import Ranges
from smartgen.language.program import Choice, Const, Expr, Extents, Operation
from smartgen.language.resolve import Slots
from smartgen.language.source import Edit, Span
from smartgen.language.words import EXTENTS


@dataclass(frozen=True)
class Verbs:
    """The choices that limits follow from, and the widest a layer's frontier gets by them."""

    verify: Choice
    expand: Choice
    width: Expr | None


def extents(
    typer: Typer,
    limits: Mapping[str, tuple[Expr, Expr | None]],
    tightened: Mapping[str, int],
    verbs: Verbs,
    slots: Slots,
) -> Extents:
    """The policy's bounds; `limits` are its own, `tightened` those from outside. Findings where nothing bounds it."""
    verify, expand, width = verbs.verify, verbs.expand, verbs.width
    caps = {extent: limits[extent][0] if extent in limits else None for extent in EXTENTS}
    for extent, most in tightened.items():
        given = caps.get(extent)
        caps[extent] = Const(float(most)) if given is None else _least(given, Const(float(most)))
    if verify.static:
        deepest = Const(float(max(map(len, verify.static))))
        caps["depth"] = deepest if caps["depth"] is None else _least(caps["depth"], deepest)
        caps["topk"] = Const(float(1 + max(max(path) for path in verify.static)))
        size = Const(float(len(verify.static)))
        caps["nodes"] = size if caps["nodes"] is None else _least(caps["nodes"], size)
    depth = caps["depth"]
    if depth is None:
        _missing(typer, "nothing bounds how deep this policy drafts", "limit depth 8", typer.policy.span)
        depth = Const(1.0)
    widest = _lower(caps["width"], width)
    topk = caps["topk"]
    if not verify.static and not never_drafts(depth):
        if expand.high is None and caps["width"] is None and topk is None:
            at, bound = (slots.expand.span, "limit width 10, topk 10") if slots.expand else (typer.policy.span, "expand best 10")
            _missing(typer, "nothing bounds how wide this policy drafts", bound, at)
        _finite(typer, "depth", depth, slots)
        for extent, code in (("width", widest), ("topk", topk)):
            if code is not None and (extent == "topk" or topk is None):
                _finite(typer, extent, code, slots)
    own = _lower(limits["width"][0] if "width" in limits else None, width)
    if topk is not None and own is not None and "topk" not in limits and not verify.static:
        topk = _least(topk, own)  # a limit from outside only lowers, here what follows from the policy's width
    nodes = _lower(caps["nodes"], verify.high)
    return Extents(depth, widest, topk, nodes, limits["depth"][1] if "depth" in limits else None)


def _missing(typer: Typer, message: str, statement: str, at: Span) -> None:
    chain = typer.policy.chain[0].span if typer.policy.chain else None
    fix, edits = addition(typer.policy.span, statement, chain)
    typer.findings.add("SG306", message, head(at), fix, edits=edits)


def head(span: Span) -> Span:
    """The first line of a policy: what is missing in it is told there."""
    ends = (at for at in (span.text.find("\n"), span.text.find("{") + 1) if at > 0)
    stop = min(ends, default=len(span.text))
    return Span(span.source, span.start, span.start + stop)


def _finite(typer: Typer, extent: str, code: Expr, slots: Slots) -> None:
    """A bound that has a largest value whatever the signals say."""
    if not math.isinf(Ranges(typer.sites).of(code)[1]):
        return
    span = _written(extent, slots)
    if span is None:
        return
    written = f"min({span.text}, 16)"
    message = f"nothing bounds the {extent} of this policy: `{' '.join(span.text.split())}` may be anything"
    typer.findings.add("SG306", message, span, f"write `{written}`", edits=(Edit(span, written),))


def _written(extent: str, slots: Slots) -> Span | None:
    """Where an extent is said: its limit, or the count of `expand`."""
    cap = slots.caps.get(extent)
    count: s.Count | None = cap.count if cap else None
    if count is None and extent == "width" and slots.expand is not None:
        count = slots.expand.choice.count
    return None if count is None else (count.high or count.low).span


def never_drafts(code: Expr) -> bool:
    """A depth that is 0 in every situation."""
    return isinstance(code, Const) and code.value == 0


def _lower(a: Expr | None, b: Expr | None) -> Expr | None:
    """The smaller of two bounds, of which either may be missing."""
    return b if a is None else a if b is None else _least(a, b)


def _least(a: Expr, b: Expr) -> Expr:
    if isinstance(a, Const) and isinstance(b, Const):
        return a if float(a.value) <= float(b.value) else b
    return Operation("min", (a, b))
