"""Which cached prefixes a draft may be continued on: flags of the engine's slots, set by rounds asleep."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from smartgen.sglang.rest import Rest  # noqa: E402
from smartgen.sglang.slots import DraftSlots  # noqa: E402

ROW = torch.tensor([1])


@pytest.fixture
def slots() -> DraftSlots:
    """Row 1 holds slots 10 to 19, row 2 slots 10 to 13 (a prefix of row 1) and 20 to 25."""
    table = torch.zeros((3, 10), dtype=torch.int32)
    table[1] = torch.arange(10, 20)
    table[2] = torch.cat([torch.arange(10, 14), torch.arange(20, 26)])
    return DraftSlots(table, 40)


def prefilled(slots: DraftSlots, prefix: int, row: int = 2) -> list[str]:
    """Names of stale ones, where a new request's first tokens were found; row 2 fills slots of its own."""
    written = slots.table[row, 4 if row == 2 else prefix :]
    slots.prefilled(["new"], torch.tensor([row]), [prefix], written)
    return list(slots.stale())


def test_nothing_is_kept_before_the_first_sleep(slots: DraftSlots) -> None:
    slots.decoded(ROW, torch.tensor([2]), 4, asleep=False)
    assert prefilled(slots, 4) == []
    assert not slots.slept
    assert not slots.asked


def test_a_prefix_through_a_sleeping_round_is_stale(slots: DraftSlots) -> None:
    slots.decoded(ROW, torch.tensor([3]), 1, asleep=True)  # slot 13
    assert prefilled(slots, 3) == []
    assert prefilled(slots, 4) == ["new"]
    assert list(slots.stale()) == []  # each is told once


def test_only_rows_with_such_a_prefix_are_named(slots: DraftSlots) -> None:
    slots.decoded(ROW, torch.tensor([3]), 1, asleep=True)
    slots.prefilled(["a", "b", "c"], torch.tensor([1, 2, 2]), [3, 0, 4], torch.tensor([30]))
    assert list(slots.stale()) == ["c"]


def test_slots_that_are_filled_again_are_whole(slots: DraftSlots) -> None:
    slots.decoded(ROW, torch.tensor([3]), 1, asleep=True)
    slots.decoded(ROW, torch.tensor([2]), 4, asleep=False)  # slots 12 to 15, drafted
    assert prefilled(slots, 4) == []
    slots.decoded(ROW, torch.tensor([3]), 1, asleep=True)
    assert prefilled(slots, 0, row=1) == []  # prefilled anew
    assert prefilled(slots, 4) == []


def test_requests_on_such_a_prefix_are_stale_until_they_are_prefilled_anew() -> None:
    rest = Rest()
    rest.reused(["a"])
    assert rest.warm(["a", "b"]) == rest.whole_at_prefill(["a", "b"]) == [False, True]
    rest.decided(False, ["a", "b"], may_sleep=True)
    assert rest.warm(["a", "b"]) == [False, True]
    rest.prefilled(["a"])
    assert rest.warm(["a"]) == rest.whole_at_prefill(["a"]) == [True]


def test_those_that_fell_asleep_later_still_teach_of_the_rounds_before() -> None:
    rest = Rest()
    rest.asleep = True
    rest.decided(False, ["a"], may_sleep=True)
    assert rest.warm(["a"]) == [False]
    assert rest.whole_at_prefill(["a"]) == [True]
