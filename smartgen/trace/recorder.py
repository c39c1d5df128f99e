"""A drafter that looks over another one's shoulder: at every position it drafts wide, writes down what it got and
forgets it again. Under a recipe that verifies nothing, the text is plain decoding's own.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from smartgen.drafters.protocol import Drafter, Session
from smartgen.trace.candidates import Order
from smartgen.trace.trace import Envelope
from smartgen.trace.wide import Fed, Wide
from smartgen.tree.layer import Frontier, Layer

if TYPE_CHECKING:
    import torch

Ints = NDArray[np.int64]


@dataclass
class Row:
    """One request's text so far, and what was drafted below each of its tokens: text index → layers."""

    prompt: Ints
    text: list[int] = field(default_factory=list)
    drafted: dict[int, list[Fed]] = field(default_factory=dict)


class Recorder:
    """Implements `Drafter` around `inner`. `rows` holds the requests of the call made last, in their order."""

    one_pass = False

    def __init__(self, inner: Drafter, envelope: Envelope, order: Order) -> None:
        """`order`: calibrated as far as it has learned by now."""
        self.inner, self.envelope, self.order = inner, envelope, order
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
        first = self._wide(Wide(self.recorder.envelope, self.recorder.order, len(self.active)))
        self.inner.rewind()
        return first

    def _wide(self, wide: Wide) -> list[Layer]:
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
