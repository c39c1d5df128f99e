"""What the first pass of a drafter that rested says: a first layer, and what it would have proposed where it was not asked.

The pass reads its output behind the last W + 1 tokens of every row: W that were skipped, then the root.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from smartgen.drafters.fan import Children, fanned
from smartgen.drafters.protocol import SHOWN, Session
from smartgen.policy.controller import Controller, Plan
from smartgen.tree.layer import Frontier, Layer, Skipped

Ints = NDArray[np.int64]


def drafted(session: Session, controller: Controller, plan: Plan, frontier: Frontier | None) -> list[Layer]:
    """What one pass drafts; a first pass that wakes the drafter looks back, and tells `controller` what it sees."""
    if frontier is not None or not plan.back:
        return session.propose(frontier, plan.topk)
    layers, skipped = session.wake(plan.topk, plan.back)
    controller.look_back(skipped)
    return layers


def behind(counts: Ints, back: int) -> Ints:
    """(B, back + 1) which of the `counts` (B,) tokens that are fed each output is behind; 0 where a row has fewer."""
    wanted: Ints = counts[:, None] - 1 - np.arange(back, -1, -1)
    return wanted.clip(0)


def woken(
    children: Children,
    topk: int,
    alive: NDArray[np.bool_],
    tokens: Ints,
    counts: Ints,
    skipped: Ints,
) -> tuple[list[Layer], Skipped]:
    """From children of W + 1 nodes a row: `topk` of the root's, `SHOWN` of those at skipped positions.

    `alive` (B,): rows that can be drafted for; `tokens` (B, Q), `counts` (B,): what was fed; `skipped` (B,): how many
    of a row's W positions are asked for.
    """
    token, prob, entropy = children
    back = token.shape[1] - 1
    root = None if entropy is None else entropy[:, -1:]
    layer = fanned(token[:, -1:, :topk], prob[:, -1:, :topk], alive[:, None], root)
    valid = (np.arange(back, 0, -1) <= skipped[:, None]) & alive[:, None]
    following = np.take_along_axis(tokens, behind(counts, back - 1), 1)
    return [layer], Skipped(token[:, :-1, :SHOWN], prob[:, :-1, :SHOWN], following, valid)
