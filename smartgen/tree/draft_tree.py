"""All candidates drafted in one step, for every row of the batch, as one struct of arrays.

Nodes are appended layer by layer, so that a parent always stands before its children: any set of nodes closed under
`parent` is a tree. The root, the last committed token, is not stored; it is parent -1 and depth 0.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import accumulate, pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from smartgen.tree.block import Block
from smartgen.tree.grids import row_starts
from smartgen.tree.layer import MEASURES

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

_KINDS: dict[str, Any] = {
    "token": np.int64,
    "parent": np.int64,
    "depth": np.int64,
    "rank": np.int64,
    "prob": np.float64,
    "valid": np.bool_,
    "kept": np.bool_,
    "benefit": np.float64,
}


class _Shown:
    """A column of the tree as far as nodes stand in it, (B, M)."""

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, tree: DraftTree, owner: type) -> NDArray[Any]:
        return tree.column(self.name)[:, : tree.size]


class DraftTree:
    """Arrays of shape (B, M), M growing: `token, parent, depth, rank, prob, path, spine, valid, kept, benefit`.

    `prob` is the drafter's chance of a token given its parent, `path` its product from the root, `spine` whether the
    node and all its ancestors are rank 0, `valid` False for padding, `kept` whether the policy drafts from it,
    `benefit` the expected tokens it adds. What else is known of nodes (a drafter's entropy, what a policy works out)
    stands in columns of its own, made on first use. `row_starts` (B, 1): where each row begins in a column laid flat: a
    gather by one index is the faster one.
    """

    token: Ints = _Shown()  # type: ignore[assignment]
    parent: Ints = _Shown()  # type: ignore[assignment]
    rank: Ints = _Shown()  # type: ignore[assignment]
    prob: Floats = _Shown()  # type: ignore[assignment]
    valid: Bools = _Shown()  # type: ignore[assignment]
    benefit: Floats = _Shown()  # type: ignore[assignment]

    def __init__(self, batch: int, capacity: int = 128) -> None:
        """`capacity`: nodes for which there is room once the first one has come."""
        self.batch, self.size, self.capacity, self._least = batch, 0, 0, capacity
        self.layers: list[slice] = []
        self.row_starts: Ints = row_starts(batch, 0)
        self._store: dict[str, NDArray[Any]] = {}
        self._fill: dict[str, Any] = {}  # of columns made on use, where it is not 0
        self._above: tuple[slice, Ints] | None = None  # of the layer asked for last
        self._derived: dict[str, int] = {}  # layers up to which a column made on use is filled
        self._root = Block(slice(0, 0), {}, 0, None)
        self._blocks: list[Block] = []
        self.newest = self._root  # the block that came last

    def append(
        self,
        token: Ints,
        prob: Floats,
        parent: Ints,
        rank: Ints,
        valid: Bools,
        widths: Sequence[int] = (),
        measures: Mapping[str, Floats] | None = None,
        fan: int = 0,
    ) -> list[slice]:
        """Add a layer, (B, K) each, or several side by side of the given `widths`; returns the columns of each.

        `parent` are places in this tree, -1 for the root, and always in a layer before. `measures`: what else the
        drafter says of the nodes, by the names in `smartgen.tree.layer.MEASURES`. `fan`: as in `Layer`.
        """
        start, stop = self.size, self.size + token.shape[1]
        if stop > self.capacity:
            self._reserve(stop)
        self.size, new = stop, slice(start, stop)
        prob, rank = np.ascontiguousarray(prob), np.ascontiguousarray(rank)
        arrays = {"token": token, "prob": prob, "parent": parent, "rank": rank, "valid": valid}
        self.newest = Block(new, arrays, fan, self.newest)
        self._blocks.append(self.newest)
        if measures:
            for name, values in measures.items():
                self.column(name, np.nan)[:, new] = values
        added = [new]
        if len(widths) > 1:
            ends = [start, *(start + end for end in accumulate(widths))]
            added = [slice(*both) for both in pairwise(ends)]
        self.layers += added
        return added

    @property
    def candidates(self) -> int:
        """How many nodes there are, padding left out."""
        return sum(block.count for block in self._blocks)

    def cut(self, layers: int) -> None:
        """Forget all but the first `layers` layers."""
        del self.layers[layers:]
        self.size = self.layers[-1].stop if layers else 0
        for name, values in self._store.items():
            values[:, self.size :] = self._fill.get(name, 0)
        self._derived = {name: min(done, layers) for name, done in self._derived.items()}
        self._above = None
        self._blocks = [block for block in self._blocks if block.columns.start < self.size]
        self.newest = self._blocks[-1] if self._blocks else self._root

    def of(self, name: str, columns: slice, fill: Any = 0.0) -> NDArray[Any]:
        """(B, K) a signal of the nodes in `columns`; where these came together, side by side: that is faster to work on."""
        block = self._block(columns)
        if block is None:
            return self._column(name, fill)[:, columns]
        values = block.arrays.get(name)
        if values is None:
            if name in _WORKED_OUT:
                _WORKED_OUT[name](self)
            values = block.arrays.get(name)
        return self._column(name, fill)[:, columns] if values is None else values

    def known(self, name: str, columns: slice, fill: Any = 0.0) -> NDArray[Any] | None:
        """As `of`; None where nothing was said of the nodes in `columns`, without making a column full of `fill` for it."""
        block = self._block(columns)
        if block is not None and name not in self._store:
            return block.arrays.get(name)
        return self.of(name, columns, fill)

    def _block(self, columns: slice) -> Block | None:
        """The one that came in these columns."""
        newest = self.newest
        if newest.columns is columns:
            return newest
        return next((block for block in reversed(self._blocks) if block.columns == columns), None)

    def _column(self, name: str, fill: Any) -> NDArray[Any]:
        """A column by name, also one that is worked out."""
        return getattr(self, name) if hasattr(DraftTree, name) else self.column(name, fill)

    def keep(self, name: str, layer: slice, values: NDArray[Any], fill: Any = 0.0) -> None:
        """Set a column, full of `fill` elsewhere, in one of the layers or all that came together; `values` (B, K)."""
        block = self._block(layer)
        if block is None:
            self.column(name, fill)[:, layer] = values
        else:
            block.keep(name, values)

    def draft_from(self, columns: slice, nodes: Ints, real: Bools | None) -> None:
        """Which candidates (B, W) of what came in these columns are kept, and which cells hold one, None: all; the last
        word counts.
        """
        block = self._block(columns)
        assert block is not None
        block.drafted = nodes, real
        block.arrays.pop("kept", None)

    # -- columns made on use --------------------------------------------------------------------------------------
    def column(self, name: str, fill: Any = 0.0) -> NDArray[Any]:
        """(B, capacity) a column, one of its own made full of `fill` on first use; it moves when the tree grows."""
        known = self._store.get(name)
        if known is None:
            shape, self._fill[name] = (self.batch, self.capacity), fill
            known = np.full(shape, fill) if fill else np.zeros(shape, _KINDS.get(name, type(fill)))
            self._store[name] = known
        for block in self._blocks:
            if name in block.unlaid:
                known[:, block.columns] = block.unlaid.pop(name)
        return known

    def of_parents(self, name: str, layer: slice, fill: Any = 0.0) -> NDArray[Any] | None:
        """(B, K) a column's values at the parents of a layer; None where all are the root."""
        if layer.start == 0:
            return None
        block = self._block(layer)
        values = None if block is None else block.of_parents(name)
        if values is None:
            values = self.column(name, fill).take(self.of("parent", layer) + self.row_starts)
        return values

    def above(self, layer: slice) -> Ints | None:
        """(B, K) where the parents of a layer stand in columns laid flat; None where all are the root."""
        if layer.start == 0:
            return None
        if self._above is None or self._above[0] != layer:
            self._above = (layer, self.of("parent", layer) + self.row_starts)
        return self._above[1]

    def unfilled(self, name: str) -> list[slice]:
        """The layers that a column made on use does not cover yet; from now on it does."""
        done = self._derived.get(name, 0)
        self._derived[name] = len(self.layers)
        return self.layers[done:]

    @property
    def depth(self) -> Ints:
        """1 for a child of the root."""
        stored, last = self.column("depth"), len(self.layers)
        for depth, layer in enumerate(reversed(self.unfilled("depth"))):
            stored[:, layer] = last - depth
        return stored[:, : self.size]

    @property
    def kept(self) -> Bools:
        """The policy drafts from the node."""
        self._mark_kept()
        return self.column("kept", False)[:, : self.size]

    def _mark_kept(self) -> None:
        for block in self._blocks:
            block.mark_kept()

    @property
    def path(self) -> Floats:
        """Product of `prob` from the root's child to the node."""
        self._multiply_paths()
        return self.column("path")[:, : self.size]

    def _multiply_paths(self) -> None:
        for layer in self.unfilled("path"):
            prob, above = self.of("prob", layer), self.of_parents("path", layer)
            self.keep("path", layer, prob if above is None else above * prob)

    @property
    def spine(self) -> Bools:
        """The node and all its ancestors are rank 0."""
        self._follow_spine()
        return self.column("spine", False)[:, : self.size]

    def _follow_spine(self) -> None:
        for layer in self.unfilled("spine"):
            first, above = self.of("rank", layer) == 0, self.of_parents("spine", layer, False)
            self.keep("spine", layer, first if above is None else above & first, False)

    @property
    def entropy(self) -> Floats:
        """Of the distribution that the drafter drew a node from, in nats; NaN where it did not say."""
        return self._said("entropy")

    @property
    def confidence(self) -> Floats:
        """Of a trained acceptance head in a node, given its parent; NaN where the drafter has none."""
        return self._said("confidence")

    def _said(self, name: str) -> Floats:
        assert name in MEASURES
        values: Floats = self.column(name, np.nan)[:, : self.size]
        return values

    def _reserve(self, size: int) -> None:
        """Make room for `size` nodes."""
        self.capacity = max(size, 2 * self.capacity, self._least)
        self.row_starts = row_starts(self.batch, self.capacity)
        self._above = None
        for name, old in self._store.items():
            larger: NDArray[Any] = np.zeros((self.batch, self.capacity), old.dtype)
            larger[:, : old.shape[1]] = old
            if name in self._fill:
                larger[:, old.shape[1] :] = self._fill[name]
            self._store[name] = larger

    def ancestors_of(self, row: int, node: int) -> list[int]:
        """Places from the root's child down to `node`."""
        line = []
        while node >= 0:
            line.append(node)
            node = int(self.parent[row, node])
        return line[::-1]


_WORKED_OUT: dict[str, Callable[[DraftTree], None]] = {
    "kept": DraftTree._mark_kept,
    "path": DraftTree._multiply_paths,
    "spine": DraftTree._follow_spine,
}
