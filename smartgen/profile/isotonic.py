"""Non-decreasing fits: what must rise with its argument, measured with noise."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def isotonic(values: Floats, weights: Floats) -> Floats:
    """Weighted non-decreasing least-squares fits along the last axis (..., N); weights are positive.

    By the max-min formula: the largest over i ≤ k of the smallest over j ≥ k of the mean of i..j (Barlow et al., 1972),
    which many short rows can share. O(N²) a row.
    """
    weights = np.broadcast_to(weights, values.shape)
    start = np.zeros((*values.shape[:-1], 1))
    mass = np.concatenate([start, np.cumsum(weights, -1)], -1)
    total = np.concatenate([start, np.cumsum(values * weights, -1)], -1)
    forward = np.tri(values.shape[-1], dtype=bool).T  # i ≤ j
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = (total[..., None, 1:] - total[..., :-1, None]) / (mass[..., None, 1:] - mass[..., :-1, None])
    least = np.minimum.accumulate(np.where(forward, mean, np.inf)[..., ::-1], -1)[..., ::-1]
    fitted: Floats = np.where(forward, least, -np.inf).max(-2)
    return fitted
