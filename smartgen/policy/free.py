"""Free candidates: a second source whose proposals cost no pass (n-grams) beside a drafter whose layers do.

They are in the tree before anything is drafted, may end drafting by themselves, and merge with what the drafter
names later: a layer that comes in takes in the free candidates of its depth, a pair with one path becomes one node,
and what lies deeper hangs below it until the next layer comes. The drafter is never asked to go on from a node that it
did not name itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from smartgen.tree.layer import MEASURES, Layer

if TYPE_CHECKING:
    from smartgen.policy.board import Board
    from smartgen.policy.step import Step

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

OWN, BOTH, FREE, ALONE = range(4)  # who proposed a node; from FREE on the drafter did not
SOURCE = "source"  # the column that says so
FREE_SOURCE = "ngram"
FREE_TOPK = 4  # continuations of one place
ABSENT = -2  # in place of a column: not in the tree


def source_names(own: str, free: str) -> tuple[str, str, str, str]:
    """What `node.source` says: the drafter; both; the free source where the drafter was not asked; the free source
    where the drafter was asked and named others."""
    return own, f"{own}+{free}", free, f"{free} alone"


@dataclass
class FreeCandidates:
    """The free layers of one step. `columns`: where the candidates of the deepest merged layer stand, None: the root."""

    source: str
    layers: Sequence[Layer]
    columns: Ints | None = None
    stem: tuple[int, Board] | None = None  # layers and board of the tree without what hangs below
    ahead: Floats | None = None  # (B,) benefit that already hangs below the nodes to be drafted from

    def take_back(self, step: Step) -> None:
        """Leave only the merged layers in the tree and on the board."""
        if self.stem is not None:
            layers, step.board = self.stem
            step.tree.cut(layers)
            self.stem = None

    def _placed(self, layer: Layer, above: Ints | None) -> tuple[Ints, Bools]:
        """(B, N) columns of the parents, and which candidates have one; `above`: columns of the layer before."""
        if above is None:
            return np.full(layer.parent.shape, -1), layer.valid
        parent = np.take_along_axis(above, layer.parent, 1)
        return np.maximum(parent, -1), layer.valid & (parent != ABSENT)

    def joined(self, step: Step, layer: Layer, parent: Ints, valid: Bools) -> tuple[Layer, Ints, Bools, Ints]:
        """The drafted layer (B, K) with the free candidates of its depth: layer, columns of parents, validity, source.

        A candidate that both propose keeps its cell; its chance is that of either being right.
        """
        if step.depth >= len(self.layers):
            self.columns = np.full((step.tree.batch, 1), ABSENT)
            return layer, parent, valid, np.full(parent.shape, OWN)
        mine = self.layers[step.depth]
        above, there = self._placed(mine, self.columns)
        if step.caps.rows_depth is not None:
            there = there & (step.depth + 1 <= step.caps.rows_depth)
        same = (mine.token[:, :, None] == layer.token[:, None, :]) & (above[:, :, None] == parent[:, None, :])
        same &= valid[:, None, :] & there[:, :, None]
        named, cell = same.any(2), same.argmax(2)
        row, place = np.nonzero(named)
        at = cell[row, place]
        prob, source = layer.prob.copy(), np.full(parent.shape, OWN)
        prob[row, at] = 1.0 - (1.0 - prob[row, at]) * (1.0 - mine.prob[row, place])
        source[row, at] = BOTH
        more = there & ~named
        self.columns = np.where(named, cell + step.tree.size, ABSENT)
        width = int(more.sum(1).max(initial=0))
        if width == 0:
            return replace(layer, prob=prob), parent, valid, source
        order = np.argsort(~more, 1, kind="stable")[:, :width]  # the unnamed ones stand first, in their order
        real = np.take_along_axis(more, order, 1)
        place = np.where(real, parent.shape[1] + step.tree.size + np.arange(width), ABSENT)
        columns = np.take_along_axis(self.columns, order, 1)
        np.put_along_axis(self.columns, order, np.where(real, place, columns), 1)
        above = np.take_along_axis(above, order, 1)
        extra = np.where(_asked(step, above), ALONE, FREE)
        return (
            _beside(replace(layer, prob=prob), mine, order),
            np.concatenate([parent, above], 1),
            np.concatenate([valid, real], 1),
            np.concatenate([source, extra], 1),
        )

    def below(self, step: Step) -> tuple[Layer, Ints, Bools, list[int]] | None:
        """What hangs below the merged layers: all deeper layers side by side, columns of parents, validity, widths."""
        layers = self.layers[step.depth : step.caps.depth]
        if not layers:
            return None
        parents, valids, above, start = [], [], self.columns, step.tree.size
        for number, layer in enumerate(layers):
            parent, valid = self._placed(layer, above)
            if step.caps.rows_depth is not None:
                valid = valid & (step.depth + 1 + number <= step.caps.rows_depth)
            if not valid.any():
                break
            parents.append(parent)
            valids.append(valid)
            above = np.where(valid, start + np.arange(parent.shape[1]), ABSENT)
            start += parent.shape[1]
        if not parents:
            return None
        joined = Layer(
            *(np.concatenate([getattr(layer, name) for layer in layers[: len(parents)]], 1) for name in _ARRAYS)
        )
        return joined, np.concatenate(parents, 1), np.concatenate(valids, 1), [part.shape[1] for part in parents]


_ARRAYS = ("token", "prob", "parent", "rank", "valid")


def _asked(step: Step, parent: Ints) -> Bools:
    """Whether the drafter was asked for children of these columns."""
    if step.depth == 0:
        return np.ones(parent.shape, bool)
    asked: Bools = np.take_along_axis(step.tree.kept, np.maximum(parent, 0), 1)
    return asked


def _beside(layer: Layer, free: Layer, order: Ints) -> Layer:
    """A drafted layer and some free candidates; of these the drafter has said nothing more."""
    taken = {name: np.take_along_axis(getattr(free, name), order, 1) for name in _ARRAYS}
    taken["parent"] = np.zeros_like(taken["parent"])  # no place in the frontier: they are never drafted from
    joined = {name: np.concatenate([getattr(layer, name), taken[name]], 1) for name in _ARRAYS}
    silent = np.full(order.shape, np.nan)
    said = {name: np.concatenate([values, silent], 1) for name, values in layer.measures.items() if name in MEASURES}
    return Layer(**joined, **said)
