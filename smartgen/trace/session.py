"""The recorded drafter, asked again: sessions that answer from a trace instead of a model.

Rows may be exchanged for other requests while a session runs (`admit`), as a serving engine does.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from smartgen.drafters.fan import fanned
from smartgen.drafters.ngram import NOTHING, HitRates, NGramSession, SuffixIndex
from smartgen.drafters.protocol import SHOWN, WITHIN
from smartgen.trace.trace import Trace
from smartgen.tree.layer import Frontier, Layer, Skipped

Ints = NDArray[np.int64]

UNKNOWN = -1  # the token of children that were not recorded: never right
MOST_WAITING = 256  # see `smartgen.drafters.eagle3`: what waits beyond is digested without being asked


class TraceSession:
    """Implements `Session` for requests of a trace. `beyond`: proposals that asked for more than was recorded."""

    def __init__(self, trace: Trace, requests: list[int], digested: bool = False) -> None:
        """`digested`: prompts are fed when a request comes in; otherwise by the first pass, with what was committed."""
        self.trace, self.digested = trace, digested
        self.starts = trace.text_start[requests]
        self.places: Ints = np.full(len(requests), -1)  # index of the last committed text token
        self.waiting: Ints = np.array([self._prompt(request) for request in requests], np.int64)
        self.said: Ints = np.zeros(len(requests), np.int64)  # tokens committed since the last pass
        self.from_prompt = int(self.waiting.max(initial=0))
        self.frontier: Ints | None = None  # (B, W) fed nodes, -1 where a node was not recorded
        self.beyond = 0
        filler = np.full(trace.header.envelope.topk, UNKNOWN)
        self._filler_token = filler
        self._filler_prob = 0.4 ** np.arange(1.0, len(filler) + 1)

    @property
    def pending(self) -> int:
        """Tokens of the longest row that the next first pass has to feed."""
        return int(self.waiting.max(initial=0))

    @property
    def dead(self) -> NDArray[np.bool_]:
        """No row dies: what a drafter could not propose was recorded as nothing."""
        return np.zeros(len(self.places), bool)

    def wake(self, topk: int, most: int) -> tuple[list[Layer], Skipped | None]:
        """See `Session.wake`."""
        skipped = self._skipped(most)
        return self.propose(None, topk), skipped

    def _skipped(self, most: int) -> Skipped | None:
        trace, counts = self.trace, (self.said - 1).clip(0, most)
        width = int(counts.max(initial=0))
        if width == 0 or self.pending > WITHIN:
            return None
        back = np.arange(width, 0, -1)
        valid = back <= counts[:, None]
        at = np.where(valid, (self.starts + self.places)[:, None] - back, 0)
        first = trace.fed_start[at]
        valid = valid & (trace.fed_start[at + 1] > first)
        first = np.where(valid, first, 0)
        token, prob = (recorded[first, :SHOWN] for recorded in (trace.child_token, trace.child_prob))
        return Skipped(token.astype(np.int64), prob.astype(np.float64), trace.text[at + valid].astype(np.int64), valid)

    def propose(self, frontier: Frontier | None, topk: int) -> list[Layer]:
        """See `Session.propose`; one layer a pass."""
        trace = self.trace
        if frontier is None:
            self._digest()
            at = self.starts + self.places
            first = trace.fed_start[at]
            fed = np.where(trace.fed_start[at + 1] > first, first, -1)[:, None]
            valid = fed >= 0
        else:
            fed, valid = self._found(frontier), frontier.valid
        self.frontier = fed
        known = fed >= 0
        token = np.where(known[:, :, None], trace.child_token[fed, :topk], self._filler_token[:topk])
        prob = np.where(known[:, :, None], trace.child_prob[fed, :topk], self._filler_prob[:topk])
        layer = fanned(token, prob, valid)
        if topk > trace.child_token.shape[1]:
            self.beyond += 1
        return [replace(layer, valid=layer.valid & (layer.prob > 0))]

    def _found(self, frontier: Frontier) -> Ints:
        """Fed nodes (B, W) of a frontier, -1 where its children were not recorded."""
        trace, rows = self.trace, np.arange(len(frontier.token))[:, None]
        assert self.frontier is not None
        above = self.frontier[rows, frontier.parent]
        among = trace.child_token[above]
        rank = (among == frontier.token[:, :, None]).argmax(2)
        fed = np.where(above >= 0, trace.child_fed[above, rank], -1)
        missing = frontier.valid & (fed < 0) & (above >= 0)
        if missing.any():
            path = trace.path[above] * trace.child_prob[above, rank]
            wanted = (path >= trace.header.envelope.floor) | (trace.right[above] & (trace.right_rank[above] == rank))
            self.beyond += bool((missing & wanted).any())
        return fed

    def rewind(self) -> None:
        """See `Session.rewind`."""
        self.frontier = None

    def commit(self, tokens: Ints, counts: Ints, features: object) -> None:
        """See `Session.commit`; tokens are the trace's own."""
        self.places = self.places + counts
        self.waiting, self.said = self.waiting + counts, self.said + counts
        if self.pending > self.from_prompt + MOST_WAITING:
            self._digest()

    def _digest(self) -> None:
        self.waiting, self.said = np.zeros_like(self.waiting), np.zeros_like(self.said)

    def keep_rows(self, rows: Ints) -> None:
        """See `Session.keep_rows`."""
        self.starts, self.places = self.starts[rows], self.places[rows]
        self.waiting, self.said = self.waiting[rows], self.said[rows]
        self.rewind()

    def admit(self, row: int, request: int) -> None:
        """Another request takes this row; its first token is still to be committed."""
        self.starts[row], self.places[row] = self.trace.text_start[request], -1
        self.waiting[row], self.said[row] = self._prompt(request), 0

    def _prompt(self, request: int) -> int:
        """Pairs of a prompt that a first pass has to feed."""
        return 0 if self.digested else len(self.trace.prompt_of(request)) - 1


class NGramReplay(NGramSession):
    """The n-gram drafter itself on a trace's text: its candidates follow from the text, so none are recorded."""

    beyond = 0

    def __init__(self, trace: Trace, requests: list[int], rates: HitRates) -> None:
        self.trace = trace
        super().__init__(rates, [SuffixIndex(trace.prompt_of(request).tolist()) for request in requests])

    def admit(self, row: int, request: int) -> None:
        """Another request takes this row."""
        self.rows[row] = SuffixIndex(self.trace.prompt_of(request).tolist())
        self._tried[row] = NOTHING
