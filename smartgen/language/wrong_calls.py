"""Calls that mean nothing, and what they may have meant."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from smartgen.language import syntax as s
from smartgen.language.borrowed import signal
from smartgen.language.functions import AGGREGATES, FUNCTIONS, SCOPES
from smartgen.language.nearest import closest
from smartgen.language.program import Axis
from smartgen.language.signals import SIGNALS
from smartgen.language.source import Edit, Span
from smartgen.language.types import PLACES_OF_NODES, Typed
from smartgen.language.units import EXAMPLE

if TYPE_CHECKING:
    from smartgen.language.expressions import Broken, Typer

# Functions of other languages; `{0}` is the first argument.
_ELSEWHERE = {
    "abs": "max({0}, -({0}))",
    "round": "floor({0} + 0.5)",
    "ceil": "-floor(-({0}))",
    "int": "floor({0})",
    "float": "{0}",
    "bool": "({0} > 0)",
    "square": "({0} * {0})",
    "ln": "log({0})",
    "log2": "(log({0}) / log(2))",
    "log10": "(log({0}) / log(10))",
    "not": "not ({0})",
    "prod": "path({0})",
    "product": "path({0})",
    "cumprod": "path({0})",
}
_LIBRARIES = ("math", "np", "numpy", "torch", "tf", "jnp", "statistics", "Math", "std", "F", "torch.nn.functional")
_RENAMED = {
    "maximum": "max",
    "minimum": "min",
    "clamp": "clip",
    "moving": "ema",
    "moving_average": "ema",
    "smooth": "ema",
    "calibrate": "calibrated",
    "predict": "forecast",
    "expected": "forecast",
    "next": "forecast",
    "future": "forecast",
    "lookahead": "forecast",
    "last": "previous",
    "before": "previous",
    "gain": "marginal",
    "prev": "previous",
    "delta": "marginal",
    "lookup": "table",
    "switch": "table",
    "map": "table",
    "bandit": "ucb",
}
_SIZES = {"batch": "batch.size", **{group: f"{group}.nodes" for group in ("layer", "frontier", "tree")}}
_CONDITIONALS = ("if", "ifelse", "if_else", "iif", "where", "select", "cond", "choose", "case", "when", "ite", "mux")
_CHANCES = ("P", "Pr", "Prob", "E", "EE")  # how papers write a chance or an expectation
_GROWTH = ("delta", "diff", "difference", "gain", "change", "increase", "improvement", "growth")
_AVERAGES = (
    "mean",
    "avg",
    "average",
    "moving_average",
    "rolling_mean",
    "rolling",
    "sma",
    "ewma",
    "smooth",
)  # of n steps
_ASKING = ("<", "<=", ">", ">=", "==", "!=", "and", "or")
_COUNTING = ("len", "length", "size", "count", "num", "number", "sum")
_AGGREGATES = {
    "avg": "mean",
    "average": "mean",
    "len": "count",
    "any": "max",
    "all": "min",
    "total": "sum",
    "median": "mean",
}


def unknown_function(typer: Typer, e: s.Call) -> Broken:
    """A function that does not exist."""
    name = e.name.text
    message = f"there is no function `{name}`"
    arguments = [argument.value.span.text for argument in e.arguments]
    if name in _ELSEWHERE and len(arguments) == 1:
        return _whole(typer, e, message, _ELSEWHERE[name].format(arguments[0]))
    if name.rpartition(".")[2].lower() in _CONDITIONALS and len(arguments) == 3:
        return _whole(typer, e, message, "(if {} then {} else {})".format(*arguments))
    if name in _CHANCES and len(arguments) == 1:
        return _whole(typer, e, "everything here is an expectation already", arguments[0])
    if name == "pow" and len(arguments) == 2:
        base, exponent = arguments
        written = {"2": f"({base} * {base})", "3": f"({base} * {base} * {base})", "0.5": f"sqrt({base})"}
        return _whole(typer, e, message, written.get(exponent, f"exp({exponent} * log({base}))"))
    if name in ("range", "between") and len(arguments) == 2:
        return _whole(typer, e, message, f"{arguments[0]}..{arguments[1]}")
    if arguments == ["node"] and f"node.{name}" in SIGNALS:
        return _whole(typer, e, message, f"node.{name}")
    owner, _, last = name.rpartition(".")
    if owner in SIGNALS or owner in typer.params or owner in typer.policy.lets:
        method = _method(owner, last, arguments)
        if method:
            return _whole(typer, e, message, method)
    value = _value(name)
    if value:
        return _whole(typer, e, f"`{name}` is no function", value)
    part = _looked_up(e)
    if part:
        return _whole(typer, e, message, part)
    if len(arguments) == 1 and arguments[0] in _SIZES and name.rpartition(".")[2] in _COUNTING:
        return _whole(typer, e, message, _SIZES[arguments[0]])
    counted = SIGNALS.get(arguments[0]) if len(arguments) == 1 and name in _COUNTING else None
    if counted is not None and counted.kind.whole:
        return _whole(typer, e, message, arguments[0])
    if len(arguments) == 2 and arguments[0] in SCOPES and _AGGREGATES.get(name, name) in AGGREGATES:
        return _whole(typer, e, message, f"{arguments[0]}.{_AGGREGATES.get(name, name)}({arguments[1]})")
    if name in _AVERAGES and len(arguments) == 2 and re.fullmatch(r"[1-9][0-9]*", arguments[1]):
        known = SIGNALS.get(arguments[0])
        rows = known is not None and known.axis is Axis.REQUEST
        of = f"batch.mean({arguments[0]})" if rows else arguments[0]
        return _whole(typer, e, message, f"ema({of}, {1 / int(arguments[1]):.2g}, start: 1)")
    if name in _GROWTH and len(arguments) == 1 and typer.place.word == "`continue while`":
        return _whole(typer, e, message, f"(forecast({arguments[0]}) - {arguments[0]})")
    aggregated = _of_nodes(name, e)
    if aggregated:
        return _whole(typer, e, message, aggregated)
    total = _of_one_value(name, e)
    if total:
        return _whole(typer, e, message, total)
    library, _, own = name.rpartition(".")
    if library in _LIBRARIES and own in _ELSEWHERE and len(arguments) == 1:
        return _whole(typer, e, message, _ELSEWHERE[own].format(arguments[0]))
    if library in _LIBRARIES and own in FUNCTIONS:
        return typer.fail("SG110", message, e.name.span, f"write `{own}`", edits=(Edit(e.name.span, own),))
    meant = _function(name)
    if meant is None and len(arguments) == 1 and arguments[0] in SIGNALS and SIGNALS[arguments[0]].axis <= Axis.STEP:
        return _whole(typer, e, message, arguments[0])
    fix = f"did you mean `{meant}`?" if meant else f"functions are {', '.join(FUNCTIONS)}"
    edits = (Edit(e.name.span, meant),) if meant else ()
    return typer.fail("SG110", message, e.name.span, fix, edits=edits)


def _method(owner: str, last: str, arguments: list[str]) -> str | None:
    """`node.prob.clamp(0, 1)`, `k.min(4)`, `x.abs()`."""
    if last in _ELSEWHERE and not arguments:
        return _ELSEWHERE[last].format(owner)
    own = _RENAMED.get(last, last)
    return f"{own}({', '.join([owner, *arguments])})" if own in FUNCTIONS else None


def _value(name: str) -> str | None:
    """`profile.verify_time(n)`, `batch_size()`: a value under the name of a function."""
    plain = name.lower().replace("_", "").replace(".", "")
    same = next((it for it in SIGNALS if "." in it and it.replace("_", "").replace(".", "") == plain), None)
    return same or (signal(name) if "_" in name or "." in name else None)


def _looked_up(e: s.Call) -> str | None:
    """`node.get("prob")`, `getattr(node, "prob")`: a signal whose parts are an owner and a text."""
    owner = e.name.text.rpartition(".")[0]
    values = [argument.value for argument in e.arguments]
    if not owner and values and isinstance(values[0], s.Name):
        owner, values = values[0].text, values[1:]
    part = values[0].value if values and isinstance(values[0], s.Text) else ""
    return f"{owner}.{part}" if f"{owner}.{part}" in SIGNALS else None


def _of_nodes(name: str, e: s.Call) -> str | None:
    """`any(node.prob > 0.5)`, `mean(layer.prob)`: an aggregate with its scope elsewhere."""
    argument = e.arguments[0].value if len(e.arguments) == 1 else None
    if argument is None:
        return None
    shown = argument.span.text
    if name in ("any", "all") and isinstance(argument, s.Binary) and argument.op in _ASKING:
        return f"layer.count({shown}) > 0" if name == "any" else f"layer.count(not ({shown})) == 0"
    scope, _, read = shown.partition(".")
    known = scope in SCOPES and shown not in SIGNALS and f"node.{read}" in SIGNALS
    if known and name in (*AGGREGATES, *_AGGREGATES):
        return f"{scope}.{_AGGREGATES.get(name, name)}(node.{read})"
    return None


def _of_one_value(name: str, e: s.Call) -> str | None:
    """`sum(tokens)`: an aggregate of what has one value already, or one per request."""
    scope, _, last = name.rpartition(".")
    last = _AGGREGATES.get(last, last) if scope in ("", *_LIBRARIES) else name
    argument = e.arguments[0].value if len(e.arguments) == 1 else None
    if last not in AGGREGATES or not isinstance(argument, s.Name) or argument.text not in SIGNALS:
        return None
    axis = SIGNALS[argument.text].axis
    return argument.text if axis <= Axis.STEP else f"batch.{last}({argument.text})" if axis is Axis.REQUEST else None


def _whole(typer: Typer, e: s.Call, message: str, written: str) -> Broken:
    return typer.fail("SG110", message, e.name.span, f"write `{written}`", edits=(Edit(e.span, written),))


def _function(name: str) -> str | None:
    if name in _RENAMED:
        return _RENAMED[name]
    scope, _, last = name.rpartition(".")
    aggregate = _AGGREGATES.get(last, last if last in AGGREGATES else None)
    if aggregate:
        known = scope if scope in SCOPES else closest(scope, SCOPES) if scope else None
        return f"{known or 'layer'}.{aggregate}"
    return closest(name, [*FUNCTIONS, *(f"{scope}.{last}" for scope in SCOPES for last in AGGREGATES)])


def wrong_count(typer: Typer, e: s.Call, least: int, most: int) -> Broken:
    """Too few arguments, or too many."""
    name, given = e.name.text, len(e.arguments)
    wanted = str(least) if least == most else f"{least} or more" if most > 90 else f"{least} to {most}"
    message = f"`{name}` takes {wanted} argument{'s' * (wanted != '1')}, here {'is' if given == 1 else 'are'} {given}"
    form = FUNCTIONS[name].form if name in FUNCTIONS else f"{name}(x)"
    if given > most:
        extra = Span(e.span.source, e.arguments[most - 1].span.end, e.arguments[-1].span.end)
        kept = f"{e.span.source.text[e.span.start : extra.start]})"
        return typer.fail("SG111", message, e.span, f"write `{kept}`", edits=(Edit(extra, ""),))
    moved = _closed_late(e, least, most)
    if moved is not None:
        inner = e.arguments[0].value
        return typer.fail("SG111", message, inner.span, f"write `{moved}`", edits=(Edit(e.span, moved),))
    of_layer = re.fullmatch(r"(layer|frontier|tree)\.(\w+)", e.arguments[0].value.span.text) if given == 1 else None
    if name in ("min", "max") and of_layer and f"node.{of_layer.group(2)}" in SIGNALS:
        written = f"{of_layer.group(1)}.{name}(node.{of_layer.group(2)})"
        return typer.replaced("SG111", message, e.span, written)
    known = SIGNALS.get(e.arguments[0].value.span.text) if given == 1 else None
    if name in ("min", "max") and known is not None and known.axis <= Axis.STEP:
        return typer.replaced("SG111", message, e.span, e.arguments[0].value.span.text)
    if name in ("min", "max") and given == 1 and typer.place.word in PLACES_OF_NODES:
        argument = e.arguments[0].value.span.text
        return typer.replaced(
            "SG111", message, e.span, argument, f"write `{argument}`, or give `{name}` a second argument"
        )
    if name in ("min", "max") and given == 1:
        written = f"layer.{name}"
        help = f"write `{written}(...)` for the nodes of the newest layer, or give `{name}` a second argument"
        return typer.fail("SG111", message, e.name.span, help, edits=(Edit(e.name.span, written),))
    more = ", 0, 1" if given == 1 else ", 1"
    if name == "clip":
        end = Span(e.span.source, e.arguments[-1].span.end, e.arguments[-1].span.end)
        return typer.fail("SG111", message, e.span, f"it is `{form}`", edits=(Edit(end, more),))
    return typer.fail("SG111", message, e.span, f"it is `{form}`")


def _closed_late(e: s.Call, least: int, most: int) -> str | None:
    """`clip(floor(x, 1, 8))` with its parenthesis moved: what the inner call cannot take belongs to the outer one."""
    inner = e.arguments[0].value if len(e.arguments) == 1 else None
    if not isinstance(inner, s.Call) or inner.name.text not in FUNCTIONS:
        return None
    own = FUNCTIONS[inner.name.text].most
    values = [argument.span.text for argument in inner.arguments]
    if not least <= 1 + len(values) - own <= most or own >= len(values):
        return None
    return f"{e.name.text}({inner.name.text}({', '.join(values[:own])}), {', '.join(values[own:])})"


def without_unit(value: Typed) -> tuple[str, tuple[Edit, ...]]:
    """A quantity divided by its unit."""
    unit = EXAMPLE.get(value.kind.dimension)
    if unit is None:
        return "divide it by its unit first", ()
    written = f"{value.span.text} / 1 {unit}"
    return f"divide by its unit: `{written}`", (Edit(value.span, written),)
