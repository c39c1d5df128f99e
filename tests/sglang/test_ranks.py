"""Two processes with different minds serve one tier: rank 0's."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

torch = pytest.importorskip("torch")

from smartgen.policy.tiers import OFF, Tier  # noqa: E402
from smartgen.sglang.ranks import teller  # noqa: E402

TIERS = (OFF, Tier(1, 2, 3), Tier(3, 4, 8))


def _rank(rank: int, port: int, answers) -> None:
    torch.distributed.init_process_group("gloo", f"tcp://127.0.0.1:{port}", rank=rank, world_size=2)
    group = SimpleNamespace(world_size=2, ranks=[0, 1], rank_in_group=rank, cpu_group=torch.distributed.group.WORLD)
    number, tell = teller(group, TIERS)
    own = [TIERS[(round_ + rank) % 3] for round_ in range(6)]
    answers.put((number, [str(tell(tier)) for tier in own]))
    torch.distributed.destroy_process_group()


def test_both_ranks_follow_the_first() -> None:
    import socket

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    context = torch.multiprocessing.get_context("spawn")
    answers = context.Queue()
    processes = [context.Process(target=_rank, args=(rank, port, answers)) for rank in range(2)]
    for process in processes:
        process.start()
    found = dict(answers.get(timeout=120) for _ in processes)
    for process in processes:
        process.join(60)
    assert found[0] == found[1] == [str(TIERS[round_ % 3]) for round_ in range(6)]


def test_one_rank_decides_for_itself() -> None:
    assert teller(None, TIERS)[1](TIERS[2]) == TIERS[2]
