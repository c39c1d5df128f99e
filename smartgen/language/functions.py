"""Every function of the language: how it is called, what comes out."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Function:
    """`form` as it is written, `meaning` in one sentence, `example` a call that checks; `least..most` plain arguments and
    the `named` ones."""

    form: str
    meaning: str
    example: str
    least: int
    most: int
    named: tuple[str, ...] = ()


MANY = 99
FUNCTIONS: dict[str, Function] = {
    "min": Function("min(a, b, ...)", "the smallest; all of one unit", "min(8, batch.size)", 2, MANY),
    "max": Function("max(a, b, ...)", "the largest; all of one unit", "max(1, layer.depth)", 2, MANY),
    "clip": Function("clip(x, low, high)", "x, within low..high", "clip(node.prob, 0, 1)", 3, 3),
    "floor": Function("floor(x)", "the whole number below a bare number: a count", "floor(batch.size / 2)", 1, 1),
    "sqrt": Function("sqrt(x)", "square root of a bare number; 0 below 0", "sqrt(node.prob)", 1, 1),
    "exp": Function("exp(x)", "e to the power of a bare number", "exp(-node.entropy)", 1, 1),
    "log": Function("log(x)", "natural logarithm of a bare number", "log(node.prob)", 1, 1),
    "path": Function(
        "path(p)", "product of a probability from the root's child down to the node", "path(node.prob)", 1, 1
    ),
    "calibrated": Function(
        "calibrated(p, g, ...)",
        "learned chance that a node is accepted given its parent was, monotone in p, apart for every g; p itself until "
        "there is data",
        "path(calibrated(node.prob, node.rank))",
        1,
        8,
    ),
    "forecast": Function(
        "forecast(x)", "x after one more drafting pass; in `continue while` only", "forecast(objective)", 1, 1
    ),
    "previous": Function(
        "previous(x)", "x as it was before the newest layer; in `continue while` only", "previous(tree.tokens)", 1, 1
    ),
    "marginal": Function(
        "marginal(x)",
        "x with this node less x without it, given the nodes before it; in `expand ... where` only",
        "marginal(tokens)",
        1,
        1,
    ),
    "table": Function(
        "table(x, key: value, ...)",
        "a row holds from its key upwards, below the first key the first row; keys ascend",
        "table(batch.size, 1: 8, 16: 2)",
        1,
        1,
    ),
    "ema": Function(
        "ema(x, weight, start: v, bins: b)",
        "moving average, updated every step: v before there is data, then (1 - weight) of itself and weight of x; apart for "
        "every bin",
        "ema(last.accepted, 0.2, start: 3)",
        2,
        2,
        ("start", "bins"),
    ),
    "ladder": Function(
        "ladder(x, r1, r2, ..., start: r, up: 0, down: 0, every: 1, after: 0, bins: b)",
        "a rung that follows x: up when x exceeds the rung less 1/2 plus `up`, down when x falls to the rung below less 1/2 "
        "plus `down`; looked at every so many steps, after so many to begin with",
        "ladder(batch.mean(last.accepted), 1, 3, 5, start: 3)",
        2,
        12,
        ("up", "down", "every", "after", "start", "bins"),
    ),
    "ucb": Function(
        "ucb(a, b, ..., reward: r, bins: b, hold: n)",
        "the arm with the best mean reward so far and a bonus for being tried seldom; apart for every bin, kept n steps",
        "ucb(1, 2, 4, reward: last.tokens / last.time)",
        2,
        16,
        ("reward", "bins", "hold"),
    ),
}

AGGREGATES: dict[str, str] = {
    "sum": "sum; 0 over nothing",
    "max": "largest",
    "min": "smallest",
    "mean": "mean",
    "count": "how many fulfil a condition",
}
SCOPES: dict[str, str] = {
    "layer": "all candidates of the newest layer, a row",
    "frontier": "those of them that `expand` keeps",
    "tree": "the nodes that would be verified now, a row",
    "batch": "the rows of the batch",
}
