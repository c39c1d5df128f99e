"""One decision for all ranks of a tensor-parallel engine: measured times differ between ranks, so rank 0's holds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
import torch.distributed

from smartgen.policy.tiers import Tier


def teller(group: Any, tiers: Sequence[Tier]) -> tuple[int, Callable[[Tier], Tier]]:
    """This process's rank in the engine's group, and what turns its own decision into the common one."""
    if group is None or group.world_size == 1:
        return 0, lambda tier: tier
    first = group.ranks[0]

    def tell(tier: Tier) -> Tier:
        number = torch.tensor([tiers.index(tier)])
        torch.distributed.broadcast(number, src=first, group=group.cpu_group)  # on the host: no device waits
        return tiers[int(number)]

    return group.rank_in_group, tell
