"""Measured seconds over (batch, size, context), and what lies between the measured points.

`size` is the number of verified draft nodes a row for verification (0 = plain decoding), of fed tokens a row for a
drafting pass. Linear between measured points on every axis; beyond the largest size the last segment goes on, beyond
the measured batches and contexts the nearest slice holds, scaled by nothing: what was not measured is not guessed.
"""

from __future__ import annotations

import bisect
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from smartgen.profile.errors import ProfileError

Floats = NDArray[np.float64]
NEAR = 1.5  # a measured batch within this factor of the asked one is near enough


@dataclass(frozen=True, order=True)
class Point:
    """One measurement: median seconds of one forward (or pass) at this batch, context and size."""

    batch: int
    context: int
    size: int
    seconds: float


class CostTable:
    """Immutable. `slices`: (batch, context) → sizes and seconds, each ascending in size."""

    def __init__(self, points: Iterable[Point]) -> None:
        self.points = tuple(sorted({(p.batch, p.context, p.size): p for p in points}.values()))
        for point in self.points:
            if not (np.isfinite(point.seconds) and point.seconds > 0 and point.batch > 0 and point.size >= 0):
                raise ProfileError(f"a measured cost must be a positive number of seconds, found {point}")
        self._slices: dict[int, dict[int, tuple[Floats, Floats]]] = {}
        for batch in sorted({p.batch for p in self.points}):
            contexts = sorted({p.context for p in self.points if p.batch == batch})
            self._slices[batch] = {context: self._slice(batch, context) for context in contexts}

    def _slice(self, batch: int, context: int) -> tuple[Floats, Floats]:
        chosen = [p for p in self.points if p.batch == batch and p.context == context]
        return np.array([float(p.size) for p in chosen]), np.array([p.seconds for p in chosen])

    def __len__(self) -> int:
        return len(self.points)

    @property
    def batches(self) -> list[int]:
        """Measured batch sizes, ascending."""
        return list(self._slices)

    def near(self, batch: int) -> bool:
        """Whether a batch close to this one was measured."""
        return any(known / NEAR <= batch <= known * NEAR for known in self.batches)

    def reaches(self, batch: int) -> bool:
        """Whether one close to it was measured, or it lies between measured ones."""
        return bool(self._slices) and self.batches[0] / NEAR <= batch <= self.batches[-1] * NEAR

    @property
    def largest(self) -> int:
        """The largest measured size; 0 where nothing was measured."""
        return max((point.size for point in self.points), default=0)

    def with_points(self, points: Iterable[Point]) -> CostTable:
        """A new table; newer points replace older ones at the same place."""
        return CostTable([*self.points, *points])

    def seconds(self, batch: int, sizes: Floats, context: float) -> Floats:
        """Interpolated seconds at `sizes` (S,). Raises ProfileError if nothing was measured."""
        if not self._slices:
            raise ProfileError("this cost table is empty: measure one with `smartgen profile`")
        low, high, weight = _between(self.batches, float(batch))
        lower = self._at_batch(low, sizes, context)
        if weight == 0.0:
            return lower
        blended: Floats = lower * (1 - weight) + self._at_batch(high, sizes, context) * weight
        return blended

    def _at_batch(self, batch: int, sizes: Floats, context: float) -> Floats:
        slices = self._slices[batch]
        low, high, weight = _between(list(slices), context)
        lower = _along(*slices[low], sizes)
        if weight == 0.0:
            return lower
        blended: Floats = lower * (1 - weight) + _along(*slices[high], sizes) * weight
        return blended

    def measured(self, batch: int, context: float) -> tuple[Floats, Floats]:
        """Sizes and seconds of the measured slice nearest to (batch, context), for fits."""
        nearest = min(self._slices, key=lambda b: abs(b - batch))
        return self._slices[nearest][min(self._slices[nearest], key=lambda c: abs(c - context))]


def _between(keys: list[int], value: float) -> tuple[int, int, float]:
    """Neighbours of `value` among ascending keys and the weight of the upper one; clamped at the ends."""
    place = bisect.bisect_left(keys, value)
    if place == 0:
        return keys[0], keys[0], 0.0
    if place == len(keys):
        return keys[-1], keys[-1], 0.0
    low, high = keys[place - 1], keys[place]
    return low, high, (value - low) / (high - low)


def _along(at: Floats, seconds: Floats, sizes: Floats) -> Floats:
    inside: Floats = np.interp(sizes, at, seconds)
    if len(at) > 1 and sizes.max(initial=0.0) > at[-1]:
        slope = max(0.0, (seconds[-1] - seconds[-2]) / (at[-1] - at[-2]))
        inside = inside + np.maximum(sizes - at[-1], 0.0) * slope
    return inside
