"""A drafter that looks over another one's shoulder: at every position it drafts wide, writes down what it got and
forgets it again. Under a recipe that verifies nothing, the text is plain decoding's own.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from smartgen.drafters.protocol import Drafter, Session
from smartgen.trace.trace import Envelope
from smartgen.tree.layer import Frontier, Layer

if TYPE_CHECKING:
    import torch

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass
class Fed:
    """Fed nodes of one position and layer: parent's place in the position, own rank, children (n, K)."""

    parent: Ints
    rank: Ints
    token: Ints
    prob: Floats


@dataclass
class Row:
    """One request's text so far, and what was drafted below each of its tokens: text index → layers."""

    prompt: Ints
    text: list[int] = field(default_factory=list)
    drafted: dict[int, list[Fed]] = field(default_factory=dict)


class Recorder:
    """Implements `Drafter` around `inner`. `rows` holds the requests of the call made last, in their order."""

    one_pass = False

    def __init__(self, inner: Drafter, envelope: Envelope) -> None:
        self.inner, self.envelope = inner, envelope
        self.name, self.source, self.free = inner.name, inner.source, inner.free
        self.feature_layers = inner.feature_layers
        self.rows: list[Row] = []

    def check_target(self, config: object) -> None:
        """As the drafter inside says."""
        self.inner.check_target(config)

    def prefill(self, tokens: Ints, counts: Ints, features: torch.Tensor | None, capacity: int) -> Session:
        """Begin a call; see `Drafter.prefill`."""
        self.rows = [Row(line[:count].copy()) for line, count in zip(tokens, counts, strict=True)]
        return RecordingSession(self, self.inner.prefill(tokens, counts, features, capacity))


class RecordingSession:
    """Drafts to the envelope's edge whenever it is asked for a first layer, and hands out that layer."""

    def __init__(self, recorder: Recorder, inner: Session) -> None:
        self.recorder, self.inner = recorder, inner
        self.active = list(range(len(recorder.rows)))

    @property
    def pending(self) -> int:
        """As the session inside says."""
        return self.inner.pending

    @property
    def dead(self) -> NDArray[np.bool_]:
        """As the session inside says."""
        return self.inner.dead

    def propose(self, frontier: Frontier | None, topk: int) -> list[Layer]:
        """The first layer; deeper ones are recorded and kept back."""
        assert frontier is None, "the recipe of a recording asks for first layers only"
        if self.recorder.free:  # n-grams follow from the text: nothing to record
            nothing = np.zeros((len(self.active), 1))
            return [Layer(nothing.astype(np.int64), nothing, *(nothing.astype(np.int64),) * 2, nothing.astype(bool))]
        first = self._wide(_Wide(self.recorder.envelope, len(self.active)))
        self.inner.rewind()
        return first

    def _wide(self, wide: _Wide) -> list[Layer]:
        rows = [self.recorder.rows[row] for row in self.active]
        kept: list[list[Fed]] = [[] for _ in rows]
        first = self.inner.propose(None, wide.envelope.topk)
        layer, frontier = first[0], None
        while True:
            for line, fed in zip(kept, wide.recorded(layer), strict=True):
                if fed is not None:
                    line.append(fed)
            frontier = wide.next(layer)
            if frontier is None:
                break
            layer = self.inner.propose(frontier, wide.envelope.topk)[0]
        for row, line in zip(rows, kept, strict=True):
            row.drafted[len(row.text) - 1] = line
        return first

    def rewind(self) -> None:
        """Nothing is left to forget: every wide draft is forgotten at once."""

    def commit(self, tokens: Ints, counts: Ints, features: torch.Tensor | None) -> None:
        """See `Session.commit`; the text is written down."""
        for row, line, count in zip(self.active, tokens.tolist(), counts.tolist(), strict=True):
            self.recorder.rows[row].text += line[:count]
        self.inner.commit(tokens, counts, features)

    def keep_rows(self, rows: Ints) -> None:
        """See `Session.keep_rows`."""
        self.active = [self.active[row] for row in rows]
        self.inner.keep_rows(rows)


class _Wide:
    """One wide draft: which nodes to feed next, and what the fed ones gave. Arrays are (B, W) over active rows."""

    def __init__(self, envelope: Envelope, batch: int) -> None:
        self.envelope, self.depth = envelope, 1
        shape = (batch, 1)
        self.parent: Ints = np.full(shape, -1)  # of the frontier: its fed parent's place in the position
        self.rank: Ints = np.zeros(shape, np.int64)
        self.place: Ints = np.zeros(shape, np.int64)  # its own
        self.path: Floats = np.ones(shape)
        self.beams = {width: np.ones(shape, bool) for width in envelope.beams}
        self.valid = np.ones(shape, bool)
        self.count: Ints = np.ones(batch, np.int64)  # fed nodes of each position so far

    def recorded(self, layer: Layer) -> list[Fed | None]:
        """Per row the frontier's nodes with their children; None where the row had none."""
        batch, width = self.valid.shape
        token, prob = self._by_parent(layer)
        found: list[Fed | None] = []
        for row in range(batch):
            real = self.valid[row]
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
        """The nodes to feed next: what a recipe that keeps the best w of each layer would feed, for every beam width w.

        None where no row has any.
        """
        if self.depth == self.envelope.depth:
            return None
        rows = np.arange(len(self.valid))[:, None]
        path = np.where(layer.valid, layer.prob * self.path[rows, layer.parent], 0.0)
        inside = [self._best(path, member[rows, layer.parent], w) for w, member in self.beams.items()]
        fed = np.logical_or.reduce(inside)
        width = int(fed.sum(1).max())
        if width == 0:
            return None
        order = np.argsort(-np.where(fed, path, -1.0), axis=1, kind="stable")[:, :width]
        self.valid = fed[rows, order]
        self.beams = {w: mask[rows, order] for w, mask in zip(self.beams, inside, strict=True)}
        above = np.where(self.valid, layer.parent[rows, order], 0)
        self.parent, self.rank = self.place[rows, above], layer.rank[rows, order]
        self.path = np.where(self.valid, path[rows, order], 0.0)
        self.place = self.count[:, None] + np.cumsum(self.valid, 1) - 1
        self.count = self.count + self.valid.sum(1)
        self.depth += 1
        return Frontier(layer.token[rows, order], above, self.valid)

    def _best(self, path: Floats, eligible: NDArray[np.bool_], width: int) -> NDArray[np.bool_]:
        """(B, K) the `width` best of the eligible candidates, those below the floor left out."""
        score = np.where(eligible & (path >= self.envelope.floor), path, 0.0)
        best = np.zeros(score.shape, bool)
        np.put_along_axis(best, np.argsort(-score, axis=1, kind="stable")[:, :width], True, 1)
        return best & (score > 0)
