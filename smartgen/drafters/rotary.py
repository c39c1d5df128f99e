"""Rotary positions of a head: tables made once a call, and rotation in three operations."""

from __future__ import annotations

from typing import Any

import torch

# Scalings whose frequencies are the same at every length; `dynamic` and `longrope` switch while a text grows.
SCALINGS = ("linear", "llama3", "yarn")


def frequencies(
    theta: float, dim: int, scaling: dict[str, Any], longest: int, device: torch.device
) -> tuple[torch.Tensor, float]:
    """Inverse frequencies (dim / 2,) and the factor on cos and sin, for a rope `scaling` as a config states it.

    Raises ValueError if the scaling is of another kind than `SCALINGS`, or KeyError if it misses a parameter.
    """
    kind = scaling.get("rope_type", scaling.get("type")) or "default"
    if kind == "default":
        return theta ** -(torch.arange(0, dim, 2, device=device, dtype=torch.float32) / dim), 1.0
    if kind not in SCALINGS:
        raise ValueError(f"rotary scaling {kind!r} is not one of {', '.join(SCALINGS)}")
    from transformers import LlamaConfig
    from transformers.modeling_rope_utils import ROPE_INIT_FUNCTIONS

    config = LlamaConfig(
        head_dim=dim,
        max_position_embeddings=longest,
        rope_parameters={**scaling, "rope_type": kind, "rope_theta": theta},
    )
    inverse, factor = ROPE_INIT_FUNCTIONS[kind](config, device)
    return inverse, float(factor)


class Rotary:
    """cos and sin for the positions of one call; longer when asked for more."""

    def __init__(self, inverse: torch.Tensor, factor: float, positions: int, dtype: torch.dtype) -> None:
        self._inverse, self._factor, self._dtype = inverse, factor, dtype
        self._extend(positions)

    def _extend(self, positions: int) -> None:
        angles = torch.arange(positions, device=self._inverse.device)[:, None] * self._inverse
        cos, sin = angles.cos() * self._factor, angles.sin() * self._factor
        self._cos = torch.cat([cos, cos], -1).to(self._dtype)
        self._sin = torch.cat([-sin, sin], -1).to(self._dtype)  # signed, so that one roll of the halves does

    def at(self, positions: torch.Tensor, longest: int) -> tuple[torch.Tensor, torch.Tensor]:
        """cos and signed sin (B, P, 1, D) for positions (B, P), none of them beyond `longest`."""
        if longest >= len(self._cos):
            self._extend(2 * longest)
        shape = (*positions.shape, 1, self._cos.shape[1])
        flat = positions.reshape(-1)
        return self._cos.index_select(0, flat).view(shape), self._sin.index_select(0, flat).view(shape)


def rotate(x: torch.Tensor, cos: torch.Tensor, sin: torch.Tensor) -> torch.Tensor:
    """Rotate x (B, Q, heads, D) to its positions."""
    return torch.addcmul(x * cos, x.roll(x.shape[-1] // 2, -1), sin)
