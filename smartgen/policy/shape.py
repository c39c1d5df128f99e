"""Static trees: `verify tree "0 1" "00 01"`. Which candidates stand in the shape, and which of them have children there."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from smartgen.tree.draft_tree import DraftTree

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
_COLUMN = "place in the shape"


class Shape:
    """A tree of child-rank paths. Its nodes are numbered, the root is 0."""

    def __init__(self, paths: tuple[tuple[int, ...], ...]) -> None:
        number = {(): 0, **{path: i for i, path in enumerate(paths, 1)}}
        self.ranks = 1 + max(path[-1] for path in paths)
        self.child: Ints = np.full((len(number), self.ranks), -1)
        for path in paths:
            self.child[number[path[:-1]], path[-1]] = number[path]
        self.inner: Bools = np.any(self.child >= 0, axis=1)

    def places(self, tree: DraftTree, layers: list[slice]) -> Ints:
        """(B, K) numbers of the nodes of the newest layers, -1 outside the shape."""
        stored = tree.column(_COLUMN, -1)
        for layer in layers:
            above, rank = tree.above(layer), tree.rank[:, layer]
            parent = np.zeros_like(rank) if above is None else stored.take(above)
            fits = (parent >= 0) & (rank < self.ranks) & tree.valid[:, layer]
            stored[:, layer] = np.where(fits, self.child[np.maximum(parent, 0), np.minimum(rank, self.ranks - 1)], -1)
        places: Ints = stored[:, layers[0].start : layers[-1].stop]
        return places

    def has_children(self, places: Ints) -> Bools:
        """(B, K) whether a node of the shape is drafted from."""
        inner: Bools = self.inner[np.maximum(places, 0)] & (places >= 0)
        return inner
