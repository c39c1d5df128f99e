"""From picked candidates to what the target checks: columns, parents, padding, and the walk's look-up."""

from __future__ import annotations

import numpy as np

from smartgen.tree.draft_tree import DraftTree
from smartgen.tree.selection import root_only, select


def _tree() -> DraftTree:
    """Both rows: 0 and 1 below the root, 2 and 3 below 0, 4 below 1, 5 below 4; tokens are 10 x row + place."""
    tree = DraftTree(2, capacity=2)  # grows on the way
    for places, parents in (([0, 1], [-1, -1]), ([2, 3, 4], [0, 0, 1]), ([5], [4])):
        shape = (2, len(places))
        token = np.array(places) + np.array([[0], [10]])
        tree.append(
            token, np.full(shape, 0.5), np.broadcast_to(parents, shape), np.zeros(shape, int), np.ones(shape, bool)
        )
    return tree


def test_parents_become_columns_and_short_rows_are_padded() -> None:
    selection = select(_tree(), np.array([[0, 1, 3, 4], [1, 4, 5, -1]]), np.array([90, 91]))
    assert selection.size == 4
    assert selection.token.tolist() == [[90, 0, 1, 3, 4], [91, 11, 14, 15, 0]]
    assert selection.parent.tolist() == [[-1, 0, 0, 1, 2], [-1, 0, 1, 2, 0]]
    assert selection.depth.tolist() == [[0, 1, 1, 2, 2], [0, 1, 2, 3, 0]]
    assert selection.real.tolist() == [[True] * 5, [True] * 4 + [False]]


def test_a_child_is_found_below_its_own_parent_and_row_only() -> None:
    selection = select(_tree(), np.array([[0, 1, 3, 4], [1, 4, 5, -1]]), np.array([90, 91]))
    assert selection.child(0, 0, 1) == 2
    assert selection.child(0, 1, 3) == 3
    assert selection.child(0, 2, 3) == -1, "3 stands below 0, not below 1"
    assert selection.child(0, 0, 11) == -1, "11 belongs to the other row"
    assert selection.child(0, 0, 90) == -1, "the root is nobody's child"


def test_padding_is_never_descended_to() -> None:
    selection = select(_tree(), np.array([[0, 1, 3, 4], [1, 4, 5, -1]]), np.array([90, 91]))
    assert selection.token[1, 4] == 0
    assert selection.parent[1, 4] == 0
    assert selection.child(1, 0, 0) == -1


def test_nothing_picked_is_plain_decoding() -> None:
    plain = root_only(np.array([90, 91]))
    assert plain.size == 0
    assert plain.token.tolist() == [[90], [91]]
    empty = select(_tree(), np.zeros((2, 0), int), np.array([90, 91]))
    assert all((getattr(empty, name) == getattr(plain, name)).all() for name in ("token", "parent", "depth", "real"))


def test_places_and_paths_of_the_tree() -> None:
    tree = _tree()
    assert tree.ancestors_of(0, 5) == [1, 4, 5]
    assert tree.depth[0].tolist() == [1, 1, 2, 2, 2, 3]
    assert tree.path[1].tolist() == [0.5, 0.5, 0.25, 0.25, 0.25, 0.125]
