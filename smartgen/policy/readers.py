"""What every signal and total is, seen from a `Scope`; node signals are columns of the tree and read by the scope itself.

A step value is a number (or (S,) while sizes are scanned), a request value (B, 1) (or (B, S)).
"""

from __future__ import annotations

from collections.abc import Callable
from operator import methodcaller
from typing import TYPE_CHECKING, Any

import numpy as np

from smartgen.policy.arithmetic import Value

if TYPE_CHECKING:
    from smartgen.policy.scope import Scope

Reader = Callable[["Scope"], Value]
NODE_FIELDS = ("prob", "path", "spine", "rank", "depth", "kept", "source", "entropy", "confidence")
FORECAST = ("layer.depth", "layer.nodes", "layer.tokens", "frontier.depth", "frontier.nodes", "frontier.tokens")


def _column(values: Any) -> Value:
    values = np.asarray(values)
    return values[:, None] if values.dtype.kind in "US" else values.astype(np.float64)[:, None]


def _total(name: str) -> Reader:
    return methodcaller("total", name)


def _of_layer(group: str, what: str) -> Reader:
    return lambda scope: scope.of_layer(group, what)


def _of_request(name: str) -> Reader:
    return lambda scope: scope.rows(_column(scope.step.situation.more[name]))


def _of_engine(name: str) -> Reader:
    return lambda scope: float(scope.step.situation.more[name])


def _last(name: str) -> Reader:
    return lambda scope: scope.rows(scope.past.column(name, scope.step.situation))


READERS: dict[str, Reader] = {
    **{name: _total(name) for name in ("tokens", "progress", "time", "energy", "money", "objective")},
    **{
        f"{group}.{what}": _of_layer(group, what)
        for group in ("layer", "frontier")
        for what in ("depth", "nodes", "tokens")
    },
    "tree.tokens": lambda scope: scope.row_tokens(),
    "tree.nodes": lambda scope: scope.row_nodes(),
    "tree.depth": lambda scope: scope.tree_depth(),
    "tree.paths": lambda scope: scope.tree_paths(),
    "batch.size": lambda scope: float(scope.step.situation.batch),
    "batch.context": lambda scope: scope.step.situation.context,
    "batch.nodes": lambda scope: scope.run() * float(scope.step.situation.batch),
    "request.context": lambda scope: scope.rows(_column(scope.step.situation.contexts)),
    "request.generated": lambda scope: scope.rows(_column(scope.step.situation.generated)),
    "request.temperature": lambda scope: scope.step.situation.temperature,
    "request.sampled": lambda scope: scope.step.situation.sampled,
    **{name: _of_request(name) for name in ("request.tag", "request.elapsed", "request.tpot")},
    **{name: _of_engine(name) for name in ("engine.queue", "engine.memory", "run.power")},
    **{f"last.{name}": _last(name) for name in ("accepted", "length", "drafted", "tested", "rate")},
    "last.tokens": lambda scope: scope.past.tokens,
    "last.time": lambda scope: scope.past.seconds,
    "run.rate": lambda scope: scope.past.run_rate(scope.step.situation.batch),
}
