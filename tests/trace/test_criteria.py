"""The table of criteria: what is met, what is missed, and that a figure on the wrong side of a bound is not called met."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

FILE = Path(__file__).parents[2] / "benchmarks" / "controller_criteria.py"


@pytest.fixture(scope="module")
def judged():
    spec = importlib.util.spec_from_file_location("controller_criteria", FILE)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    yield module
    del sys.modules[spec.name]


def cell(recipe: str, trace: str, batch: int, plain: float, static: float = 1.0, high: float = 1.0) -> dict:
    return {
        "recipe": recipe,
        "trace": trace,
        "batch": batch,
        "drafter": "useless" if "useless" in trace else "head",
        "sampled": trace != "greedy",
        "vs_plain": plain,
        "vs_best_static": static,
        "high": high,
        "same_candidates": recipe.startswith("no n-gram"),
    }


def other(recipe: str, trace: str, smart_over: float) -> dict:
    return {"recipe": recipe, "trace": trace, "batch": 1, "smart_over": smart_over, "exact": True}


def verdicts(module, result: dict) -> dict[str, bool]:
    return {found.text: found.met for found in module.criteria(result)}


def test_cells(judged):
    rows = [
        cell("smart", "greedy", 1, 1.8, 1.25),
        cell("smart", "t1", 1, 1.2, 1.01),
        cell(judged.SAME, "greedy", 1, 1.6, 1.08, 1.1),
        cell(judged.SAME, "t1", 1, 1.1, 0.94, 0.96),
        other("paper", "greedy", 1.5),
        other("paper", "t1", 1.2),
        other("paper_literal", "greedy", 3.0),
        other("paper_literal", "t1", 2.4),
        other("cast", "greedy", 0.9),
        other("cast", "t1", 0.92),
        other("eagle2", "greedy", 1.5),
        other("eagle2", "t1", 1.5),
        cell("smart", "t1, useless head", 1, 0.97),  # no rival there, and no part of the means
        cell("smart_run", "t1", 1, 9.0),  # ours: no rival
    ]
    assert verdicts(judged, {"cells": {"all": rows}}) == {
        "same candidates, × best static tree of the cell, mean at batch 1": False,  # 1.01
        "same candidates, the lowest upper end of an interval (t1, batch 1)": False,
        "n-grams merged, × best static tree without them, greedy, batch 1": True,
        "n-grams merged, × best static tree without them, t1, batch 1": False,
        "n-grams merged, × best static tree without them, mean of all cells": True,
        "× plain decoding, the worst cell (t1, useless head, batch 1)": False,
        "× SMART as published (the better form), mean of all cells": True,  # 1.35, against paper
        "× the nearest of 2 other published recipes (cast), mean of all cells": False,
    }


def test_the_other_parts(judged):
    result = {
        "calibration": {"greedy, batch 1": {"overall": 1.02, "deciles": [0.95, 1.2, 1.05], "accepted": [80, 100, 120]}},
        "flip": [
            {"trace": "greedy", "policy": "smart", "useless": False, "vs_better": 1.1},
            {"trace": "greedy", "policy": "smart", "useless": True, "vs_better": 0.96, "steps_until_drafting": [3, 19]},
        ],
        "costs": [{"trace": "t1", "batch": 1, "part": "slope", "factor": 2.0, "before": 0.91, "after": 0.97}],
        "shuffled": {"greedy": [0.7, 0.9, 0.99]},
    }
    assert list(verdicts(judged, result).values()) == [True, False, False, True, True, False, True]


def test_no_number_is_not_met(judged):
    assert not judged.Criterion("nothing was accepted", float("nan"), 0.9, 1.1).met
    assert judged.criteria({}) == []
