"""Turn lowered expressions into functions of a `Scope`, so that no tree is walked while tokens are waiting.

Values are NumPy float64: a policy or step value is a number (or (S,) where sizes are scanned), a request value (B, 1)
(or (B, S)), a node value (B, K). Shapes broadcast by construction; the checker has seen to the axes.
"""

from __future__ import annotations

from collections.abc import Callable
from operator import methodcaller
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
from smartgen.policy.arithmetic import OPERATIONS, Value, conditional
from smartgen.policy.readers import READERS

if TYPE_CHECKING:
    from smartgen.policy.scope import Scope

Compiled = Callable[["Scope"], Value]
_RANKED = ("<", "<=", ">", ">=")


class Compiler:
    """Compiles the expressions of one program. Equal `path(...)` calls share a number, under which a step keeps values."""

    def __init__(self) -> None:
        self.paths: dict[Expr, int] = {}

    def __call__(self, expr: Expr) -> Compiled:
        return _HANDLERS[type(expr)](self, expr)

    def maybe(self, expr: Expr | None) -> Compiled | None:
        return None if expr is None else self(expr)

    def _const(self, expr: Const) -> Compiled:
        value = expr.value
        return lambda scope: value

    def _read(self, expr: Read) -> Compiled:
        if expr.name.startswith("node."):
            field = expr.name.removeprefix("node.")
            return methodcaller("node", field)
        return READERS[expr.name]

    def _measured(self, expr: Measured) -> Compiled:
        at = [(name, self(value)) for name, value in expr.at]
        phase, quantity, model = expr.phase, expr.quantity, expr.model
        if expr == Measured("verify", "time"):
            return methodcaller("verify_seconds")
        if expr == Measured("draft", "time"):
            return methodcaller("draft_seconds")
        return lambda scope: scope.measured(phase, quantity, model, {name: value(scope) for name, value in at})

    def _operation(self, expr: Operation) -> Compiled:
        moments = [_moment_of_objective(operand) for operand in expr.operands]
        if expr.op in _RANKED and None not in moments:
            return _ranked(expr.op, *moments)  # type: ignore[arg-type]
        operands = [self(operand) for operand in expr.operands]
        if expr.op == "if":
            return _lazy_if(*operands)
        if expr.op == "*" and Const(1.0) in expr.operands:
            return operands[1 - expr.operands.index(Const(1.0))]
        function = OPERATIONS[expr.op]
        if len(operands) == 2:
            left, right = operands
            return lambda scope: function(left(scope), right(scope))
        return lambda scope: function(*(operand(scope) for operand in operands))

    def _aggregate(self, expr: Aggregate) -> Compiled:
        of, function, group = self(expr.of), expr.function, expr.scope
        if group == "batch":
            return lambda scope: scope.over_batch(function, of)
        return lambda scope: scope.reduce(group, function, of)

    def _path(self, expr: PathProduct) -> Compiled:
        of, number = self(expr.of), self.paths.setdefault(expr.of, len(self.paths))
        return methodcaller("path_product", number, of)

    def _shift(self, expr: Shift) -> Compiled:
        of, kind = self(expr.of), expr.kind
        return lambda scope: scope.shifted(kind, of)

    def _table(self, expr: Table) -> Compiled:
        at = self(expr.at)
        keys = [key for key, _ in expr.rows]
        rows = [self(value) for _, value in expr.rows]
        place = _by_text if isinstance(keys[0], str) else _by_number
        return lambda scope: _looked_up(place(at(scope), keys), rows, scope)

    def _recall(self, expr: Recall) -> Compiled:
        return methodcaller("recall", expr.site)


def _moment_of_objective(expr: Expr) -> str | None:
    """ "" for `objective`, "forecast" or "previous" for that of another moment, None for anything else."""
    if expr == Read("objective"):
        return ""
    return expr.kind if isinstance(expr, Shift) and expr.of == Read("objective") else None


def _ranked(op: str, left: str, right: str) -> Compiled:
    """Two objectives compare as choices do: the one that breaks its constraints less is greater."""

    def compared(scope: Scope) -> bool:
        first, second = scope.totals_at(left), scope.totals_at(right)
        if op in (">", "<"):
            return first.better_than(second) if op == ">" else second.better_than(first)
        return not (second.better_than(first) if op == ">=" else first.better_than(second))

    return compared


def _lazy_if(condition: Compiled, then: Compiled, otherwise: Compiled) -> Compiled:
    """A branch that nobody takes is not read."""

    def chosen(scope: Scope) -> Value:
        holds = condition(scope)
        if np.all(holds):
            return then(scope)
        if not np.any(holds):
            return otherwise(scope)
        return conditional(holds, then(scope), otherwise(scope))

    return chosen


def _by_number(at: Value, keys: list[Any]) -> Value:
    """How many keys after the first are reached; an absent value reaches none."""
    if isinstance(at, float | int):
        return sum(at >= key for key in keys[1:])
    place = np.searchsorted(np.asarray(keys[1:], np.float64), at, "right")
    return np.where(np.isnan(at), 0, place)


def _by_text(at: Value, keys: list[Any]) -> Value:
    """The row of the same text; a text that no row names takes the last one."""
    at = np.asarray(at)
    return np.select([at == key for key in keys], list(range(len(keys))), len(keys) - 1)


def _looked_up(index: Value, rows: list[Compiled], scope: Scope) -> Value:
    if np.ndim(index) == 0:
        return rows[int(index)](scope)
    used = [i for i in range(len(rows)) if (index == i).any()]
    return np.select([index == i for i in used], [rows[i](scope) for i in used])


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
