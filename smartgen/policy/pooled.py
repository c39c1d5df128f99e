"""`verify best ... pooled`: one count for the whole batch, spent where it is worth most.

The rows' candidates are merged in one order; the first n of it are verified, so that a row gets as many as it deserves.
A constraint `tree.tokens >= e` is a floor: before anything else each row takes its shortest prefix that reaches e, the
rows that need most first.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from smartgen.policy.board import Board
from smartgen.policy.order import OUT, PLACE

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def shares(board: Board, sizes: Ints, floors: Floats | None, tokens: Floats) -> Ints:
    """(B, S): how many nodes each row has in the first n of the pool, for every n of `sizes`.

    `floors` (B,) tokens that each row should reach, NaN: none; `tokens` (B, R + 1) of the row's first 0..R nodes.
    """
    owner = _owners(board, _first(board, floors, tokens))
    batch, total = len(board.count), len(owner)
    taken = np.zeros((batch, total + 1), np.int64)
    taken[owner, np.arange(1, total + 1)] = 1
    np.cumsum(taken, axis=1, out=taken)
    counts: Ints = taken[:, np.minimum(sizes, total)]
    return counts


def _first(board: Board, floors: Floats | None, tokens: Floats) -> list[tuple[int, int]]:
    """(row, nodes) that the floors claim, most needy first."""
    if floors is None:
        return []
    short = (tokens < floors[:, None]).sum(1)  # False for an absent floor
    claimed = np.minimum(short, board.count)
    by_need = np.argsort(-floors, kind="stable")
    return [(int(row), int(claimed[row])) for row in by_need if claimed[row]]


def _owners(board: Board, claims: list[tuple[int, int]]) -> Ints:
    """(total,) the row of each candidate in the pooled order: the claims, then best first, of equals the earlier row."""
    claimed = np.zeros(len(board.count), np.int64)
    for row, nodes in claims:
        claimed[row] = nodes
    columns = np.arange(board.benefit.shape[1])
    open_ = (columns < board.count[:, None]) & (columns >= claimed[:, None])
    rows = np.broadcast_to(np.arange(len(claimed))[:, None], open_.shape)[open_]
    rest = rows[np.argsort(_value(board)[open_], kind="stable")]
    return np.concatenate([*(np.full(nodes, row) for row, nodes in claims), rest]).astype(np.int64)


def _value(board: Board) -> NDArray[np.number]:
    """Ascending where the order descends, places of the tree left out."""
    if board.order is None:
        return -board.benefit
    return np.where(board.order < OUT, board.order & ~PLACE, OUT)
