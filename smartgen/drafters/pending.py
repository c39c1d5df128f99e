"""Committed tokens (and features) that a drafter has not consumed yet; rows may have different numbers of them."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from smartgen.drafters.protocol import WITHIN

Ints = NDArray[np.int64]


class Pending:
    """Chunks in order of arrival. `counts` (B,): how many tokens wait in each row; `said` (B,): those behind the prompt."""

    def __init__(self, batch: int) -> None:
        self.counts: Ints = np.zeros(batch, np.int64)
        self.said: Ints = np.zeros(batch, np.int64)
        self._chunks: list[tuple[Ints, Ints, torch.Tensor | None]] = []

    def add(self, tokens: Ints, counts: Ints, features: torch.Tensor | None, prompt: bool = False) -> None:
        """Append tokens (B, A), the first `counts` of each row; features (B, A, F) if there are any."""
        self._chunks.append((tokens, counts, features))
        self.counts = self.counts + counts
        self.said = self.said if prompt else self.said + counts

    def back(self, most: int) -> Ints:
        """(B,) at how many positions between tokens behind the prompt a pass that feeds all of this can look, `most` at most."""
        return np.zeros_like(self.said) if self.longest > WITHIN else (self.said - 1).clip(0, most)

    @property
    def longest(self) -> int:
        """Tokens waiting in the row that has most."""
        return int(self.counts.max(initial=0))

    def take(self) -> tuple[Ints, Ints, torch.Tensor]:
        """Everything, packed to the left: tokens (B, Q), counts (B,), features (B, Q, F) or an empty tensor."""
        chunks, self._chunks = self._chunks, []
        counts, self.counts = self.counts, np.zeros_like(self.counts)
        self.said = np.zeros_like(self.said)
        tokens = np.concatenate([tokens for tokens, _, _ in chunks], 1)
        given = [features for _, _, features in chunks if features is not None]
        features = torch.cat(given, 1) if given else torch.zeros(0)
        longest = int(counts.max())
        real = np.concatenate([np.arange(t.shape[1]) < some[:, None] for t, some, _ in chunks], 1)
        if real.shape[1] > longest or (real < (np.arange(longest) < counts[:, None])).any():  # holes between chunks
            order = np.argsort(~real, axis=1, kind="stable")[:, :longest]
            tokens = np.take_along_axis(tokens, order, 1)
            if given:
                rows = torch.arange(len(order), device=features.device)[:, None]
                features = features[rows, torch.as_tensor(order, device=features.device)]
        return tokens, counts, features

    def keep_rows(self, rows: Ints) -> None:
        """Go on with these rows only."""
        self.counts, self.said = self.counts[rows], self.said[rows]
        self._chunks = [
            (
                tokens[rows],
                counts[rows],
                None if features is None else features[torch.as_tensor(rows, device=features.device)],
            )
            for tokens, counts, features in self._chunks
        ]
