"""`plan`: which situation holds, how far the step may go, and whether a first pass is made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from smartgen.language.program import Recall, parts
from smartgen.policy.reference.choosing import choose
from smartgen.policy.reference.evaluate import At, counts, value
from smartgen.policy.reference.free import FreeLayer, Hanging, hang
from smartgen.policy.reference.growing import add
from smartgen.policy.reference.proceeding import first_pass
from smartgen.policy.reference.step import Planned, Step
from smartgen.policy.reference.view import View, root_layer
from smartgen.policy.reference.world import Candidate, Given

if TYPE_CHECKING:
    from smartgen.policy.reference.interpreter import Interpreter


def plan(me: Interpreter, given: Given, free: Sequence[FreeLayer] = ()) -> Planned:
    """Begin a step. `free`: layers that cost no pass."""
    me.given, me.learned.recalled = given, set()
    rows = len(given.rows)
    view = View(given, [[] for _ in given.rows], root_layer(rows), width=float(given.pending))
    me.rules = me.program.situations[-1].rules
    me.gain = 1.0
    me.step = Step(view, [], [], [], [], 0, 0)
    for situation in me.program.situations:
        if situation.when is None or value(me, situation.when, At(view)):
            me.rules = situation.rules
            break
    me.gain = me.estimates.gain if _calibrates(me) else 1.0
    _extents(me, view)
    if free and me.step.depth > 0:
        own, other = me.estimates.gains if _calibrates(me) else (1.0, 1.0)
        me.step.free, me.gain = Hanging(free, [[] for _ in given.rows], own, other), 1.0
        hang(me)
    choose(me, view)
    if me.rules.limits.depth_low is not None:
        _search_depth(me)
    step = me.step
    draft = first_pass(me)
    if draft:
        step.paid = me.totals.with_pass(step.view)
    return Planned(draft, max(step.topks), step.depth)


def _calibrates(me: Interpreter) -> bool:
    sites = [part.site for part in parts(me.rules.benefit) if isinstance(part, Recall)]
    return any(me.program.sites[site].kind == "calibrated" for site in sites)


def _extents(me: Interpreter, view: View) -> None:
    limits, verify, expand, step = me.rules.limits, me.rules.verify, me.rules.expand, me.step
    longest = max(row.remaining for row in view.given.rows) - 1
    step.depths = [min(depth, longest) for depth in counts(me, limits.depth, view)]
    step.widths = _least(counts(me, limits.width, view), counts(me, expand.high, view))
    step.topks = counts(me, limits.topk, view) if limits.topk is not None else list(step.widths)
    sizes = counts(me, verify.high, view)
    step.rooms = counts(me, limits.nodes, view)
    if not verify.pooled:
        step.rooms = _least(step.rooms, sizes)
    step.low = max(counts(me, verify.low, view)) if verify.low is not None else 0
    step.high = max(sizes)
    step.depth = max(step.depths)
    step.going = [True] * len(view.given.rows)


def _search_depth(me: Interpreter) -> None:
    """Imagine the whole tree, and stop where the objective is best."""
    real, found = me.step, [me.step.view]
    me.step = replace(real, layers=[], frontier=[], going=list(real.going), imagined=True)
    while me.step.view.depth < real.depth and (me.step.view.depth == 0 or any(me.step.frontier)):
        me.step.paid = me.totals.with_pass(me.step.view)
        rows = range(len(me.given.rows))
        fed = [1 if me.step.view.depth == 0 else len(me.step.frontier[row]) for row in rows]
        add(me, [[[Candidate(-1, 1.0)] * max(real.topks)] * count for count in fed])
        found.append(me.step.view)
    me.step = real
    assert me.rules.limits.depth_low is not None
    low = min(max(counts(me, me.rules.limits.depth_low, real.view)), real.depth)
    chosen = min(low, len(found) - 1)
    for depth in range(chosen + 1, len(found)):
        if me.totals.ranked(">", found[depth], found[chosen]):
            chosen = depth
    real.depth = max(chosen, low)


def _least(a: list[int], b: list[int]) -> list[int]:
    return [min(pair) for pair in zip(a, b, strict=True)]
