"""What a `calibrated(...)` call learns from: a probability that it corrects, and features that divide the nodes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from smartgen.language.program import Expr, PathProduct, Read, Site, parts
from smartgen.policy.arithmetic import Value
from smartgen.policy.compile import Compiler

if TYPE_CHECKING:
    from smartgen.policy.scope import Scope

_PROBABILITIES = ("node.prob", "node.path", "node.confidence")


def learns_from_probability(site: Site) -> bool:
    """Whether the first argument is a chance that the map corrects; otherwise all arguments only divide the nodes."""
    return any(isinstance(part, Read) and part.name in _PROBABILITIES for part in parts(site.arguments[0]))


def feature_names(site: Site) -> tuple[str, ...]:
    """The signals that divide the nodes."""
    return tuple(_name(argument) for argument in site.arguments[learns_from_probability(site) :])


def _name(argument: Expr) -> str:
    if isinstance(argument, Read):
        return argument.name
    return "path" if isinstance(argument, PathProduct) else type(argument).__name__.lower()


class Calibrated:
    """One call site, compiled."""

    def __init__(self, site: Site, compiler: Compiler) -> None:
        self.site, self.given = site, learns_from_probability(site)
        self.always = not self.given or site.arguments[0] == Read("node.prob")  # a probability is there for every node
        self.features = [
            _sources if argument == Read("node.source") else compiler(argument)
            for argument in site.arguments[self.given :]
        ]
        self.prob = compiler(site.arguments[0]) if self.given else _by_rank

    def inputs(self, scope: Scope) -> tuple[Value, list[Any]]:
        """The chance before anything was learned, and the features; (B, K) or one value for all."""
        return self.prob(scope), [feature(scope) for feature in self.features]


def _sources(scope: Scope) -> Any:
    """The one source, or names and which of them, rather than a name for each node: it is faster."""
    names, place = scope.sources()
    return names[0] if place is None else (names, place)


def _by_rank(scope: Scope) -> Value:
    """Where no probability is given: ½ for the likeliest child, half of the rest for each further one."""
    return 0.5 ** (np.asarray(scope.node("rank"), np.float64) + 1.0)
