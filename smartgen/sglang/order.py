"""`verify` in the recipe's order: benefits as tensor code, from the calibration's own table.

A node's benefit is the product down its path of what the table says of its probability, rank, depth and spine; children of
one node sum to at most 1. Recipes that value nodes otherwise keep the draft's own order, which is that of `node.path`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from smartgen.language.program import Const, Operation, PathProduct, Program, Read, Recall, Rules, Site
from smartgen.policy.calibrated import feature_names
from smartgen.policy.calibration import CalibrationMap

FEATURES = ("node.rank", "node.depth", "node.spine", "node.source", "request.sampled")
POINTS = 65  # of a stratum's curve, evenly spaced in the logarithm of the probability
LOWEST = 1e-4
_CLOSER = 1.0 - 1e-6  # a child's key stays below its parent's, so that what is selected is closed under parents


def ordering_site(program: Program) -> Site | None:
    """The calibration by which all of a program's rules order nodes; None where they do not, or not by one that tables hold."""
    sites = {_site(program, situation.rules) for situation in program.situations}
    return sites.pop() if len(sites) == 1 else None


def _site(program: Program, rules: Rules) -> Site | None:
    benefit = rules.verify.by if rules.verify.by is not None else rules.benefit
    while isinstance(benefit, Operation) and benefit.op == "*":
        moving = [operand for operand in benefit.operands if not isinstance(operand, Const)]
        if len(moving) != 1:
            return None
        benefit = moving[0]
    if not isinstance(benefit, PathProduct) or not isinstance(benefit.of, Recall):
        return None
    site = program.sites[benefit.of.site]
    if (
        site.kind != "calibrated"
        or site.arguments[0] != Read("node.prob")
        or not set(feature_names(site)) <= set(FEATURES)
    ):
        return None
    return site


class CalibratedOrder:
    """(layers, ranks, spine, POINTS) chances on the device, filled in place from a `CalibrationMap`."""

    def __init__(self, steps: int, topk: int, device: str) -> None:
        self.steps, self.topk = steps, topk
        grid = np.exp(np.linspace(np.log(LOWEST), 0.0, POINTS))
        self.grid = grid
        flat = np.broadcast_to(grid, (steps, topk, 2, POINTS)).astype(np.float32)
        self.table = torch.tensor(flat, device=device)

    def clear(self) -> None:
        """The draft's own order: every chance is its probability."""
        flat = np.broadcast_to(self.grid, tuple(self.table.shape)).astype(np.float32)
        self.table.copy_(torch.from_numpy(flat), non_blocking=True)

    def refill(self, calibration: CalibrationMap, source: str, sampled: bool) -> None:
        """Copy what the map says now; queued on the device like any other work."""
        fresh = np.empty(self.table.shape, np.float32)
        for depth, rank, spine in np.ndindex(*self.table.shape[:3]):
            known = {"node.rank": rank, "node.depth": depth + 1, "node.spine": spine, "node.source": source}
            values: list[object] = [known.get(name, float(sampled)) for name in calibration.features]
            fresh[depth, rank, spine] = calibration.estimate(self.grid[None], values).value[0]
        self.table.copy_(torch.from_numpy(fresh), non_blocking=True)

    def keys(self, scores: Sequence[Tensor], parents: Sequence[Tensor]) -> list[Tensor]:
        """Like `scores`: step 0 (B, 1, K), then (B, K, K); products of calibrated chances, falling along every path.

        `parents`: per step the places, among all candidates, of the nodes drafted from next.
        """
        topk = scores[0].shape[-1]
        rank = torch.arange(topk, device=self.table.device)
        keys, spine = [], torch.ones_like(scores[0][..., :1])
        above, raw = torch.ones_like(spine), torch.ones_like(spine)
        for depth, layer in enumerate(scores):
            on_spine = spine * (rank == 0)
            chance = self._chance(layer / raw.clamp_min(1e-30), depth, rank, on_spine)
            chance = chance / chance.sum(-1, keepdim=True).clamp_min(1.0)
            keys.append(above * chance.clamp_max(_CLOSER))
            first = 0 if depth == 0 else topk + (depth - 1) * topk**2
            place = parents[depth][:, -topk:] - first
            above, raw, spine = (x.flatten(1).gather(1, place)[..., None] for x in (keys[-1], layer, on_spine))
        return keys

    def _chance(self, prob: Tensor, depth: int, rank: Tensor, spine: Tensor) -> Tensor:
        """The table's chance, linear between its points."""
        step = -np.log(LOWEST) / (POINTS - 1)
        at = ((prob.clamp(LOWEST, 1.0).log() - np.log(LOWEST)) / step).clamp(0, POINTS - 1.001)
        low = at.long()
        rows = self.table[min(depth, self.steps - 1)]
        curve = rows[rank.expand(prob.shape), spine.long().expand(prob.shape)]
        lower = curve.gather(-1, low[..., None])[..., 0]
        upper = curve.gather(-1, low[..., None] + 1)[..., 0]
        return lower + (at - low) * (upper - lower)
