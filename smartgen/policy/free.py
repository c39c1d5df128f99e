"""Free candidates: a second source whose proposals cost no pass (n-grams) beside a drafter whose layers do.

They are in the tree before anything is drafted, may end drafting by themselves, and merge with what the drafter
names later: a layer that comes in takes in the free candidates of its depth, a pair with one path becomes one node,
and what lies deeper hangs below it until the next layer comes. The drafter is never asked to go on from a node that it
did not name itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import accumulate
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from smartgen.tree.layer import ARRAYS, Layer, beside

if TYPE_CHECKING:
    from smartgen.policy.board import Board
    from smartgen.policy.growth import Gain
    from smartgen.policy.step import Step

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

OWN, BOTH, FREE, ALONE = range(4)  # who proposed a node; from FREE on the drafter did not
SOURCE = "source"  # the column that says so
GAINED = "gained"  # the column of benefits times gains, at most the parent's
FREE_SOURCE = "ngram"


def source_names(own: str, free: str) -> tuple[str, str, str, str]:
    """What `node.source` says: the drafter; both; the free source where the drafter was not asked; the free source
    where the drafter was asked and named others."""
    return own, f"{own}+{free}", free, f"{free} alone"


class FreeCandidates:
    """The free candidates of one step, all layers side by side; every valid one is in the tree from the first to the last.

    `stem`: layers and board of the tree without what hangs below. `gains`: by source, how true predictions have been
    lately; one scalar for all would let good n-grams vouch for a useless drafter.
    """

    def __init__(self, source: str, layers: Sequence[Layer], depths: int | Ints, own: Gain, free: Gain) -> None:
        """`depths`: the deepest layer that counts, or (B, 1) where it differs between rows. `own`, `free`: gains."""
        self.source, self.own, self.free = source, own, free
        self.gains = np.ones(4)
        deepest = depths if isinstance(depths, int) else int(depths.max())
        self.layers = layers = list(layers[:deepest])
        self.starts = [0, *accumulate(layer.token.shape[1] for layer in layers)]
        self.all = beside(layers)
        self.valid = self.all.valid
        if not isinstance(depths, int):
            widths = np.diff(self.starts)
            self.valid = self.valid & (np.repeat(np.arange(1, len(layers) + 1), widths) <= depths)
        self.columns: Ints | None = None  # where those of the deepest merged layer stand; None: the root is merged
        self.stem: tuple[int, Board] | None = None
        self.hung: slice | None = None  # columns of the first layer that hangs below the merged ones

    def trust(self) -> None:
        """Let predictions be scaled by what they were worth lately; what both propose counts as free."""
        self.gains[:] = self.free.value
        self.gains[OWN] = self.own.value

    def take_back(self, step: Step) -> None:
        """Leave only the merged layers in the tree and on the board."""
        if self.stem is not None:
            layers, step.board = self.stem
            step.tree.cut(layers)
            self.stem = None

    def _above(self, layer: Layer) -> Ints:
        """(B, N) columns of the parents of the first layer that is not merged."""
        if self.columns is None:
            return np.full(layer.parent.shape, -1)
        return np.take_along_axis(self.columns, layer.parent, 1)

    def joined(self, step: Step, layer: Layer, parent: Ints, valid: Bools) -> tuple[Layer, Ints, Bools, Ints]:
        """The drafted layer (B, K) with the free candidates of its depth: layer, columns of parents, validity, source.

        A candidate that both propose keeps its cell; its chance is that of either being right.
        """
        source = np.full(parent.shape, OWN)
        if step.depth >= len(self.layers):
            return layer, parent, valid, source
        here = slice(self.starts[step.depth], self.starts[step.depth + 1])
        mine, there, above = self.layers[step.depth], self.valid[:, here], self._above(self.layers[step.depth])
        same = (mine.token[:, :, None] == layer.token[:, None, :]) & (above[:, :, None] == parent[:, None, :])
        same &= valid[:, None, :] & there[:, :, None]
        named, cell = same.any(2), same.argmax(2)
        row, place = np.nonzero(named)
        at = cell[row, place]
        prob = layer.prob.copy()
        prob[row, at] = 1.0 - (1.0 - prob[row, at]) * (1.0 - mine.prob[row, place])
        source[row, at] = BOTH
        layer = replace(layer, prob=prob)
        self.columns = cell + step.tree.size
        more = there & ~named
        width = int(more.sum(1).max(initial=0))
        if width == 0:
            return layer, parent, valid, source
        order = np.argsort(~more, 1, kind="stable")[:, :width]  # the unnamed ones stand first, in their order
        real = np.take_along_axis(more, order, 1)
        row, place = np.nonzero(real)
        self.columns[row, order[row, place]] = parent.shape[1] + step.tree.size + place
        above = np.take_along_axis(above, order, 1)
        extra = np.where(_asked(step, above), ALONE, FREE)
        return (
            _beside(layer, mine, order),
            np.concatenate([parent, above], 1),
            np.concatenate([valid, real], 1),
            np.concatenate([source, extra], 1),
        )

    def mass_ahead(self, step: Step) -> Floats | None:
        """(B,) summed benefit of what hangs below the nodes to be drafted from; None: nothing hangs."""
        if self.hung is None:
            return None
        benefit: Floats = step.tree.benefit[:, self.hung]
        if step.depth:
            benefit = np.where(_asked(step, step.tree.parent[:, self.hung]), benefit, 0.0)
        mass: Floats = benefit.sum(1)
        return mass

    def below(self, step: Step) -> tuple[Layer, Ints, Bools, list[int]] | None:
        """What hangs below the merged layers: all deeper layers side by side, columns of parents, validity, widths."""
        if step.depth >= len(self.layers):
            return None
        first, start = self.starts[step.depth], step.tree.size
        widths = [layer.token.shape[1] for layer in self.layers[step.depth :]]
        begins = [0, 0, *np.cumsum(widths[:-2])][: len(widths)]  # of the layer that each layer's parents are in
        parent = self.all.parent[:, first:] + np.repeat(begins, widths) + start
        parent[:, : widths[0]] = self._above(self.layers[step.depth])
        rest = {name: getattr(self.all, name)[:, first:] for name in ARRAYS}
        return Layer(**rest), parent, self.valid[:, first:], widths


def _asked(step: Step, parent: Ints) -> Bools:
    """Whether the drafter was asked for children of these columns."""
    if step.depth == 0:
        return np.ones(parent.shape, bool)
    asked: Bools = np.take_along_axis(step.tree.kept, np.maximum(parent, 0), 1)
    return asked


def _beside(layer: Layer, free: Layer, order: Ints) -> Layer:
    """A drafted layer and some free candidates; of these the drafter has said nothing more."""
    taken = {name: np.take_along_axis(getattr(free, name), order, 1) for name in ARRAYS}
    taken["parent"] = np.zeros_like(taken["parent"])  # no place in the frontier: they are never drafted from
    joined: dict[str, Any] = {name: np.concatenate([getattr(layer, name), taken[name]], 1) for name in ARRAYS}
    silent = np.full(order.shape, np.nan)
    joined |= {name: np.concatenate([values, silent], 1) for name, values in layer.measures.items()}
    return Layer(**joined)
