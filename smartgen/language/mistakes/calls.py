"""Calls in the manner of other languages: without arguments, without parentheses, with loops and functions inside."""

from __future__ import annotations

import re
from collections.abc import Iterator

from smartgen.language.foreign_functions import LIBRARIES, RENAMED, SHAPING
from smartgen.language.functions import AGGREGATES, FUNCTIONS, SCOPES
from smartgen.language.lexemes import Lexeme
from smartgen.language.mistakes.operands import arguments, closing, expression_last, operand_last, unclosed
from smartgen.language.mistakes.spot import Repair, Spot
from smartgen.language.program import Axis
from smartgen.language.signals import SIGNALS

_ARGUMENTS = {
    "forecast": "objective",
    "previous": "objective",
    "marginal": "tokens",
    "calibrated": "node.prob",
    "path": "node.prob",
}


def call(spot: Spot) -> Iterator[Repair]:
    """Arguments: none, unseparated, in the manner of Python."""
    here, before = spot.near(0), spot.near(-1)
    if here is None or before is None:
        return
    if here.text == ")" and before.text == "(" and spot.at >= 2:
        called = spot.lexemes[spot.at - 2]
        scope, _, aggregate = called.text.rpartition(".")
        argument = _ARGUMENTS.get(called.text, "node.prob" if scope in SCOPES and aggregate in AGGREGATES else "")
        yield from _method(spot, called)
        if argument:
            yield spot.insert(
                "SG111", f"`{called.text}` needs an argument", argument, f"write `{called.text}({argument})`"
            )
        yield spot.remove("SG111", "there is nothing between these parentheses", f"write `{called.text}`", 2, -1)
    follows = before.sort == "name" and here.sort in ("name", "number") and not here.first
    scope, _, function = before.text.rpartition(".")
    if follows and scope and function in AGGREGATES:  # `layer.max node.prob`
        last = operand_last(spot.lexemes, spot.at)
        written = f"{before.text}({spot.slice(spot.at, last)})"
        message = f"`{before.text}` is called with parentheses"
        yield spot.replace("SG108", message, written, f"write `{written}`", last - spot.at + 2, -1)
    group, _, read = here.text.partition(".")
    if before.text in AGGREGATES and group in SCOPES and f"node.{read}" in SIGNALS:  # `max layer.prob`
        written = f"{group}.{before.text}(node.{read})"
        yield spot.replace("SG108", f"`{before.text}` is called with what it takes", written, "", 2, -1)
    if here.text == "=":
        yield from _library(spot)
    if here.text == "{" and before.sort == "name" and before.end == here.start:
        close = closing(spot.lexemes, spot.at)
        if close is not None:
            inside = spot.slice(spot.at, close)[1:-1].strip()
            message = "arguments stand in parentheses"
            yield spot.replace("SG015", message, f"({inside})", f"write `{before.text}({inside})`", close - spot.at + 1)
    if here.text in ("for", "in") and unclosed(spot.lexemes, spot.at) is not None:
        yield from _comprehension(spot)
    if before.text == "lambda" or (spot.at >= 2 and spot.word(-2) == "lambda"):
        yield from _lambda(spot)


def _library(spot: Spot) -> Iterator[Repair]:
    """`torch.clamp(x, min=0, max=1)`, `np.cumprod(node.prob, axis=0)`: what has a name there goes by its place here."""
    opened = unclosed(spot.lexemes, spot.at)
    close = closing(spot.lexemes, opened) if opened else None
    if not opened or close is None:
        return
    called = spot.lexemes[opened - 1]
    owner, _, last = called.text.rpartition(".")
    own = RENAMED.get(last, last)
    library = owner in LIBRARIES or (not owner and last in RENAMED)
    if owner in SCOPES and last in AGGREGATES and spot.word(-1) in SHAPING:  # `layer.sum(node.path, dim=-1)`
        own = called.text
    elif own not in FUNCTIONS or FUNCTIONS[own].named or not library:
        return
    parts = arguments(spot.text, spot.lexemes, opened + 1, close)
    pairs = [re.fullmatch(r"(?:(\w+)\s*=(?!=)\s*)?(.*)", part, re.DOTALL) for part in parts]
    written = f"{own}({', '.join(pair[2] for pair in pairs if pair is not None and pair[1] not in SHAPING)})"
    change = (called.start, spot.lexemes[close].end, written)
    message = f"there is no function `{called.text}`" if called.text != own else f"`{own}` takes no named argument"
    yield Repair("SG110", message, called.start, called.end, f"write `{written}`", (change,))


def _method(spot: Spot, called: Lexeme) -> Iterator[Repair]:
    """`objective.forecast()`, `node.prob.max()`: what a function takes stands in its parentheses."""
    owner, _, function = called.text.rpartition(".")
    if called.text in SIGNALS or not owner or owner in SCOPES:
        return
    if function in AGGREGATES or function in FUNCTIONS:
        rows = owner in SIGNALS and SIGNALS[owner].axis is Axis.REQUEST
        scope = "batch" if rows else "layer"
        written = f"{scope}.{function}({owner})" if function in AGGREGATES else f"{function}({owner})"
        yield spot.replace("SG108", f"`{function}` is called with what it takes", written, "", 3, -2)


def _comprehension(spot: Spot) -> Iterator[Repair]:
    """`max(n.prob for n in layer)`."""
    opened = unclosed(spot.lexemes, spot.at)
    if opened is None or opened == 0 or spot.here != "for":
        return
    close = closing(spot.lexemes, opened)
    variable, scope = spot.word(1), spot.word(3).split(".")[0]
    if close is None or not variable:
        return
    function = spot.lexemes[opened - 1].text.split(".")[-1]
    scope = scope if scope in ("layer", "frontier", "tree", "batch") else "layer"
    inside = re.sub(rf"\b{re.escape(variable)}\.", "node.", spot.slice(opened + 1, spot.at - 1))
    written = f"{scope}.{function}({inside})"
    here = spot.lexemes[spot.at]
    change = (spot.lexemes[opened - 1].start, spot.lexemes[close].end, written)
    yield Repair(
        "SG007",
        "there are no comprehensions: an aggregate has its scope in front",
        here.start,
        here.end,
        f"write `{written}`",
        (change,),
    )


def _lambda(spot: Spot) -> Iterator[Repair]:
    at = spot.at - 1 if spot.word(-1) == "lambda" else spot.at - 2
    colon = next((i for i in range(at, min(at + 4, len(spot.lexemes))) if spot.lexemes[i].text == ":"), None)
    if colon is None:
        return
    first, variable = spot.lexemes[at], spot.lexemes[at + 1].text
    last = expression_last(spot.lexemes, colon + 1)
    body = re.sub(rf"\b{re.escape(variable)}\.", "node.", spot.slice(colon + 1, last))
    change = (first.start, spot.lexemes[last].end, body)
    yield Repair(
        "SG007",
        "there are no functions of one's own: an aggregate takes the expression itself",
        first.start,
        first.end,
        f"write `{body}`",
        (change,),
    )
