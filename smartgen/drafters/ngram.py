"""N-gram drafting: what followed the last few tokens when they occurred before, in the prompt or in the output.

No model and no cost worth counting, so all layers come at once. Several earlier occurrences give several
continuations, merged into a tree. The chance of an edge is the hit rate of its match length, learned while running and
shared by the calls of one attachment; rival continuations split it. A continuation that has held for d tokens is a
match of d more, so that deeper edges of a long match are as sure as its first.
"""

from __future__ import annotations

import threading
from collections import defaultdict

import numpy as np
from numpy.typing import NDArray

from smartgen.tree.layer import Frontier, Layer

Ints = NDArray[np.int64]

SHORTEST, LONGEST = 2, 12  # match lengths told apart
OCCURRENCES = 6  # earlier places looked at
DEPTH, NODES = 12, 48  # of a row's tree, if it is alone
BESIDE_TOPK = 4  # continuations of one place beside another drafter
LEAST = 0.02  # chance of a continuation that is still worth naming

Cell = tuple[int, float, int, int]  # token, chance given its parent, place of the parent in the layer before, rank
NOTHING = (0, 0)  # no match: its length is 0


class HitRates:
    """Decayed hits / trials by match length. The start: hit rates of ordinary prose and code, weighted lightly."""

    DECAY = 0.995
    START = np.array([0.22, 0.38, 0.5, 0.58, 0.64, 0.68, 0.72, 0.75, 0.77, 0.79, 0.8])

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._trials = np.full(len(self.START), 8.0)
        self._hits = self.START * self._trials
        self._rates: list[float] = self.START.tolist()

    def rate(self, length: int) -> float:
        """Chance that the token after a match of `length` tokens is the one that followed before."""
        return self._rates[min(length, LONGEST) - SHORTEST]

    def record(self, length: int, hit: bool) -> None:
        """One trial."""
        place = min(length, LONGEST) - SHORTEST
        with self._lock:
            if self._trials[place] > 8.0:
                self._trials[place] *= self.DECAY
                self._hits[place] *= self.DECAY
            self._trials[place] += 1.0
            self._hits[place] += hit
            self._rates[place] = float(self._hits[place] / self._trials[place])


class NGram:
    """The default drafter. Implements `Drafter`."""

    name, source, one_pass, free = "ngram", "ngram", True, True
    feature_layers: tuple[int, ...] = ()
    signals: frozenset[str] = frozenset()  # counts are no distribution

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

    def token_after(self, place: int, depth: int) -> int:
        """What followed `place` after `depth` more tokens; text that repeats itself up to its end goes on repeating."""
        return self.text[place + depth % (len(self.text) - place)]


class NGramSession:
    """One call: an index a row."""

    pending = 0

    def __init__(self, rates: HitRates, rows: list[SuffixIndex]) -> None:
        self.rates, self.rows = rates, rows
        self._tried: list[tuple[int, int]] = [NOTHING] * len(rows)  # the best match of the last proposal

    @property
    def dead(self) -> NDArray[np.bool_]:
        """No row dies."""
        return np.zeros(len(self.rows), bool)

    def propose(self, frontier: Frontier | None, topk: int) -> list[Layer]:
        """All layers at once; empty rows where nothing occurred before."""
        nodes = max(8, round(NODES / len(self.rows) ** 0.5))  # rows share what is verified
        return _layers([self._tree(row, index, topk, nodes) for row, index in enumerate(self.rows)])

    def beside(self) -> list[Layer]:
        """Candidates for a tree that another drafter grows: fewer a row the more rows share what is verified."""
        nodes = max(4, round(16 / len(self.rows) ** 0.5))
        return _layers([self._tree(row, index, BESIDE_TOPK, nodes) for row, index in enumerate(self.rows)])

    def _tree(self, row: int, index: SuffixIndex, topk: int, nodes: int) -> list[list[Cell]]:
        """One row's candidates by layer: what its matches go on with, rivals at a fork, unlikely ends cut off."""
        matches = index.matches()
        if not matches:
            return []
        self._tried[row] = matches[0]
        layers: list[list[Cell]] = []
        open_, left = [(matches, 1.0)], nodes
        for depth in range(DEPTH):
            cells: list[Cell] = []
            going: list[tuple[list[tuple[int, int]], float]] = []
            for parent, (lines, path) in enumerate(open_):
                for rank, (token, prob, agreeing) in enumerate(self._children(index, lines, depth)[:topk]):
                    if path * prob < LEAST:
                        break
                    cells.append((token, prob, parent, rank))
                    going.append((agreeing, path * prob))
            if not cells:
                break
            layers.append(cells[:left])
            open_, left = going[:left], left - len(cells)
            if left <= 0:
                break
        return layers

    def _children(
        self, index: SuffixIndex, lines: list[tuple[int, int]], depth: int
    ) -> list[tuple[int, float, list[tuple[int, int]]]]:
        """(token, chance, the matches that say so) after `depth` tokens on which `lines` agree, likeliest first."""
        if len(lines) == 1:
            length, place = lines[0]
            return [(index.token_after(place, depth), self.rates.rate(length + depth), lines)]
        agreeing: dict[int, list[tuple[int, int]]] = {}
        for line in lines:
            agreeing.setdefault(index.token_after(line[1], depth), []).append(line)
        weight = {token: sum(self.rates.rate(length + depth) for length, _ in same) for token, same in agreeing.items()}
        share = self.rates.rate(lines[0][0] + depth) / sum(weight.values())  # the longest match stands first
        ordered = sorted(agreeing, key=lambda token: -weight[token])
        return [(token, weight[token] * share, agreeing[token]) for token in ordered]

    def rewind(self) -> None:
        """Nothing to forget: an index holds committed text only."""

    def commit(self, tokens: Ints, counts: Ints, features: object) -> None:
        """See `Session.commit`; scores the last proposal's first continuation on the way."""
        for row, (line, count) in enumerate(zip(tokens.tolist(), counts.tolist(), strict=True)):
            said = line[:count]
            self._score(row, said)
            self.rows[row].extend(said)

    def _score(self, row: int, said: list[int]) -> None:
        length, place = self._tried[row]
        if not length:
            return
        index = self.rows[row]
        for depth, token in enumerate(said[:DEPTH]):
            hit = index.token_after(place, depth) == token
            self.rates.record(length + depth, hit)
            if not hit:
                break
        self._tried[row] = NOTHING

    def keep_rows(self, rows: Ints) -> None:
        """See `Session.keep_rows`."""
        self.rows = [self.rows[row] for row in rows]
        self._tried = [self._tried[row] for row in rows]


def _layers(trees: list[list[list[Cell]]]) -> list[Layer]:
    """Breadth first, all rows side by side; a layer's `parent` is a place in the layer before it."""
    depths = max(map(len, trees), default=0)
    widths = [max(len(tree[depth]) if depth < len(tree) else 0 for tree in trees) for depth in range(depths)]
    rows, places, cells = [], [], []
    for row, tree in enumerate(trees):
        start = 0
        for layer, width in zip(tree, widths, strict=False):
            rows += [row] * len(layer)
            places += range(start, start + len(layer))
            cells += layer
            start += width
    shape, at = (len(trees), sum(widths)), (rows, places)
    token, parent, rank = (np.zeros(shape, np.int64) for _ in range(3))
    prob, valid = np.zeros(shape), np.zeros(shape, bool)
    if cells:
        token[at], prob[at], parent[at], rank[at] = zip(*cells, strict=True)
    valid[at] = True
    ends = np.cumsum(widths).tolist()
    parts = [slice(end - width, end) for end, width in zip(ends, widths, strict=True)]
    return [Layer(token[:, p], prob[:, p], parent[:, p], rank[:, p], valid[:, p]) for p in parts]
