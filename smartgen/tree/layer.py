"""What passes between a drafter and the controller: a layer of candidates one way, a frontier the other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

ARRAYS = ("token", "prob", "parent", "rank", "valid")
MEASURES = ("entropy", "confidence")  # what some drafters say of a node beside its probability


@dataclass(frozen=True)
class Layer:
    """Candidates one level below the frontier, for all active rows; shape (B, K) each.

    `prob` is the drafter's chance of the token given its parent, `rank` 0 the likeliest sibling, `parent` the place
    in the frontier that was fed (0, the root, in the first layer; the place in the previous *layer* where a one-pass
    drafter returns several at once, since nobody picked a frontier). Where `valid` is False the cell is padding.
    Cells of one parent are adjacent and in order of rank.
    """

    token: NDArray[np.int64]
    prob: NDArray[np.float64]
    parent: NDArray[np.int64]
    rank: NDArray[np.int64]
    valid: NDArray[np.bool_]
    entropy: NDArray[np.float64] | None = None  # nats, of the distribution the node was drawn from; on request
    confidence: NDArray[np.float64] | None = None  # of a trained acceptance head, given its parent; on request
    fan: int = 0  # every node that was fed has so many cells, those of the first one first; 0: not so

    @property
    def measures(self) -> dict[str, NDArray[np.float64]]:
        """The optional columns that are there, by name."""
        if self.entropy is None and self.confidence is None:
            return {}
        found = {name: getattr(self, name) for name in MEASURES}
        return {name: values for name, values in found.items() if values is not None}


def beside(layers: list[Layer]) -> Layer:
    """Several layers as one, side by side; `parent` still counts within the layer before."""
    if len(layers) == 1:
        return layers[0]
    names = [*ARRAYS, *layers[0].measures]
    joined: dict[str, Any] = {name: np.concatenate([getattr(layer, name) for layer in layers], 1) for name in names}
    return Layer(**joined)


@dataclass(frozen=True)
class Skipped:
    """What a drafter would have proposed at positions that it skipped while it rested, oldest first; the newest is the
    one before the root.

    `token`, `prob` (B, W, k): the likeliest children, best first; `prob` 0 where there is none. `following` (B, W): the
    token that was committed there. Where `valid` (B, W) is False the row has skipped fewer.
    """

    token: NDArray[np.int64]
    prob: NDArray[np.float64]
    following: NDArray[np.int64]
    valid: NDArray[np.bool_]


@dataclass(frozen=True)
class Frontier:
    """The nodes to draft from next, (B, W) each. `parent` is a node's place in the frontier fed before (0 in the first)."""

    token: NDArray[np.int64]
    parent: NDArray[np.int64]
    valid: NDArray[np.bool_]
