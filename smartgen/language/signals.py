"""Every signal a recipe may read: its kind, one value per what, and which verb can know it first."""

from __future__ import annotations

from dataclasses import dataclass

from smartgen.language.program import Axis, Phase
from smartgen.language.types import COUNT, FLAG, NUMBER, PROB, TEXT, Kind, quantity
from smartgen.language.units import ENERGY, MONEY, POWER, TIME, TOKEN


@dataclass(frozen=True)
class Signal:
    """`needs`: who provides it (any backend, the drafter, a serving engine, the request's metadata, a meter)."""

    kind: Kind
    axis: Axis
    phase: Phase
    meaning: str
    needs: str = "any"


_N, _R, _S = Axis.NODE, Axis.REQUEST, Axis.STEP
_GROW, _PLAN, _SELECT = Phase.GROW, Phase.PLAN, Phase.SELECT
_TOK, _TIME = quantity(TOKEN), quantity(TIME)

SIGNALS: dict[str, Signal] = {
    "node.prob": Signal(PROB, _N, _GROW, "the drafter's chance of the token given its parent"),
    "node.path": Signal(PROB, _N, _GROW, "product of node.prob from the root's child to the node"),
    "node.spine": Signal(FLAG, _N, _GROW, "the node and all its ancestors are rank 0"),
    "node.rank": Signal(COUNT, _N, _GROW, "place among its siblings, 0 = likeliest"),
    "node.depth": Signal(COUNT, _N, _GROW, "1 = child of the root"),
    "node.entropy": Signal(NUMBER, _N, _GROW, "nats, of the distribution the node was drawn from", "drafter"),
    "node.confidence": Signal(PROB, _N, _GROW, "the drafter's trained acceptance head", "drafter"),
    "node.source": Signal(
        TEXT,
        _N,
        _GROW,
        'who proposed it: "head", "assistant", "ngram", both: "head+ngram", "ngram alone": the drafter named others',
    ),
    "node.kept": Signal(FLAG, _N, _GROW, "`expand` keeps it"),
    **{
        f"{group}.{what}": Signal(kind, _R, _GROW, f"{text} of the {where}")
        for group, where in (
            ("layer", "newest layer"),
            ("frontier", "kept candidates of it"),
            ("tree", "tree as it stands"),
        )
        for what, kind, text in (
            ("nodes", COUNT, "nodes"),
            ("depth", COUNT, "depth"),
            ("tokens", _TOK, "expected tokens"),
        )
    },
    "tree.paths": Signal(COUNT, _R, _GROW, "root-to-leaf paths of the tree"),
    "batch.size": Signal(COUNT, _S, _PLAN, "active rows"),
    "batch.context": Signal(_TOK, _S, _PLAN, "mean tokens of a row's text"),
    "batch.nodes": Signal(COUNT, _S, _SELECT, "draft nodes that will be run, over all rows"),
    "request.context": Signal(_TOK, _R, _PLAN, "tokens of the row's text"),
    "request.generated": Signal(_TOK, _R, _PLAN, "tokens generated so far"),
    "request.sampled": Signal(FLAG, _R, _PLAN, "tokens are drawn, not argmax"),
    "request.temperature": Signal(NUMBER, _R, _PLAN, "sampling temperature, 0 = greedy"),
    "request.tag": Signal(TEXT, _R, _PLAN, "a label from the request", "request"),
    "request.elapsed": Signal(_TIME, _R, _PLAN, "since the request began", "request"),
    "request.tpot": Signal(quantity(TIME / TOKEN), _R, _PLAN, "time per output token so far", "request"),
    "engine.queue": Signal(COUNT, _S, _PLAN, "requests waiting", "engine"),
    "engine.memory": Signal(PROB, _S, _PLAN, "free share of the cache", "engine"),
    "last.accepted": Signal(COUNT, _R, _PLAN, "draft nodes accepted in the previous step"),
    "last.length": Signal(_TOK, _R, _PLAN, "tokens committed in it, bonus token included"),
    "last.drafted": Signal(COUNT, _R, _PLAN, "draft nodes verified in it"),
    "last.tested": Signal(COUNT, _R, _PLAN, "those whose parent was accepted"),
    "last.rate": Signal(PROB, _R, _PLAN, "accepted / drafted of it"),
    "last.tokens": Signal(_TOK, _S, _PLAN, "tokens of the whole batch in it"),
    "last.time": Signal(_TIME, _S, _PLAN, "how long it took"),
    "run.rate": Signal(quantity(TOKEN / TIME), _S, _PLAN, "tokens per second over recent steps"),
    "run.power": Signal(quantity(POWER), _S, _PLAN, "power over recent steps", "meter"),
    "tokens": Signal(_TOK, _S, _GROW, "expected tokens of the batch, one bonus token a row included"),
    "progress": Signal(_TOK, _S, _GROW, "expected tokens, those of rows that will finish last weighing more"),
    "time": Signal(_TIME, _S, _GROW, "sum of the costs that are times"),
    "energy": Signal(quantity(ENERGY), _S, _GROW, "sum of the costs that are energies"),
    "money": Signal(quantity(MONEY), _S, _GROW, "sum of the costs that are money"),
    "objective": Signal(NUMBER, _S, _GROW, "what `maximize` says, for the size chosen"),
    "profile.draft.time": Signal(_TIME, _S, _GROW, "seconds of one drafting pass", "profile"),
    "profile.draft.energy": Signal(quantity(ENERGY), _S, _GROW, "energy of one drafting pass", "meter"),
    "profile.verify.time": Signal(_TIME, _S, _SELECT, "seconds of a step apart from drafting", "profile"),
    "profile.verify.energy": Signal(quantity(ENERGY), _S, _SELECT, "energy of a step apart from drafting", "meter"),
    "profile.wake.time": Signal(_TIME, _S, _PLAN, "catching the drafter up after steps without it", "profile"),
}

SOURCES = ("head", "assistant", "ngram")  # what drafters of ours call themselves
PAST = ("last.", "run.")  # absent in the first step, some also after one without draft nodes


def may_be_absent(name: str) -> bool:
    """Whether a signal may have no value: it is of the past, or of what not every drafter says."""
    return name.startswith(PAST) or SIGNALS[name].needs == "drafter"


TOTALS = frozenset({"tokens", "progress", "time", "energy", "money", "objective"})
GROUPS = ("layer", "frontier", "tree", "batch")
REDUCTIONS = ("sum", "max", "min", "mean", "count")
MODELS = ("table", "linear", "proportional", "exp-power", "roofline")
MONOTONE = frozenset({"node.prob", "node.path", "node.confidence"})  # what `calibrated` may be monotone in

# What people call things, and what they are called here.
SYNONYMS = {
    "acceptance": "calibrated(node.prob)",
    "accept_rate": "last.rate",
    "acceptance_rate": "last.rate",
    "probability": "node.prob",
    "prob": "node.prob",
    "confidence": "node.prob",
    "depth": "layer.depth",
    "width": "layer.nodes",
    "batch_size": "batch.size",
    "context": "batch.context",
    "context_length": "batch.context",
    "latency": "time",
    "second": "time",
    "seconds": "time",
    "sec": "time",
    "ms": "time",
    "joule": "energy",
    "cost": "time",
    **dict.fromkeys(("price", "dollars", "dollar", "usd", "spend", "expense", "budget"), "money"),
    **dict.fromkeys(("joules", "watt_hours", "consumption"), "energy"),
    **dict.fromkeys(("power", "watts", "watt"), "run.power"),
    **dict.fromkeys(("duration", "elapsed", "runtime", "wall_time", "walltime", "step_time"), "time"),
    **dict.fromkeys(("expected_tokens", "num_tokens", "output_tokens", "generated_tokens"), "tokens"),
    "throughput": "tokens / time",
    "speed": "tokens / time",
    "goodput": "tokens / time",
    "goal": "objective",
    "reward": "objective",
    "batch.length": "batch.size",
    "batch.tokens": "tokens",
    **{f"{group}.level": f"{group}.depth" for group in ("node", "layer", "frontier", "tree")},
    "batch.count": "batch.size",
    "node": "node.prob",
    "tps": "tokens / time",
    "tokens_per_second": "tokens / time",
    "tokens_per_joule": "tokens / energy",
    "n": "tree.nodes",
    "nodes": "tree.nodes",
    "temperature": "request.temperature",
    "queue": "engine.queue",
    "node.p": "node.prob",
    **dict.fromkeys(("node.acceptance", "node.acceptance_rate", "node.accept_prob", "node.acceptance_prob"), "node.confidence"),
    "parent.benefit": "node.path",
    "parent.path": "node.path",
    "parent.prob": "node.path",
    "profile.draft.latency": "profile.draft.time",
    "profile.draft.seconds": "profile.draft.time",
    "profile.draft.cost": "profile.draft.time",
    "profile.draft.joules": "profile.draft.energy",
    "profile.verify.latency": "profile.verify.time",
    "profile.verify.seconds": "profile.verify.time",
    "profile.verify.cost": "profile.verify.time",
    "profile.verify.joules": "profile.verify.energy",
    "profile.time": "profile.verify.time",
    "node.probability": "node.prob",
    "node.confidence_score": "node.confidence",
    "batch": "batch.size",
    "length": "last.length",
    "draft.time": "profile.draft.time",
    "verify.time": "profile.verify.time",
}
