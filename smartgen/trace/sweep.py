"""Every static tree on a trace at once: d layers, the n best nodes, in raw or calibrated order, at every step.

What such a recipe accepts is a matter of where it stands (`smartgen.trace.standing`), so that all of them, on all
resampled lists of requests, walk side by side through one table. Times are those of `smartgen.trace.replaying`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from smartgen.trace.candidates import WIDTH
from smartgen.trace.machine import CONTEXT_STEP, Machine
from smartgen.trace.standing import NODES, Standing
from smartgen.trace.trace import Trace

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

DEPTHS = (1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 16)
SIZES = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 59)
TRIM = 16  # steps between looks at who is done


@dataclass(frozen=True)
class Static:
    """One static tree; `order` is an index into the tables. 0 layers: plain decoding."""

    depth: int
    nodes: int
    order: int


PLAIN = Static(0, 0, 0)


def grid(orders: int) -> list[Static]:
    """The static trees that best-in-hindsight is chosen from; plain decoding first."""
    return [PLAIN, *(Static(d, n, o) for o in range(orders) for d in DEPTHS for n in SIZES)]


Choose = Callable[["_Groups"], Ints]  # (G, 3) layers, nodes and order of each group's next tree


@dataclass
class _Groups:
    """Batches side by side, G of them with B rows each. `list_`, `static`: (G,) which list and static tree each is of."""

    list_: Ints
    static: Ints
    request: Ints  # (G, B)
    place: Ints  # (G, B) index of the last committed text token
    number: Ints  # (G, B) place in the list; counted on where rows are refilled
    waiting: Ints  # (G, B) tokens the next first pass has to feed
    active: Bools  # (G, B)
    admitted: Ints  # (G,)
    done: Ints  # (G,) requests of the list that have finished
    padded: Ints  # (G,) length that prompts are padded to; -1 where rows are not padded

    def kept(self, going: Bools) -> _Groups:
        """Only the groups that go on."""
        return _Groups(**{name: values[going] for name, values in vars(self).items()})


class Sweep:
    """Static trees on one trace and machine."""

    def __init__(self, trace: Trace, tables: list[Standing], machine: Machine, free: bool) -> None:
        self.trace, self.machine, self.free = trace, machine, free
        self.accepted = np.stack([table.accepted for table in tables])
        self.available = np.stack([table.available for table in tables])
        self.prompts, self.lengths = np.diff(trace.prompt_start), np.diff(trace.text_start)
        self.deepest = self.accepted.shape[2] - 1
        longest = int(self.prompts.max() + self.lengths.max())
        self.widest = int(self.prompts.max()) + WIDTH
        self.buckets = longest // CONTEXT_STEP + 1
        self._verify: dict[int, Floats] = {}
        self._draft: dict[int, Floats] = {}
        self._catch_up: dict[int, Floats] = {}

    def rates(self, lists: Ints, batch: int, rows: str, statics: list[Static]) -> Floats:
        """(S, C) tokens a second of C static trees on `lists` (S, n) of requests, each of at least two tokens."""
        if batch == 1:
            return self._alone(lists, rows == "refill", statics)
        fixed = np.array([(s.depth, s.nodes, s.order) for s in statics])
        return self._walked(lists, batch, rows, len(statics), lambda groups: fixed[groups.static])

    def clairvoyant(self, lists: Ints, batch: int, rows: str, order: int) -> Floats:
        """(S,) tokens a second of who knows before each step what every tree would bring, and takes the best ratio.

        Candidates stand in the order of table `order`. A reference and no limit: the best step now is not always the
        best for the text, nor for a batch that drains.
        """
        return self._walked(lists, batch, rows, 1, lambda groups: self._best_now(groups, order))[:, 0]

    def _walked(self, lists: Ints, batch: int, rows: str, count: int, choose: Choose) -> Floats:
        """(S, count) tokens a second of `count` ways to choose trees on every list."""
        tokens, seconds = (np.zeros((len(lists), count)) for _ in range(2))
        refills = rows == "refill"
        groups = self._refilled(lists, batch, count) if refills else self._drained(lists, batch, count)
        step = 0
        while len(groups.list_):
            self._step(groups, choose(groups), lists if refills else None, tokens, seconds)
            step += 1
            if step % TRIM == 0 or not refills:
                going = groups.done < lists.shape[1] if refills else np.logical_or.reduce(groups.active, axis=1)
                groups = groups if going.all() else groups.kept(going)
        return tokens / seconds

    def _alone(self, lists: Ints, digested: bool, statics: list[Static]) -> Floats:
        """Batch 1: requests do not touch each other, so that each is walked once."""
        fixed = np.array([(s.depth, s.nodes, s.order) for s in statics])
        requests = np.unique(lists)
        tokens, seconds = (np.zeros((len(requests), len(statics))) for _ in range(2))
        groups = self._drained(requests[:, None], 1, len(statics))
        if digested:
            groups.waiting[:] = 1
        while len(groups.list_):
            self._step(groups, fixed[groups.static], None, tokens, seconds)
            groups = groups.kept(np.logical_or.reduce(groups.active, axis=1))
        at = np.searchsorted(requests, lists)
        rates: Floats = tokens[at].sum(1) / seconds[at].sum(1)
        return rates

    def _best_now(self, g: _Groups, order: int) -> Ints:
        """(G, 3) layers, nodes and order of the tree with the best ratio of tokens to seconds in this step."""
        left = np.where(g.active, self.lengths[g.request] - 1 - g.place, 0)
        accepted = self.accepted[order, self.trace.text_start[g.request] + g.place]  # (G, B, D + 1, N + 1)
        tokens = np.minimum(accepted + 1, left[:, :, None, None]).sum(1)
        depths, sizes = np.arange(tokens.shape[1]), np.arange(tokens.shape[2])
        longest = np.where(g.active, self.trace.header.new_tokens - 1 - g.place, 0).max(1)
        rows, bucket, first = self._state(g)
        cost = np.full(tokens.shape, np.inf)
        for count in np.unique(rows).tolist():
            here = np.flatnonzero(rows == count)
            verify, draft, reading = self._tables(count)
            cost[here] = verify[bucket[here], None, : len(sizes)]
            if not self.free:
                further = draft[bucket[here][:, None], np.minimum(sizes, WIDTH)][:, None] * (depths - 1)[:, None].clip(
                    0
                )
                started = np.where(depths > 0, reading[bucket[here], first[here]][:, None], 0.0)
                cost[here] += further + started[:, :, None]
        cost[depths[None, :] > (longest - 1).clip(0)[:, None]] = np.inf
        best = (tokens / cost).reshape(len(tokens), -1).argmax(1)
        return np.stack([best // len(sizes), best % len(sizes), np.full(len(best), order)], 1)

    # -- beginnings -----------------------------------------------------------------------------------------------
    def _refilled(self, lists: Ints, batch: int, count: int) -> _Groups:
        list_, static = (a.ravel() for a in np.meshgrid(np.arange(len(lists)), np.arange(count), indexing="ij"))
        number = np.broadcast_to(np.arange(batch), (len(list_), batch)).copy()
        request = lists[list_[:, None], number % lists.shape[1]]
        zero = np.zeros_like(request)
        return _Groups(
            list_=list_,
            static=static,
            request=request,
            place=zero,
            number=number,
            waiting=zero + 1,
            active=zero == 0,
            admitted=np.full(len(list_), batch),
            done=np.zeros_like(list_),
            padded=np.full(len(list_), -1),
        )

    def _drained(self, lists: Ints, batch: int, count: int) -> _Groups:
        calls = -(-lists.shape[1] // batch)
        padded = np.full((len(lists), calls * batch), -1)
        padded[:, : lists.shape[1]] = lists
        rows = np.repeat(padded.reshape(-1, batch), count, 0)
        list_ = np.repeat(np.arange(len(lists)), calls * count)
        static = np.tile(np.arange(count), len(lists) * calls)
        request, active = np.maximum(rows, 0), rows >= 0
        zero = np.zeros_like(request)
        waiting = np.where(active, self.prompts[request], 0)
        none = np.zeros_like(list_)
        return _Groups(
            list_=list_,
            static=static,
            request=request,
            place=zero,
            number=zero,
            waiting=waiting,
            active=active,
            admitted=none,
            done=none,
            padded=waiting.max(1),
        )

    # -- one step -------------------------------------------------------------------------------------------------
    def _step(self, g: _Groups, wanted: Ints, lists: Ints | None, tokens: Floats, seconds: Floats) -> None:
        """One step of every group with trees `wanted` (G, 3); adds to `tokens` and `seconds` (S, C).

        `lists`: where rows are refilled from.
        """
        left = self.lengths[g.request] - 1 - g.place
        longest = np.where(g.active, self.trace.header.new_tokens - 1 - g.place, 0).max(1)
        depth = np.minimum(np.minimum(wanted[:, 0], longest - 1), self.deepest).clip(0)
        order, position, deep = wanted[:, 2, None], self.trace.text_start[g.request] + g.place, depth[:, None]
        accepted = self.accepted[order, position, deep, wanted[:, 1, None]]
        count = np.where(g.active, np.minimum(accepted + 1, left), 0)
        nodes = np.where(g.active, np.minimum(wanted[:, 1, None], self.available[order, position, deep]), 0).max(1)
        going = g.done < lists.shape[1] if lists is not None else g.active.any(1)
        at = (g.list_[going], g.static[going])
        np.add.at(tokens, at, count.sum(1)[going])
        np.add.at(seconds, at, self._seconds(g, depth, nodes, wanted[:, 1])[going])
        g.waiting = np.where((depth > 0)[:, None], 0, g.waiting) + count
        g.place = g.place + count
        finished = g.active & (g.place >= self.lengths[g.request] - 1)
        if lists is None:
            g.active = g.active & ~finished
        elif finished.any():
            self._refill(g, lists, finished)

    def _refill(self, g: _Groups, lists: Ints, finished: Bools) -> None:
        listed = lists.shape[1]
        g.done = g.done + (finished & (g.number < listed)).sum(1)
        number = g.admitted[:, None] + np.cumsum(finished, 1) - 1
        g.number = np.where(finished, number, g.number)
        g.request = np.where(finished, lists[g.list_[:, None], number % listed], g.request)
        g.place, g.waiting = np.where(finished, 0, g.place), np.where(finished, 1, g.waiting)
        g.admitted = g.admitted + finished.sum(1)

    def _seconds(self, g: _Groups, depth: Ints, nodes: Ints, wanted: Ints) -> Floats:
        """(G,) what the step takes."""
        rows, bucket, first = self._state(g)
        took = np.zeros(len(rows))
        for count in np.unique(rows[rows > 0]).tolist():
            here = np.flatnonzero(rows == count)
            verify, draft, reading = self._tables(count)
            took[here] = verify[bucket[here], nodes[here]]
            if not self.free:
                passes = depth[here]
                further = draft[bucket[here], np.minimum(wanted[here], WIDTH)] * (passes - 1)
                took[here] += np.where(passes > 0, reading[bucket[here], first[here]] + further, 0.0)
        return took

    def _state(self, g: _Groups) -> tuple[Ints, Ints, Ints]:
        """(G,) active rows, bucket of the context that a forward runs over, tokens that a first pass would feed."""
        rows = g.active.sum(1)
        contexts = np.where(g.active, self.prompts[g.request] + g.place, 0).sum(1)
        mean = (contexts / np.maximum(rows, 1)).astype(np.int64)
        longest = g.padded + np.where(g.active, g.place, 0).max(1)
        bucket = np.where(g.padded >= 0, longest, mean) // CONTEXT_STEP
        return rows, bucket, np.where(g.active, g.waiting, 0).max(1).clip(1, self.widest)

    def _tables(self, rows: int) -> tuple[Floats, Floats, Floats]:
        """Seconds by context bucket and size for this many rows: of verifying, of further passes, of first ones."""
        if rows not in self._verify:
            none = np.zeros((0, 0))
            self._verify[rows] = self._curves("verify", rows, NODES)
            self._draft[rows] = none if self.free else self._curves("draft", rows, WIDTH)
            self._catch_up[rows] = none if self.free else self._curves("catch_up", rows, self.widest)
        return self._verify[rows], self._draft[rows], self._catch_up[rows]

    def _curves(self, phase: str, rows: int, top: int) -> Floats:
        middles = (np.arange(self.buckets) + 0.5) * CONTEXT_STEP
        return np.stack([self.machine.curve(phase, rows, top, middle)[: top + 1] for middle in middles])
