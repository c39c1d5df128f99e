"""Calls of functions that do not exist, and what they may have meant: readings of the call, tried in order."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from smartgen.language import syntax as s
from smartgen.language.borrowed import group, regrouped, signal
from smartgen.language.foreign_functions import (
    AGGREGATED,
    AVERAGES,
    CHANCES,
    CONDITIONALS,
    COUNTING,
    ELSEWHERE,
    GROWTH,
    LIBRARIES,
    LISTS,
    RENAMED,
)
from smartgen.language.functions import AGGREGATES, FUNCTIONS, SCOPES
from smartgen.language.nearest import closest, misspelt
from smartgen.language.program import Axis
from smartgen.language.signals import SIGNALS
from smartgen.language.source import Edit

if TYPE_CHECKING:
    from smartgen.language.expressions import Broken, Typer

_SIZES = {"batch": "batch.size", **{group: f"{group}.nodes" for group in ("layer", "frontier", "tree")}}
_ASKING = ("<", "<=", ">", ">=", "==", "!=", "and", "or")


@dataclass(frozen=True)
class Attempt:
    """A call under a name that no function has, `np.mean(node.prob)`: its `owner` is `np`, its `last` part `mean`."""

    typer: Typer
    call: s.Call
    name: str
    owner: str
    last: str
    arguments: tuple[str, ...]

    @staticmethod
    def of(typer: Typer, call: s.Call) -> Attempt:
        owner, _, last = call.name.text.rpartition(".")
        return Attempt(typer, call, call.name.text, owner, last, tuple(a.value.span.text for a in call.arguments))

    @property
    def only(self) -> str | None:
        """The argument, where there is one."""
        return self.arguments[0] if len(self.arguments) == 1 else None

    @property
    def aggregate(self) -> str:
        """The name as the language's aggregates have it: `avg` is `mean`."""
        return AGGREGATED.get(self.name, self.name)


# What the whole call is, in this language; None where it is not read so.
Reading = Callable[[Attempt], "str | None"]


def unknown_function(typer: Typer, call: s.Call) -> Broken:
    """The finding about a function that does not exist, with the first reading that fits as its fix."""
    attempt = Attempt.of(typer, call)
    span, message = call.name.span, f"there is no function `{attempt.name}`"
    for reading in _READINGS:
        written = reading(attempt)
        if written:
            said = _SAID[reading].format(attempt.name) if reading in _SAID else message
            return typer.fail("SG110", said, span, f"write `{written}`", edits=(Edit(call.span, written),))
    if attempt.owner in LIBRARIES and (own := attempt.last.lower()) in FUNCTIONS:  # `math.Exp(x)`
        return typer.fail("SG110", message, span, f"write `{own}`", edits=(Edit(span, own),))
    meant = _near(attempt)
    if meant is None and _of_step(attempt):
        written = attempt.arguments[0]
        return typer.fail("SG110", message, span, f"write `{written}`", edits=(Edit(call.span, written),))
    fix = f"did you mean `{meant}`?" if meant else f"functions are {', '.join(FUNCTIONS)}"
    return typer.fail("SG110", message, span, fix, edits=(Edit(span, meant),) if meant else ())


# -- functions of other languages ------------------------------------------------------------------------------------
def _elsewhere(it: Attempt) -> str | None:
    """`abs(x)`, `log2(x)`: a function that this language has as an expression; a number is one without it."""
    argument = it.call.arguments[0].value if it.only is not None else None
    if isinstance(argument, s.Number) and (it.name == "float" or (it.name in ("int", "round") and argument.value.is_integer())):
        return it.only
    return ELSEWHERE[it.name].format(it.only) if it.name in ELSEWHERE and it.only is not None else None


def _listed(it: Attempt) -> str | None:
    """`ucb(c(1, 2, 4), ...)`: a list where arguments are written one by one."""
    text, start = it.call.span.source.text, it.call.span.start
    return ", ".join(it.arguments) if it.name in LISTS and re.search(r"[(,]\s*$", text[:start]) else None


def _of_library(it: Attempt) -> str | None:
    """`math.ceil(x)`: the same, with the name of its library."""
    known = it.owner in LIBRARIES and it.last in ELSEWHERE and it.only is not None
    return ELSEWHERE[it.last].format(it.only) if known else None


def _renamed(it: Attempt) -> str | None:
    """`np.cumprod(node.prob)`: a function of this language under a library's name."""
    own = RENAMED.get(it.last.lower())
    named = any(argument.label is not None for argument in it.call.arguments)
    return f"{own}({', '.join(it.arguments)})" if it.owner in LIBRARIES and own is not None and not named else None


def _conditional(it: Attempt) -> str | None:
    """`where(c, a, b)`: a conditional."""
    if it.last.lower() not in CONDITIONALS or len(it.arguments) != 3:
        return None
    return "(if {} then {} else {})".format(*it.arguments)


def _chance(it: Attempt) -> str | None:
    """`E(tokens)`: an expectation, which everything here is already."""
    return it.only if it.name in CHANCES else None


def _power(it: Attempt) -> str | None:
    """`pow(x, 2)`."""
    if it.name not in ("pow", *(f"{library}.pow" for library in LIBRARIES)) or len(it.arguments) != 2:
        return None
    base, exponent = it.arguments
    written = {"2": f"({base} * {base})", "3": f"({base} * {base} * {base})", "0.5": f"sqrt({base})"}
    return written.get(exponent, f"exp({exponent} * log({base}))")


def _range(it: Attempt) -> str | None:
    """`range(2, 8)`: a range of counts."""
    return "..".join(it.arguments) if it.name in ("range", "between") and len(it.arguments) == 2 else None


# -- values under the name of a function -----------------------------------------------------------------------------
def _of_node(it: Attempt) -> str | None:
    """`prob(node)`: a signal of nodes."""
    return f"node.{it.name}" if it.arguments == ("node",) and f"node.{it.name}" in SIGNALS else None


def _method(it: Attempt) -> str | None:
    """`node.prob.clamp(0, 1)`, `k.min(4)`, `x.abs()`: a function behind its first argument."""
    if not (it.owner in SIGNALS or it.owner in it.typer.params or it.owner in it.typer.policy.lets):
        return None
    if it.last in ELSEWHERE and not it.arguments:
        return ELSEWHERE[it.last].format(it.owner)
    own = RENAMED.get(it.last, it.last)
    bounds = [argument.label.span.text for argument in it.call.arguments if argument.label is not None]
    if own == "clip" and bounds in (["max"], ["min"]) and it.only is not None:  # `clamp(max=1.0)`
        own = "min" if bounds == ["max"] else "max"
    return f"{own}({', '.join([it.owner, *it.arguments])})" if own in FUNCTIONS else None


def _value(it: Attempt) -> str | None:
    """`profile.verify_time(n)`, `batch_size()`: a value under the name of a function."""
    plain = it.name.lower().replace("_", "").replace(".", "")
    same = next((name for name in SIGNALS if "." in name and name.replace("_", "").replace(".", "") == plain), None)
    if same is not None and same.startswith("profile.") and any(a.label is not None for a in it.call.arguments):
        return same + it.call.span.text.removeprefix(it.name)  # it is called like a function there
    return same or (signal(it.name) if "_" in it.name or "." in it.name else None)


def _looked_up(it: Attempt) -> str | None:
    """`node.get("prob")`, `getattr(node, "prob")`: a signal whose parts are an owner and a text."""
    owner, values = it.owner, [argument.value for argument in it.call.arguments]
    if not owner and values and isinstance(values[0], s.Name):
        owner, values = values[0].text, values[1:]
    part = values[0].value if values and isinstance(values[0], s.Text) else ""
    return f"{owner}.{part}" if f"{owner}.{part}" in SIGNALS else None


# -- counts, sums and means ------------------------------------------------------------------------------------------
def _size(it: Attempt) -> str | None:
    """`len(layer)`: a signal that counts."""
    return _SIZES.get(it.only or "") if it.last in COUNTING else None


def _counted(it: Attempt) -> str | None:
    """`count(tree.nodes)`: a count of what is a count."""
    known = SIGNALS.get(it.only or "") if it.name in COUNTING else None
    return it.only if known is not None and known.kind.whole else None


def _scope_given(it: Attempt) -> str | None:
    """`mean(layer, node.prob)`: an aggregate with its scope as an argument."""
    if len(it.arguments) != 2 or it.arguments[0] not in SCOPES or it.aggregate not in AGGREGATES:
        return None
    return f"{it.arguments[0]}.{it.aggregate}({it.arguments[1]})"


def _moving_average(it: Attempt) -> str | None:
    """`mean(last.accepted, 8)`: a mean over steps."""
    if it.name not in AVERAGES or len(it.arguments) != 2 or not re.fullmatch(r"[1-9][0-9]*", it.arguments[1]):
        return None
    value, steps = it.arguments
    known = SIGNALS.get(value)
    of = f"batch.mean({value})" if known is not None and known.axis is Axis.REQUEST else value
    return f"ema({of}, {1 / int(steps):.2g}, start: 1)"


def _growth(it: Attempt) -> str | None:
    """`gain(tokens)` where one more pass is asked about: what that pass adds."""
    asked = it.typer.place.word == "`continue while`"
    return f"(forecast({it.only}) - {it.only})" if it.name in GROWTH and it.only is not None and asked else None


def _of_nodes(it: Attempt) -> str | None:
    """`any(node.prob > 0.5)`, `mean(layer.prob)`: an aggregate with its scope elsewhere."""
    if it.only is None:
        return None
    argument = it.call.arguments[0].value
    if it.name in ("any", "all") and isinstance(argument, s.Binary) and argument.op in _ASKING:
        return f"layer.count({it.only}) > 0" if it.name == "any" else f"layer.count(not ({it.only})) == 0"
    scope, _, read = it.only.partition(".")
    known = scope in SCOPES and it.only not in SIGNALS and f"node.{read}" in SIGNALS
    return f"{scope}.{it.aggregate}(node.{read})" if known and it.name in (*AGGREGATES, *AGGREGATED) else None


def _of_one_value(it: Attempt) -> str | None:
    """`sum(tokens)`: an aggregate of what has one value already, or one per request."""
    aggregate = AGGREGATED.get(it.last, it.last) if it.owner in ("", *LIBRARIES) else it.name
    argument = it.call.arguments[0].value if it.only is not None else None
    known = SIGNALS.get(argument.text) if isinstance(argument, s.Name) and aggregate in AGGREGATES else None
    if known is None or not isinstance(argument, s.Name):
        return None
    if known.axis <= Axis.STEP:
        return argument.text
    return f"batch.{aggregate}({argument.text})" if known.axis is Axis.REQUEST else None


# -- where no reading fits -------------------------------------------------------------------------------------------
def _near(it: Attempt) -> str | None:
    """The function whose name is another word for this one, or close to it."""
    if it.name in RENAMED:
        return RENAMED[it.name]
    if any(isinstance(argument.label, s.Number) for argument in it.call.arguments):
        return "table"  # nothing else has rows
    if (word := next((word for word in it.name.split("_") if word in FUNCTIONS), None)) is not None:
        return word
    if priced := regrouped(it.name, [name for name in SIGNALS if name.startswith("profile.")]):
        return priced
    if priced := misspelt(it.name, [name for name in SIGNALS if name.startswith("profile.")]):
        return priced
    last = it.last.lower()
    aggregate = AGGREGATED.get(last, last if last in AGGREGATES else None)
    if aggregate:
        owner = group(it.owner) or it.owner
        known = owner if owner in SCOPES else closest(owner, SCOPES) if owner else None
        return f"{known or 'layer'}.{aggregate}"
    return closest(it.name, [*FUNCTIONS, *(f"{scope}.{last}" for scope in SCOPES for last in AGGREGATES)])


def _of_step(it: Attempt) -> bool:
    """`foo(tokens)`: nothing is known of the function, and the step has one value of the argument."""
    return it.only in SIGNALS and SIGNALS[it.only].axis <= Axis.STEP


_READINGS: tuple[Reading, ...] = (
    _listed,
    _elsewhere,
    _renamed,
    _conditional,
    _chance,
    _power,
    _range,
    _of_node,
    _method,
    _value,
    _looked_up,
    _size,
    _counted,
    _scope_given,
    _moving_average,
    _growth,
    _of_nodes,
    _of_one_value,
    _of_library,
)
# What is told where `there is no function` is not the point; `{0}` is the name.
_SAID = {_chance: "everything here is an expectation already", _value: "`{0}` is no function"}
