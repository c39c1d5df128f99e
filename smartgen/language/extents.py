"""How far a policy may go: its limits, and what follows from its verbs where it sets none."""

from __future__ import annotations

from collections.abc import Mapping

from smartgen.language.findings import Findings
from smartgen.language.program import Choice, Const, Expr, Extents, Operation
from smartgen.language.resolve import Slots
from smartgen.language.source import Span

_EXTENTS = ("depth", "width", "topk", "nodes")


def extents(
    limits: dict[str, tuple[Expr, Expr | None]],
    tightened: Mapping[str, int],
    verify: Choice,
    expand: Choice,
    width: Expr | None,
    slots: Slots,
    span: Span,
    findings: Findings,
) -> Extents:
    """The policy's bounds; `limits` are its own, `tightened` those from outside. Findings where nothing bounds it."""
    caps = {extent: limits[extent][0] if extent in limits else None for extent in _EXTENTS}
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
        findings.add("SG306", "nothing bounds how deep this policy drafts", span, "add `limit depth 8`")
        depth = Const(1.0)
    if (
        expand.high is None
        and not verify.static
        and caps["width"] is None
        and caps["topk"] is None
        and not never_drafts(depth)
    ):
        findings.add(
            "SG306",
            "nothing bounds how wide this policy drafts",
            slots.expand.span if slots.expand else span,
            "write `expand best 10`, or add `limit width 10, topk 10`",
        )
    widest = width if caps["width"] is None else caps["width"] if width is None else _least(caps["width"], width)
    topk = caps["topk"]
    if topk is not None and widest is not None and "topk" not in limits and not verify.static:
        topk = _least(topk, widest)  # a limit from outside only lowers, here what follows from the width
    nodes = (
        verify.high
        if caps["nodes"] is None
        else caps["nodes"]
        if verify.high is None
        else _least(caps["nodes"], verify.high)
    )
    return Extents(depth, widest, topk, nodes, limits["depth"][1] if "depth" in limits else None)


def never_drafts(code: Expr) -> bool:
    """A depth that is 0 in every situation."""
    return isinstance(code, Const) and code.value == 0


def _least(a: Expr, b: Expr) -> Expr:
    if isinstance(a, Const) and isinstance(b, Const):
        return a if float(a.value) <= float(b.value) else b
    return Operation("min", (a, b))
