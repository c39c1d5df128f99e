"""N-gram drafting: what followed the last few tokens when they occurred before, in the prompt or in the output.

No model and no cost worth counting, so all layers come at once. Several earlier occurrences give several
continuations, merged into a tree. The chance of an edge is the hit rate of its match length, learned while running and
shared by the calls of one attachment; rival continuations split it. A continuation that has held for d tokens is a
match of d more, so that deeper edges of a long match are as sure as its first.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from smartgen.tree.layer import Frontier, Layer

Ints = NDArray[np.int64]

SHORTEST, LONGEST = 2, 12  # match lengths told apart
OCCURRENCES = 6  # earlier places looked at
DEPTH, NODES = 12, 48  # of a row's tree


class HitRates:
    """Decayed hits / trials by match length. The start: hit rates of ordinary prose and code, weighted lightly."""

    DECAY = 0.995
    START = np.array([0.22, 0.38, 0.5, 0.58, 0.64, 0.68, 0.72, 0.75, 0.77, 0.79, 0.8])

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._trials = np.full(len(self.START), 8.0)
        self._hits = self.START * self._trials

    def rate(self, length: int) -> float:
        """Chance that the token after a match of `length` tokens is the one that followed before."""
        place = min(max(length, SHORTEST), LONGEST) - SHORTEST
        return float(self._hits[place] / self._trials[place])

    def record(self, length: int, hit: bool) -> None:
        """One trial."""
        place = min(max(length, SHORTEST), LONGEST) - SHORTEST
        with self._lock:
            if self._trials[place] > 8.0:
                self._trials[place] *= self.DECAY
                self._hits[place] *= self.DECAY
            self._trials[place] += 1.0
            self._hits[place] += hit


class NGram:
    """The default drafter. Implements `Drafter`."""

    name, source, one_pass, free = "ngram", "ngram", True, True
    feature_layers: tuple[int, ...] = ()

    def __init__(self) -> None:
        self.rates = HitRates()

    def check_target(self, config: object) -> None:
        """Any target will do: only its own tokens are proposed."""

    def prefill(self, tokens: Ints, counts: Ints, features: object, capacity: int) -> NGramSession:
        """Begin a call on the prompts' tokens."""
        rows = [row[:count] for row, count in zip(tokens.tolist(), counts.tolist(), strict=True)]
        return NGramSession(self.rates, [SuffixIndex(row) for row in rows])


class SuffixIndex:
    """One row's text and where each pair of tokens occurred in it."""

    def __init__(self, text: list[int]) -> None:
        self.text: list[int] = []
        self._after: dict[tuple[int, int], list[int]] = defaultdict(list)
        self.extend(text)

    def extend(self, tokens: list[int]) -> None:
        """Append tokens; O(1) each."""
        text = self.text
        for token in tokens:
            text.append(token)
            if len(text) >= 2:
                self._after[text[-2], token].append(len(text))

    def matches(self) -> list[tuple[int, int]]:
        """(match length, place of what followed), longest and latest first, for the text's last tokens."""
        text = self.text
        if len(text) < 2:
            return []
        earlier = self._after[text[-2], text[-1]][-OCCURRENCES - 1 : -1]  # the last one is the text's own end
        found = [(self._length(place), place) for place in earlier]
        return sorted(found, reverse=True)

    def _length(self, place: int) -> int:
        text, end, length = self.text, len(self.text), SHORTEST
        while length < LONGEST and length < place and text[place - 1 - length] == text[end - 1 - length]:
            length += 1
        return length

    def continuation(self, place: int, depth: int) -> list[int]:
        """The `depth` tokens that followed; text that repeats itself up to its end goes on repeating."""
        text, period = self.text, len(self.text) - place
        return [text[place + k % period] for k in range(depth)]


@dataclass
class _Node:
    token: int
    prob: float
    children: dict[int, _Node] = field(default_factory=dict)


class NGramSession:
    """One call: an index a row."""

    pending = 0

    def __init__(self, rates: HitRates, rows: list[SuffixIndex]) -> None:
        self.rates, self.rows = rates, rows
        self._tried: list[tuple[int, list[int]]] = [(0, [])] * len(rows)  # match length and first continuation

    @property
    def dead(self) -> NDArray[np.bool_]:
        """No row dies."""
        return np.zeros(len(self.rows), bool)

    def propose(self, frontier: Frontier | None, topk: int) -> list[Layer]:
        """All layers at once; empty rows where nothing occurred before."""
        trees = [self._tree(row, index, topk) for row, index in enumerate(self.rows)]
        return _layers(trees)

    def _tree(self, row: int, index: SuffixIndex, topk: int) -> dict[int, _Node]:
        root: dict[int, _Node] = {}
        matches = index.matches()
        lines = [(length, index.continuation(place, DEPTH)) for length, place in matches]
        if lines:
            self._tried[row] = lines[0]
        self._grow(root, lines, 0, topk, [NODES])
        return root

    def _grow(
        self, into: dict[int, _Node], lines: list[tuple[int, list[int]]], depth: int, topk: int, left: list[int]
    ) -> None:
        """Add the children that `lines` propose at `depth`, likeliest first, and what lies below them."""
        weights: dict[int, float] = defaultdict(float)
        for length, line in lines:
            if depth < len(line):
                weights[line[depth]] += self.rates.rate(length + depth)
        total = sum(weights.values())
        best = max((self.rates.rate(length + depth) for length, line in lines if depth < len(line)), default=0.0)
        for token in sorted(weights, key=lambda t: -weights[t])[:topk]:
            if left[0] <= 0:
                return
            left[0] -= 1
            node = into[token] = _Node(token, best * weights[token] / total)
            self._grow(
                node.children,
                [pair for pair in lines if depth < len(pair[1]) and pair[1][depth] == token],
                depth + 1,
                topk,
                left,
            )

    def rewind(self) -> None:
        """Nothing to forget: an index holds committed text only."""

    def commit(self, tokens: Ints, counts: Ints, features: object) -> None:
        """See `Session.commit`; scores the last proposal's first continuation on the way."""
        for row, (line, count) in enumerate(zip(tokens.tolist(), counts.tolist(), strict=True)):
            said = line[:count]
            self._score(row, said)
            self.rows[row].extend(said)

    def _score(self, row: int, said: list[int]) -> None:
        length, line = self._tried[row]
        for depth, (proposed, token) in enumerate(zip(line, said, strict=False)):
            self.rates.record(length + depth, proposed == token)
            if proposed != token:
                break
        self._tried[row] = (0, [])

    def keep_rows(self, rows: Ints) -> None:
        """See `Session.keep_rows`."""
        self.rows = [self.rows[row] for row in rows]
        self._tried = [self._tried[row] for row in rows]


def _layers(trees: list[dict[int, _Node]]) -> list[Layer]:
    """Breadth first, all rows side by side; a layer's `parent` is a place in the layer before it."""
    level = [[(0, rank, node) for rank, node in enumerate(tree.values())] for tree in trees]
    layers = []
    while any(level):
        width = max(map(len, level))
        arrays = {
            name: np.zeros((len(trees), width), kind)
            for name, kind in (
                ("token", np.int64),
                ("parent", np.int64),
                ("rank", np.int64),
                ("prob", np.float64),
                ("valid", np.bool_),
            )
        }
        for row, cells in enumerate(level):
            for place, (parent, rank, node) in enumerate(cells):
                arrays["token"][row, place], arrays["prob"][row, place] = node.token, node.prob
                arrays["parent"][row, place], arrays["rank"][row, place] = parent, rank
                arrays["valid"][row, place] = True
        layers.append(Layer(**arrays))
        level = [
            [
                (place, rank, child)
                for place, (_, _, node) in enumerate(cells)
                for rank, child in enumerate(node.children.values())
            ]
            for cells in level
        ]
    return layers
