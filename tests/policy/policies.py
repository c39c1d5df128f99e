"""Random policies: statements drawn one by one, put together, and kept if the checker accepts them."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import assume
from hypothesis import strategies as st

from smartgen.language.capabilities import Backend, refusals
from smartgen.language.diagnostics import RecipeError
from smartgen.language.program import Program
from smartgen.recipe import load

ANYTHING = Backend(
    "anything",
    gives=frozenset(
        ("request.tag", "request.elapsed", "request.tpot", "engine.queue", "engine.memory", "run.power", "energy")
    ),
)

STEP = (  # bare numbers, one a step, known at plan
    "batch.size",
    "batch.context / 64 tok",
    "engine.queue",
    "batch.mean(last.accepted)",
    "batch.max(last.rate)",
    "batch.sum(request.generated) / 8 tok",
    "ema(batch.mean(last.accepted), 0.25, start: 2)",
    "ema(last.tokens / last.time * 1 s / 1 tok, 0.5, start: 1, bins: batch.size)",
)
REQUEST = (  # one a request, known at plan
    "request.context / 128 tok",
    "request.generated / 4 tok",
    "last.accepted",
    "last.tested",
    "last.length / 1 tok",
    "ema(last.accepted, 0.5, start: 1)",
    "request.elapsed / 2 s",
    'if request.tag == "free" then 1 else 3',
    'table(request.tag, "free": 2, "paid": 4)',
)
LAYER = (  # one a request, known while drafting
    "layer.max(node.prob)",
    "layer.min(node.path)",
    "layer.mean(node.entropy)",
    "frontier.sum(node.path)",
    "layer.count(node.prob > 0.125)",
    "layer.depth",
    "frontier.nodes",
    "layer.tokens / 1 tok",
    "layer.max(path(node.confidence))",
)
TREE = (
    "tree.nodes",
    "tree.depth",
    "tree.paths",
    "tree.tokens / 1 tok",
    "tree.max(node.entropy)",
    "tree.mean(node.prob)",
    "tree.sum(node.path)",
)
NODE = (
    "node.prob",
    "node.path",
    "node.depth",
    "node.rank",
    "node.entropy",
    "node.confidence",
    "if node.spine then 1 else 0",
    "node.path / (1 + node.rank)",
    "path(node.confidence) - node.depth / 16",
)
COUNTS = (
    "{n}",
    "min({n}, batch.size + 1)",
    "floor({n} / batch.size)",
    "table(batch.size, 1: {n}, 2: 2)",
    "table(request.context, 0 tok: {n}, 125 tok: 2)",
    'if request.tag == "free" then {n} else 2',
    "ladder(ema(batch.mean(last.accepted), 0.5, start: 1), 0, 1, 2, {m}, down: 0.25, every: 2, after: 1, start: 1)",
    "ladder(ema(last.accepted, 0.5, start: 1), 1, 2, {m}, up: 0.25, start: 2)",
    "ucb(1, {m}, 2, reward: last.tokens / last.time, hold: 2)",
    "clip(floor(ema(batch.max(last.accepted), 1, start: 3)), 1, {n})",
)
BENEFITS = (
    "node.path",
    "path(node.prob)",
    "0.75 * node.path",
    "path(calibrated(node.prob, node.rank))",
    "path(node.confidence)",
    "node.path * node.confidence",
    "path(if node.rank == 0 then 0.75 else 0.125)",
    "path(0.5)",
    "path(calibrated(node.rank))",
    "node.path / (1 + layer.count(node.prob > 0.25))",
    "node.prob",
    "path(clip(layer.mean(node.confidence), 0, 1))",
)
COSTS = (
    "cost drafting = profile.draft.time",
    'cost drafting = profile.draft.time(model: "linear")',
    "cost verifying = profile.verify.time",
    'cost verifying = profile.verify.time(model: "exp-power")',
    "cost late = last.time / 8",
    "cost more = profile.verify.time(nodes: 0) * batch.nodes / 16",
    "cost wide = profile.draft.time(width: 2) * batch.mean(frontier.nodes)",
    "cost joules = profile.verify.energy",
)
OBJECTIVES = (
    "tokens / time",
    "tokens - 0.125 tok/s * time",
    "progress / time",
    "tokens",
    "tokens / energy",
    "tokens - run.rate * time / 2",
    "tokens / time * batch.mean(tree.depth)",
    "tokens - batch.sum(tree.paths) * 0.125 tok",
    "batch.min(tree.tokens) - time * 0.0625 tok/s",
)
CONSTRAINTS = (
    "time <= 20 s",
    "time < 6 s/tok * tree.tokens",
    "tree.tokens >= 2 tok",
    "tree.tokens >= min(request.elapsed / 2 s, 3) * 1 tok",
    "tree.nodes <= 4",
    "tree.max(node.entropy) < 2",
    "batch.nodes <= 12 or tokens > 6 tok",
)
ASKED = (
    "forecast(objective) > objective",
    "forecast(tokens / time) >= tokens / time",
    "forecast(frontier.tokens) > 0.25 tok",
    "layer.depth == 0 or tree.tokens - previous(tree.tokens) > 0.25 tok",
    "previous(layer.max(node.path)) < 0.75",
    "{layer} > 0.25",
    "{layer} < {request}",
    "{tree} < 4 or {step} > 2",
    "not ({step} > 3)",
    "{request} != 2",
    "batch.nodes < 6 or layer.depth < 2",
)
SEQUENTIAL = (
    "marginal(tokens) / marginal(time) > 0.0625 tok/s",
    "marginal(tokens) > 0.125 tok and tree.nodes < 6",
    "node.path * tree.paths > 0.125",
    "tokens < 5 tok",
    "{request} > 0 or batch.mean(tree.nodes) < 3",
)


def _filled(draw: st.DrawFn, text: str) -> str:
    for name, choices in (("step", STEP), ("request", REQUEST), ("layer", LAYER), ("tree", TREE), ("node", NODE)):
        while f"{{{name}}}" in text:
            text = text.replace(f"{{{name}}}", f"({draw(st.sampled_from(choices))})", 1)
    return text.replace("{n}", str(draw(st.integers(1, 6)))).replace("{m}", str(draw(st.integers(3, 5))))


def _count(draw: st.DrawFn) -> str:
    return _filled(draw, draw(st.sampled_from(COUNTS[:1] * 3 + COUNTS)))


def _filter(draw: st.DrawFn, sequential: bool) -> str:
    kinds = ["{node} > 0.125", "{node} >= 0.25 * ({layer})", "{node} < {request}", "not ({node} > {step})"]
    return " where " + _filled(draw, draw(st.sampled_from(kinds + list(SEQUENTIAL) * sequential)))


def _expand(draw: st.DrawFn) -> str:
    kind = draw(st.sampled_from(("all", "best", "best", "maximizing", "range")))
    text = "expand all" if kind == "all" else f"expand best {_count(draw)}"
    if kind == "range":
        text = f"expand best {draw(st.integers(0, 2))}..{draw(st.integers(3, 5))}"
    if kind == "maximizing":
        worth = draw(st.sampled_from(("batch.mean(frontier.tokens)", "batch.sum(frontier.sum(node.path)) * 1 tok")))
        low = draw(st.integers(0, 2))
        text = f"expand best {low}..5 maximizing {worth} - profile.draft.time * 0.0625 tok/s"
    text += f" by {draw(st.sampled_from(NODE))}" if draw(st.integers(0, 3)) == 0 else ""
    own = "" if draw(st.integers(0, 2)) else _filter(draw, True)
    return text + own.replace("frontier.", "layer.")  # what `expand` keeps is known only behind it


def _verify(draw: st.DrawFn) -> str:
    kind = draw(st.sampled_from(("all", "best", "range", "range", "pooled", "tree")))
    if kind == "tree":
        return 'verify tree "0 1 2" "00 01 10" "000 001"'
    text = {
        "all": "verify all",
        "best": f"verify best {_count(draw)}",
        "range": f"verify best {draw(st.integers(0, 2))}..{draw(st.integers(3, 12))}",
        "pooled": f"verify best {draw(st.sampled_from(('8', '0..8 * batch.size', '2..9')))} pooled",
    }[kind]
    text += f" by {draw(st.sampled_from(NODE))}" if draw(st.integers(0, 3)) == 0 else ""
    kept = " where node.kept" if draw(st.booleans()) else _filter(draw, False)
    return text + (kept if draw(st.integers(0, 2)) == 0 else "")


def _some(draw: st.DrawFn, choices: tuple[str, ...], most: int) -> list[str]:
    return draw(st.lists(st.sampled_from(choices), max_size=most, unique=True))


@dataclass(frozen=True)
class Drawn:
    """A checked policy."""

    text: str
    program: Program

    def _repr_pretty_(self, printer, cycle) -> None:
        printer.text(self.text)


@st.composite
def policies(draw: st.DrawFn) -> Drawn:
    """A policy that the checker accepts."""
    costs = {line.split()[1]: line for line in ("cost verifying = profile.verify.time", *_some(draw, COSTS, 3))}
    lines = [f"benefit accepted = {draw(st.sampled_from(BENEFITS))}", *costs.values()]
    lines.append(f"maximize {draw(st.sampled_from(OBJECTIVES))}")
    lines += [f"subject to {line}" for line in _some(draw, CONSTRAINTS, 2)]
    lines += [_expand(draw), _verify(draw)]
    if draw(st.integers(0, 3)):
        lines.append(f"continue while {_filled(draw, draw(st.sampled_from(ASKED)))}")
    deepest = draw(st.integers(1, 4))
    depth = f"0..{deepest}" if draw(st.integers(0, 4)) == 0 else str(deepest)
    lines.append(f"limit depth {depth}, topk {draw(st.integers(1, 4))}, width {draw(st.integers(1, 6))}")
    lines.append(f"limit nodes {draw(st.sampled_from(('12', '6', _count(draw))))}")
    if draw(st.integers(0, 4)) == 0:
        lines.append(f"when {_filled(draw, '{step} > 2')} {{ {_expand(draw)} {_verify(draw)} }}")
    text = "smartgen 1\npolicy drawn {\n  " + "\n  ".join(lines) + "\n}\n"
    try:
        program = load(text).program
    except RecipeError:
        program = None
    assume(program is not None)
    assert program is not None
    assume(not list(refusals(program, ANYTHING)))
    return Drawn(text, program)
