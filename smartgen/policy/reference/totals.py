"""What a view of the step amounts to: tokens, costs, the objective, and which of two views is better."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from smartgen.language.program import Expr
from smartgen.policy.reference.choosing import TOLERANCE, excess_at, slack
from smartgen.policy.reference.evaluate import At, value
from smartgen.policy.reference.view import View

if TYPE_CHECKING:
    from smartgen.policy.reference.interpreter import Interpreter


class Totals:
    """The totals of `me`'s step."""

    def __init__(self, me: Interpreter) -> None:
        self.me = me

    def tokens(self, view: View) -> float:
        return sum(view.row_tokens(row, self.me.gain) for row in range(len(view.trees)))

    def progress(self, view: View) -> float:
        worth = self.me.estimates.worth() or [1.0] * len(view.trees)
        return sum(1.0 + weight * (view.row_tokens(row, self.me.gain) - 1.0) for row, weight in enumerate(worth))

    def total(self, name: str, view: View) -> float:
        """Drafting so far and the step's own costs of this unit; an absent cost is none."""
        own = [cost.value for cost in self.me.rules.costs if cost.total == name and cost.each == "step"]
        return view.spent[name] + sum(value(self.me, cost, At(view)) or 0.0 for cost in own)

    def objective(self, view: View) -> float | None:
        return 0.0 if self.me.rules.objective is None else value(self.me, self.me.rules.objective, At(view))

    def excess(self, view: View) -> float:
        """The largest relative excess over constraints and rows."""
        points = [At(view, row) for row in range(len(view.trees))]
        return max((excess_at(self.me, line, at) for line in self.me.rules.constraints for at in points), default=0.0)

    def with_pass(self, view: View) -> dict[str, float]:
        """What drafting has cost once a pass of the view's width is made."""
        spent = dict(view.spent)
        for cost in self.me.rules.costs:
            if cost.each == "pass":
                spent[cost.total] += self._charged(cost.value, view)
        return spent

    def _charged(self, cost: Expr, view: View) -> float:
        """A pass's cost; what a first pass must catch up with is spread over the steps that are left of a call."""
        given, whole = self.me.given, value(self.me, cost, At(view)) or 0.0
        own = min(view.width, self.me.step.depth + 1)
        if not given.drains or view.depth > 0 or own == view.width:
            return whole
        usual = value(self.me, cost, At(replace(view, width=float(own)))) or 0.0
        return usual + (whole - usual) / self.me.estimates.tokens_left()

    def ranked(self, op: str, left: View, right: View) -> bool:
        """Objectives compare as choices do: the one that breaks its constraints less is greater."""
        if op in (">", "<"):
            return self._better(left, right) if op == ">" else self._better(right, left)
        return not (self._better(right, left) if op == ">=" else self._better(left, right))

    def _better(self, one: View, other: View) -> bool:
        excess = self.excess(one) - self.excess(other)
        if abs(excess) > TOLERANCE:
            return excess < 0
        mine, theirs = self.objective(one), self.objective(other)
        if mine is None or theirs is None:
            return mine is not None
        return mine > theirs + slack(theirs)
