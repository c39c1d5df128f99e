"""The cache that a call gives back, in stock's layout: what `return_dict_in_generate` returns, or the caller handed in."""

from __future__ import annotations

import torch
from transformers.cache_utils import Cache

from smartgen.attention.cache import RaggedCache

States = list[tuple[torch.Tensor, torch.Tensor]]


class ReturnedCache:
    """Rows put aside as they leave the batch, then written to `cache`: stock's own kind, empty until then."""

    def __init__(self, cache: Cache, batch: int) -> None:
        self.cache = cache
        self._rows: list[States] = [[] for _ in range(batch)]

    def put_aside(self, row: int, place: int, source: RaggedCache) -> None:
        """Original row `row` leaves; it stands at `place` in the ragged cache, whose slots other rows will take."""
        states = source.states(place)
        alone = len(self._rows) == 1
        self._rows[row] = states if alone else [(keys.clone(), values.clone()) for keys, values in states]

    def write(self, source: RaggedCache, length: int) -> Cache:
        """All rows are in: `length` slots each, those behind a row's own tokens are zero."""
        for layer, (stack, position) in enumerate(source.place):
            if stack >= 0:
                parts = [(row[stack][0][position], row[stack][1][position]) for row in self._rows]
                keys, values = (torch.stack([_fitted(part[half], length) for part in parts]) for half in (0, 1))
                self.cache.update(keys, values, layer)
        return self.cache


def _fitted(states: torch.Tensor, length: int) -> torch.Tensor:
    """(H, L, D) cut or filled up with zeros to `length`."""
    missing = length - states.shape[1]
    return torch.nn.functional.pad(states, (0, 0, 0, missing)) if missing > 0 else states[:, :length]
