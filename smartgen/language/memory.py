"""Learned and remembered state, declared by the call: `calibrated`, `ema`, `ladder`, `ucb`.

A memory is identified by its resolved expression, so the same call in two policies is one memory, and setting a parameter
that it does not read keeps what was learnt.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING

from smartgen.language import syntax as s
from smartgen.language.argument_counts import wrong_count
from smartgen.language.decimal_commas import decimal_comma
from smartgen.language.demands import memory_axis
from smartgen.language.functions import FUNCTIONS
from smartgen.language.nearest import closest
from smartgen.language.program import Axis, Const, PathProduct, Phase, Recall, Site
from smartgen.language.signals import MONOTONE
from smartgen.language.source import Edit, Span
from smartgen.language.types import PLACES_OF_NODES, PROB, Kind, Typed
from smartgen.language.units import EXAMPLE

if TYPE_CHECKING:
    from smartgen.language.expressions import Broken, Typer

Options = dict[str, Typed]
_CAME = {
    **{"tokens": "last.tokens", "progress": "last.tokens", "time": "last.time", "tree.tokens": "last.length"},
    **{"tree.nodes": "last.drafted", "tree.depth": "last.accepted", "layer.depth": "last.accepted"},
}
_DECIDED = frozenset(_CAME)  # by the policy itself, in the step in the making
_SYNONYMS = {
    **dict.fromkeys(("begin", "initial", "init", "default", "first", "prior", "value"), "start"),
    **dict.fromkeys(("delay", "warmup", "warm_up", "wait", "patience", "cooldown", "burn_in", "warmups"), "after"),
    **dict.fromkeys(("interval", "period", "steps", "frequency", "update_every", "window"), "every"),
    **dict.fromkeys(("raise", "increase", "upper", "higher"), "up"),
    **dict.fromkeys(("lower", "decrease", "drop"), "down"),
    **dict.fromkeys(("buckets", "groups", "keys"), "bins"),
}
_BY_PLACE = ("arm", "arms", "rung", "rungs", "choices")


def calibrated(typer: Typer, e: s.Call) -> Typed:
    """The learned chance that a node is accepted given its parent was."""
    named = next((argument for argument in e.arguments if argument.label is not None), None)
    if named is not None:
        raise typer.replaced("SG111", "`calibrated` takes no named argument", named.span, named.value.span.text)
    function = FUNCTIONS["calibrated"]
    if not function.least <= len(e.arguments) <= function.most:
        raise wrong_count(typer, e, function.least, function.most)
    values = typer.all(argument.value for argument in e.arguments)
    first = values[0]
    if "node.path" in first.reads or isinstance(first.code, PathProduct):
        rest = "".join(f", {argument.value.span.text}" for argument in e.arguments[1:])
        written = f"calibrated(node.prob{rest})"
        if not re.search(r"\bpath\(\s*$", e.span.source.text[: e.span.start]):
            written = f"path({written})"
        message = "acceptance is learned per node given its parent, a path is many nodes"
        raise typer.fail("SG307", message, first.span, f"write `{written}`", edits=(Edit(e.span, written),))
    later = next((a for a in e.arguments[1:] if a.value.span.text in ("node.prob", "node.confidence")), None)
    if later is not None and not first.reads & MONOTONE:
        inside = e.arguments[0].span.to(e.arguments[-1].span)
        ordered = ", ".join(a.span.text for a in (later, *(a for a in e.arguments if a is not later)))
        message = "what `calibrated` corrects comes first, and what divides the nodes behind it"
        raise typer.replaced("SG307", message, inside, ordered, f"write `calibrated({ordered})`")
    if not first.reads & MONOTONE and first.axis is not Axis.NODE:
        at = Span(first.span.source, first.span.start, first.span.start)
        message = "`calibrated` learns from what differs between nodes"
        fix = f"begin with `node.prob`: `calibrated(node.prob, {first.span.text})`"
        raise typer.fail("SG307", message, first.span, fix, edits=(Edit(at, "node.prob, "),))
    code = _site(typer, "calibrated", values, {}, Axis.NODE)
    return Typed(PROB, Axis.NODE, Phase.GROW, code, frozenset().union(*(v.reads for v in values)), e.span)


def memory(typer: Typer, e: s.Call) -> Typed:
    """`ema`, `ladder`, `ucb`: what is known of them before a step begins."""
    kind, function = e.name.text, FUNCTIONS[e.name.text]
    values, options = _arguments(typer, e, function.named)
    if kind in ("ema", "ladder") and values and values[0].axis is Axis.NODE:
        _of_nodes(typer, e, kind, values, options)
    if kind == "ema" and len(values) == 1:
        raise _no_weight(typer, e, values[0], options)
    if kind == "ema" and len(values) == function.most + 1 and "start" not in options:
        raise _start_by_place(typer, values[-1])
    if not function.least <= len(values) <= function.most:
        raise wrong_count(typer, e, function.least, function.most)
    if kind in ("ema", "ladder") and "start" not in options:
        raise _no_start(typer, e, kind, values)
    if kind == "ema" and isinstance(values[0].code, Const) and not isinstance(values[1].code, Const):
        place = e.arguments[0].span.to(e.arguments[1].span)
        written = f"{e.arguments[1].span.text}, {e.arguments[0].span.text}"
        raise typer.replaced("SG111", "the weight of `ema` stands behind what is averaged", place, written)
    everything = [*values, *options.values()]
    memory_axis(kind, [(value.axis, value.span) for value in everything], typer.findings)
    if kind == "ema":
        typer.common(values[0], options["start"], "the value of `ema` and its start")
        _share(typer, values[1])
    if kind == "ladder" and isinstance(values[0].code, Const) and not isinstance(values[-1].code, Const):
        plain = [a for a in e.arguments if a.label is None]
        inside = plain[0].span.to(plain[-1].span)
        written = ", ".join(a.span.text for a in (plain[-1], *plain[:-1]))
        raise typer.replaced("SG111", "what a ladder follows comes first", inside, written, f"write `ladder({written}, ...)`")
    if kind == "ladder":
        _rungs(typer, values[1:], options["start"])
    if kind == "ucb" and "reward" not in options:
        unnamed = next((a for a in reversed(e.arguments) if a.label is None), None)
        if unnamed is not None and not isinstance(unnamed.value, s.Number):
            at = Span(unnamed.span.source, unnamed.span.start, unnamed.span.start)
            fix = f"write `reward: {unnamed.span.text}`"
            raise typer.fail("SG111", "`ucb` needs a reward", unnamed.span, fix, edits=(Edit(at, "reward: "),))
        end = _end(e)
        fix = "add `reward:`, what a good arm has much of: `reward: last.tokens / last.time`"
        edits = (Edit(end, ", reward: last.tokens / last.time"),)
        raise typer.fail("SG111", "`ucb` needs a reward", e.span, fix, edits=edits)
    if kind == "ema" and values[0].reads and values[0].reads <= _DECIDED:
        _of_the_past(typer, kind, values[0])
    if kind in ("ladder", "ucb"):
        _of_the_past(typer, kind, options["reward"] if kind == "ucb" else values[0])
    axis = values[0].axis if kind != "ucb" else Axis.STEP
    code = _site(typer, kind, values, options, axis)
    return Typed(_kind(kind, values), axis, Phase.PLAN, code, frozenset({"memory"}), e.span)


def _of_the_past(typer: Typer, kind: str, steers: Typed) -> None:
    """A warning where what steers is what the policy decided or promised in the step, and not what came of it."""
    if steers.phase is Phase.PLAN:
        return
    names = "|".join(map(re.escape, _CAME))
    promised = re.sub(rf"(?<![\w.])(?:{names})(?![\w.])", lambda m: _CAME[m[0]], steers.span.text)
    came = promised if promised != steers.span.text and not re.search(r"(?<![\w.])(?:tree|layer|frontier)\.", promised) else ""
    written = came or ("last.tokens / last.time" if kind == "ucb" else "batch.mean(last.accepted)")
    message = f"`{kind}` follows what the policy itself promises here, and not what came of a step"
    edits = (Edit(steers.span, written),)
    typer.findings.add("SG910", message, steers.span, f"write `{written}`", warning=True, edits=edits)


def _arguments(typer: Typer, e: s.Call, options: tuple[str, ...]) -> tuple[list[Typed], Options]:
    """The values by place and by name; all that is wrong with them is recorded before the first is raised."""
    comma = decimal_comma(e.arguments, named=True)
    if comma is not None:
        raise typer.replaced("SG010", "the decimal sign is a point", comma[0], comma[1])
    given = [a for a in e.arguments if isinstance(a.label, s.Name) and a.label.text in options]
    labels = [a.label.text for a in given if isinstance(a.label, s.Name)]
    free = [option for option in options if option not in labels]
    least, places = FUNCTIONS[e.name.text].least, sum(a.label is None for a in e.arguments)
    broken: Broken | None = None
    for argument in e.arguments:
        if argument.label is None or argument in given:
            continue
        label = argument.label.text if isinstance(argument.label, s.Name) else argument.label.span.text
        if (places < least and label not in _SYNONYMS) or label in _BY_PLACE:
            message, written = f"this argument of `{e.name.text}` goes by its place", argument.value.span.text
            broken, places = typer.replaced("SG111", message, argument.span, written), places + 1
            continue
        near = _option(label, free or list(options))
        free = [option for option in free if option != near]
        fix = f"did you mean `{near}:`? options are {', '.join(options)}"
        message = f"`{e.name.text}` has no option `{label}`"
        broken = typer.replaced("SG111", message, argument.label.span, near, fix)
    for argument, label in zip(given, labels, strict=True):
        if label in labels[: given.index(argument)]:
            removed = Span(e.span.source, e.arguments[e.arguments.index(argument) - 1].span.end, argument.span.end)
            message, edits = f"`{label}:` stands twice", (Edit(removed, ""),)
            broken = typer.fail("SG105", message, argument.span, "keep one of them", edits=edits)
    typed = typer.all(argument.value for argument in e.arguments)
    if broken is not None:
        raise broken
    values = [value for value, argument in zip(typed, e.arguments, strict=True) if argument.label is None]
    named = {a.label.text: value for value, a in zip(typed, e.arguments, strict=True) if isinstance(a.label, s.Name)}
    return values, named


def _option(label: str, free: list[str]) -> str:
    """The option that was meant, among those that the call does not have yet."""
    meant = next((_SYNONYMS[word] for word in (label, *label.lower().split("_")) if word in _SYNONYMS), None)
    return meant if meant in free else closest(label, free, 0.4) or free[0]


def _of_nodes(typer: Typer, e: s.Call, kind: str, values: list[Typed], options: Options) -> None:
    """Raises Broken where the fix is more than an aggregate in the argument's place: nodes are learned by `calibrated`."""
    first = values[0]
    message = f"`{kind}` remembers one value per step or request, this has one per node"
    if typer.place.word in PLACES_OF_NODES and not typer.place.inside and first.reads & MONOTONE:
        learned = "calibrated(node.prob)"
        if typer.place.word in ("`benefit`", "`by`"):
            learned = f"path({learned})"
        fix = f"what is learned of nodes is `{learned}`"
        raise typer.replaced("SG301", message, e.span, learned, fix)
    if kind == "ema" and len(values) == 1:
        start = "" if "start" in options else f", start: {_nothing(first)}"
        written = f"tree.mean({first.span.text}), 0.2{start}"
        raise typer.replaced("SG301", message, first.span, written, f"write `ema({written})`")


def _share(typer: Typer, weight: Typed) -> None:
    """Raises Broken for a weight outside of 0..1, such as the 20 steps of a window."""
    value = weight.code.value if isinstance(weight.code, Const) else None
    if not isinstance(value, float) or not weight.kind.dimension.bare or 0 <= value <= 1:
        return
    meant = f"{1 / value:.2g}" if value >= 2 else "1" if value > 1 else f"{min(1.0, -value):.2g}"
    param = typer.policy.params.get(weight.span.text)
    at = param.value.span if param is not None and param.span.source == weight.span.source else weight.span
    message = f"the weight of `ema` is the share of a new value, and {value:g} is none"
    raise typer.replaced("SG205", message, at, meant, f"a share lies in 0..1: write `{meant}`")


def _no_weight(typer: Typer, e: s.Call, x: Typed, options: Options) -> Broken:
    more = ", 0.2" + ("" if "start" in options else f", start: {_nothing(x)}")
    end = Span(e.span.source, x.span.end, x.span.end)
    message = "`ema` needs a weight, the share of a new value" + ("" if "start" in options else ", and a start")
    return typer.fail("SG111", message, e.span, f"write `ema({x.span.text}{more})`", edits=(Edit(end, more),))


def _nothing(value: Typed) -> str:
    """What is usual, or zero in the value's unit; of a chance, that nothing is known."""
    if "last.accepted" in value.reads:
        return "3"  # as it usually is
    return "0.5" if value.kind.prob else f"0 {EXAMPLE.get(value.kind.dimension, '')}".strip()


def _no_start(typer: Typer, e: s.Call, kind: str, values: list[Typed]) -> Broken:
    like = values[1] if kind == "ladder" else values[0]
    start = like.span.text if kind == "ladder" else _nothing(like)
    fix = f"add `start: {start}`, its value before there is data"
    message = f"`{kind}` needs its value before there is data"
    return typer.fail("SG111", message, e.span, fix, edits=(Edit(_end(e), f", start: {start}"),))


def _start_by_place(typer: Typer, start: Typed) -> Broken:
    """`ema(x, 0.2, 3)`."""
    written = f"start: {start.span.text}"
    return typer.replaced("SG111", "the start of `ema` is named", start.span, written)


def _rungs(typer: Typer, rungs: list[Typed], start: Typed) -> None:
    """Raises Broken unless the rungs ascend, warns of a start between them; only what is a constant can be told."""
    known = [(float(r.code.value), r) for r in rungs if isinstance(r.code, Const) and r.kind.base == "number"]
    for (low, _), (high, rung) in pairwise(known):
        if high <= low:
            ordered = ", ".join(r.span.text for _, r in sorted(known, key=lambda pair: pair[0]))
            edits = (Edit(rungs[0].span.to(rungs[-1].span), ordered),) if len(known) == len(rungs) else ()
            raise typer.fail("SG309", "the rungs of a ladder ascend", rung.span, f"write `{ordered}`", edits=edits)

    if len(known) < len(rungs) or not isinstance(start.code, Const) or start.kind.base != "number":
        return
    begins = float(start.code.value)
    below = max((pair for pair in known if pair[0] <= begins), key=lambda pair: pair[0], default=known[0])
    if below[0] != begins and start.span.text != below[1].span.text:
        message, written = f"{start.span.text} is no rung: the ladder begins on the one below", below[1].span.text
        if begins < known[0][0]:
            message = f"{start.span.text} is no rung: the ladder begins on the lowest"
        edits = (Edit(start.span, written),)
        typer.findings.add("SG909", message, start.span, f"write `{written}`", warning=True, edits=edits)


def _kind(kind: str, values: list[Typed]) -> Kind:
    if kind == "ema":
        return Kind(dimension=values[0].kind.dimension, prob=values[0].kind.prob)
    arms = values[1:] if kind == "ladder" else values
    whole = all(arm.kind.whole for arm in arms)
    return Kind(dimension=arms[0].kind.dimension, prob=all(arm.kind.prob for arm in arms), whole=whole)


def _end(e: s.Call) -> Span:
    return Span(e.span.source, e.span.end - 1, e.span.end - 1)


def _site(typer: Typer, kind: str, values: list[Typed], named: Options, axis: Axis) -> Recall:
    key = f"{kind}({', '.join([repr(v.code) for v in values] + [f'{n}: {v.code!r}' for n, v in named.items()])})"
    for index, site in enumerate(typer.sites):
        if site.key == key:
            return Recall(index)
    options = tuple((name, value.code) for name, value in named.items())
    typer.sites.append(Site(kind, tuple(v.code for v in values), options, axis, key))  # type: ignore[arg-type]
    return Recall(len(typer.sites) - 1)
