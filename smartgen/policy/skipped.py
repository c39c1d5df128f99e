"""What the positions teach that a resting drafter has skipped.

The pass that wakes it feeds all that was committed since. It can say of each of those positions which children it would
have proposed, and the text is known there: a drafter that has mended, or has not, shows it by many positions instead of one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from smartgen.policy.adding import valued
from smartgen.policy.labels import look
from smartgen.policy.step import Step
from smartgen.tree.layer import Layer, Skipped

if TYPE_CHECKING:
    from smartgen.policy.controller import Controller

POSITIONS = 16  # that a look goes back, shared by the rows: each costs as much as a node to draft from


def positions(step: Step) -> int:
    """To how many of each row's positions a look at the drafter goes back; 0 where nothing is made of what it shows."""
    return POSITIONS // step.tree.batch if step.rules.calibrated else 0


def label_skipped(controller: Controller, step: Step, skipped: Skipped) -> None:
    """Every position tells the drafter's gain what a step tells it that only probed. Its candidates are no trials: a map
    that counts those of a useless drafter promises less of a mended one.
    """
    for place in range(skipped.valid.shape[1]):
        imagined = _imagined(controller, step, skipped, place)
        look(imagined, step.gain, None, skipped.following[:, place])


def _imagined(controller: Controller, step: Step, skipped: Skipped, place: int) -> Step:
    """A step in which the drafter was asked for a first layer at this position."""
    token, prob = skipped.token[:, place], skipped.prob[:, place]
    valid = (prob > 0) & skipped.valid[:, place, None]
    parent = np.zeros(token.shape, np.int64)
    rank = np.broadcast_to(np.arange(token.shape[1]), token.shape)
    imagined = step.imagined()
    valued(controller, imagined, Layer(token, prob, parent, rank, valid), parent - 1, valid, token.shape[1:])
    return imagined
