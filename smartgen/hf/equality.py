"""Are two texts the same, or did a tie fall differently? The rule of tests and demo.

Another shape of the same forward moves logits by rounding (about 2.5e-5 in float32 on a 135M model), so a first
difference is a failure unless the two best processed scores of plain decoding at that position were closer than
1e-4; such ties are counted and said.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch

TIE = 1e-4


@dataclass(frozen=True)
class Equality:
    """`position`: first differing new token, None if none; `gap`: plain's top-2 gap there."""

    position: int | None = None
    gap: float = 0.0

    @property
    def identical(self) -> bool:
        return self.position is None

    @property
    def tie(self) -> bool:
        return self.position is not None and self.gap < TIE

    @property
    def fails(self) -> bool:
        return not (self.identical or self.tie)


def compare(plain: list[int], other: list[int], scores: list[torch.Tensor]) -> Equality:
    """New tokens of one row from two runs; `scores`: plain's processed scores (V,) at each position."""
    length = max(len(plain), len(other))
    for position in range(length):
        ours = other[position] if position < len(other) else None
        theirs = plain[position] if position < len(plain) else None
        if ours != theirs:
            gap = float("inf")
            if position < len(scores):
                top = scores[position].float().topk(2).values
                gap = float(top[0] - top[1])
            return Equality(position, gap)
    return Equality()
