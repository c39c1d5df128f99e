"""Turn lowered expressions into functions of a `Scope`, so that no tree is walked while tokens are waiting.

Values are NumPy float64: a policy or step value is a number (or (S,) where sizes are scanned), a request value (B, 1)
(or (B, S)), a node value (B, K). Shapes broadcast by construction; the checker has seen to the axes.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from typing import TYPE_CHECKING, Any

import numpy as np

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
    Table,
)

if TYPE_CHECKING:
    from smartgen.policy.scope import Scope

Value = Any  # float | bool | str | NDArray[np.float64] | NDArray[np.bool_]
Compiled = Callable[["Scope"], Value]


def divide(a: Value, b: Value) -> Value:
    """x / 0 is +inf for x > 0, 0 / 0 is 0: a policy never meets a NaN."""
    if isinstance(a, float | int) and isinstance(b, float | int):
        return a / b if b else (np.inf if a > 0 else -np.inf if a < 0 else 0.0)
    if np.all(np.greater(b, 0.0)):  # the usual case, without the guards
        return np.divide(a, b)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.nan_to_num(np.divide(a, b), nan=0.0, posinf=np.inf, neginf=-np.inf)


_OPERATIONS: dict[str, Callable[..., Value]] = {
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
    "!=": lambda a, b: a != b,
    "and": np.logical_and,
    "or": np.logical_or,
    "not": np.logical_not,
    "if": np.where,
    "min": lambda *values: reduce(np.minimum, values),
    "max": lambda *values: reduce(np.maximum, values),
    "clip": lambda x, low, high: np.minimum(np.maximum(x, low), high),
    "floor": np.floor,
    "sqrt": lambda x: np.sqrt(np.maximum(x, 0.0)),
    "exp": lambda x: np.exp(np.minimum(x, 700.0)),
    "log": lambda x: np.log(np.maximum(x, np.finfo(np.float64).tiny)),
}

_REDUCTIONS: dict[str, Callable[..., Value]] = {
    "sum": lambda x, mask, axis: np.where(mask, x, 0.0).sum(axis, keepdims=True),
    "count": lambda x, mask, axis: (np.asarray(x, bool) & mask).sum(axis, keepdims=True),
    "max": lambda x, mask, axis: np.where(mask, x, -np.inf).max(axis, keepdims=True, initial=-np.inf),
    "min": lambda x, mask, axis: np.where(mask, x, np.inf).min(axis, keepdims=True, initial=np.inf),
    "mean": lambda x, mask, axis: divide(
        np.where(mask, x, 0.0).sum(axis, keepdims=True), mask.sum(axis, keepdims=True)
    ),
}


class Compiler:
    """Compiles the expressions of one set of rules; numbers its `path(...)` calls, whose values live in the step."""

    def __init__(self) -> None:
        self.paths = 0

    def __call__(self, expr: Expr) -> Compiled:
        return _HANDLERS[type(expr)](self, expr)

    def maybe(self, expr: Expr | None) -> Compiled | None:
        return None if expr is None else self(expr)

    def _const(self, expr: Const) -> Compiled:
        value = expr.value
        return lambda scope: value

    def _read(self, expr: Read) -> Compiled:
        name = expr.name
        return lambda scope: scope.read(name)

    def _measured(self, expr: Measured) -> Compiled:
        at = [(name, self(value)) for name, value in expr.at]
        phase, quantity, model = expr.phase, expr.quantity, expr.model
        return lambda scope: scope.measured(phase, quantity, model, {name: value(scope) for name, value in at})

    def _operation(self, expr: Operation) -> Compiled:
        function = _OPERATIONS[expr.op]
        operands = [self(operand) for operand in expr.operands]
        if len(operands) == 2:
            left, right = operands
            return lambda scope: function(left(scope), right(scope))
        return lambda scope: function(*(operand(scope) for operand in operands))

    def _aggregate(self, expr: Aggregate) -> Compiled:
        of, reduction, scope_name = self(expr.of), _REDUCTIONS[expr.function], expr.scope
        if scope_name == "batch":
            return lambda scope: _over_batch(reduction, of(scope))

        def reduced(scope: Scope) -> Value:
            inner = scope.group(scope_name)
            return reduction(of(inner), inner.mask, 1)

        return reduced

    def _path(self, expr: PathProduct) -> Compiled:
        of, number = self(expr.of), self.paths
        self.paths += 1
        return lambda scope: scope.path_product(number, of)

    def _shift(self, expr: Shift) -> Compiled:
        of, kind = self(expr.of), expr.kind
        return lambda scope: scope.shifted(kind, of)

    def _table(self, expr: Table) -> Compiled:
        at = self(expr.at)
        keys = [key for key, _ in expr.rows]
        rows = [self(value) for _, value in expr.rows]
        if isinstance(keys[0], str):
            return lambda scope: rows[keys.index(str(at(scope)))](scope)
        edges = np.asarray(keys[1:], np.float64)
        return lambda scope: _looked_up(np.searchsorted(edges, at(scope), "right"), [row(scope) for row in rows])

    def _recall(self, expr: Recall) -> Compiled:
        site = expr.site
        return lambda scope: scope.recall(site)


def _over_batch(reduction: Callable[..., Value], value: Value) -> Value:
    rows = np.atleast_2d(np.asarray(value, np.float64))
    reduced = reduction(rows, np.ones(rows.shape, bool), 0)[0]
    return float(reduced[0]) if reduced.shape == (1,) else reduced


def _looked_up(index: Value, rows: list[Value]) -> Value:
    if np.ndim(index) == 0:
        return rows[int(index)]
    return np.select([index == i for i in range(len(rows))], rows)


_HANDLERS: dict[type, Callable[[Compiler, Any], Compiled]] = {
    Const: Compiler._const,
    Read: Compiler._read,
    Measured: Compiler._measured,
    Operation: Compiler._operation,
    Aggregate: Compiler._aggregate,
    PathProduct: Compiler._path,
    Shift: Compiler._shift,
    Table: Compiler._table,
    Recall: Compiler._recall,
}
