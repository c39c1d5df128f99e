"""The operations of the language on floats and arrays of them. NaN stands for an absent value.

Absent comes from signals that have no value yet and from ∞ - ∞, 0 × ∞, ∞ / ∞; it goes through arithmetic, and every
comparison with it is false. Everything else is total: x / 0 is ±∞, 0 / 0 is 0, roots and logarithms clamp their domain.
NumPy's warnings about all this are switched off by the controller's verbs.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from typing import Any

import numpy as np
from numpy.typing import NDArray

Value = Any  # float | bool | str | NDArray[np.float64] | NDArray[np.bool_]
Bools = NDArray[np.bool_]

EXP_MOST = 700.0  # the largest argument of `exp`: about 1e304
_NUMBER = (float, int)
LOG_LEAST = float(np.finfo(np.float64).tiny)  # the least argument of `log`: about 2.2e-308


def divide(a: Value, b: Value) -> Value:
    """x / 0 is +∞ for x > 0 and -∞ for x < 0, 0 / 0 is 0."""
    if isinstance(b, np.ndarray) and b.ndim == 1:
        if b[b.argmin()] > 0.0:  # the usual case, without the guards
            return a / b
    elif isinstance(a, _NUMBER) and isinstance(b, _NUMBER):
        if b:
            return a / b
        return np.inf if a > 0 else -np.inf if a < 0 else 0.0 if a == 0 else np.nan
    elif np.asarray(b).min() > 0.0:
        return np.divide(a, b)
    nothing = np.equal(a, 0.0) & np.equal(b, 0.0)
    return np.where(nothing, 0.0, np.divide(a, np.add(b, 0.0)))  # + 0.0: there is one zero


def _different(a: Value, b: Value) -> Value:
    return (a != b) & (a == a) & (b == b)  # with an absent value nothing is different either


def conditional(condition: Value, then: Value, otherwise: Value) -> Value:
    """Value by value; used where the condition differs from row to row or node to node."""
    return np.where(condition, then, otherwise)


OPERATIONS: dict[str, Callable[..., Value]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": divide,
    "neg": lambda a: -a,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
    "==": lambda a, b: a == b,
    "!=": _different,
    "and": np.logical_and,
    "or": np.logical_or,
    "not": np.logical_not,
    "if": conditional,
    "min": lambda *values: reduce(np.minimum, values),
    "max": lambda *values: reduce(np.maximum, values),
    "clip": lambda x, low, high: np.minimum(np.maximum(x, low), high),
    "floor": np.floor,
    "sqrt": lambda x: np.sqrt(np.maximum(x, 0.0)),
    "exp": lambda x: np.exp(np.minimum(x, EXP_MOST)),
    "log": lambda x: np.log(np.maximum(x, LOG_LEAST)),
}


def reduced(function: str, values: Value, mask: Bools, axis: int) -> Value:
    """`sum`, `count`, `max`, `min` or `mean` of the values that are there, along `axis`, which stays with length 1.

    The sum and the count of nothing are 0; its max, min and mean are absent.
    """
    if function == "count":
        return (np.asarray(values, bool) & mask).sum(axis, keepdims=True).astype(np.float64)
    there = mask & ~np.isnan(np.asarray(values, np.float64))
    if function == "sum":
        return np.where(there, values, 0.0).sum(axis, keepdims=True)
    some = there.any(axis, keepdims=True)
    if function == "mean":
        total = np.where(there, values, 0.0).sum(axis, keepdims=True)
        return np.where(some, total / np.maximum(there.sum(axis, keepdims=True), 1), np.nan)
    if function == "max":
        return np.where(some, np.where(there, values, -np.inf).max(axis, keepdims=True, initial=-np.inf), np.nan)
    return np.where(some, np.where(there, values, np.inf).min(axis, keepdims=True, initial=np.inf), np.nan)


def running(function: str, values: Value, mask: Bools) -> NDArray[np.float64]:
    """(B, R + 1): the same reductions over the first 0, 1, ..., R of the values (B, R) in each row."""
    batch, width = mask.shape
    values = np.broadcast_to(np.asarray(values, np.float64), mask.shape)
    there = mask & ~np.isnan(values)
    many = np.zeros((batch, width + 1))
    np.cumsum(there, axis=1, out=many[:, 1:])
    result = np.zeros((batch, width + 1))
    if function in ("sum", "mean", "count"):
        np.cumsum(np.where(there, values, 0.0), axis=1, out=result[:, 1:])
        return result if function != "mean" else np.where(many > 0, result / np.maximum(many, 1), np.nan)
    extreme, worst = (np.maximum, -np.inf) if function == "max" else (np.minimum, np.inf)
    result[:, 0] = worst
    extreme.accumulate(np.where(there, values, worst), axis=1, out=result[:, 1:])
    return np.where(many > 0, result, np.nan)


def or_nothing(value: Value) -> Value:
    """0 in place of an absent value."""
    if isinstance(value, float):
        return 0.0 if value != value else value
    return np.where(np.isnan(value), 0.0, value) if np.isnan(np.min(value)) else value
