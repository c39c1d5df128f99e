"""What the interpreter is given: rows, candidates, costs, and what was learned; and the nodes that it makes of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

Number = float | None  # None: absent


@dataclass
class Row:
    """One request of the batch. `more`: the signals of it that only some backends give."""

    name: int
    context: int
    generated: int
    remaining: int
    more: Mapping[str, Any] = field(default_factory=dict)


@dataclass
class Given:
    """The batch before a step; `pending`: tokens that the first pass feeds; `packed`: rows are run unpadded;
    `drains`: finished rows leave and nobody takes their place.
    """

    rows: list[Row]
    sampled: bool = False
    temperature: float = 0.0
    source: str = "head"
    one_pass: bool = False
    free: bool = False
    pending: int = 1
    packed: bool = False
    drains: bool = False
    more: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Candidate:
    """What the drafter proposes below a node; the place among its siblings is its rank."""

    token: int
    prob: float
    entropy: Number = None
    confidence: Number = None


@dataclass(eq=False)
class Node:
    """A candidate in a row's tree; `parent` None: the root is above it. `number`: the order in which the row drafted it.

    `key` orders it in `verify`; `open`: `verify` may take it.
    """

    candidate: Candidate
    parent: Node | None
    rank: int
    depth: int
    number: int
    benefit: float = 0.0
    key: float = 0.0
    open: bool = True
    kept: bool = False
    shape: tuple[int, ...] | None = None  # its child-rank path
    source: str = ""  # who proposed it; "": the drafter alone
    gained: float | None = None  # benefit times its source's gain, where sources are told apart

    @property
    def worth(self) -> float:
        """What it counts for in `tokens`."""
        return self.benefit if self.gained is None else self.gained

    @property
    def line(self) -> list[Node]:
        """From the root's child down to this node."""
        return [*(self.parent.line if self.parent else []), self]


@dataclass
class Said:
    """What a step brought to a row: its new tokens; how many of them were draft nodes."""

    committed: list[int]
    accepted: int


class Prices(Protocol):
    """Seconds (or joules) for the batch at hand: `nodes`, `width` are per row and may be fractions."""

    def verify(self, nodes: float) -> float: ...

    def draft(self, width: float) -> float: ...

    def catch_up(self, pending: float) -> float: ...

    def fitted(self, phase: str, model: str, size: float) -> float: ...


class Estimates(Protocol):
    """What was learned from earlier steps; the interpreter uses it and says what it sees."""

    gain: float
    gains: tuple[float, float]  # of the drafter and of the free source, where there is one

    def accepted(self, site: int, prob: float | None, rank: int, features: Sequence[Any]) -> float:
        """The chance that a node is accepted given its parent was; `prob` None: the call names no probability."""

    def next_layer(self, depth: int, mass: Sequence[float]) -> list[list[float]]:
        """Benefits to be expected below frontiers at `depth` whose benefits sum to `mass`, row by row."""

    def saw(self, depth: int, mass: Sequence[float], layer: Sequence[Sequence[float]]) -> None:
        """Below frontiers at `depth` of this mass a layer with these benefits was drawn."""

    def worth(self) -> list[float] | None:
        """Weights of the rows' tokens beyond the first in `progress`; None: all alike."""

    def tokens_left(self) -> float:
        """Tokens that the longest row of a call that drains is expected to get still, at least 1."""

    def probe(self) -> bool:
        """No pass pays: should one be made nevertheless, to have a look?"""


@dataclass
class Fresh:
    """Nothing has been learned: chances are what the drafter says, one child is expected as likely as all above it."""

    gain: float = 1.0
    gains: tuple[float, float] = (1.0, 1.0)

    def accepted(self, site: int, prob: float | None, rank: int, features: Sequence[Any]) -> float:
        return 0.5 ** (rank + 1) if prob is None else prob

    def next_layer(self, depth: int, mass: Sequence[float]) -> list[list[float]]:
        return [[one] for one in mass]

    def saw(self, depth: int, mass: Sequence[float], layer: Sequence[Sequence[float]]) -> None:
        pass

    def worth(self) -> list[float] | None:
        return None

    def tokens_left(self) -> float:
        return 1.0

    def probe(self) -> bool:
        return False
