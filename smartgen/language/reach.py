"""Which blocks of a `when` chain can hold: conjunctions of comparisons with constants are compared, the rest may hold."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from smartgen.language.intervals import NO, YES, Ranges
from smartgen.language.program import Const, Expr, Operation

_SWAPPED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "=="}


@dataclass(frozen=True)
class _Stretch:
    """Numbers from `low` to `high`, ends included unless open."""

    low: float = -math.inf
    high: float = math.inf
    open_low: bool = False
    open_high: bool = False

    def meet(self, other: _Stretch) -> _Stretch:
        low, high = max(self.low, other.low), min(self.high, other.high)
        return _Stretch(
            low,
            high,
            any(s.open_low for s in (self, other) if s.low == low),
            any(s.open_high for s in (self, other) if s.high == high),
        )

    @property
    def empty(self) -> bool:
        return self.low > self.high or (self.low == self.high and (self.open_low or self.open_high))

    def within(self, other: _Stretch) -> bool:
        low = self.low > other.low or (self.low == other.low and (self.open_low or not other.open_low))
        high = self.high < other.high or (self.high == other.high and (self.open_high or not other.open_high))
        return low and high


_Region = dict[Expr, object]  # code → _Stretch of numbers, or a text


def unreachable(conditions: Sequence[Expr | None], ranges: Ranges) -> dict[int, int | None]:
    """The blocks that never hold: their place, and the place of the earlier block that always holds where they would
    (None: they contradict themselves). A condition None is `otherwise`."""
    found: dict[int, int | None] = {}
    regions: list[_Region | None] = []
    always: int | None = None
    for place, condition in enumerate(conditions):
        region = None if condition is None else _region(condition)
        decided = None if condition is None else ranges.of(condition)
        if always is not None:
            found[place] = always
        elif condition is not None and (decided == NO or (region is not None and _empty(region))):
            found[place] = None
        elif region is not None:
            covering = [i for i, earlier in enumerate(regions) if earlier is not None and _within(region, earlier)]
            if covering:
                found[place] = covering[0]
        regions.append(region)
        if decided == YES and always is None:
            always = place
    return found


def _region(condition: Expr) -> _Region | None:
    """None for what is no conjunction of comparisons with constants."""
    if not isinstance(condition, Operation):
        return None
    if condition.op == "and":
        sides = [_region(operand) for operand in condition.operands]
        return None if sides[0] is None or sides[1] is None else _both(sides[0], sides[1])
    if condition.op not in _SWAPPED:
        return None
    code, constant = condition.operands
    op = condition.op
    if isinstance(code, Const):
        code, constant, op = constant, code, _SWAPPED[op]
    if not isinstance(constant, Const) or isinstance(code, Const):
        return None
    if isinstance(constant.value, str):
        return {code: constant.value} if op == "==" else None
    value = float(constant.value)
    stretch = {
        "<": _Stretch(high=value, open_high=True),
        "<=": _Stretch(high=value),
        ">": _Stretch(low=value, open_low=True),
        ">=": _Stretch(low=value),
        "==": _Stretch(value, value),
    }[op]
    return {code: stretch}


def _both(left: _Region, right: _Region) -> _Region:
    met = dict(left)
    for code, value in right.items():
        other = met.get(code)
        if isinstance(value, _Stretch) and isinstance(other, _Stretch):
            met[code] = other.meet(value)
        elif other is not None and other != value:
            met[code] = _Stretch(1.0, 0.0)  # two texts at once
        else:
            met[code] = value
    return met


def _empty(region: _Region) -> bool:
    return any(isinstance(value, _Stretch) and value.empty for value in region.values())


def _within(region: _Region, other: _Region) -> bool:
    for code, value in other.items():
        mine = region.get(code)
        if isinstance(mine, _Stretch) and isinstance(value, _Stretch):
            if not mine.within(value):
                return False
        elif mine != value:
            return False
    return True
