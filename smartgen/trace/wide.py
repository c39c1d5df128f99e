"""One wide draft: from each layer the nodes that any recipe with one of the envelope's beams would feed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from smartgen.trace.candidates import Cells, Order, raw
from smartgen.trace.trace import Envelope
from smartgen.tree.layer import Frontier, Layer

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass
class Fed:
    """Fed nodes of one position and layer: parent's place in the position, own rank, children (n, K)."""

    parent: Ints
    rank: Ints
    token: Ints
    prob: Floats


@dataclass
class _Beam:
    """What a recipe that keeps the `width` best of each layer in `order` would have fed: (B, W) of the frontier."""

    order: Order
    width: int
    value: Floats  # of each node, down its path
    inside: Bools


class Wide:
    """Which nodes to feed next, and what the fed ones gave. Arrays are (B, W) over active rows."""

    def __init__(self, envelope: Envelope, calibrated: Order, batch: int) -> None:
        self.envelope, self.depth = envelope, 1
        shape = (batch, 1)
        self.parent: Ints = np.full(shape, -1)  # of the frontier: its fed parent's place in the position
        self.rank: Ints = np.zeros(shape, np.int64)
        self.place: Ints = np.zeros(shape, np.int64)  # its own
        self.path: Floats = np.ones(shape)
        self.spine = self.valid = np.ones(shape, bool)
        self.count: Ints = np.ones(batch, np.int64)  # fed nodes of each position so far
        self.beams = [
            _Beam(order, width, np.ones(shape), np.ones(shape, bool))
            for order in (raw, calibrated)
            for width in envelope.beams
        ]

    def recorded(self, layer: Layer) -> list[Fed | None]:
        """Per row the frontier's nodes with their children; None where the row had none."""
        token, prob = self._by_parent(layer)
        found: list[Fed | None] = []
        for row, real in enumerate(self.valid):
            fed = Fed(self.parent[row, real], self.rank[row, real], token[row, real], prob[row, real])
            found.append(fed if real.any() else None)
        return found

    def _by_parent(self, layer: Layer) -> tuple[Ints, Floats]:
        """The layer's cells as (B, W, K); cells of one parent are adjacent and by rank, as `Layer` promises."""
        batch, width = self.valid.shape
        given = layer.token.shape[1] // width
        token = np.zeros((batch, width, self.envelope.topk), np.int64)
        prob = np.zeros(token.shape)
        token[:, :, :given] = layer.token.reshape(batch, width, given)
        prob[:, :, :given] = np.where(layer.valid, layer.prob, 0.0).reshape(batch, width, given)
        return token, prob

    def next(self, layer: Layer) -> Frontier | None:
        """The nodes to feed next: the union of the beams; None where no row has any."""
        if self.depth == self.envelope.depth:
            return None
        rows = np.arange(len(self.valid))[:, None]
        spine = self.spine[rows, layer.parent] & (layer.rank == 0)
        cells = Cells(np.where(layer.valid, layer.prob, 0.0), layer.parent, layer.rank, spine, self.depth)
        path = cells.prob * self.path[rows, layer.parent]
        for beam in self.beams:
            self._extend(beam, cells, path >= self.envelope.floor)
        fed = np.logical_or.reduce([beam.inside for beam in self.beams])
        width = int(fed.sum(1).max())
        if width == 0:
            return None
        order = np.argsort(-np.where(fed, path, -1.0), axis=1, kind="stable")[:, :width]
        self.valid, self.spine = fed[rows, order], spine[rows, order]
        for beam in self.beams:
            beam.inside, beam.value = beam.inside[rows, order], beam.value[rows, order]
        above = np.where(self.valid, layer.parent[rows, order], 0)
        self.parent, self.rank = self.place[rows, above], layer.rank[rows, order]
        self.path = np.where(self.valid, path[rows, order], 0.0)
        self.place = self.count[:, None] + np.cumsum(self.valid, 1) - 1
        self.count = self.count + self.valid.sum(1)
        self.depth += 1
        return Frontier(layer.token[rows, order], above, self.valid)

    def _extend(self, beam: _Beam, cells: Cells, likely: Bools) -> None:
        """Take the beam one layer down, over all of the layer's cells; those below the floor are left out."""
        above = np.take_along_axis(beam.inside, cells.parent, 1) & likely
        beam.value = np.take_along_axis(beam.value, cells.parent, 1) * beam.order(cells)
        score = np.where(above, beam.value, 0.0)
        best = np.zeros(score.shape, bool)
        np.put_along_axis(best, np.argsort(-score, axis=1, kind="stable")[:, : beam.width], True, 1)
        beam.inside = best & (score > 0)
