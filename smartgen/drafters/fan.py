"""From the likeliest children of the nodes that were fed to a layer of candidates."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from smartgen.tree.grids import families
from smartgen.tree.layer import Layer

Children = tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64] | None]
"""Tokens and probabilities (B, W, k) of W nodes' children, best first; entropy (B, W) of each node's, if asked for."""


def to_host(told: list[torch.Tensor]) -> NDArray[np.float64]:
    """What a pass found, (...) each → stacked on the host in one transfer. A head or assistant that overflows says NaN of
    its nodes, which promises nothing: 0, since a NaN has no place in an order and trees are built by order.
    """
    return np.nan_to_num(torch.stack(told).cpu().numpy(), copy=False)


def fanned(
    token: NDArray[np.int64],
    prob: NDArray[np.float64],
    valid: NDArray[np.bool_],
    entropy: NDArray[np.float64] | None = None,
) -> Layer:
    """A layer of the children (B, W, k) of W nodes a row, best first; `valid` (B, W) says which nodes are real.

    `entropy` (B, W): of the distribution that a node's children were taken from.
    """
    batch, width, k = prob.shape
    flat = (batch, width * k)
    parent, rank = families(batch, width, k)
    spread = None if entropy is None else np.repeat(entropy, k, 1)
    return Layer(token.reshape(flat), prob.reshape(flat), parent, rank, valid.repeat(k, 1), spread, fan=k)
