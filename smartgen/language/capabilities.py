"""What each backend can give and do. Plain data: `smartgen check --target` reads it without running anything.

A recipe that asks for more is refused by name, before the first token; nothing is ever silently left out.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

from smartgen.language.program import Aggregate, Choice, Expr, Measured, Program, Read, Rules, Shift, parts

ENERGY = "energy"  # of `profile.draft.energy` and `profile.verify.energy`
_LATE = ("node.", "layer.", "frontier.", "tree.")  # known while drafting
DRAFTER_SIGNALS = frozenset({"node.entropy", "node.confidence"})
BACKEND_SIGNALS = frozenset(
    {"request.tag", "request.elapsed", "request.tpot", "engine.queue", "engine.memory", "run.power"}
)
_PROVIDERS = {"request": "the request's metadata", "engine": "a serving engine", "run": "an energy meter"}


@dataclass(frozen=True)
class Backend:
    """`gives`: of the signals that not every backend has, those it has; "energy" where joules are measured.

    `drafter`: which signals of a drafter can reach the policy, if the drafter gives them. `shapes_first`: the shape of a
    tree is settled before drafting, so that nothing may depend on what the drafter says but the order of nodes.
    """

    name: str
    gives: frozenset[str] = frozenset()
    drafter: frozenset[str] = DRAFTER_SIGNALS
    shapes_first: bool = False


BACKENDS: dict[str, Backend] = {
    "hf": Backend("hf", gives=frozenset({"request.elapsed", "request.tpot"})),
    "replay": Backend(  # traces hold probabilities and nothing else of nodes
        "replay", gives=frozenset({"request.elapsed", "request.tpot"}), drafter=frozenset()
    ),
    "sglang": Backend(
        "sglang",
        gives=frozenset({"request.tag", "request.elapsed", "request.tpot", "engine.queue", "engine.memory"}),
        drafter=frozenset(),
        shapes_first=True,
    ),
}


@dataclass(frozen=True)
class Refusal:
    """`word` of the recipe cannot be honoured; `why`, and the way out. SG501: not given; SG502: not decidable there."""

    word: str
    why: str
    fix: str = field(default="leave it out, or choose another recipe")
    code: str = "SG501"


def refusals(program: Program, backend: Backend, drafter: Collection[str] | None = None) -> Iterator[Refusal]:
    """Everything in `program` that `backend` cannot honour, each once.

    `drafter`: the signals that the drafter at hand gives; None while it is not known: then whatever the backend could
    pass on is believed.
    """
    from_drafter = backend.drafter if drafter is None else backend.drafter & frozenset(drafter)
    found = [refusal for part in parts(program) for refusal in _part(part, backend, from_drafter)]
    if backend.shapes_first:
        for situation in program.situations:
            found += _decided_late(situation.rules)
    yield from dict.fromkeys(found)


def _part(part: object, backend: Backend, from_drafter: Collection[str]) -> Iterator[Refusal]:
    if isinstance(part, Read):
        if part.name in DRAFTER_SIGNALS and part.name not in from_drafter:
            yield Refusal(
                part.name, "is not given by this drafter", "choose a drafter that gives it, or another recipe"
            )
        if part.name in BACKEND_SIGNALS and part.name not in backend.gives:
            provider = _PROVIDERS[part.name.split(".")[0]]
            yield Refusal(part.name, f"comes from {provider}, and there is none here")
    if isinstance(part, Measured) and part.quantity == "energy" and ENERGY not in backend.gives:
        yield Refusal(f"profile.{part.phase}.energy", "needs an energy meter, and none is read here")
    if isinstance(part, Rules) and any(isinstance(p, Shift) and p.kind == "forecast" for p in parts(part.proceed)):
        forecast = [p.of for p in parts(part.proceed) if isinstance(p, Shift) and p.kind == "forecast"]
        each_step = tuple(cost for cost in part.costs if cost.each == "step")
        yield from _not_foreseen((*forecast, part.objective, part.constraints, each_step))


def _not_foreseen(read: object) -> Iterator[Refusal]:
    """Single nodes of a layer that has not been drawn, and of the tree that it would be part of."""
    fix = "forecast what is known of it: totals, `layer.tokens`, `frontier.tokens`"
    for part in parts(read):
        if isinstance(part, Aggregate) and part.scope != "batch":
            word = f"{part.scope}.{part.function}"
            yield Refusal(word, "runs over single nodes, which a forecast does not have", fix)
        if isinstance(part, Read) and part.name in ("tree.depth", "tree.paths"):
            yield Refusal(part.name, "is the shape of a tree, which a forecast does not have", fix)


# -- backends that settle a tree's shape before drafting ----------------------------------------------------------------
def _decided_late(rules: Rules) -> Iterator[Refusal]:
    if rules.verify.pooled:
        yield _late("pooled", "needs rows of different sizes, and these are settled before drafting")
    if rules.expand.maximizing is not None:
        yield _late("maximizing", "chooses a width from the draft, and it is settled before drafting")
    for word, expression in (
        ("continue", rules.proceed),
        ("expand ... where", rules.expand.where),
        ("verify ... where", rules.verify.where),
    ):
        for name in _late_reads(expression):
            yield _late(name, f"is known only while drafting, and `{word}` has to be settled before it")
    for line in rules.constraints:
        if any(isinstance(part, Read) and part.name.startswith(("tree.", "request.")) for part in parts(line)):
            yield _late("subject to", "differs from row to row, and all rows get one shape")
    for extent in (rules.limits.depth, rules.limits.width, rules.limits.topk, rules.limits.nodes):
        for part in parts(extent):
            if isinstance(part, Read) and part.name.startswith("request."):
                yield _late(part.name, "differs from row to row, and all rows get one shape")
    yield from _static_only(rules.verify)


def _static_only(verify: Choice) -> Iterator[Refusal]:
    if verify.by is not None and any(isinstance(part, Aggregate) for part in parts(verify.by)):
        yield _late("by", "orders nodes inside a captured graph, where aggregates are not at hand")


def _late_reads(expression: Expr | None) -> Iterator[str]:
    """Names of what is known only while drafting, reads inside `forecast` apart; `previous` and `marginal` are such."""
    if isinstance(expression, Shift):
        if expression.kind != "forecast":
            yield expression.kind
        return
    if isinstance(expression, Aggregate) and expression.scope != "batch":
        yield f"{expression.scope}.{expression.function}"
        return
    if isinstance(expression, Read) and expression.name.startswith(_LATE):
        yield expression.name
    for child in _children(expression):
        yield from _late_reads(child)


def _children(expression: object) -> Iterator[Expr]:
    """The expressions directly below one."""
    for name in getattr(expression, "__slots__", ()):
        value = getattr(expression, name)
        for item in value if isinstance(value, tuple) else (value,):
            for inner in item if isinstance(item, tuple) else (item,):
                if hasattr(inner, "__slots__"):
                    yield inner


def _late(word: str, why: str) -> Refusal:
    fix = "decide from totals: `continue while forecast(objective) > objective`"
    return Refusal(word, why, fix, "SG502")
