"""Two processes with different minds serve one decision: rank 0's."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

torch = pytest.importorskip("torch")

from smartgen.sglang.ranks import teller  # noqa: E402


def _decided(rank: int) -> list[list[int]]:
    """Six rounds of a rank's own numbers: the tier, asleep, the tour's end."""
    return [[(number + rank) % 3, (number // 2 + rank) % 2, rank] for number in range(6)]


def _rank(rank: int, port: int, answers) -> None:
    torch.distributed.init_process_group("gloo", f"tcp://127.0.0.1:{port}", rank=rank, world_size=2)
    group = SimpleNamespace(world_size=2, ranks=[0, 1], rank_in_group=rank, cpu_group=torch.distributed.group.WORLD)
    place, tell = teller(group)
    answers.put((place, [tell(numbers) for numbers in _decided(rank)]))
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
    found = dict(answers.get(timeout=600) for _ in processes)
    for process in processes:
        process.join(600)
    assert found[0] == found[1] == _decided(0)


def test_one_rank_decides_for_itself() -> None:
    assert teller(None)[1]([2, 1, 0]) == [2, 1, 0]
