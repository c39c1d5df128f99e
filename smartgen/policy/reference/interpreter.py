"""plan, grow, select, observe: one step after the other, as docs/language/semantics.md says."""

from __future__ import annotations

from collections.abc import Sequence

from smartgen.language.program import Program, Rules
from smartgen.policy.reference.forecast import ahead
from smartgen.policy.reference.free import FreeLayer
from smartgen.policy.reference.growing import Layer, add
from smartgen.policy.reference.learned import Learned
from smartgen.policy.reference.planning import plan
from smartgen.policy.reference.proceeding import ends
from smartgen.policy.reference.step import Planned, Step
from smartgen.policy.reference.totals import Totals
from smartgen.policy.reference.view import Trees, View
from smartgen.policy.reference.world import Estimates, Given, Prices, Said


class Interpreter:
    """Executes one program. `prices`: seconds of work for the batch; `energy`: joules, where they are measured.

    `step`, `rules` and `given` are those of the step in the making; `gain` scales what its nodes are expected to bring.
    """

    step: Step
    rules: Rules
    given: Given
    totals: Totals
    learned: Learned

    def __init__(self, program: Program, prices: Prices, estimates: Estimates, energy: Prices | None = None) -> None:
        self.program, self.prices, self.energy, self.estimates = program, prices, energy, estimates
        self.gain = 1.0
        self.totals, self.learned = Totals(self), Learned(self)

    def plan(self, given: Given, free: Sequence[FreeLayer] = ()) -> Planned:
        """Begin a step. `free`: layers that cost no pass."""
        return plan(self, given, free)

    def grow(self, layers: Sequence[Layer]) -> Trees | None:
        """Take the layers that a pass drafted (one, unless the drafter gives all at once); what to draft from next."""
        step = self.step
        for layer in layers[: step.depth]:
            add(self, layer)
            if ends(self):
                return None
        if self.given.one_pass:
            return None
        step.paid = self.totals.with_pass(step.view)
        return step.frontier

    def select(self) -> Trees:
        """The nodes to verify in each row, in order: parents before children."""
        return self.step.view.trees

    def observe(self, said: Sequence[Said], seconds: float) -> None:
        """What was committed in every row, and what the step took; ends the step."""
        self.learned.observe(said, seconds)

    def ahead(self) -> View:
        """What `forecast` speaks of."""
        return ahead(self)
