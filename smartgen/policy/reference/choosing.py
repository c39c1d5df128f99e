"""`verify`: every size on offer, the tree that each gives every row, and the one that is best."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from smartgen.language.program import Expr, Operation, Read
from smartgen.policy.reference.evaluate import At, of_rows, value
from smartgen.policy.reference.view import Trees, View
from smartgen.policy.reference.world import Node

if TYPE_CHECKING:
    from smartgen.policy.reference.interpreter import Interpreter

TOLERANCE = 1e-12  # relative; objectives and excesses closer than this are equal
LEAST_EXCESS = 1e-9  # of a constraint that does not hold
_TURNED = {">": "<", ">=": "<="}


@dataclass(frozen=True)
class Offer:
    """A size, the trees it gives, and what speaks for it."""

    size: int
    view: View
    objective: float | None
    excess: float


def choose(me: Interpreter, base: View) -> None:
    """What `verify` picks now becomes the view of the step."""
    me.step.scan = offers(me, base, pools(me), lambda node: node.key)
    me.step.view = best(me.step.scan).view


def pools(me: Interpreter) -> Trees:
    """Each row's candidates for `verify`, best first, as many as there is room for."""
    found = []
    for row, room in enumerate(me.step.rooms):
        nodes = [node for layer in me.step.layers for node in layer[row] if node.open]
        found.append(sorted(nodes, key=lambda node: (-node.key, node.number))[:room])
    return found


def offers(me: Interpreter, base: View, pools: Trees, key: Callable[[Node], float]) -> list[Offer]:
    """Every size on offer for `pools`, each row's candidates in order of `key`; `base`: the step apart from the trees."""
    verify, step = me.rules.verify, me.step
    if verify.pooled:
        order = _pooled(me, base, pools, key)
        most = len(order)
    else:
        order, most = [], max(map(len, pools))
    high = min(most, step.high)
    low = min(step.low, high) if verify.searched else high
    found = []
    for size in range(low, high + 1):
        trees = _first(order[:size], pools) if verify.pooled else [pool[:size] for pool in pools]
        view = base.with_trees(trees)
        found.append(Offer(size, view, me.totals.objective(view), me.totals.excess(view)))
    return found


def best(found: list[Offer]) -> Offer:
    """Feasible first, then the least excess, then the greatest objective; of equals the smallest size."""
    least = min(offer.excess for offer in found)
    lawful = [offer for offer in found if offer.excess <= least + TOLERANCE]
    greatest = max(_above(offer.objective) for offer in lawful)
    return next(offer for offer in lawful if _above(offer.objective) >= greatest - slack(greatest))


def slack(objective: float) -> float:
    """How much objectives may differ and count as equal."""
    return TOLERANCE * abs(objective) if math.isfinite(objective) else 0.0


def _above(objective: float | None) -> float:
    return -math.inf if objective is None else objective


def _first(taken: list[tuple[int, Node]], pools: Trees) -> Trees:
    """The trees of a pool's first candidates; each row's stand in its own order."""
    trees: Trees = [[] for _ in pools]
    for row, node in taken:
        trees[row].append(node)
    return trees


def _pooled(me: Interpreter, base: View, pools: Trees, key: Callable[[Node], float]) -> list[tuple[int, Node]]:
    """(row, node) in the order in which a pooled count takes them: floors, most needy row first, then best first."""
    floors = _floors(me, base)
    claimed = [0] * len(pools)
    order: list[tuple[int, Node]] = []
    for row in sorted(range(len(pools)), key=lambda r: -_above(floors[r])):
        wanted = floors[row]
        if wanted is None:
            continue
        enough = (n for n in range(len(pools[row]) + 1) if _tokens(me, base, row, pools[row][:n]) >= wanted)
        claimed[row] = next(enough, len(pools[row]))
        order += [(row, node) for node in pools[row][: claimed[row]]]
    rest = [(row, node) for row, pool in enumerate(pools) for node in pool[claimed[row] :]]
    return order + sorted(rest, key=lambda pair: -key(pair[1]))


def _tokens(me: Interpreter, base: View, row: int, nodes: list[Node]) -> float:
    trees: Trees = [[] for _ in base.given.rows]
    trees[row] = nodes
    return base.with_trees(trees).row_tokens(row, me.gain)


def _floors(me: Interpreter, base: View) -> list[float | None]:
    """The tokens that constraints `tree.tokens >= e` ask for in each row, at most what it may still emit."""
    rows = base.given.rows
    floors: list[float | None] = [None] * len(rows)
    for line in me.rules.constraints:
        sides = sides_of(line)
        if sides is None or sides[2] != Read("tree.tokens"):
            continue
        for row, wanted in enumerate(of_rows(me, sides[1], me.step.view)):
            if wanted is not None:
                asked = min(wanted, float(rows[row].remaining))
                floors[row] = asked if floors[row] is None else max(asked, floors[row] or asked)
    return floors


def sides_of(line: Expr) -> tuple[str, Expr, Expr] | None:
    """(op, small, large) of a comparison, written with < or <=."""
    if not isinstance(line, Operation) or line.op not in ("<", "<=", ">", ">="):
        return None
    small, large = line.operands if line.op not in _TURNED else line.operands[::-1]
    return _TURNED.get(line.op, line.op), small, large


def excess_at(me: Interpreter, line: Expr, at: At) -> float:
    """How far a constraint is from holding, relative to its larger side; 0 where it holds."""
    if value(me, line, at):
        return 0.0
    sides = sides_of(line)
    if sides is None:
        return 1.0
    small, large = value(me, sides[1], at), value(me, sides[2], at)
    if small is None or large is None or (math.isinf(small) and math.isinf(large)):
        return math.inf
    relative: float = (small - large) / max(abs(large), 1e-12)
    return max(relative, LEAST_EXCESS)
