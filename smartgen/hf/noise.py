"""Where random choices come from.

At batch 1 the global generator is drawn from once per committed token, exactly as stock sampling does, so that a seed
gives stock's own text. In a batch rows progress at a pace that depends on the trees, and one shared stream would make
the text depend on them; there the noise is a function of (seed, row, position) alone, whatever the recipe.
"""

from __future__ import annotations

import numpy as np
import torch


class SharedNoise:
    """Stock's stream: `torch.multinomial` on the default generator."""

    def draw(self, probs: torch.Tensor, rows: list[int], positions: list[int]) -> list[int]:
        """One token for each of `probs` (n, V)."""
        return torch.multinomial(probs, num_samples=1).squeeze(1).tolist()


class KeyedNoise:
    """A counter-based stream a row (Philox, Salmon et al. 2011), inverted through the cumulative distribution."""

    BLOCK = 256

    def __init__(self, seed: int, batch: int) -> None:
        self._streams = [np.random.Generator(np.random.Philox(key=[seed, row])) for row in range(batch)]
        self._drawn = [np.zeros(0) for _ in range(batch)]

    def uniform(self, row: int, position: int) -> float:
        """In [0, 1), a function of (seed, row, position)."""
        while position >= len(self._drawn[row]):
            self._drawn[row] = np.concatenate([self._drawn[row], self._streams[row].random(self.BLOCK)])
        return float(self._drawn[row][position])

    def draw(self, probs: torch.Tensor, rows: list[int], positions: list[int]) -> list[int]:
        """One token for each of `probs` (n, V), by its row's noise at its position."""
        cumulative = probs.double().cumsum(-1)
        noise = [self.uniform(row, position) for row, position in zip(rows, positions, strict=True)]
        point = torch.tensor(noise, dtype=torch.float64, device=probs.device)[:, None] * cumulative[:, -1:]
        return torch.searchsorted(cumulative, point, right=True).squeeze(1).clamp_(max=probs.shape[1] - 1).tolist()


def noise_for(batch: int) -> SharedNoise | KeyedNoise:
    """The noise of one call; a batch's seed is drawn from the default generator, so that `manual_seed` reproduces it."""
    if batch == 1:
        return SharedNoise()
    return KeyedNoise(int(torch.randint(2**62, (1,))), batch)
