"""Rows: what is in them, that they do not depend on the number of processes, and the picture."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from smartgen.trace import TraceError, replay
from smartgen.trace.chart import draw
from smartgen.trace.judging import Bench, Row, judge
from smartgen.trace.parallel import spread
from tests.trace.conftest import NEW, profile

FIXED = "smartgen 1\npolicy s { benefit accepted = node.path  expand best 6  verify best 6  limit depth 2, topk 10 }"


@pytest.fixture(scope="module")
def rows(greedy):
    recipes = {"off": "off", "fixed": FIXED, "smart": "smart"}
    return list(judge(Bench("tiny", greedy), recipes, profile(), "made up", [1, 4], resamples=4))


def test_one_row_a_recipe_and_batch(rows):
    assert [(row.recipe, row.batch) for row in rows] == [(r, b) for b in (1, 4) for r in ("off", "fixed", "smart")]
    asked = (
        "trace",
        "recipe",
        "profile",
        "batch",
        "rows",
        "vs_plain",
        "vs_best_static",
        "vs_oracle",
        "low",
        "high",
        "exact",
    )
    assert set(asked) <= set(rows[0].plain())
    for row in rows:
        assert row.low <= row.vs_best_static <= row.high
        assert row.exact
        assert 0 < row.vs_oracle <= 1 or row.batch > 1


def test_plain_is_one_and_a_static_tree_never_beats_the_best(rows):
    for row in rows:
        if row.recipe == "off":
            assert row.vs_plain == pytest.approx(1.0)
        if row.recipe != "smart":
            assert row.vs_best_static <= 1 + 1e-9
    assert max(row.vs_plain for row in rows) > 1.2, "no tree pays here: nothing is compared"


def test_processes_change_nothing(greedy, rows):
    again = list(judge(Bench("tiny", greedy), {"smart": "smart"}, profile(), "made up", [4], resamples=4, jobs=2))
    assert again == [row for row in rows if (row.recipe, row.batch) == ("smart", 4)]


def test_spread_keeps_order_and_raises_what_was_raised():
    assert spread(lambda x: x * x, list(range(7)), 3) == [x * x for x in range(7)]

    def fails(x):
        if x == 5:
            raise TraceError("five")
        return x

    with pytest.raises(TraceError, match="five"):
        spread(fails, list(range(7)), 2)


def test_interrupted_processes_end_quietly(capfd):
    def interrupted(x):
        raise KeyboardInterrupt

    with pytest.raises(TraceError, match="ended before its work was done"):
        spread(interrupted, [1, 2], 2)
    assert "Traceback" not in capfd.readouterr().err


def test_lists_are_all_requests_and_resamples_of_them(greedy):
    lists = np.stack(Bench("tiny", greedy).lists(30, seed=1))
    assert lists.shape == (31, greedy.requests)
    assert lists[0].tolist() == list(range(greedy.requests))
    assert any(len(set(line)) < greedy.requests for line in lists[1:].tolist())
    np.testing.assert_array_equal(lists, Bench("tiny", greedy).lists(30, seed=1))


def test_a_flipping_drafter_keeps_its_phases_in_every_list(greedy):
    bench = Bench("tiny", greedy, flip=2 * NEW)
    assert (bench.name, bench.phase.tolist()) == (f"tiny flip {2 * NEW}", [0, 0, 1, 1, 2])
    for line in bench.lists(30):
        assert bench.phase[line].tolist() == [0, 0, 1, 1, 2]
    assert [bench.phase[line].tolist() for line in bench.lists(3, length=2)[1:]] == [[0, 1]] * 3
    turned, whole = (replay(trace, FIXED, profile()) for trace in (bench.trace, greedy))
    assert turned.committed == whole.committed
    assert turned.rate < whole.rate
    with pytest.raises(TraceError, match="n-grams"):
        Bench("tiny", greedy, ngram=True, flip=2 * NEW)


def test_shorter_lists_give_an_interval_of_the_same_kind(greedy, rows):
    (short,) = judge(Bench("tiny", greedy), {"s": FIXED}, profile(), "made up", [1], resamples=40, length=2)
    (whole,) = judge(Bench("tiny", greedy), {"s": FIXED}, profile(), "made up", [1], resamples=40)
    assert short.vs_best_static == whole.vs_best_static
    assert 0.4 < np.log(short.high / short.low) / np.log(whole.high / whole.low) < 2.5
    with pytest.raises(TraceError, match="at least two"):
        next(judge(Bench("tiny", greedy), {"s": FIXED}, profile(), "made up", [1], resamples=1))


def test_only_those_named_get_intervals_and_nothing_else_changes(greedy, rows, tmp_path):
    recipes = {"fixed": FIXED, "smart": "smart"}
    few = list(judge(Bench("tiny", greedy), recipes, profile(), "made up", [1], resamples=4, intervals=["smart"]))
    fixed, smart = few
    whole = next(row for row in rows if (row.recipe, row.batch) == ("fixed", 1))
    assert smart == next(row for row in rows if (row.recipe, row.batch) == ("smart", 1))
    assert fixed == replace(whole, low=None, high=None)
    pytest.importorskip("matplotlib")
    draw(few, tmp_path / "few.svg")


def test_a_picture_is_drawn(rows, tmp_path):
    pytest.importorskip("matplotlib")
    draw(rows, tmp_path / "rows.png")
    assert (tmp_path / "rows.png").read_bytes().startswith(b"\x89PNG")
    with pytest.raises(TraceError, match=r"\.png"):
        draw(rows, tmp_path / "rows.txt")


def test_rows_as_data_round_ratios_only():
    row = Row("t", "r", "p", 1, "refill", 1.23456789, 1.0, 0.5, 0.9, 1.1, True, 30.0, "plain")
    assert row.plain()["vs_plain"] == 1.2346
    assert row.plain()["batch"] == 1
