"""Each row's best candidates in order, as `verify` would take them; a layer is merged in as it is drawn."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from smartgen.policy.order import OUT, places
from smartgen.tree.draft_tree import DraftTree

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Room:
    """How many candidates are kept: `most` in any row, `rows` (B, 1) in each where they differ."""

    most: int
    rows: Ints | None = None


@dataclass(slots=True)
class Board:
    """(B, R) each, best first: `order` as in `smartgen.policy.order`, `benefit` 0 behind a row's end.

    `longest`: candidates of the longest row. `counts` (B,) of each row, None: every cell holds one. `order` is None for a
    forecast, whose candidates have benefits and no places.
    """

    order: Ints | None
    benefit: Floats
    longest: int
    counts: Ints | None = None

    @staticmethod
    def empty(batch: int) -> Board:
        return Board(np.zeros((batch, 0), np.int64), np.zeros((batch, 0)), 0)

    def with_layer(
        self, order: Ints, tree: DraftTree, room: Room, whole: bool, sorted_: bool, worth: str = "benefit"
    ) -> Board:
        """Merge a layer in, by its `order` (B, K), and keep what there is room for.

        `whole`: every cell is a candidate. `sorted_`: the order ascends in each row. `worth`: the tree's column of
        what candidates count for.
        """
        assert self.order is not None
        most = room.most
        merged = np.concatenate([self.order, order[:, :most] if sorted_ else order], 1)
        if self.order.shape[1] or not sorted_:
            merged.sort(1, kind="stable" if sorted_ else None)  # two orders in line: the stable sort merges them
        if merged.shape[1] > most:
            merged = merged[:, :most].copy()  # side by side: faster to work on
        if room.rows is not None:
            merged = np.where(np.arange(merged.shape[1]) < room.rows, merged, OUT)
        at = places(merged)
        at += tree.row_starts
        benefit: Floats = tree.column(worth).take(at)
        if room.rows is None and (merged.shape[1] == 0 or (whole and self.counts is None)):
            return Board(merged, benefit, merged.shape[1])
        there = merged < OUT
        count = there.sum(1)
        return Board(merged, np.where(there, benefit, 0.0), int(count.max(initial=0)), count)

    def with_forecast(self, benefit: Floats, room: Room) -> Board:
        """What the board would hold with further candidates (B, F) of these benefits, all ordered by benefit."""
        merged = np.concatenate([self.benefit, benefit], 1)
        merged.sort(1)
        merged = merged[:, ::-1]
        if room.rows is None and self.counts is None and self.longest >= room.most:
            return Board(None, merged[:, : room.most], room.most)
        count = self.count + (benefit > 0).sum(1)
        merged, most = merged[:, : room.most], np.minimum(count, room.most)
        if room.rows is not None:
            most = np.minimum(most, room.rows[:, 0])
            merged = np.where(np.arange(merged.shape[1]) < most[:, None], merged, 0.0)
        return Board(None, merged, int(most.max(initial=0)), most)

    @property
    def count(self) -> Ints:
        """(B,) candidates of each row."""
        return np.full(len(self.benefit), self.longest) if self.counts is None else self.counts

    @property
    def node(self) -> Ints:
        """(B, R) places in the tree, -1 behind a row's end."""
        assert self.order is not None, "a forecast has no nodes"
        nodes: Ints = np.where(self.order < OUT, places(self.order), -1)
        return nodes
