"""Left padding: how much there is, and how to take it off."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

Ints = NDArray[np.int64]


def left_padding(mask: torch.Tensor | None, batch: int, length: int) -> Ints:
    """(B,) padded columns. Raises ValueError for a mask that is anything but left padding."""
    if mask is None:
        return np.zeros(batch, np.int64)
    seen = mask.bool().cpu().numpy()
    if seen.ndim == 2 and seen.all():  # nothing is padded, even if healing has changed the prompt's length since
        return np.zeros(batch, np.int64)
    if seen.shape != (batch, length):
        raise ValueError(
            f"smart_recipe needs an attention_mask of the prompt's own shape {(batch, length)}, not {tuple(seen.shape)}"
        )
    padding: Ints = (~seen).sum(1)
    expected = np.arange(length) >= padding[:, None]
    if not (seen == expected).all():
        row = int(np.flatnonzero((seen != expected).any(1))[0])
        raise ValueError(
            f"smart_recipe needs left padding: row {row} of attention_mask has zeros behind a one; "
            'set tokenizer.padding_side = "left"'
        )
    if (padding == length).any():
        raise ValueError(
            f"row {int(np.argmax(padding))} of attention_mask is all padding: there is nothing to continue"
        )
    return padding


def right_padded(
    input_ids: torch.Tensor, padding: Ints, features: torch.Tensor | None
) -> tuple[Ints, torch.Tensor | None]:
    """Move each row to the left: (B, P) host tokens and (B, P, F) features with the padding behind."""
    tokens = input_ids.cpu().numpy().astype(np.int64)
    if not padding.any():
        return tokens, features
    order = (np.arange(tokens.shape[1]) + padding[:, None]) % tokens.shape[1]
    shifted = np.take_along_axis(tokens, order, 1)
    if features is None:
        return shifted, None
    rows = torch.arange(len(order), device=features.device)[:, None]
    return shifted, features[rows, torch.as_tensor(order, device=features.device)]
