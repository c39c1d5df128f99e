"""The key/value cache of a one-layer head: rows ragged, drafted slots behind the committed ones and overwritten later."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

Ints = NDArray[np.int64]


class HeadCache:
    """Keys and values (B, heads, capacity, dim); row b's j-th pair lies in slot j. `lengths` (B,) committed pairs."""

    def __init__(
        self, batch: int, heads: int, dim: int, capacity: int, dtype: torch.dtype, device: torch.device
    ) -> None:
        self.keys = torch.zeros(batch, heads, capacity, dim, dtype=dtype, device=device)
        self.values = torch.zeros_like(self.keys)
        self.lengths: Ints = np.zeros(batch, np.int64)

    def write(self, keys: torch.Tensor, values: torch.Tensor, offset: int = 0) -> None:
        """Put (B, Q, heads, dim) in place from each row's slot length + offset on. Grows if it must."""
        queries = keys.shape[1]
        self._reach(int(self.lengths.max()) + offset + queries)
        starts = self.lengths + offset
        first = int(starts[0])
        if bool((starts == first).all()):
            self.keys[:, :, first : first + queries] = keys.transpose(1, 2)
            self.values[:, :, first : first + queries] = values.transpose(1, 2)
            return
        slots = torch.from_numpy(starts[:, None] + np.arange(queries)).to(self.keys.device)
        rows = torch.arange(len(starts), device=self.keys.device)[:, None]
        self.keys[rows, :, slots] = keys
        self.values[rows, :, slots] = values

    def _reach(self, slots: int) -> None:
        if slots <= self.keys.shape[2]:
            return
        batch, heads, capacity, dim = self.keys.shape
        keys, values = (self.keys.new_zeros(batch, heads, max(slots, 2 * capacity), dim) for _ in range(2))
        keys[:, :, :capacity], values[:, :, :capacity] = self.keys, self.values
        self.keys, self.values = keys, values

    def attend(self, query: torch.Tensor, slots: int, mask: torch.Tensor | None) -> torch.Tensor:
        """Attention of query (B, Q, H, D) over the first `slots` slots → (B, Q, H * D); mask (B, 1, Q, slots), True = see.

        The heads of a group read the same keys, so they stand side by side on the query axis: nothing is repeated.
        """
        batch, queries, heads, dim = query.shape
        groups = heads // self.keys.shape[1]
        folded = query.transpose(1, 2).reshape(batch, heads // groups, groups * queries, dim)
        if mask is not None and queries > 1:
            mask = mask.repeat(1, 1, groups, 1)
        read = torch.nn.functional.scaled_dot_product_attention(
            folded, self.keys[:, :, :slots], self.values[:, :, :slots], attn_mask=mask
        )
        return read.reshape(batch, heads, queries, dim).transpose(1, 2).reshape(batch, queries, heads * dim)

    def tree_mask(self, seen: NDArray[np.bool_], slots: int) -> torch.Tensor:
        """(B, 1, W, slots): the committed pairs, and of the drafted slots behind them what `seen` (B, W, M) says."""
        batch, width, drafted = seen.shape
        allowed = np.empty((batch, width, slots), bool)
        allowed[:] = (np.arange(slots) < self.lengths[:, None])[:, None]
        for row, start in enumerate(self.lengths.tolist()):
            allowed[row, :, start : start + drafted] = seen[row]
        return torch.from_numpy(allowed)[:, None].to(self.keys.device)

    def ends_mask(self, ends: Ints, slots: int) -> torch.Tensor | None:
        """(B, 1, Q, slots): everything up to slot `ends` (B, Q); None if that is all there is."""
        if bool((ends + 1 == slots).all()):
            return None
        return torch.from_numpy((np.arange(slots) <= ends[:, :, None])[:, None]).to(self.keys.device)

    def keep_rows(self, rows: Ints) -> None:
        """Go on with these rows only."""
        index = torch.as_tensor(rows, device=self.keys.device)
        self.keys, self.values = self.keys[index], self.values[index]
        self.lengths = self.lengths[rows]
