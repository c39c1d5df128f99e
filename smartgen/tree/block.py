"""Candidates that came together, as the arrays that they came in."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from smartgen.tree.grids import places_from

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


class Block:
    """The candidates in some columns of a tree, and what is known of them by name: `arrays` (B, K) each, side by side.

    `unlaid`: what of it does not stand in the tree's columns yet; most is never asked for there, so that it is laid when
    somebody asks. `count`: candidates, padding left out. `fan`: each parent has so many of them in a row, all of them in
    the block `before`; 0: there is no such order. `drafted`: places in the tree of those that are drafted from, (B, W), and
    which of these cells hold one, None: all.
    """

    __slots__ = ("_parents", "arrays", "before", "columns", "count", "drafted", "fan", "unlaid")

    def __init__(self, columns: slice, arrays: dict[str, NDArray[Any]], fan: int, before: Block | None) -> None:
        self.columns, self.arrays, self.unlaid, self.fan, self.before = columns, arrays, arrays.copy(), fan, before
        self.count = int(np.count_nonzero(arrays["valid"])) if arrays else 0
        self._parents: Ints | None = None
        self.drafted: tuple[Ints, Bools | None] | None = None

    @property
    def whole(self) -> bool:
        """Whether every cell holds a candidate."""
        return self.count == self.arrays["valid"].size

    def keep(self, name: str, values: NDArray[Any]) -> None:
        """Know this of the candidates, (B, K)."""
        self.arrays[name] = self.unlaid[name] = values

    def of_parents(self, name: str) -> NDArray[Any] | None:
        """(B, K) what the block before knows of the parents; None where it does not, or where there is no fan."""
        if not self.fan or self.before is None or name not in self.before.arrays:
            return None
        values = self.before.arrays[name]
        if self._parents is None:
            fed = self.arrays["parent"][:, :: self.fan]
            self._parents = fed + places_from(self.before.columns.start, *values.shape)
        return values.take(self._parents, mode="clip").repeat(self.fan, 1)

    def mark_kept(self) -> None:
        """Know of each candidate whether it is drafted from."""
        if self.drafted is None:
            return
        nodes, real = self.drafted
        rows, at = np.broadcast_to(np.arange(len(nodes))[:, None], nodes.shape), nodes - self.columns.start
        kept = np.zeros(self.arrays["token"].shape, bool)
        kept[(rows, at) if real is None else (rows[real], at[real])] = True
        self.keep("kept", kept)
        self.drafted = None
