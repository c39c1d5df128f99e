"""What outlives a step: learned chances, the states of `ema`, `ladder` and `ucb`, and what the last step brought."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from smartgen.language.program import Axis
from smartgen.policy.reference.evaluate import At, learns_from_probability, value
from smartgen.policy.reference.memory import Average, Bandit, Rung
from smartgen.policy.reference.operations import Value
from smartgen.policy.reference.world import Node, Said

if TYPE_CHECKING:
    from smartgen.policy.reference.interpreter import Interpreter

FADE = 0.97  # of the sums behind `run.rate`, per step
LEAST = 1e-12  # instead of a division by 0
_STATES: dict[str, type[Average] | type[Rung] | type[Bandit]] = {"ema": Average, "ladder": Rung, "ucb": Bandit}


class Learned:
    """What `me` has learned. `recalled`: the sites that this step has read."""

    def __init__(self, me: Interpreter) -> None:
        self.me = me
        self.recalled: set[int] = set()
        self.states: dict[tuple[int, Any, int | None], Any] = {}  # by site, bin, row
        self.lasts: dict[int, dict[str, float]] = {}  # by row
        self.last_tokens: float | None = None
        self.last_seconds: float | None = None
        self.sums: dict[int, tuple[float, float]] = {}  # by number of rows

    def calibrated(self, site: int, at: At) -> float | None:
        """The learned chance of a node; absent where it has no probability. Where siblings sum to more than 1, the likeliest
        one (of equals the first) keeps its chance and the others share what is left.
        """
        node, view = at.node, at.view
        assert node is not None
        assert at.row is not None
        siblings = [other for other in self.me.step.layers[node.depth - 1][at.row] if other.parent is node.parent]
        chances = {id(other): self._chance(site, replace(at, node=other, view=view)) for other in siblings}
        own = chances[id(node)]
        total = sum(chance or 0.0 for chance in chances.values())
        if own is None or total <= 1.0:
            return own
        likeliest = max(siblings, key=lambda other: chances[id(other)] or 0.0)
        best = chances[id(likeliest)] or 0.0
        return own if node is likeliest else own * min(1.0, (1.0 - best) / max(total - best, LEAST))

    def _chance(self, site: int, at: At) -> float | None:
        arguments = self.me.program.sites[site].arguments
        given = learns_from_probability(arguments)
        prob = value(self.me, arguments[0], at) if given else None
        if given and prob is None:
            return None
        assert at.node is not None
        features = [value(self.me, argument, at) for argument in arguments[given:]]
        return self.me.estimates.accepted(site, prob, at.node.rank, features)

    def remembered(self, number: int, at: At) -> Value:
        """The value of an `ema`, `ladder` or `ucb` now."""
        site, state = self.me.program.sites[number], self._state(number, at)
        options = dict(site.options)
        if isinstance(state, Bandit):
            return value(self.me, site.arguments[state.arm], at)
        start = value(self.me, options["start"], at)
        if isinstance(state, Average):
            return state.now(start)
        rungs = [value(self.me, rung, at) for rung in site.arguments[1:]]
        return rungs[state.place(rungs, start)]

    def _state(self, number: int, at: At) -> Any:
        site = self.me.program.sites[number]
        options = dict(site.options)
        bin = value(self.me, options["bins"], at) if "bins" in options else None
        row = None
        if site.axis >= Axis.REQUEST:
            assert at.row is not None
            row = at.view.given.rows[at.row].name
        return self.states.setdefault((number, bin, row), _STATES[site.kind]())

    def observe(self, said: Sequence[Said], seconds: float) -> None:
        """What was committed in every row, and what the step took; ends the step."""
        rows = self.me.given.rows
        self.lasts = {row.name: self._seen(number, said[number]) for number, row in enumerate(rows)}
        self.last_tokens, self.last_seconds = float(sum(len(one.committed) for one in said)), seconds
        tokens, time = self.sums.get(len(rows), (0.0, 0.0))
        self.sums[len(rows)] = (tokens * FADE + self.last_tokens, time * FADE + seconds)
        for number, site in enumerate(self.me.program.sites):
            if site.kind == "calibrated" or (site.kind == "ucb" and number not in self.recalled):
                continue
            if site.axis < Axis.REQUEST:
                self._learn(number, At(self.me.step.view))
            else:
                for row in range(len(rows)):
                    self._learn(number, At(self.me.step.view, row))

    def _seen(self, row: int, said: Said) -> dict[str, float]:
        """`last.*` of a row; what concerns draft nodes only where some were verified."""
        tree = self.me.step.view.trees[row]
        seen = {"length": float(len(said.committed))}
        if tree:
            path = [node for node in tree if self._committed(node, said)]
            tested = [node for node in tree if node.parent is None or node.parent in path]
            seen |= {"accepted": float(said.accepted), "drafted": float(len(tree)), "tested": float(len(tested))}
            seen["rate"] = said.accepted / len(tree)
        return seen

    def _committed(self, node: Node, said: Said) -> bool:
        tokens = [above.candidate.token for above in node.line]
        return tokens == said.committed[: len(tokens)]

    def _learn(self, number: int, at: At) -> None:
        site, state = self.me.program.sites[number], self._state(number, at)
        named = {name: value(self.me, option, at) for name, option in site.options if name != "bins"}
        values = [value(self.me, argument, at) for argument in site.arguments]
        if isinstance(state, Average):
            state.learn(values[0], values[1], named["start"])
        elif isinstance(state, Rung):
            every, after = int(named.get("every", 1)), int(named.get("after", 0))
            up, down = named.get("up", 0.0), named.get("down", 0.0)
            state.learn(values[0], values[1:], named["start"], up, down, every, after)
        else:
            state.learn(named.get("reward"), len(values), int(named.get("hold", 1)))

    def last_of(self, name: int) -> dict[str, float]:
        """`last.*` of a row, empty for a new one."""
        return self.lasts.get(name, {})

    def run_rate(self, rows: int) -> float | None:
        """Tokens a second over the recent steps with this many rows."""
        tokens, seconds = self.sums.get(rows, (0.0, 0.0))
        return tokens / seconds if seconds else None
