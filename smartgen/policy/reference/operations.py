"""Operations on single values. None is absent: it goes through arithmetic, and every comparison with it is false."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

Value = Any  # float | bool | str | None


def operate(op: str, values: Sequence[Value]) -> Value:
    """One operation of the language, `if` apart."""
    if op == "and":
        return all(values)
    if op == "or":
        return any(values)
    if op == "not":
        return not values[0]
    if None in values:
        return False if op in ("<", "<=", ">", ">=", "==", "!=") else None
    value = _present(op, list(values))
    return None if isinstance(value, float) and math.isnan(value) else value


def _present(op: str, values: list[Value]) -> Value:
    a, b = values[0], values[1] if len(values) > 1 else 0.0
    match op:
        case "<":
            return a < b
        case "<=":
            return a <= b
        case ">":
            return a > b
        case ">=":
            return a >= b
        case "==":
            return a == b
        case "!=":
            return a != b
        case "+":
            return a + b
        case "-":
            return a - b
        case "*":
            return a * b
        case "/":
            return _divided(a, b)
        case "neg":
            return -a
        case "min":
            return min(values)
        case "max":
            return max(values)
        case "clip":
            return min(max(a, b), values[2])
        case "floor":
            return a if math.isinf(a) else float(math.floor(a))
        case "sqrt":
            return math.sqrt(max(a, 0.0))
        case "exp":
            return math.exp(min(a, 700.0))
        case "log":
            return math.log(max(a, 2.2250738585072014e-308))
    raise ValueError(f"no such operation: {op}")


def _divided(a: float, b: float) -> float:
    if b != 0:
        return a / b
    return 0.0 if a == 0 else math.inf if a > 0 else -math.inf


def reduce(function: str, values: Sequence[Value]) -> Value:
    """`sum`, `count`, `max`, `min`, `mean` of the values that are there."""
    if function == "count":
        return float(sum(bool(value) for value in values))
    there = [float(value) for value in values if value is not None]
    if function == "sum":
        return sum(there)
    if not there:
        return None
    return {"max": max(there), "min": min(there), "mean": sum(there) / len(there)}[function]


def whole(value: Value) -> int:
    """A count: fractions are cut off, below 0 and absent are 0, more than 2^20 is 2^20."""
    if value is None or value <= 0:
        return 0
    return 1 << 20 if value >= 1 << 20 else int(value)
