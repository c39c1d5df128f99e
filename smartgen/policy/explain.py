"""What a recipe would do: the real controller on a sample tree, told term by term in tokens and milliseconds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from smartgen.language.program import Rules
from smartgen.policy.controller import Controller
from smartgen.policy.learned import Learned
from smartgen.policy.pricing import ahead
from smartgen.policy.sample import sample_layer
from smartgen.policy.scope import Scope
from smartgen.policy.situation import Costs, DrafterTraits, Situation
from smartgen.policy.totals import Totals
from smartgen.recipe import Recipe
from smartgen.tree.draw import draw

Role = Literal["title", "plain", "chosen", "kept", "dropped", "stop"]
_SHOWN = {
    0,
    1,
    2,
    3,
    4,
    6,
    8,
    12,
    16,
    24,
    32,
    48,
    64,
    96,
    128,
    256,
    512,
}  # sizes of the table, with those around the choice


@dataclass(frozen=True)
class Row:
    """A line of the explanation and what it is, for whoever colours it."""

    text: str
    role: Role = "plain"


@dataclass
class _Run:
    """One step on the sample drafter, watched. `paid`: seconds, joules or money of each cost line paid by the pass."""

    controller: Controller
    rules: Rules
    rows: list[Row] = field(default_factory=list)
    paid: dict[str, list[float]] = field(default_factory=dict)
    widths: list[int] = field(default_factory=list)


def explain(
    recipe: Recipe,
    costs: Costs,
    batch: int,
    context: int,
    seed: int = 0,
    energy: Costs | None = None,
    signals: Mapping[str, float | str] | None = None,
) -> list[Row]:
    """Rows that tell what the recipe decides for `batch` rows with `context` tokens each, and why.

    The candidates are a sample (`smartgen.policy.sample`), drawn from `seed`. `signals`: values for what only some backends
    give, such as `engine.queue`; `energy`: joules, where a profile has them.
    """
    controller = Controller(recipe.program, costs, Learned(), energy)
    plain = float(costs.verify(batch, 0, context)[0])
    situation = _situation(batch, context, {"request.elapsed": 0.0, "request.tpot": plain, **(signals or {})})
    title = f"{recipe.name}: batch {batch}, context {context} tokens, candidates from a sample drafter (seed {seed})"
    plan = controller.plan(situation)
    run = _Run(controller, _rules(recipe, controller))
    _draft(run, plan.draft, plan.topk, situation.pending, np.random.default_rng(seed))
    chosen = controller.select()
    totals = controller.step.totals
    rows = [Row(title, "title"), *run.rows, *_why(run), Row("")]
    rows += [*_terms(recipe, run, totals), Row(""), *_sizes(totals), Row("")]
    return rows + _drawing(controller, [int(node) for node in chosen[0] if node >= 0])


def _situation(batch: int, context: int, signals: Mapping[str, float | str]) -> Situation:
    more = {name: np.full(batch, value) if name.startswith("request.") else value for name, value in signals.items()}
    rows, none = np.full(batch, context), np.zeros(batch, np.int64)
    return Situation(rows, none, np.full(batch, 1000), False, 0.0, DrafterTraits("head"), 2, more=more)


def _rules(recipe: Recipe, controller: Controller) -> Rules:
    """The rules of the situation that holds."""
    place = next(i for i, (_, rules) in enumerate(controller.situations) if rules is controller.step.rules)
    return recipe.program.situations[place].rules


# -- passes ---------------------------------------------------------------------------------------------------------
def _draft(run: _Run, draft: bool, topk: int, width: int, random: np.random.Generator) -> None:
    """Make the passes that the policy asks for, noting what each cost and what is best after it."""
    step = run.controller.step
    if not draft:
        return
    frontier = None
    while True:
        paid = _pay(run, width)
        run.widths.append(width)
        layer = sample_layer(step.situation.batch, frontier, topk, random)
        frontier = run.controller.grow([layer])
        candidates = int(layer.valid.sum())
        fed = f"pass {step.passes}: feeds {width} token{'s' * (width != 1)} a row, {candidates} candidates"
        run.rows.append(Row(f"{fed}, {_money(paid)}; {_best(step.totals)}"))
        if frontier is None:
            return
        width = frontier.token.shape[1]


def _pay(run: _Run, width: int) -> dict[str, float]:
    """What this pass costs, by total."""
    step = run.controller.step
    scope = Scope(run.controller, step, width=width)
    found: dict[str, float] = {}
    for term, compiled in zip(run.rules.costs, step.rules.costs, strict=True):
        if term.each == "pass":
            value = float(compiled.value(scope))
            run.paid.setdefault(term.name, []).append(value)
            found[term.total] = found.get(term.total, 0.0) + value
    return found


def _money(paid: Mapping[str, float]) -> str:
    return ", ".join(_quantity(value, total) for total, value in paid.items()) or "free"


def _best(totals: Totals) -> str:
    """What `verify` would pick now."""
    text = f"best now n = {totals.size}, {totals.chosen_of('tokens'):.2f} tok"
    if totals.chosen_of("time") > 0:
        text += f" in {_quantity(totals.chosen_of('time'), 'time')}"
    return text if totals.objective is None else f"{text}, objective {totals.chosen_of('objective'):.2f}"


def _why(run: _Run) -> list[Row]:
    """Why no further pass is made, with the comparison that decided it."""
    step = run.controller.step
    reason = step.reason or "complete"
    rows = [Row(f"{'drafting ends' if step.passes else 'no pass'}: {_REASONS.get(reason, reason)}", "stop")]
    if reason == "no pass pays" and step.rules.asks_ahead and step.totals.objective is not None:
        then = ahead(run.controller, step)
        one = f"one pass more: {then.chosen_of('tokens'):.2f} tok in {_quantity(then.chosen_of('time'), 'time')}"
        than = f"objective {then.chosen_of('objective'):.2f}, not more than {step.totals.chosen_of('objective'):.2f}"
        rows.append(Row(f"  {one}, {than}", "stop"))
    return rows


_REASONS = {
    "no pass pays": "`continue while` no longer holds",
    "limit depth": "`limit depth` is reached",
    "nothing kept": "`expand` keeps no candidate",
    "complete": "all layers are drafted",
}


# -- terms ----------------------------------------------------------------------------------------------------------
def _terms(recipe: Recipe, run: _Run, totals: Totals) -> list[Row]:
    """Every line that adds to the decision, with its value at the size chosen."""
    rows = [Row(f"{'term':42} at n = {totals.size}", "title")]
    scope = Scope(run.controller, run.controller.step, totals=totals, every_size=True)
    for term, compiled in zip(run.rules.costs, run.controller.step.rules.costs, strict=True):
        if term.each == "pass":
            paid = run.paid.get(term.name, [])
            value, note = sum(paid), f"{len(paid)} pass{'es' * (len(paid) != 1)}"
        else:
            value, note = float(_at(compiled.value(scope), totals)), "once"
        rows.append(Row(f"{f'cost {term.name}':42} {_quantity(value, term.total)}, {note}"))
    for name in ("tokens", "progress", "time", "energy", "money"):
        if name == "tokens" or (name in _read(recipe) and totals.chosen_of(name)):
            rows.append(Row(f"{name:42} {_quantity(totals.chosen_of(name), name)}"))
    line = next((line for line in recipe.facts.lines if line.word == "maximize"), None)
    if line is not None and totals.objective is not None:
        written = f"maximize {' '.join(line.span.text.split())}"
        rows.append(Row(f"{written:42} {totals.chosen_of('objective'):.2f} {line.unit}".rstrip(), "chosen"))
    if run.rules.constraints:
        over = totals.excess_chosen
        kept = "all hold" if over == 0 else f"missed by {100 * over:.0f} %"
        rows.append(Row(f"{'subject to':42} {kept}", "plain" if over == 0 else "stop"))
    return [*rows, _measured(run, totals)]


def _measured(run: _Run, totals: Totals) -> Row:
    """What the step takes by the profile, whatever the recipe reads of it."""
    situation, costs = run.controller.step.situation, run.controller.costs
    nodes = int(totals.row_nodes.max(initial=0))
    prices = [costs.draft if number else costs.catch_up for number in range(len(run.widths))]
    drafting = sum(
        price(situation.batch, width, situation.context) for price, width in zip(prices, run.widths, strict=True)
    )
    verifying = float(costs.verify(situation.batch, nodes, situation.context)[nodes])
    rate = totals.chosen_of("tokens") / (drafting + verifying)
    parts = f"{_quantity(drafting, 'time')} drafting + {_quantity(verifying, 'time')} verifying"
    return Row(f"{'by the profile':42} {parts}: {rate:.1f} tok/s")


def _at(value: Any, totals: Totals) -> Any:
    return value[totals.chosen] if isinstance(value, np.ndarray) and value.ndim else value


def _read(recipe: Recipe) -> set[str]:
    return {name.removeprefix("forecast:") for line in recipe.facts.lines for name in line.reads}


def _quantity(value: float, total: str) -> str:
    if total == "time":
        return f"{1e3 * value:.1f} ms"
    if total in ("tokens", "progress"):
        return f"{value:.2f} tok"
    return f"{value:.3g} J" if total == "energy" else f"{value:.3g}"


# -- sizes ----------------------------------------------------------------------------------------------------------
def _sizes(totals: Totals) -> list[Row]:
    """Tokens and milliseconds of the sizes on offer, and what each adds to the one before."""
    rows = [Row(f"{'n':>4} {'tok':>9} {'+ tok':>8} {'ms':>9} {'+ ms':>8} {'objective':>11}".rstrip(), "title")]
    near = {totals.size + step for step in (-2, -1, 0, 1, 2)}
    for place, size in enumerate(totals.sizes):
        if int(size) not in _SHOWN | near and place + 1 < len(totals.sizes):
            continue
        objective = "" if totals.objective is None else f"{float(totals.objective[place]):11.2f}"
        text = f"{int(size):4} {_both(totals.tokens, place)} {_both(1e3 * totals.time, place)} {objective}"
        chosen = place == totals.chosen
        rows.append(Row(f"{text}  ← chosen" if chosen else text, "chosen" if chosen else "plain"))
    return rows


def _both(values: Any, place: int) -> str:
    added = f"{float(values[place] - values[place - 1]):8.2f}" if place else " " * 8
    return f"{float(values[place]):9.2f} {added}"


# -- the tree -------------------------------------------------------------------------------------------------------
def _drawing(controller: Controller, verified: list[int]) -> list[Row]:
    if controller.tree.size == 0:
        return [Row("nothing was drafted: the step is plain decoding")]
    legend = "row 0   + verified, - left out; the drafter's chance → expected tokens it adds, and the milliseconds"
    note = _marginal(controller)
    lines = draw(controller.tree, 0, verified, text=lambda token: f"t{token}", note=note)
    return [Row(legend, "title"), *(Row(line, _role(line)) for line in lines)]


def _marginal(controller: Controller) -> Any:
    """What the step takes longer with this node than without it: the nodes before it in the order are there."""
    totals = controller.step.totals
    places = {int(node): place for place, node in enumerate(totals.board.node[0]) if node >= 0}

    def note(node: int) -> str:
        size = places.get(node, -1) + 1 - totals.low
        if not 0 < size < len(totals.time) or totals.shares is not None:
            return ""
        return f", {1e3 * float(totals.time[size] - totals.time[size - 1]):.1f} ms"

    return note


def _role(line: str) -> Role:
    mark = line.lstrip("│├└─ ")[:1]
    return {"+": "kept", "-": "dropped"}.get(mark, "plain")  # type: ignore[return-value]
