"""Candidates of the n-gram drafter, which follow from a trace's text alone."""

from __future__ import annotations

import numpy as np

from smartgen.drafters.ngram import DEPTH, NODES, HitRates
from smartgen.trace.candidates import WIDTH, Cells, GrownLayer, Ints, Order, Trials
from smartgen.trace.session import NGramReplay
from smartgen.trace.trace import Trace


class NGramCandidates:
    """Implements `Candidates`: one walk through the texts, token by token, with hit rates learned on the way."""

    source, free, depth = "ngram", True, DEPTH

    def __init__(self, trace: Trace) -> None:
        shape = (len(trace.text), DEPTH, NODES)
        self._prob = np.zeros(shape)
        self._parent, self._rank = np.zeros(shape, np.int16), np.zeros(shape, np.int16)
        self._right = np.full(shape[:2], -1)
        self._continued = np.zeros(shape[:2], bool)  # whether the text has a token there
        rates = HitRates()
        for request in range(trace.requests):
            self._walk(trace, request, rates)
        first = self._rank[:, 0] == 0
        self._spine = [first]
        for depth in range(1, DEPTH):
            above = np.take_along_axis(self._spine[-1], self._parent[:, depth].astype(np.int64), 1)
            self._spine.append(above & (self._rank[:, depth] == 0))

    def _walk(self, trace: Trace, request: int, rates: HitRates) -> None:
        session = NGramReplay(trace, [request], rates)
        text = trace.text_of(request)
        one = np.ones(1, np.int64)
        for place in range(len(text) - 1):
            session.commit(text[place : place + 1][None].astype(np.int64), one, None)
            position, right = trace.text_start[request] + place, 0
            for depth, layer in enumerate(session.propose(None, WIDTH)):
                width = layer.token.shape[1]
                self._prob[position, depth, :width] = np.where(layer.valid, layer.prob, 0.0)
                self._parent[position, depth, :width] = layer.parent
                self._rank[position, depth, :width] = layer.rank
                following = place + 1 + depth
                self._continued[position, depth] = right >= 0 and following < len(text)
                if self._continued[position, depth]:
                    hit = (layer.token == text[following]) & (layer.parent == right) & layer.valid
                    right = int(hit[0].argmax()) if hit.any() else -1
                    self._right[position, depth] = right
                else:
                    right = -1

    def grown(self, positions: Ints, order: Order) -> list[GrownLayer]:
        """See `Candidates.grown`; everything is there at once, and kept."""
        above = np.ones((len(positions), 1))
        layers = []
        for depth in range(DEPTH):
            cells = self._cells(positions, depth)
            value = np.take_along_axis(above, cells.parent, 1) * order(cells)
            key = np.where(cells.prob > 0, value, -np.inf)
            above = np.maximum(key, 0.0)
            layers.append(GrownLayer(key, self._right[positions, depth], (cells.prob > 0).sum(1)))
        return layers

    def _cells(self, positions: Ints, depth: int) -> Cells:
        parent, rank = (a[positions, depth].astype(np.int64) for a in (self._parent, self._rank))
        return Cells(self._prob[positions, depth], parent, rank, self._spine[depth][positions], depth + 1)

    def trials(self) -> Trials:
        """See `Candidates.trials`."""
        found = []
        for depth in range(DEPTH):
            at = np.flatnonzero(self._continued[:, depth])
            cells = self._cells(at, depth)
            above = self._right[at, depth - 1] if depth else np.zeros(len(at), np.int64)
            real = (cells.prob > 0) & (cells.parent == above[:, None])
            hit = np.arange(NODES) == self._right[at, depth][:, None]
            deep = np.full(cells.prob.shape, depth + 1)
            found.append([values[real] for values in (cells.prob, cells.rank, deep, cells.spine, hit)])
        return Trials(*(np.concatenate(parts) for parts in zip(*found, strict=True)))
