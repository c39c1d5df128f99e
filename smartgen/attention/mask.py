"""Which slots a tree's nodes may see: the committed part of their row, their ancestors and themselves.

sdpa takes boolean masks (True = attend). The eager functions *add* whatever they are given, so that a boolean mask
there is silently wrong: they get 0 and the dtype's minimum. So does sdpa on a GPU, whose kernels would otherwise turn
the mask into that in every layer anew. Models with several kinds of layers take one mask a kind.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray


def ancestors(parent: NDArray[np.int64], depth: NDArray[np.int64]) -> NDArray[np.bool_]:
    """(B, N) places of parents (-1: none) and depths → (B, N, N): node n may see node m. One pass per depth."""
    batch, nodes = parent.shape
    seen = np.zeros((batch, nodes, nodes), bool)
    diagonal = np.arange(nodes)
    seen[:, diagonal, diagonal] = True
    for level in range(int(depth.min()), int(depth.max()) + 1):
        rows, columns = np.nonzero((depth == level) & (parent >= 0))
        seen[rows, columns] |= seen[rows, parent[rows, columns]]
    return seen


@dataclass(frozen=True)
class MaskKind:
    """How one kind of layer looks back: everything, or the last `window` positions."""

    name: str
    window: int | None = None


@dataclass(frozen=True)
class MaskStyle:
    """What a model's forward takes as `attention_mask`: additive or boolean, one tensor or a dict by kind of layer."""

    additive: bool
    kinds: tuple[MaskKind, ...] = (MaskKind("full_attention"),)

    def build(
        self,
        seen: NDArray[np.bool_],
        positions: NDArray[np.int64],
        lengths: NDArray[np.int64],
        padding: NDArray[np.int64],
        view: int,
        offset: int,
        dtype: torch.dtype,
        device: torch.device,
    ) -> torch.Tensor | dict[str, torch.Tensor]:
        """Mask(s) of shape (B, 1, Q, view).

        `seen` (B, Q, M): which of the M slots behind a row's `lengths` (the last Q of them are the queries themselves,
        `offset` = M - Q) a query attends to. `positions` (B, M): their positions. `padding` (B,): left padding.
        """
        allowed = _allowed(seen, lengths, padding, view)
        masks = {}
        for kind in self.kinds:
            inside = allowed
            if kind.window is not None:
                inside = allowed & _within(kind.window, positions, lengths, padding, view, offset)
            masks[kind.name] = _tensor(inside, self.additive, dtype, device)
        return masks if len(masks) > 1 else masks[self.kinds[0].name]


def _slots(lengths: NDArray[np.int64], view: int, drafted: int) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """(B, view) place of each slot behind its row's committed part, and whether it is one of the drafted slots."""
    relative = np.arange(view) - lengths[:, None]
    return relative, (relative >= 0) & (relative < drafted)


def _allowed(
    seen: NDArray[np.bool_], lengths: NDArray[np.int64], padding: NDArray[np.int64], view: int
) -> NDArray[np.bool_]:
    batch, queries, drafted = seen.shape
    slots = np.arange(view)
    committed = (slots < lengths[:, None]) & (slots >= padding[:, None])
    allowed = np.repeat(committed[:, None], queries, 1)
    for row in range(batch):  # contiguous copies: an order faster than one fancy index
        start = int(lengths[row])
        allowed[row, :, start : start + drafted] = seen[row]
    return allowed


def _within(
    window: int,
    positions: NDArray[np.int64],
    lengths: NDArray[np.int64],
    padding: NDArray[np.int64],
    view: int,
    offset: int,
) -> NDArray[np.bool_]:
    """(B, Q, view): the key lies less than `window` positions behind the query."""
    drafted = positions.shape[1]
    relative, inside = _slots(lengths, view, drafted)
    behind = np.take_along_axis(positions, relative.clip(0, drafted - 1), 1)
    keys = np.where(inside, behind, np.arange(view) - padding[:, None])
    return positions[:, offset:, None] - keys[:, None] < window


def mask_multiple(device: torch.device) -> int:
    """Slots in a mask's row are a multiple of this: kernels on a GPU copy other masks to such a length in every layer."""
    return 16 if device.type == "cuda" else 1


def _tensor(allowed: NDArray[np.bool_], additive: bool, dtype: torch.dtype, device: torch.device) -> torch.Tensor:
    mask = torch.from_numpy(np.ascontiguousarray(allowed)[:, None]).to(device)
    if not (additive or device.type == "cuda"):
        return mask
    return torch.zeros(mask.shape, dtype=dtype, device=device).masked_fill_(~mask, torch.finfo(dtype).min)
