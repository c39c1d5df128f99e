"""Whether a value grows with the costs or with the tokens: what shows that an objective asks for the worst tree."""

from __future__ import annotations

from dataclasses import dataclass

from smartgen.language import syntax as s
from smartgen.language.expressions import Typer
from smartgen.language.intervals import Ranges
from smartgen.language.program import Aggregate, Const, Expr, Measured, Operation, Read
from smartgen.language.source import Edit, Span
from smartgen.language.types import Typed

_COSTS = frozenset({"time", "energy", "money"})
_TOKENS = frozenset({"tokens", "progress"})
_KEEPS = frozenset({"floor", "sqrt", "exp", "log", "min", "max", "clip", "+"})  # what grows with its operands
_OF_ONE = {"time": "tokens / time", "energy": "tokens / energy", "money": "tokens / money"}
UNKNOWN = None
Direction = int | None  # 1: grows with it, -1: falls, 0: does not depend on it


@dataclass(frozen=True)
class Directions:
    """Directions of lowered code; `names`: the totals in question, a measured cost is one of them for the costs."""

    ranges: Ranges
    names: frozenset[str]

    def of(self, code: Expr) -> Direction:
        """UNKNOWN where it is not one or the other whatever the signals say."""
        if isinstance(code, Const):
            return 0
        if isinstance(code, Read):
            return int(code.name in self.names) if code.name != "objective" else UNKNOWN
        if isinstance(code, Measured):
            return int(self.names == _COSTS)
        if isinstance(code, Aggregate):
            return self.of(code.of) if code.function in ("mean", "max", "min", "sum") else UNKNOWN
        return self._operation(code) if isinstance(code, Operation) else UNKNOWN

    def _operation(self, code: Operation) -> Direction:
        found = [self.of(operand) for operand in code.operands]
        if code.op == "neg":
            return _turned(found[0])
        if code.op == "-":
            return _both(found[0], _turned(found[1]))
        if code.op in ("*", "/"):
            second = found[1] if code.op == "*" else _turned(found[1])
            return _both(self._scaled(found[0], code.operands[1]), self._scaled(second, code.operands[0]))
        if code.op in _KEEPS:
            together: Direction = 0
            for one in found:
                together = _both(together, one)
            return together
        return 0 if all(one == 0 for one in found) else UNKNOWN

    def _scaled(self, direction: Direction, by: Expr) -> Direction:
        low, high = self.ranges.of(by)
        if direction == 0 or low >= 0:
            return direction
        return _turned(direction) if high <= 0 else UNKNOWN


def _turned(direction: Direction) -> Direction:
    return UNKNOWN if direction is UNKNOWN else -direction


def _both(a: Direction, b: Direction) -> Direction:
    if a is UNKNOWN or b is UNKNOWN or a == -b != 0:
        return UNKNOWN
    return a or b


def backwards(typer: Typer, value: s.Expression, objective: Typed) -> None:
    """Warn of an objective that only grows with the costs or falls with the tokens: the largest is the worst."""
    ranges = Ranges(typer.sites)
    with_costs = Directions(ranges, _COSTS).of(objective.code)
    with_tokens = Directions(ranges, _TOKENS).of(objective.code)
    if UNKNOWN in (with_costs, with_tokens) or (with_costs, with_tokens) not in ((1, 0), (1, -1), (0, -1)):
        return
    wrong = "the costlier a tree" if with_costs else "the fewer tokens a tree promises"
    message = f"{wrong}, the larger this objective, and the largest is chosen"
    written, edits = _turned_round(value, objective.span)
    typer.findings.add("SG908", message, objective.span, f"write `maximize {written}`", warning=True, edits=edits)


def _turned_round(value: s.Expression, span: Span) -> tuple[str, tuple[Edit, ...]]:
    """`tokens / time` of `time / tokens` and of `time`; anything else with its sign turned."""
    text = span.text
    if text in _OF_ONE:
        written = _OF_ONE[text]
    elif isinstance(value, s.Binary) and value.op == "/" and isinstance(value.left, s.Name) and _one(value.right):
        written = f"{value.right.span.text} / {value.left.span.text}"
    else:
        written = f"-({text})"
    return written, (Edit(span, written),)


def _one(e: s.Expression) -> bool:
    """Whether it needs no parentheses to stand above a `/`."""
    return isinstance(e, s.Name | s.Call)
