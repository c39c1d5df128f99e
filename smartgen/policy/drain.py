"""What a row's next token is worth where finished rows leave and nobody takes their place.

A batch that drains is over when its last row is. Let c(k) be the seconds of a plain step with k active rows and sort
the rows by the steps they still need: the batch takes the sum over k of (steps of the k-th longest row - steps of the
next) x c(k), so that one step less for the k-th longest row saves c(k) - c(k - 1). Where most of c is fixed, a token
of the row that will finish last is worth many tokens of the others; where c grows with k (compute-bound), all are
worth the same. Who finishes when is uncertain, so the saving is averaged over fixed draws of that uncertainty.

A row that has candidates now will have some in the steps to come: repetition lasts. So its pace is taken to be nearer
to what they promise than what it has shown. Otherwise a token for it seems to bring the end of the batch nearer, when
the row would have caught up anyway.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

DRAWS = 32
SPREAD = 0.15  # of a row's remaining steps: standard deviation of what we believe about them
LEAST_SPREAD = 2.0  # steps
PRIOR_STEPS = 16.0  # steps at one token each, before a row's own pace is believed
LASTING = 0.1  # how far a row's pace moves towards what its candidates promise at the moment


def row_weights(remaining: Ints, generated: Ints, steps: int, plain_seconds: Floats, promised: Floats) -> Floats:
    """(B,) weights with mean 1. `remaining`, `generated` (B,) tokens; `plain_seconds` (B,): c(1) .. c(B).

    `promised` (B,): tokens that the row's candidates are expected to add in this step.
    """
    batch = len(remaining)
    pace = np.maximum((generated + PRIOR_STEPS) / (steps + PRIOR_STEPS), 1.0)
    pace = pace + LASTING * (1.0 + promised - pace)
    left = remaining / pace
    guesses = left + np.maximum(SPREAD * left, LEAST_SPREAD) * _draws(batch)
    place = np.empty((DRAWS, batch), np.int64)  # 0: needs most steps
    np.put_along_axis(place, np.argsort(-guesses, axis=1), np.arange(batch)[None], 1)
    saved = np.maximum(np.diff(plain_seconds, prepend=0.0), 0.0)
    weight: Floats = saved[place].mean(0)
    weight *= batch / weight.sum()
    return weight


@cache
def _draws(batch: int) -> Floats:
    draws: Floats = np.random.default_rng(0).standard_normal((DRAWS, batch))
    return draws
