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
        self.view = 0

    def begin(self, queries: int, offset: int = 0) -> int:
        """Announce a pass of `queries` tokens a row at slot length + offset; returns how many slots it sees."""
        self.view = int(self.lengths.max()) + offset + queries
        if self.view > self.keys.shape[2]:
            more = self.keys.new_zeros(*self.keys.shape[:2], self.view + 64, self.keys.shape[3])
            grown = [more, more.clone()]
            for new, old in zip(grown, (self.keys, self.values), strict=True):
                new[:, :, : old.shape[2]] = old
            self.keys, self.values = grown
        start = self.lengths + offset
        self._rows = torch.arange(len(start), device=self.keys.device)[:, None]
        self._slots = torch.as_tensor(start, device=self.keys.device)[:, None] + torch.arange(
            queries, device=self.keys.device
        )
        return self.view

    def write(self, keys: torch.Tensor, values: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Put (B, heads, Q, dim) in place; the whole view comes back."""
        self.keys[self._rows, :, self._slots] = keys.transpose(1, 2)
        self.values[self._rows, :, self._slots] = values.transpose(1, 2)
        return self.keys[:, :, : self.view], self.values[:, :, : self.view]

    def mask(self, seen: NDArray[np.bool_], view: int) -> torch.Tensor:
        """(B, 1, W, view): the committed pairs, and of the drafted slots behind them what `seen` (B, W, M) says."""
        batch, width, drafted = seen.shape
        allowed = np.broadcast_to((np.arange(view) < self.lengths[:, None])[:, None], (batch, width, view)).copy()
        for row in range(batch):
            start = int(self.lengths[row])
            allowed[row, :, start : start + drafted] = seen[row]
        return torch.from_numpy(allowed)[:, None].to(self.keys.device)

    def keep_rows(self, rows: Ints) -> None:
        """Go on with these rows only."""
        index = torch.as_tensor(rows, device=self.keys.device)
        self.keys, self.values = self.keys[index], self.values[index]
        self.lengths = self.lengths[rows]
