"""Where a draft's nodes are selected: the recipe's order instead of the draft's own, and a record of what was drafted.

Everything here is tensor code on buffers that keep their place, so that a captured graph may hold it: between rounds only
the contents of the look-up tables change.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from smartgen.policy.tiers import Tier
from smartgen.sglang.order import CalibratedOrder


class Selecting:
    """One worker's. `largest`: the largest shape; `rows`: the largest batch."""

    def __init__(self, largest: Tier, rows: int, device: str, order: CalibratedOrder | None) -> None:
        topk = largest.topk
        self.order = order
        width = topk + max(largest.steps - 1, 0) * topk**2
        self.scores = torch.zeros(rows, width, device=device)
        self.tokens = torch.zeros(rows, width, dtype=torch.int64, device=device)
        self.frontier = torch.zeros(rows, largest.steps * topk, dtype=torch.int64, device=device)
        self.selected = torch.zeros(rows, largest.tokens, dtype=torch.int64, device=device)

    def __call__(
        self,
        original: Callable[..., Any],
        scores: Sequence[Tensor],
        tokens: Sequence[Tensor],
        parents: Sequence[Tensor],
        draft_tokens: int,
    ) -> Any:
        """`original` with keys that put our nodes first; records (rows, candidates) scores and tokens as they were drafted."""
        keys = scores if self.order is None else self.order.keys(scores, parents)
        found = original(keys, tokens, parents, draft_tokens)
        _put(self.scores, torch.cat([layer.flatten(1) for layer in scores], 1))
        _put(self.tokens, torch.cat(list(tokens), 1))
        topk = scores[0].shape[-1]
        _put(self.frontier, torch.cat([layer[:, -topk:] for layer in parents], 1))
        _put(self.selected, found[1])
        return found


def _put(buffer: Tensor, values: Tensor) -> None:
    buffer[: values.shape[0], : values.shape[1]].copy_(values)
