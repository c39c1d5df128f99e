"""What a `<name>.test.yaml` says: situations, and the decisions that are expected in them. Plain data with positions.

A candidate is named by the ranks from the root down to it, as in `verify tree`: `0` is the root's likeliest child,
`01` that one's second child. A digit is 0-9 or a-z. Format and examples: docs/recipes.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from smartgen.language.source import Source, Span

ROOT, ANY = "root", "*"
NONE, ALL = "none", "all"

Words: TypeAlias = tuple[frozenset[str], ...]  # one set a row, or a single set that stands for every row


@dataclass(frozen=True)
class Row:
    """One row of the batch: what the drafter would propose below each node, and what is known of the request.

    `drafted`: a parent's word (`root`, `0`, `01`, or `*` for every other node) → its children's probabilities by rank.
    `confidence`: the same shape; `entropy`: a parent's word → nats of the distribution its children come from.
    """

    drafted: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    confidence: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    entropy: Mapping[str, float] = field(default_factory=dict)
    context: int = 100
    generated: int = 0
    remaining: int = 1000
    tag: str = ""
    elapsed: float = 0.0
    tpot: float = 0.0


@dataclass(frozen=True)
class CostLine:
    """A cost at sizes ascending, linear in between; one size: the same everywhere. Seconds or joules."""

    points: tuple[tuple[int, float], ...]


@dataclass(frozen=True)
class Expectation:
    """`key`: what is expected of the decision; `value`: Words, a tuple of Words, a number, a flag or a text."""

    key: str
    value: object
    span: Span


@dataclass(frozen=True)
class Step:
    """One decoding step: the situation, what came of it, and what is expected of the decision.

    `accept`: the accepted path of each row (one for all if single), "" for none, `all` for the deepest verified path;
    `took`: seconds of the whole step, None: what the costs say; `repeat`: the step is made that often, and the
    expectations hold each time. `packed`: the engine runs each row's own nodes, no padding.
    """

    rows: tuple[Row, ...]
    costs: Mapping[str, CostLine]
    engine: Mapping[str, float]
    sampled: bool
    packed: bool
    accept: tuple[str, ...]
    took: float | None
    repeat: int
    expect: tuple[Expectation, ...]
    span: Span


@dataclass(frozen=True)
class Case:
    """A named sequence of steps under one setting of the recipe's parameters and limits."""

    name: str
    params: Mapping[str, str]
    limits: Mapping[str, int]
    steps: tuple[Step, ...]
    span: Span


@dataclass(frozen=True)
class Suite:
    """A whole test file. `recipe`: the name or path it tests, None: the recipe beside it."""

    source: Source
    recipe: str | None
    cases: tuple[Case, ...]
