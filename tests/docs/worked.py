"""The world of docs/language/worked-examples.md, and what seven recipes do in it, told step by step.

Every decision is taken by the reference interpreter and, beside it, by the compiled controller; where the two differ
nothing is told and the test fails.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from smartgen.language.resources import folder
from smartgen.policy.reference.choosing import Offer
from smartgen.policy.reference.proceeding import asks_ahead
from smartgen.policy.reference.view import View
from smartgen.policy.reference.world import Candidate, Node, Row
from smartgen.recipe import load
from tests.policy.duel import Costs, Duel, Path, World

BELOW: tuple[dict[str, tuple[float, ...]], ...] = (
    {"": (0.75, 0.1875), "0": (0.5, 0.25), "1": (0.5, 0.25), "00": (0.5, 0.25), "01": (0.5, 0.25)},
    {"": (0.5, 0.25), "0": (0.5, 0.25), "1": (0.75, 0.125), "00": (0.25, 0.125), "10": (0.5, 0.25)},
)
REST = (0.25, 0.125)  # below every other node
VERIFY = [0.040 + 0.002 * n for n in range(41)]
DRAFT = [0.004, 0.004, 0.005, 0.006, 0.007]
LIMITS = {"depth": 3, "topk": 2, "width": 2}
NAMES = "AB"


class FittedCosts(Costs):
    """What the fits of the example's profile say."""

    def fitted(self, phase, model, batch, context=None):
        def curve(size):
            return 0.002 * size if phase != "verify" else 0.040 + 0.002 * size

        return curve(batch) if context is None else curve


def world(lucky=lambda step, row: 0) -> World:
    """Two rows, three layers."""

    def children(row: int, path: Path) -> list[Candidate]:
        word = "".join(map(str, path))
        return [Candidate(0, prob) for prob in BELOW[row].get(word, REST)]

    more = {"request.tag": "free", "request.tpot": 0.05}
    rows = [
        Row(0, 100, 20, 60, {**more, "request.elapsed": 1.0}),
        Row(1, 140, 30, 60, {**more, "request.elapsed": 1.55}),
    ]
    return World(children, rows, VERIFY, DRAFT, lucky=lucky)


class Telling(Duel):
    """A duel that writes down what it sees."""

    def __init__(self, recipe: str, here: World, params: dict[str, str] | None = None, full: bool = False) -> None:
        """`full`: every size is told, else the best one and none."""
        limits = LIMITS if len(here.rows) > 1 else {}
        program = load(str(folder("recipes") / f"{recipe}.smart"), params=params, limits=limits).program
        super().__init__(program, here, exact=False)
        self.full = full
        costs = FittedCosts(here)
        self.controller.costs, self.interpreter.prices = costs, costs
        self.lines: list[str] = []

    def step(self):
        """One step; then what it verified."""
        result = super().step()
        self.lines.append(f"select   {_rows(self.picked)}")
        return result

    def _observe(self, trees):
        self.picked = [[node.shape for node in tree] for tree in trees]
        super()._observe(trees)

    def _same_totals(self) -> None:
        super()._same_totals()
        step = self.interpreter.step
        if not step.layers:
            self.lines.append(f"plan     depth {step.depth}, topk {max(step.topks)}, width {max(step.widths)}")
        self._tell_scan(step.scan)

    def _same_layer(self) -> None:
        newest = self.interpreter.step.layers[-1]
        depth = len(self.interpreter.step.layers)
        told = [[f"{_word(node.shape)} {node.benefit:.4g}" for node in nodes] for nodes in newest]
        self.lines.append(f"layer {depth}  " + _joined(", ".join(row) for row in told))
        self.lines.append(f"keep     {_rows([[n.shape for n in nodes] for nodes in self._kept(newest)])}")
        super()._same_layer()
        step = self.interpreter.step
        if asks_ahead(self.interpreter.rules) and depth < step.depth and any(step.frontier):
            self._tell("ahead  ", self.interpreter.ahead())

    def _kept(self, newest: list[list[Node]]) -> list[list[Node]]:
        """In the order of `expand`; rows that have just said no keep theirs."""
        return [sorted((n for n in nodes if n.kept), key=lambda n: (-n.benefit, n.number)) for nodes in newest]

    def _tell_scan(self, scan: list[Offer]) -> None:
        chosen = self.interpreter.step.view
        for offer in scan:
            if self.full or offer.view is chosen or offer.size == 0:
                self._tell(f"  n = {offer.size}:", offer.view, "  <- best" * (offer.view is chosen and len(scan) > 1))

    def _tell(self, begin: str, view: View, end: str = "") -> None:
        """What a tree is worth and costs."""
        me = self.interpreter
        line = f"{begin} {me.totals.tokens(view):.4f} tok"
        if me.rules.costs:
            line += f", {1e3 * me.totals.total('time', view):.4g} ms"
        if me.rules.objective is not None:
            line += f", objective {me.totals.objective(view):.4f}"
        if me.rules.constraints:
            line += f", excess {me.totals.excess(view):.4f}"
        self.lines.append(line + end)


def _word(path: Path | None) -> str:
    return "".join(map(str, path or ()))


def _rows(paths: list[list[Path | None]]) -> str:
    return _joined(" ".join(map(_word, row)) for row in paths)


def _joined(rows: Iterable[str]) -> str:
    return "; ".join(f"{name}: {row or '-'}" for name, row in zip(NAMES, rows, strict=False))


# -- what the document shows --------------------------------------------------------------------------------------------
def _one_step(recipe: str, params: dict[str, str] | None = None) -> list[str]:
    telling = Telling(recipe, world(), params, full=recipe == "smart")
    telling.step()
    return [*telling.lines, f"because  {telling.interpreter.step.reason}"]


def _adaserve() -> list[str]:
    """Row A accepts one node in the first step, so that the second one knows what it took."""
    here = world(lambda step, row: 1 - row)
    here.seconds = lambda nodes: 0.060
    here.rows[0].more["request.elapsed"], here.rows[1].more["request.elapsed"] = 1.12, 1.58
    telling = Telling("adaserve", here, {"budget": "6"})
    lines = []
    for number in (1, 2):
        telling.lines = [f"step {number}"]
        telling.step()
        lines += telling.lines
    return lines


def _sglang() -> list[str]:
    """Steps in which all or nothing is accepted: the average, and the rung that follows it."""
    here = world()
    here.rows = here.rows[:1]
    here.rows[0].remaining = 400
    telling = Telling("sglang_adaptive", here)
    lines = []
    for number in range(1, 27):
        telling.world.lucky = (lambda step, row: -1) if number <= 18 else (lambda step, row: 0)
        layers, _ = telling.step()
        states = telling.interpreter.learned.states
        average = next(state for state in states.values() if hasattr(state, "value") and state.value is not None)
        if number <= 2 or number % 5 == 0 or number == 26:
            accepted = telling.interpreter.learned.lasts[0]["accepted"]
            lines.append(f"step {number:2}: {layers} drafted, {accepted:.0f} accepted, average {average.value:.4f}")
    return lines


def blocks() -> Iterator[tuple[str, list[str]]]:
    """(name, lines) of every block of the document."""
    for recipe in ("smart", "cast", "paper", "opt_tree"):
        yield recipe, _one_step(recipe)
    yield "smart_slo", _one_step("smart_slo", {"tpot": "26 ms/tok"})
    yield "adaserve", _adaserve()
    yield "sglang_adaptive", _sglang()
