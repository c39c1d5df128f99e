"""The remembered things of one program: where their states are kept, what they are worth now, how a step changes them.

A state belongs to a call site and, where `bins:` is written, to the bin that holds in the step. Sites on the step axis are
shared: they outlive the call, in `Learned`. Sites on the request axis have one state a row, which lives with the call.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from smartgen.language.program import Axis, Program, Site
from smartgen.policy.arithmetic import Value
from smartgen.policy.compile import Compiled, Compiler
from smartgen.policy.memory import Ema, Ladder, Memory, Ucb, fresh
from smartgen.policy.recent import recent
from smartgen.policy.scope import Scope

if TYPE_CHECKING:
    from smartgen.policy.learned import Learned


@dataclass
class _Remembered:
    """One call site, compiled. `options` has everything that was named."""

    site: Site
    arguments: list[Compiled]
    options: dict[str, Compiled]

    def option(self, name: str, scope: Scope, otherwise: float) -> Value:
        return self.options[name](scope) if name in self.options else otherwise


class Memories:
    """Values and updates of a program's `ema`, `ladder` and `ucb` calls."""

    def __init__(self, program: Program, learned: Learned, compiler: Compiler) -> None:
        self.learned = learned
        self._rows: dict[tuple[str, str, int], Memory] = {}  # key, bin, row
        self.sites = {
            number: _Remembered(
                site,
                [compiler(argument) for argument in site.arguments],
                {name: compiler(value) for name, value in site.options},
            )
            for number, site in enumerate(program.sites)
            if site.kind != "calibrated"
        }

    def value(self, number: int, scope: Scope) -> Value:
        """What a site says now: a number, or (B, 1) where every row has its own."""
        remembered = self.sites[number]
        if remembered.site.axis < Axis.REQUEST:
            return self._read(remembered, scope, 0, self._shared(remembered, scope))
        rows = range(scope.step.situation.batch)
        values = [self._read(remembered, scope, row, self._of_row(remembered, scope, row)) for row in rows]
        return np.array(values, np.float64)[:, None]

    def update(self, scope: Scope) -> None:
        """A step has passed: every site learns, the inner ones first, whether or not it was read.

        Only a bandit waits until it was: a reward says nothing about an arm that was not in force.
        """
        for number, remembered in self.sites.items():
            if remembered.site.kind == "ucb" and number not in scope.step.recalled:
                continue
            if remembered.site.axis < Axis.REQUEST:
                self._update(remembered, scope, 0, self._shared(remembered, scope))
            else:
                for row in range(scope.step.situation.batch):
                    self._update(remembered, scope, row, self._of_row(remembered, scope, row))

    # -- where states are -----------------------------------------------------------------------------------------
    def _shared(self, remembered: _Remembered, scope: Scope) -> Memory:
        site = remembered.site
        return self.learned.memory(site.key, self._bin(remembered, scope, 0), site.kind)

    def _of_row(self, remembered: _Remembered, scope: Scope, row: int) -> Memory:
        site, ids = remembered.site, scope.step.situation.rows
        key = (site.key, self._bin(remembered, scope, row), row if ids is None else int(ids[row]))
        return recent(self._rows, key, partial(fresh, site.kind))

    def _bin(self, remembered: _Remembered, scope: Scope, row: int) -> str:
        if "bins" not in remembered.options:
            return ""
        return str(_of(remembered.options["bins"](scope), row))

    # -- what they do ---------------------------------------------------------------------------------------------
    def _read(self, remembered: _Remembered, scope: Scope, row: int, memory: Memory) -> float:
        arguments = remembered.arguments
        if isinstance(memory, Ucb):
            return float(_of(arguments[min(memory.arm, len(arguments) - 1)](scope), row))
        start = float(_of(remembered.options["start"](scope), row))
        if isinstance(memory, Ladder):
            return memory.read(_numbers(arguments[1:], scope, row), start)
        return memory.read(start)

    def _update(self, remembered: _Remembered, scope: Scope, row: int, memory: Memory) -> None:
        arguments = remembered.arguments

        def option(name: str, otherwise: float) -> float:
            return float(_of(remembered.option(name, scope, otherwise), row))

        if isinstance(memory, Ema):
            x, weight = _numbers(arguments, scope, row)
            memory.update(x, weight, option("start", 0.0))
        elif isinstance(memory, Ladder):
            x, *rungs = _numbers(arguments, scope, row)
            every, after = int(option("every", 1)), int(option("after", 0))
            memory.update(x, rungs, option("start", 0.0), option("up", 0.0), option("down", 0.0), every, after)
        else:
            memory.update(option("reward", np.nan), len(arguments), int(option("hold", 1)))


def _numbers(arguments: list[Compiled], scope: Scope, row: int) -> list[float]:
    return [float(_of(argument(scope), row)) for argument in arguments]


def _of(value: Value, row: int) -> Value:
    """One row's value of a step or request value."""
    if np.ndim(value) == 0:
        return value
    return value[row, 0] if len(value) > 1 else value[0, 0]
