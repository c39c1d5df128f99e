"""What a tree is worth and costs: the totals of every size, now and after one more pass."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from smartgen.policy.arithmetic import Value
from smartgen.policy.board import Board
from smartgen.policy.free import OWN
from smartgen.policy.pooled import shares
from smartgen.policy.rules import Constraint
from smartgen.policy.scope import ForecastScope, Scope
from smartgen.policy.situation import Costs
from smartgen.policy.step import Step
from smartgen.policy.totals import Totals

if TYPE_CHECKING:
    from smartgen.policy.controller import Controller

Floats = NDArray[np.float64]
LEAST_EXCESS = 1e-9  # of a constraint that does not hold by a hair


def totals(
    controller: Controller, step: Step, board: Board, spent: dict[str, float], seen: type[Scope] = Scope
) -> Totals:
    """Evaluate every size on offer for `board`, with `spent` on drafting, and choose; `seen`: now, or in a forecast."""
    if board.longest and step.basis.weigh is not None:
        step.basis.settle_weights(board)
    made, rules = _offered(controller, step, board), step.rules
    made.amounts = amounts = spent.copy()
    scope = seen(controller, step, None, None, made, True)
    for cost in rules.costs_of_step:
        amounts[cost.total] = amounts[cost.total] + cost.value(scope)
    if rules.objective is not None:
        made.objective = _each(rules.objective(scope), made)
    if rules.constraints:
        made.excess = _excess(rules.constraints, scope, made)
    made.choose()
    return made


def _each(value: Value, made: Totals) -> Floats:
    """(S,) also where all sizes have one value."""
    if isinstance(value, np.ndarray) and value.ndim == 1:
        return value
    return np.full(made.high + 1 - made.low, value, np.float64)


def _offered(controller: Controller, step: Step, board: Board) -> Totals:
    caps, verify, basis = step.caps, step.rules.verify, step.basis
    if not verify.pooled:
        high = min(board.longest, caps.room.most, caps.high)
        made = Totals(board, basis, min(caps.low, high) if verify.searched else high, high)
        if step.situation.packed:
            made.run = made.counts.sum(0) / step.tree.batch
        return made
    high = min(int(board.count.sum()), caps.high)
    low = min(caps.low, high) if verify.searched else high
    tokens = basis.row_tokens(board.benefit)
    made = Totals(board, basis, low, high, shares(board, np.arange(low, high + 1), _floors(controller, step), tokens))
    made.run = made.counts.sum(0) / step.tree.batch if step.situation.packed else made.counts.max(0, initial=0)
    return made


def _floors(controller: Controller, step: Step) -> Floats | None:
    """(B,) tokens that each row should reach before the rest is pooled, at most what it may still emit."""
    floors = [line.floor for line in step.rules.constraints if line.floor is not None]
    if not floors:
        return None
    scope = Scope(controller, step)
    wanted = [np.broadcast_to(np.asarray(floor(scope), np.float64), (step.tree.batch, 1))[:, 0] for floor in floors]
    return np.minimum(np.fmax.reduce(wanted), step.situation.remaining)


def _excess(constraints: tuple[Constraint, ...], scope: Scope, made: Totals) -> Floats:
    """(S,) largest relative violation over constraints and rows; 0 where all hold."""
    worst = np.zeros(made.high + 1 - made.low)
    for line in constraints:
        lower = line.lower(scope)
        if line.upper is None:
            over = np.where(lower, 0.0, 1.0)
        else:
            upper = line.upper(scope)
            relative = (lower - upper) / np.maximum(np.abs(upper), 1e-12)
            relative = np.where(np.isnan(relative), np.inf, np.maximum(relative, LEAST_EXCESS))
            over = np.where(line.holds(lower, upper), 0.0, relative)
        worst = np.maximum(worst, np.broadcast_to(np.atleast_2d(over).max(0), worst.shape))
    return worst


# -- one pass more ----------------------------------------------------------------------------------------------------
def next_layer(step: Step) -> Floats:
    """(B, F) the forecast benefits of what one more pass would draw."""
    mass = step.mass
    if step.free is not None and (hanging := step.free.mass_ahead(step)) is not None:
        mass = np.maximum(mass - hanging, 0.0)
    return step.growth.ahead(step.depth, mass)


def ahead(controller: Controller, step: Step) -> Totals:
    """The totals as they would stand after one more pass, by the learned growth."""
    drawn = next_layer(step)
    if step.free is not None:
        drawn = drawn * step.free.gains[OWN]
    board = step.board.with_forecast(drawn, step.caps.room)
    step.spent_ahead = with_pass(controller, step, step.next_width)
    return totals(controller, step, board, step.spent_ahead, ForecastScope)


def with_pass(controller: Controller, step: Step, width: int) -> dict[str, float]:
    """What drafting has cost with one more pass that feeds `width` tokens a row.

    What a first pass feeds beyond a step's own tokens (a prompt that the drafter has not read) serves all steps that are
    left. In a call that drains it is charged to them in equal parts, at one token each.
    """
    spent = dict(step.spent)
    catches_up = step.situation.drains and step.depth == 0
    own = min(width, step.caps.depth + 1) if catches_up else width
    scope = Scope(controller, step, width=own)
    for cost in step.rules.costs_of_pass:
        charged = float(cost.value(scope))
        if own < width:
            whole = float(cost.value(Scope(controller, step, width=width)))
            charged += (whole - charged) / controller.tokens_left(step.situation)
        spent[cost.total] += charged
    return spent


# -- profiles ---------------------------------------------------------------------------------------------------------
def measured(costs: Costs, scope: Scope, phase: str, model: str, at: dict[str, Value]) -> Value:
    """`profile.<phase>.time` (or `.energy`) at the current point, or at the coordinates of `at`."""
    situation = scope.step.situation
    batch, context = situation.batch, situation.run_context
    if phase == "wake" or (phase == "draft" and situation.drafter.free):
        return 0.0  # a first pass is charged for all it has to feed, which is what waking costs
    size: Any = at.get("nodes")
    if size is None:
        size = at.get("width", scope.width() if phase == "draft" else scope.run())
    if phase == "draft" and scope.catches_up and not at:
        phase = "catch_up"
    if model != "table":
        return costs.fitted(phase, model, batch, context)(size)
    if isinstance(size, np.ndarray) and size.dtype.kind == "i" and phase == "verify":
        return costs.verify(batch, int(size[-1]), context)[size]
    if not np.all(np.isfinite(size)):
        return np.nan
    if phase != "verify":
        return _drafting(costs.catch_up if phase == "catch_up" else costs.draft, batch, context, size)
    curve = costs.verify(batch, int(np.ceil(np.max(size))), context)
    return np.interp(size, np.arange(len(curve)), curve)


def _drafting(price: Callable[[int, int, float], float], batch: int, context: float, size: Any) -> Value:
    """A pass feeds whole tokens."""
    if np.ndim(size) == 0:
        return price(batch, int(np.ceil(size)), context)
    widths, place = np.unique(np.ceil(size), return_inverse=True)
    seconds = np.array([price(batch, int(width), context) for width in widths])
    return seconds[place].reshape(np.shape(size))
