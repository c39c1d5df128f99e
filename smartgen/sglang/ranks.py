"""One decision for all ranks of a tensor-parallel engine: measured times differ between ranks, so rank 0's holds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
import torch.distributed

Tell = Callable[[list[int]], list[int]]


def teller(group: Any) -> tuple[int, Tell]:
    """This process's rank in the engine's group, and what turns the numbers that it decided into the common ones."""
    if group is None or group.world_size == 1:
        return 0, lambda numbers: numbers
    first = group.ranks[0]

    def tell(numbers: list[int]) -> list[int]:
        told = torch.tensor(numbers)
        torch.distributed.broadcast(told, src=first, group=group.cpu_group)  # on the host: no device waits
        found: list[int] = told.tolist()
        return found

    return group.rank_in_group, tell
