"""A recorded text: for every position of it the part of the drafter's tree that a recipe might want to see.

Positions are numbered through the whole trace: position `text_start[r] + i` is the one at which token i of request r's
text is the root. A *fed* node is one whose children were drafted; fed node 0 of a position is its root. Everything
else follows from the children: a candidate is a child, and a child that was fed itself has children in turn.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from smartgen.trace.checking import count, kind, number

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Envelope:
    """What was recorded at each position, down to `depth` layers: what a recipe would feed that keeps the w best of
    every layer, for each w of `beams`, with the `topk` likeliest children of each; the best by the drafter's path
    probability and by the calibrated one, as far as the requests recorded before had taught it.

    Nodes whose path probability is below `floor` were not fed: replay gives them children that are never right.
    """

    depth: int = 16
    beams: tuple[int, ...] = (1, 3, 10, 32)
    topk: int = 10
    floor: float = 1e-4

    def __post_init__(self) -> None:
        """Raises TraceError naming the field."""
        count("depth", self.depth)
        count("topk", self.topk)
        kind("beams", self.beams, tuple, "a tuple of widths")
        for width in self.beams:
            count("a width of beams", width)
        number("floor", self.floor, most=1.0)


@dataclass(frozen=True)
class Header:
    """Where a trace comes from. `target`, `drafter`: shapes, as in a profile's key; `new_tokens`: the length limit."""

    target: str
    drafter: str
    source: str
    sampled: bool
    temperature: float
    seed: int
    new_tokens: int
    dtype: str
    envelope: Envelope = field(default_factory=Envelope)
    seconds: dict[str, float] = field(default_factory=dict)  # of the recording, by phase
    provenance: dict[str, str] = field(default_factory=dict)
    kinds: tuple[str, ...] = ()  # what each request is, if the prompts said so

    def __post_init__(self) -> None:
        """Raises TraceError naming the field."""
        for name in ("target", "drafter", "source", "dtype"):
            kind(name, getattr(self, name), str, "a text")
        kind("sampled", self.sampled, bool, "true or false")
        number("temperature", self.temperature)
        count("seed", self.seed, least=0)
        count("new_tokens", self.new_tokens)
        kind("envelope", self.envelope, Envelope, "an Envelope")
        for name in ("seconds", "provenance"):
            kind(name, getattr(self, name), dict, "a mapping")
        for what in self.kinds:
            kind("each of kinds", what, str, "a text")

    def plain(self) -> dict[str, Any]:
        """As JSON data."""
        return asdict(self)


@dataclass(frozen=True)
class Trace:
    """R requests, T text tokens, F fed nodes with K children each.

    `prompt` (P,) and `prompt_start` (R + 1,): the prompts end to end; `text` (T,), `text_start` (R + 1,): what was
    generated, first token included. `fed_start` (T + 1,): each position's fed nodes. `fed_parent` (F,): place of the
    fed parent within the position, -1 for the root; `fed_rank` (F,): which of its children the node is.
    `child_token`, `child_prob` (F, K): children by rank, the drafter's probability of each given its parent; 0 where
    there is none.
    """

    header: Header
    prompt: NDArray[np.int32]
    prompt_start: Ints
    text: NDArray[np.int32]
    text_start: Ints
    fed_start: Ints
    fed_parent: NDArray[np.int16]
    fed_rank: NDArray[np.uint8]
    child_token: NDArray[np.int32]
    child_prob: NDArray[np.float32]

    @property
    def requests(self) -> int:
        return len(self.text_start) - 1

    def prompt_of(self, request: int) -> NDArray[np.int32]:
        """(P,) tokens."""
        return self.prompt[self.prompt_start[request] : self.prompt_start[request + 1]]

    def text_of(self, request: int) -> NDArray[np.int32]:
        """(L,) tokens, the first one included."""
        return self.text[self.text_start[request] : self.text_start[request + 1]]

    def first(self, requests: int) -> Trace:
        """The trace of the first `requests` only."""
        prompts, texts = self.prompt_start[: requests + 1], self.text_start[: requests + 1]
        fed = self.fed_start[: texts[-1] + 1]
        return Trace(
            replace(self.header, kinds=self.header.kinds[:requests]),
            prompt=self.prompt[: prompts[-1]],
            prompt_start=prompts,
            text=self.text[: texts[-1]],
            text_start=texts,
            fed_start=fed,
            fed_parent=self.fed_parent[: fed[-1]],
            fed_rank=self.fed_rank[: fed[-1]],
            child_token=self.child_token[: fed[-1]],
            child_prob=self.child_prob[: fed[-1]],
        )

    @cached_property
    def position_of(self) -> Ints:
        """(F,) the position each fed node belongs to."""
        return np.repeat(np.arange(len(self.text)), np.diff(self.fed_start))

    @cached_property
    def parent(self) -> Ints:
        """(F,) number of each fed node's fed parent through the whole trace, -1 for roots."""
        first = self.fed_start[self.position_of]
        return np.where(self.fed_parent < 0, -1, first + self.fed_parent)

    @cached_property
    def child_fed(self) -> NDArray[np.int32]:
        """(F, K) number of each child as a fed node, -1 if its children were not drafted."""
        known = np.full(self.child_token.shape, -1, np.int32)
        below = np.flatnonzero(self.parent >= 0)
        known[self.parent[below], self.fed_rank[below]] = below
        return known

    @cached_property
    def path(self) -> NDArray[np.float64]:
        """(F,) the drafter's path probability of each fed node, 1 for roots."""
        path = np.ones(len(self.parent))
        for layer in self.layers[1:]:
            above = self.parent[layer]
            path[layer] = path[above] * self.child_prob[above, self.fed_rank[layer]]
        return path

    @cached_property
    def following(self) -> NDArray[np.int64]:
        """(F,) the text's token one deeper than each fed node; -1 behind the end of the request's text."""
        depth = np.zeros(len(self.parent), np.int64)
        for d, layer in enumerate(self.layers):
            depth[layer] = d
        ends = np.repeat(self.text_start[1:], np.diff(self.text_start))
        place = self.position_of + 1 + depth
        there = place < ends[self.position_of]
        return np.where(there, self.text[np.minimum(place, len(self.text) - 1)], -1)

    @cached_property
    def right_rank(self) -> NDArray[np.int8]:
        """(F,) which child of each fed node the text goes on with, were the node in the text; -1: none of them."""
        hit = (self.child_token == self.following[:, None]) & (self.child_prob > 0)
        return np.where(hit.any(1), hit.argmax(1), -1).astype(np.int8)

    @cached_property
    def right(self) -> NDArray[np.bool_]:
        """(F,) whether each fed node is in the text: roots are, and right children of nodes that are."""
        right = self.parent < 0
        for layer in self.layers[1:]:
            above = self.parent[layer]
            right[layer] = right[above] & (self.right_rank[above] == self.fed_rank[layer])
        return right

    @cached_property
    def layers(self) -> list[Ints]:
        """Fed nodes by depth, roots first."""
        depth = np.zeros(len(self.parent), np.int64)
        found, at = [], np.flatnonzero(self.parent < 0)
        below = np.zeros(len(self.parent), bool)
        while len(at):
            found.append(at)
            below[:] = False
            below[at] = True
            depth[at] = len(found)
            at = np.flatnonzero((depth == 0) & (self.parent >= 0) & below[np.maximum(self.parent, 0)])
        return found
