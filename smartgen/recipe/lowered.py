"""A lowered policy as text, slot by slot: what remains of a recipe when names, units and inheritance are resolved."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from smartgen.language.program import (
    Aggregate,
    Choice,
    Const,
    CostTerm,
    Expr,
    Extents,
    Measured,
    Operation,
    PathProduct,
    Program,
    Read,
    Recall,
    Rules,
    Shift,
    Site,
    Table,
)

_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
_TIGHT = {
    "or": 1,
    "and": 2,
    "not": 3,
    "<": 4,
    "<=": 4,
    ">": 4,
    ">=": 4,
    "==": 4,
    "!=": 4,
    "+": 5,
    "-": 5,
    "*": 6,
    "/": 6,
}
_NEG, _ATOM = 7, 9


def slots(program: Program) -> dict[str, str]:
    """Slot → its text, in the order of a recipe; slots of a `when` block carry its condition in front."""
    found: dict[str, str] = {}
    show = _Text(program.sites)
    for situation in program.situations:
        several = len(program.situations) > 1
        where = "" if not several else "otherwise: " if situation.when is None else f"when {show(situation.when)}: "
        found.update({where + slot: text for slot, text in _rules(situation.rules, show).items()})
    return found


def _rules(rules: Rules, show: _Text) -> dict[str, str]:
    found = {"benefit": show(rules.benefit)}
    for cost in rules.costs:
        found[f"cost {cost.name}"] = _cost(cost, show)
    if rules.objective is not None:
        found["maximize"] = show(rules.objective)
    for number, line in enumerate(rules.constraints, 1):
        found["subject to" + (f" ({number})" if len(rules.constraints) > 1 else "")] = show(line)
    found["expand"] = _choice(rules.expand, show)
    if rules.proceed is not None:
        found["continue while"] = show(rules.proceed)
    found["verify"] = _choice(rules.verify, show)
    found.update(_limits(rules.limits, show))
    return found


def _cost(cost: CostTerm, show: _Text) -> str:
    return f"{show(cost.value)}   ({cost.total}, each {cost.each})"


def _choice(choice: Choice, show: _Text) -> str:
    if choice.static:
        return "tree " + " ".join("".join(_DIGITS[rank] for rank in path) for path in choice.static)
    words = ["all"]
    if choice.high is not None:
        low = f"{show(choice.low)}.." if choice.searched and choice.low is not None else ""
        words = [f"best {low}{show(choice.high)}"]
    for word, clause in (("by", choice.by), ("where", choice.where), ("maximizing", choice.maximizing)):
        if clause is not None:
            words.append(f"{word} {show(clause)}")
    return " ".join([*words, "pooled"] if choice.pooled else words)


def _limits(limits: Extents, show: _Text) -> dict[str, str]:
    found = {}
    for extent in ("depth", "width", "topk", "nodes"):
        cap = getattr(limits, extent)
        if cap is not None:
            low = f"{show(limits.depth_low)}.." if extent == "depth" and limits.depth_low is not None else ""
            found[f"limit {extent}"] = low + show(cap)
    return found


class _Text:
    """Expressions as a recipe would write them, numbers in seconds, joules and tokens."""

    def __init__(self, sites: tuple[Site, ...]) -> None:
        self.sites = sites

    def __call__(self, expr: Expr, tight: int = 0) -> str:
        """`tight`: how firmly what stands around holds together; looser expressions get parentheses."""
        text, own = _WRITERS[type(expr)](self, expr)
        return f"({text})" if own < tight else text

    def const(self, expr: Const) -> tuple[str, int]:
        if isinstance(expr.value, bool):
            return ("true" if expr.value else "false"), _ATOM
        return (f'"{expr.value}"' if isinstance(expr.value, str) else f"{expr.value:g}"), _ATOM

    def read(self, expr: Read) -> tuple[str, int]:
        return expr.name, _ATOM

    def measured(self, expr: Measured) -> tuple[str, int]:
        inside = [f"{name}: {self(value)}" for name, value in expr.at]
        inside += [f'model: "{expr.model}"'] if expr.model != "table" else []
        return f"profile.{expr.phase}.{expr.quantity}" + (f"({', '.join(inside)})" if inside else ""), _ATOM

    def operation(self, expr: Operation) -> tuple[str, int]:
        op, operands = expr.op, expr.operands
        if op == "if":
            condition, then, otherwise = (self(operand) for operand in operands)
            return f"if {condition} then {then} else {otherwise}", 0
        if op in ("neg", "not"):
            tight = _NEG if op == "neg" else _TIGHT["not"]
            return ("-" if op == "neg" else "not ") + self(operands[0], tight), tight
        if op in _TIGHT:
            tight = _TIGHT[op]
            return f"{self(operands[0], tight)} {op} {self(operands[1], tight + 1)}", tight
        return f"{op}({', '.join(self(operand) for operand in operands)})", _ATOM

    def aggregate(self, expr: Aggregate) -> tuple[str, int]:
        return f"{expr.scope}.{expr.function}({self(expr.of)})", _ATOM

    def path(self, expr: PathProduct) -> tuple[str, int]:
        return f"path({self(expr.of)})", _ATOM

    def shift(self, expr: Shift) -> tuple[str, int]:
        return f"{expr.kind}({self(expr.of)})", _ATOM

    def table(self, expr: Table) -> tuple[str, int]:
        rows = (f"{key if isinstance(key, str) else f'{key:g}'}: {self(value)}" for key, value in expr.rows)
        return f"table({', '.join([self(expr.at), *rows])})", _ATOM

    def recall(self, expr: Recall) -> tuple[str, int]:
        site = self.sites[expr.site]
        inside = [self(argument) for argument in site.arguments]
        inside += [f"{name}: {self(value)}" for name, value in site.options]
        return f"{site.kind}({', '.join(inside)})", _ATOM


_WRITERS: dict[type, Callable[[_Text, Any], tuple[str, int]]] = {
    Const: _Text.const,
    Read: _Text.read,
    Measured: _Text.measured,
    Operation: _Text.operation,
    Aggregate: _Text.aggregate,
    PathProduct: _Text.path,
    Shift: _Text.shift,
    Table: _Text.table,
    Recall: _Text.recall,
}
