"""A `let` that reads itself, as a loop of another language updates an average: `rate = 0.9 * rate + 0.1 * x`."""

from __future__ import annotations

import re

from smartgen.language import syntax as s
from smartgen.language.signals import SIGNALS
from smartgen.language.units import EXAMPLE


def averaged(name: str, e: s.Expression) -> str:
    """The `ema` that a weighted sum of `name` itself and of something else is; empty where it is something else."""
    if not isinstance(e, s.Binary) or e.op != "+":
        return ""
    for old, new in ((e.left, e.right), (e.right, e.left)):
        if _weight(old, name) is None or not isinstance(new, s.Binary) or new.op != "*":
            continue
        for weight, value in ((new.left, new.right), (new.right, new.left)):
            if isinstance(weight, s.Number | s.Name) and not _reads(value, name):
                shown = re.sub(r"^\((.*)\)$", r"\1", value.span.text)
                return f"ema({shown}, {weight.span.text}, start: {_start(shown)})"
    return ""


def _weight(e: s.Expression, name: str) -> s.Expression | None:
    """What `name` is multiplied by in `0.9 * name`."""
    if not isinstance(e, s.Binary) or e.op != "*":
        return None
    sides = ((e.left, e.right), (e.right, e.left))
    return next((weight for weight, own in sides if isinstance(own, s.Name) and own.text == name), None)


def _reads(e: s.Expression, name: str) -> bool:
    return re.search(rf"(?<![\w.]){re.escape(name)}(?![\w.])", e.span.text) is not None


def _start(value: str) -> str:
    """A first value in the unit of the signal that is averaged: a chance of which nothing is known, or one."""
    read = next((SIGNALS[name] for name in re.findall(r"[a-z]+(?:\.[a-z]+)+", value) if name in SIGNALS), None)
    if read is None or read.kind.prob:
        return "0.5"
    return f"1 {EXAMPLE.get(read.kind.dimension, '')}".strip()
