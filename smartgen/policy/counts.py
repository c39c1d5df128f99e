"""From values to counts: the extents and sizes of a step as whole numbers."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from smartgen.policy.arithmetic import Value
from smartgen.policy.board import Room
from smartgen.policy.compile import Compiled
from smartgen.policy.rules import CompiledRules
from smartgen.policy.scope import Scope
from smartgen.policy.step import Caps

Ints = NDArray[np.int64]
UNBOUNDED = 1 << 20


def whole(value: Value) -> int | Ints:
    """A count, or (B, 1) counts: fractions are cut off, below 0 and absent are 0, ∞ is UNBOUNDED."""
    if isinstance(value, (float, int)):  # noqa: UP038  # asked often, and a union is made anew each time
        return 0 if value != value else int(min(max(value, 0.0), UNBOUNDED))
    counts = np.nan_to_num(np.asarray(value, np.float64), nan=0.0, posinf=UNBOUNDED)
    whole_ones = np.minimum(np.maximum(counts, 0.0), UNBOUNDED).astype(np.int64)
    return int(whole_ones) if whole_ones.ndim == 0 else whole_ones


def most(count: int | Ints) -> int:
    """The largest of the rows'."""
    return count if isinstance(count, int) else int(count.max())


def _rows(count: int | Ints) -> Ints | None:
    return None if isinstance(count, int) else count


def _least(*counts: int | Ints) -> int | Ints:
    least = counts[0]
    for count in counts[1:]:
        least = min(least, count) if isinstance(least, int) and isinstance(count, int) else np.minimum(least, count)
    return least


def caps(rules: CompiledRules, scope: Scope) -> Caps:
    """The step's extents; a row that can emit few tokens more bounds nothing, the longest one does."""
    longest = int(scope.step.situation.remaining.max())

    def count(compiled: Compiled | None) -> int | Ints:
        return UNBOUNDED if compiled is None else whole(compiled(scope))

    width = _least(count(rules.width), count(rules.expand.high))
    topk = width if rules.topk is None else count(rules.topk)
    depth = _least(count(rules.depth), longest - 1)
    verify = rules.verify
    low = 0 if verify.low is None else most(count(verify.low))
    high = count(verify.high)
    nodes = count(rules.nodes) if verify.pooled else _least(count(rules.nodes), high)
    return Caps(
        depth=most(depth),
        width=most(width),
        topk=most(topk),
        room=Room(most(nodes), _rows(nodes)),
        low=low,
        high=most(high),
        expand_low=0 if rules.expand.low is None else most(count(rules.expand.low)),
        rows_depth=_rows(depth),
        rows_width=_rows(width),
        rows_topk=_rows(topk),
    )
