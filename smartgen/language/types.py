"""What is known of an expression without running it."""

from __future__ import annotations

from dataclasses import dataclass

from smartgen.language.program import Axis, Expr, Phase
from smartgen.language.source import Span
from smartgen.language.units import BARE, Dimension

# How a message calls the places where an expression has one value per node.
PLACES_OF_NODES = ("`benefit`", "`by`", "`expand ... where`", "`verify ... where`")
AXIS_NAMES = {Axis.POLICY: "policy", Axis.STEP: "step", Axis.REQUEST: "request", Axis.NODE: "node"}


@dataclass(frozen=True)
class Kind:
    """`base` is number, flag or text. `prob`: within [0, 1]; `whole`: a count; both only of bare numbers."""

    base: str = "number"
    dimension: Dimension = BARE
    prob: bool = False
    whole: bool = False

    def __str__(self) -> str:
        if self.base != "number":
            return {"flag": "a yes/no value", "text": "a text"}[self.base]
        return str(self.dimension)


UNFIT = Kind("unfit")  # of a param whose value is not of its declared type: told there, and nowhere that it is read
FLAG, TEXT, NUMBER = Kind("flag"), Kind("text"), Kind()
PROB, COUNT = Kind(prob=True), Kind(whole=True)


def quantity(dimension: Dimension) -> Kind:
    """A number with a unit."""
    return Kind(dimension=dimension)


@dataclass(frozen=True)
class Typed:
    """A checked expression: kind, axis, phase, what it reads, and its lowered code."""

    kind: Kind
    axis: Axis
    phase: Phase
    code: Expr
    reads: frozenset[str]
    span: Span
