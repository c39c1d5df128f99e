"""Candidates of a drafter whose trees were recorded."""

from __future__ import annotations

import numpy as np

from smartgen.trace.candidates import WIDTH, Bools, Cells, Floats, GrownLayer, Ints, Order, Trials
from smartgen.trace.trace import Trace


class RecordedCandidates:
    """Implements `Candidates`."""

    free = False

    def __init__(self, trace: Trace) -> None:
        self.trace, self.source = trace, trace.header.source
        self.depth, self.topk = trace.header.envelope.depth, trace.header.envelope.topk

    def grown(self, positions: Ints, order: Order) -> list[GrownLayer]:
        """See `Candidates.grown`."""
        trace, topk = self.trace, self.topk
        first = trace.fed_start[positions]
        fed = np.where(trace.fed_start[positions + 1] > first, first, -1)[:, None]
        above, spine = np.ones(fed.shape), np.ones(fed.shape, bool)
        width = (fed[:, 0] >= 0).astype(np.int64)  # nodes drafted from, unrecorded ones included
        right = np.zeros(len(positions), np.int64)  # the frontier's cell that is in the text
        rows = np.arange(len(positions))
        layers = []
        for depth in range(1, self.depth + 1):
            cells = self._cells(fed, spine, depth)
            value = np.take_along_axis(above, cells.parent, 1) * order(cells)
            key = np.where(cells.prob > 0, value, -np.inf)
            right = self._right(fed, right)
            layers.append(GrownLayer(key, right, width * topk))
            best = np.argsort(-key, axis=1, kind="stable")[:, :WIDTH]
            width = np.minimum(width * topk, WIDTH)
            children = np.where(np.repeat(fed >= 0, topk, 1), trace.child_fed[fed].reshape(key.shape), -1)
            place = np.full(key.shape, -1)
            np.put_along_axis(place, best, np.broadcast_to(np.arange(best.shape[1]), best.shape), 1)
            right = np.where(right >= 0, place[rows, right], -1)
            fed, spine = np.take_along_axis(children, best, 1), np.take_along_axis(cells.spine, best, 1)
            above = np.maximum(np.take_along_axis(key, best, 1), 0.0)
            if not (fed >= 0).any():
                break
        return layers

    def _cells(self, fed: Ints, spine: Bools, depth: int) -> Cells:
        shape = (*fed.shape, self.topk)
        flat = (len(fed), fed.shape[1] * self.topk)
        prob: Floats = np.where((fed >= 0)[:, :, None], self.trace.child_prob[fed], 0.0).reshape(flat)
        rank = np.broadcast_to(np.arange(self.topk), shape).reshape(flat)
        parent = np.broadcast_to(np.arange(fed.shape[1])[:, None], shape).reshape(flat)
        return Cells(prob.astype(np.float64), parent, rank, np.repeat(spine, self.topk, 1) & (rank == 0), depth)

    def _right(self, fed: Ints, at: Ints) -> Ints:
        """(P,) cell of the child that the text goes on with, below the frontier's cell `at` (-1: none)."""
        node = np.where(at >= 0, fed[np.arange(len(fed)), at], -1)
        rank = np.where(node >= 0, self.trace.right_rank[node], -1)
        return np.where(rank >= 0, at * self.topk + rank, -1)

    def trials(self) -> Trials:
        """See `Candidates.trials`."""
        trace = self.trace
        depth = np.zeros(len(trace.parent), np.int64)
        spine = np.ones(len(trace.parent), bool)
        for d, layer in enumerate(trace.layers):
            depth[layer] = d + 1  # of the children
            if d:
                spine[layer] = spine[trace.parent[layer]] & (trace.fed_rank[layer] == 0)
        fed = np.flatnonzero(trace.right & (trace.following >= 0))
        rank = np.broadcast_to(np.arange(self.topk), (len(fed), self.topk))
        real = trace.child_prob[fed] > 0
        return Trials(
            trace.child_prob[fed][real].astype(np.float64),
            rank[real],
            np.broadcast_to(depth[fed][:, None], rank.shape)[real],
            (spine[fed][:, None] & (rank == 0))[real],
            (trace.right_rank[fed][:, None] == rank)[real],
        )
