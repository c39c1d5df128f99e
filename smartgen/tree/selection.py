"""The nodes picked for verification, as the target sees them: root first, then candidates, parents before children."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from smartgen.tree.draft_tree import DraftTree


@dataclass(frozen=True)
class Selection:
    """What one target forward checks. Column 0 is the root, shape (B, 1 + n) each.

    `nodes`: place in the draft tree (-1: the root or padding). `parent`: column of the parent (-1: the root's own).
    Rows with fewer nodes are padded with cells that nothing descends to (`real` False).
    """

    nodes: NDArray[np.int64]
    token: NDArray[np.int64]
    parent: NDArray[np.int64]
    depth: NDArray[np.int64]
    real: NDArray[np.bool_]

    @property
    def size(self) -> int:
        """Draft nodes a row, padding included: what the verification costs."""
        return int(self.nodes.shape[1]) - 1

    def child(self, row: int, column: int, token: int) -> int:
        """Column of the child of `column` that holds `token`, or -1."""
        match = (self.parent[row] == column) & (self.token[row] == token) & self.real[row]
        match[0] = False
        found = int(match.argmax())
        return found if match[found] else -1


def select(tree: DraftTree, nodes: NDArray[np.int64], root: NDArray[np.int64]) -> Selection:
    """`nodes` (B, n): places in the tree, ancestor-closed, parents before children, -1 at the end of short rows.

    `root` (B,): the last committed token of each row.
    """
    batch, n = nodes.shape
    rows = np.arange(batch)[:, None]
    real = nodes >= 0
    at = nodes.clip(0)
    token = np.zeros((batch, 1 + n), np.int64)
    depth = np.zeros((batch, 1 + n), np.int64)
    parent = np.full((batch, 1 + n), -1, np.int64)
    token[:, 0] = root
    if n:
        token[:, 1:] = np.where(real, tree.token[rows, at], 0)
        depth[:, 1:] = np.where(real, tree.depth[rows, at], 0)
        column = np.zeros((batch, tree.size + 1), np.int64)  # last cell: the root, found as parent -1
        column[rows, np.where(real, at, tree.size)] = np.arange(1, n + 1)
        column[:, tree.size] = 0
        above = tree.parent[rows, at]
        parent[:, 1:] = np.where(real & (above >= 0), column[rows, above], 0)
    everything = np.concatenate([np.ones((batch, 1), bool), real], 1)
    return Selection(np.concatenate([np.full((batch, 1), -1), nodes], 1), token, parent, depth, everything)


def root_only(root: NDArray[np.int64]) -> Selection:
    """n = 0: plain decoding of `root` (B,)."""
    column = root[:, None]
    none = np.full_like(column, -1)
    return Selection(none, column, none, np.zeros_like(column), np.ones(column.shape, bool))
