"""The value of an expression at a point: of a view of the step, a row, a node."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

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
    parts,
)
from smartgen.policy.reference.operations import Value, operate, reduce, whole
from smartgen.policy.reference.view import ROOT, View
from smartgen.policy.reference.world import Node

if TYPE_CHECKING:
    from smartgen.policy.reference.interpreter import Interpreter


@dataclass(frozen=True)
class At:
    """A point: `row` None for what is one for the step, `node` None for what is one for a row."""

    view: View
    row: int | None = None
    node: Node | None = None
    with_node: View | None = None  # while candidates are judged one by one: the view with this one kept


def value(me: Interpreter, e: Expr, at: At) -> Value:
    """Evaluate `e`."""
    return _RULES[type(e)](me, e, at)


def of_rows(me: Interpreter, e: Expr, view: View) -> list[Value]:
    """A request value in every row."""
    return [value(me, e, At(view, row)) for row in range(len(view.given.rows))]


def counts(me: Interpreter, count: Expr | None, view: View) -> list[int]:
    """A count in every row; where nothing is written it does not bound."""
    if count is None:
        return [1 << 20] * len(view.given.rows)
    return [whole(one) for one in of_rows(me, count, view)]


# -- kinds of expressions ---------------------------------------------------------------------------------------------
def _const(me: Interpreter, e: Const, at: At) -> Value:
    return e.value


def _operation(me: Interpreter, e: Operation, at: At) -> Value:
    if e.op == "if":
        return value(me, e.operands[1 if value(me, e.operands[0], at) else 2], at)
    if e.op in ("<", "<=", ">", ">="):
        moments = [_moment(operand) for operand in e.operands]
        if None not in moments:
            return me.totals.ranked(e.op, *(_at_moment(me, moment, at.view) for moment in moments))
    return operate(e.op, [value(me, operand, at) for operand in e.operands])


def _moment(e: Expr) -> str | None:
    """The moment of an `objective`: now "", "forecast" or "previous"; None for any other expression."""
    if e == Read("objective"):
        return ""
    return e.kind if isinstance(e, Shift) and e.of == Read("objective") else None


def _at_moment(me: Interpreter, moment: str | None, view: View) -> View:
    if moment == "forecast":
        return me.ahead()
    before = me.step.before
    return view if not moment or before is None else before


def _aggregate(me: Interpreter, e: Aggregate, at: At) -> Value:
    if e.scope == "batch":
        return reduce(e.function, of_rows(me, e.of, at.view))
    assert at.row is not None
    nodes = at.view.group(e.scope, at.row)
    return reduce(e.function, [value(me, e.of, At(at.view, at.row, node)) for node in nodes])


def _path(me: Interpreter, e: PathProduct, at: At) -> Value:
    assert at.node is not None
    if at.node is ROOT:
        return 1.0
    product: Value = None
    for node in at.node.line:
        factor = value(me, e.of, _point_of(me, node, at))
        product = factor if product is None and node.parent is None else operate("*", [product, factor])
    return product


def _point_of(me: Interpreter, node: Node, at: At) -> At:
    """Where a node of an earlier layer was valued: that layer is the newest one from there."""
    layer = me.step.layers[node.depth - 1]
    view = at.view if node.depth == at.view.depth else replace(at.view, layer=layer, depth=node.depth)
    return At(view, at.row, node)


def _shift(me: Interpreter, e: Shift, at: At) -> Value:
    if e.kind == "marginal":
        assert at.with_node is not None
        after = value(me, e.of, replace(at, view=at.with_node))
        return operate("-", [after, value(me, e.of, at)])
    if e.kind == "previous":
        before = me.step.before
        return 0.0 if before is None else value(me, e.of, replace(at, view=before))
    return value(me, e.of, replace(at, view=me.ahead()))


def _table(me: Interpreter, e: Table, at: At) -> Value:
    x = value(me, e.at, at)
    if isinstance(e.rows[0][0], str):
        found = [row for key, row in e.rows if key == x]
        return value(me, found[0] if found else e.rows[-1][1], at)
    reached = [row for key, row in e.rows[1:] if x is not None and x >= key]
    return value(me, reached[-1] if reached else e.rows[0][1], at)


def _measured(me: Interpreter, e: Measured, at: At) -> Value:
    prices = me.prices if e.quantity == "time" else me.energy
    assert prices is not None
    if e.phase == "wake" or (e.phase == "draft" and at.view.given.free):
        return 0.0
    where = {name: value(me, expression, at) for name, expression in e.at}
    size = where.get("nodes", where.get("width", at.view.width if e.phase == "draft" else at.view.nodes))
    if size is None:
        return None
    phase = "catch_up" if e.phase == "draft" and at.view.depth == 0 and not where else e.phase
    if e.model != "table":
        return prices.fitted(phase, e.model, size)
    return {"verify": prices.verify, "draft": prices.draft, "catch_up": prices.catch_up}[phase](size)


def _recall(me: Interpreter, e: Recall, at: At) -> Value:
    site = me.program.sites[e.site]
    me.learned.recalled.add(e.site)
    if site.kind != "calibrated":
        return me.learned.remembered(e.site, at)
    assert at.node is not None
    return 1.0 if at.node is ROOT else me.learned.calibrated(e.site, at)


def learns_from_probability(arguments: tuple[Expr, ...]) -> bool:
    """Whether the first argument of `calibrated` is a chance that is corrected."""
    names = ("node.prob", "node.path", "node.confidence")
    return any(isinstance(part, Read) and part.name in names for part in parts(arguments[0]))


def _read(me: Interpreter, e: Read, at: At) -> Value:
    group, _, name = e.name.partition(".")
    if group == "node":
        assert at.node is not None
        return _NODE[name](me, at.node)
    if group in ("layer", "frontier", "tree"):
        assert at.row is not None
        return _of_group(me, group, name, at.view, at.row)
    if group == "request":
        assert at.row is not None
        return _of_request(name, at)
    if group == "last" and name not in ("tokens", "time"):
        assert at.row is not None
        return me.learned.last_of(at.view.given.rows[at.row].name).get(name)
    return _STEP[e.name](me, at.view)


def _of_group(me: Interpreter, group: str, name: str, view: View, row: int) -> Value:
    nodes = view.group(group, row)
    if name == "tokens":
        return view.row_tokens(row, me.gain) if group == "tree" else sum(node.benefit for node in nodes)
    if name == "nodes":
        return float(len(nodes))
    if name == "paths":
        return float(view.leaves(row))
    return float(max((node.depth for node in nodes), default=0) if group == "tree" else view.depth)


def _of_request(name: str, at: At) -> Value:
    given = at.view.given
    assert at.row is not None
    row = given.rows[at.row]
    if name in ("context", "generated"):
        return float(getattr(row, name))
    if name in ("sampled", "temperature"):
        return getattr(given, name)
    return row.more[f"request.{name}"]


_NODE: dict[str, Callable[[Interpreter, Node], Value]] = {
    "prob": lambda me, node: node.candidate.prob,
    "path": lambda me, node: _product([above.candidate.prob for above in node.line]),
    "spine": lambda me, node: all(above.rank == 0 for above in node.line),
    "rank": lambda me, node: float(node.rank),
    "depth": lambda me, node: float(node.depth),
    "kept": lambda me, node: node.kept,
    "source": lambda me, node: node.source or me.given.source,
    "entropy": lambda me, node: node.candidate.entropy,
    "confidence": lambda me, node: node.candidate.confidence,
}


def _product(values: list[float]) -> float:
    result = values[0]
    for factor in values[1:]:
        result *= factor
    return result


_STEP: dict[str, Callable[[Interpreter, View], Any]] = {
    "tokens": lambda me, view: me.totals.tokens(view),
    "progress": lambda me, view: me.totals.progress(view),
    "time": lambda me, view: me.totals.total("time", view),
    "energy": lambda me, view: me.totals.total("energy", view),
    "money": lambda me, view: me.totals.total("money", view),
    "objective": lambda me, view: me.totals.objective(view),
    "batch.size": lambda me, view: float(len(view.given.rows)),
    "batch.context": lambda me, view: sum(row.context for row in view.given.rows) / len(view.given.rows),
    "batch.nodes": lambda me, view: view.nodes * len(view.given.rows),
    "engine.queue": lambda me, view: view.given.more["engine.queue"],
    "engine.memory": lambda me, view: view.given.more["engine.memory"],
    "run.power": lambda me, view: view.given.more["run.power"],
    "run.rate": lambda me, view: me.learned.run_rate(len(view.given.rows)),
    "last.tokens": lambda me, view: me.learned.last_tokens,
    "last.time": lambda me, view: me.learned.last_seconds,
}

_RULES: dict[type, Callable[[Interpreter, Any, At], Value]] = {
    Const: _const,
    Read: _read,
    Measured: _measured,
    Operation: _operation,
    Aggregate: _aggregate,
    PathProduct: _path,
    Shift: _shift,
    Table: _table,
    Recall: _recall,
}
