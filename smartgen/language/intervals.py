"""The smallest and the largest value that lowered code can have, whatever the signals say."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

from smartgen.language.program import (
    Aggregate,
    Const,
    Expr,
    Measured,
    Operation,
    PathProduct,
    Read,
    Recall,
    Shift,
    Site,
    Table,
)

Interval = tuple[float, float]
ANY: Interval = (-math.inf, math.inf)
POSITIVE: Interval = (0.0, math.inf)
FRACTION: Interval = (0.0, 1.0)
YES, NO, EITHER = (1.0, 1.0), (0.0, 0.0), (0.0, 1.0)

_FRACTIONS = frozenset({"node.prob", "node.path", "node.confidence", "engine.memory", "last.rate"})
_FLAGS = frozenset({"node.spine", "node.kept", "request.sampled"})
_AT_LEAST_ONE = frozenset({"batch.size", "batch.context", "request.context"})
# Before the first pass the layer is the root.
AT_ROOT: Mapping[str, Interval] = {
    **{f"{group}.depth": NO for group in ("layer", "frontier", "tree")},
    **dict.fromkeys(("layer.nodes", "frontier.nodes", "node.prob", "node.path", "node.confidence", "node.spine"), YES),
    **dict.fromkeys(("tree.nodes", "batch.nodes", "node.rank", "node.depth", "node.entropy"), NO),
}


class Ranges:
    """Ranges of code of one program. `known` narrows signals: `AT_ROOT` for the question before the first pass."""

    def __init__(self, sites: Sequence[Site], known: Mapping[str, Interval] | None = None) -> None:
        self.sites, self.known = sites, known if known is not None else {}

    def of(self, code: Expr) -> Interval:
        """(smallest, largest); a yes/no value is 1 or 0, a text anything."""
        return _RANGES[type(code)](self, code)

    def _const(self, code: Const) -> Interval:
        return ANY if isinstance(code.value, str) else (float(code.value), float(code.value))

    def _read(self, code: Read) -> Interval:
        if code.name in self.known:
            return self.known[code.name]
        if code.name in _FRACTIONS:
            return FRACTION
        if code.name in _FLAGS:
            return EITHER
        return (1.0, math.inf) if code.name in _AT_LEAST_ONE else ANY if code.name == "objective" else POSITIVE

    def _operation(self, code: Operation) -> Interval:
        ranges = [self.of(operand) for operand in code.operands]
        if code.op == "if":
            condition, then, otherwise = ranges
            return then if condition == YES else otherwise if condition == NO else _union([then, otherwise])
        return _OPERATIONS[code.op](*ranges)

    def _aggregate(self, code: Aggregate) -> Interval:
        inner = self.of(code.of)
        alone = self.known is AT_ROOT and code.scope != "batch"  # the root is the only node of its layer
        if code.function in ("max", "min", "mean") or (alone and code.function == "sum"):
            return inner
        if code.function == "sum" and inner[0] < 0:
            return ANY
        return POSITIVE

    def _table(self, code: Table) -> Interval:
        at = self.of(code.at)
        rows = [(key, self.of(value)) for key, value in code.rows]
        if at[0] == at[1] and all(not isinstance(key, str) for key, _ in rows):
            held = [value for key, value in rows if float(key) <= at[0]]
            return held[-1] if held else rows[0][1]
        return _union([value for _, value in rows])

    def _recall(self, code: Recall) -> Interval:
        site = self.sites[code.site]
        if site.kind == "calibrated":
            return FRACTION
        if site.kind == "ema":
            start = [value for name, value in site.options if name == "start"]
            return _union([self.of(x) for x in (site.arguments[0], *start)])
        arms = site.arguments[1:] if site.kind == "ladder" else site.arguments
        return _union([self.of(arm) for arm in arms])

    def _shift(self, code: Shift) -> Interval:
        return ANY if code.kind == "marginal" else Ranges(self.sites).of(code.of)


def _union(ranges: Sequence[Interval]) -> Interval:
    return min(low for low, _ in ranges), max(high for _, high in ranges)


def _times(a: Interval, b: Interval) -> Interval:
    ends = [0.0 if 0.0 in (x, y) else x * y for x in a for y in b]
    return min(ends), max(ends)


def _over(a: Interval, b: Interval) -> Interval:
    if b[0] > 0:
        return _times(a, (0.0 if b[1] == math.inf else 1 / b[1], 1 / b[0]))
    return POSITIVE if a[0] >= 0 and b[0] >= 0 else ANY


def _minus(a: Interval, b: Interval) -> Interval:
    return _plus(a, (-b[1], -b[0]))


def _plus(a: Interval, b: Interval) -> Interval:
    low, high = a[0] + b[0], a[1] + b[1]
    return (-math.inf if math.isnan(low) else low), (math.inf if math.isnan(high) else high)


def _less(a: Interval, b: Interval) -> Interval:
    return YES if a[1] < b[0] else NO if a[0] >= b[1] else EITHER


def _at_most(a: Interval, b: Interval) -> Interval:
    return YES if a[1] <= b[0] else NO if a[0] > b[1] else EITHER


def _equal(a: Interval, b: Interval) -> Interval:
    if a[0] == a[1] == b[0] == b[1]:
        return YES
    return NO if a[1] < b[0] or b[1] < a[0] else EITHER


def _not(a: Interval) -> Interval:
    return 1 - a[1], 1 - a[0]


def _each(function: Callable[[float], float]) -> Callable[[Interval], Interval]:
    """A function that grows with its argument."""
    return lambda a: (function(a[0]), function(a[1]))


def _floor(x: float) -> float:
    return x if math.isinf(x) else float(math.floor(x))


def _exp(x: float) -> float:
    return math.inf if x > 700 else math.exp(x)


_OPERATIONS: dict[str, Callable[..., Interval]] = {
    "+": _plus,
    "-": _minus,
    "*": _times,
    "/": _over,
    "neg": lambda a: (-a[1], -a[0]),
    "<": _less,
    "<=": _at_most,
    ">": lambda a, b: _less(b, a),
    ">=": lambda a, b: _at_most(b, a),
    "==": _equal,
    "!=": lambda a, b: _not(_equal(a, b)),
    "and": lambda a, b: (min(a[0], b[0]), min(a[1], b[1])),
    "or": lambda a, b: (max(a[0], b[0]), max(a[1], b[1])),
    "not": _not,
    "min": lambda *r: (min(low for low, _ in r), min(high for _, high in r)),
    "max": lambda *r: (max(low for low, _ in r), max(high for _, high in r)),
    "clip": lambda x, a, b: (min(max(x[0], a[0]), b[0]), min(max(x[1], a[1]), b[1])),
    "floor": _each(_floor),
    "sqrt": _each(lambda x: math.sqrt(max(0.0, x))),
    "exp": _each(_exp),
    "log": _each(lambda x: math.log(x) if x > 0 else -math.inf),
}

_RANGES: dict[type, Callable[[Ranges, Expr], Interval]] = {
    Const: Ranges._const,  # type: ignore[dict-item]
    Read: Ranges._read,  # type: ignore[dict-item]
    Measured: lambda ranges, code: POSITIVE,
    Operation: Ranges._operation,  # type: ignore[dict-item]
    Aggregate: Ranges._aggregate,  # type: ignore[dict-item]
    PathProduct: lambda ranges, code: FRACTION,
    Shift: Ranges._shift,  # type: ignore[dict-item]
    Table: Ranges._table,  # type: ignore[dict-item]
    Recall: Ranges._recall,  # type: ignore[dict-item]
}
