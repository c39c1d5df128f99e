"""All candidates drafted in one step, for every row of the batch, as one struct of arrays.

Nodes are appended layer by layer, so that a parent always stands before its children: any set of nodes closed under
`parent` is a tree. The root, the last committed token, is not stored; it is parent -1 and depth 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

_FIELDS: dict[str, type] = {
    "token": np.int64,
    "parent": np.int64,
    "depth": np.int64,
    "rank": np.int64,
    "prob": np.float64,
    "path": np.float64,
    "spine": np.bool_,
    "valid": np.bool_,
    "kept": np.bool_,
    "benefit": np.float64,
    "key": np.float64,
}


class DraftTree:
    """Arrays of shape (B, M), M growing: `token, parent, depth, rank, prob, path, spine, valid, kept, benefit, key`.

    `prob` is the drafter's chance of a token given its parent, `path` its product from the root, `spine` whether the
    node and all its ancestors are rank 0, `valid` False for padding, `kept` whether the policy drafts from it,
    `benefit` the expected tokens it adds, `key` what orders it (never above its parent's).
    """

    token: NDArray[np.int64]
    parent: NDArray[np.int64]
    depth: NDArray[np.int64]
    rank: NDArray[np.int64]
    prob: NDArray[np.float64]
    path: NDArray[np.float64]
    spine: NDArray[np.bool_]
    valid: NDArray[np.bool_]
    kept: NDArray[np.bool_]
    benefit: NDArray[np.float64]
    key: NDArray[np.float64]

    def __init__(self, batch: int, capacity: int = 128) -> None:
        self.batch, self.size, self.layers = batch, 0, 0
        self._store: dict[str, NDArray[Any]] = {
            name: np.empty((batch, capacity), kind) for name, kind in _FIELDS.items()
        }
        self._expose()

    def _expose(self) -> None:
        for name, array in self._store.items():
            setattr(self, name, array[:, : self.size])

    def append(
        self,
        token: NDArray[np.int64],
        prob: NDArray[np.float64],
        parent: NDArray[np.int64],
        rank: NDArray[np.int64],
        valid: NDArray[np.bool_],
        widths: Sequence[int] = (),
    ) -> list[slice]:
        """Add a layer, (B, K) each, or several side by side of the given `widths`; returns the columns of each.

        `parent` are places in this tree, -1 for the root, and always in a layer before.
        """
        start, stop = self.size, self.size + token.shape[1]
        self._reserve(stop)
        self.size = stop
        self._expose()
        new = slice(start, stop)
        self.token[:, new], self.prob[:, new], self.parent[:, new] = token, prob, parent
        self.rank[:, new], self.valid[:, new] = rank, valid
        self.kept[:, new], self.benefit[:, new], self.key[:, new] = False, 0.0, -np.inf
        layers = []
        for width in widths or (token.shape[1],):
            layers.append(slice(start, start + width))
            self._derive(layers[-1])
            start += width
        self.layers += len(layers)
        return layers

    def _derive(self, new: slice) -> None:
        """Depth, path and spine of a layer from those above it."""
        parent, prob, first = self.parent[:, new], self.prob[:, new], self.rank[:, new] == 0
        if self.layers == 0 and new.start == 0:
            self.depth[:, new], self.path[:, new], self.spine[:, new] = 1, prob, first
            return
        at_root = parent < 0
        flat = parent + self.row_starts
        flat[at_root] = 0
        self.depth[:, new] = np.where(at_root, 0, self._store["depth"].take(flat)) + 1
        self.path[:, new] = np.where(at_root, 1.0, self._store["path"].take(flat)) * prob
        self.spine[:, new] = (at_root | self._store["spine"].take(flat)) & first

    @property
    def row_starts(self) -> NDArray[np.int64]:
        """(B, 1) where each row begins in the stored arrays laid flat: a gather by one index is the faster one."""
        starts: NDArray[np.int64] = np.arange(self.batch)[:, None] * self._store["token"].shape[1]
        return starts

    def _reserve(self, size: int) -> None:
        capacity = self._store["token"].shape[1]
        if size <= capacity:
            return
        for name, kind in _FIELDS.items():
            larger: NDArray[Any] = np.empty((self.batch, max(size, 2 * capacity)), kind)
            larger[:, :capacity] = self._store[name]
            self._store[name] = larger

    def ancestors_of(self, row: int, node: int) -> list[int]:
        """Places from the root's child down to `node`."""
        line = []
        while node >= 0:
            line.append(node)
            node = int(self.parent[row, node])
        return line[::-1]
