"""Non-decreasing fits: what must rise with its argument, measured with noise."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def isotonic(values: Floats, weights: Floats) -> Floats:
    """Weighted non-decreasing least-squares fit by pooling adjacent violators (Ayer et al., 1955)."""
    level: list[float] = []
    weight: list[float] = []
    count: list[int] = []
    for value, mass in zip(values.tolist(), weights.tolist(), strict=True):
        level.append(value)
        weight.append(mass)
        count.append(1)
        while len(level) > 1 and level[-2] > level[-1]:
            total = weight[-2] + weight[-1]
            level[-2] = (level[-2] * weight[-2] + level[-1] * weight[-1]) / total
            weight[-2], count[-2] = total, count[-2] + count[-1]
            del level[-1], weight[-1], count[-1]
    return np.repeat(level, count)
