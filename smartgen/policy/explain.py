"""What a recipe would do: the real controller on a sample tree, told in tokens and milliseconds."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from smartgen.language.program import Program
from smartgen.policy.controller import Controller, Plan
from smartgen.policy.learned import Learned
from smartgen.policy.situation import Costs, DrafterTraits, Situation
from smartgen.tree.draw import draw
from smartgen.tree.layer import Frontier, Layer

FIRST, RATIO = (
    0.62,
    0.42,
)  # a sample drafter: its first choice's probability, and each further sibling's share of the one before


def explain(program: Program, costs: Costs, batch: int, context: int, seed: int = 0) -> list[str]:
    """Lines that tell, pass by pass, what the policy decides for `batch` rows with `context` tokens each.

    The candidates are a sample (a drafter that is right 62 % of the time with its first choice), drawn from `seed`.
    """
    controller = Controller(program, costs, Learned())
    rows = np.full(batch, context)
    situation = Situation(rows, np.zeros(batch, np.int64), np.full(batch, 1000), False, 0.0, DrafterTraits("head"), 2)
    lines = [f"{program.name}: batch {batch}, context {context} tokens, candidates from a sample drafter (seed {seed})"]
    plan = controller.plan(situation)
    lines += _passes(controller, plan, np.random.default_rng(seed))
    chosen = controller.select()
    lines += ["", *_scan(controller), "", *_drawing(controller, chosen)]
    return lines


def _passes(controller: Controller, plan: Plan, random: np.random.Generator) -> list[str]:
    step = controller.step
    if not plan.draft:
        return [f"no pass: {step.reason}"]
    lines, frontier = [], None
    while True:
        spent = step.spent["time"]
        layer = _sample(step.situation.batch, frontier, plan.topk, random)
        frontier = controller.grow([layer])
        totals = step.totals
        assert totals is not None
        tokens = float(totals.tokens[totals.chosen])
        best = f"best size now {totals.size}, {tokens:.2f} tokens"
        if float(totals.time[totals.chosen]) > 0:
            best += f" in {1e3 * float(totals.time[totals.chosen]):.1f} ms"
        paid = f", drafting so far {1e3 * spent:.1f} ms" if spent else ""
        lines.append(f"pass {step.passes}: {int(layer.valid.sum())} candidates{paid}; {best}")
        if frontier is None:
            return [*lines, f"drafting ends: {step.reason}"]


def _sample(batch: int, frontier: Frontier | None, topk: int, random: np.random.Generator) -> Layer:
    width = 1 if frontier is None else frontier.token.shape[1]
    first = np.clip(random.normal(FIRST, 0.2, (batch, width, 1)), 0.05, 0.98)
    share = (1 - first) * (1 - RATIO) * RATIO ** np.arange(max(0, topk - 1))
    prob = np.concatenate([first, share], 2)[:, :, :topk]
    shape = (batch, width * topk)
    valid = np.ones((batch, width), bool) if frontier is None else frontier.valid
    token = np.arange(width * topk) + random.integers(100, 900, (batch, 1))
    return Layer(
        token,
        prob.reshape(shape),
        np.broadcast_to(np.repeat(np.arange(width), topk), shape),
        np.broadcast_to(np.tile(np.arange(topk), width), shape),
        np.repeat(valid, topk, 1),
    )


def _scan(controller: Controller) -> list[str]:
    totals = controller.step.totals
    assert totals is not None
    lines = ["  n   tokens        ms  objective"]
    shown = {0, 1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, totals.size, int(totals.sizes[-1])}
    for place, size in enumerate(totals.sizes):
        if int(size) in shown:
            objective = "" if totals.objective is None else f"{float(totals.objective[place]):10.2f}"
            mark = "  ← chosen" if place == totals.chosen else ""
            lines.append(
                f"{int(size):3}  {float(totals.tokens[place]):7.2f}  {1e3 * float(totals.time[place]):8.2f} {objective}{mark}"
            )
    return lines


def _drawing(controller: Controller, chosen: NDArray[np.int64]) -> list[str]:
    if controller.tree.size == 0:
        return ["nothing was drafted: the step is plain decoding"]
    verified = [int(node) for node in chosen[0] if node >= 0]
    legend = "row 0   (+ verified, - left out; drafter's probability → expected tokens the node adds)"
    return [legend, *draw(controller.tree, 0, verified, text=lambda token: f"t{token}")]
