"""What every shipped recipe is held to: documented, short, tested, and its tests notice small mistakes."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from smartgen.policy.trial import attempts, trials
from smartgen.recipe import load
from smartgen.recipe.shipped import shipped
from smartgen.recipe.tested import beside

ASKED = {
    *("off", "chain", "eagle1", "eagle2", "eagle3", "msd", "trtllm"),
    *("hf_confidence", "hf_heuristic", "specdec_plus", "svip", "ddd", "talon", "opt_tree"),
    *("paper", "paper_literal", "bastion", "caddtree", "cast", "sequoia"),
    *("smartspec", "vllm_table", "sglang_adaptive", "echo", "tetris", "dspark", "adaserve", "banditspec", "nightjar"),
    *("smart", "smart_run", "smart_pooled", "smart_slo", "smart_energy"),
}
RECIPES = {name: path for name, path in shipped().items() if path.suffix == ".smart"}


def test_all_are_there():
    assert set(RECIPES) == ASKED
    assert load("smart").program.hash == load("smart_yaml").program.hash


@pytest.mark.parametrize("name", RECIPES)
def test_its_head_says_where_it_is_from(name):
    text = RECIPES[name].read_text(encoding="utf-8")
    head = [
        line[1:].strip()
        for line in re.split(r"^policy ", text, flags=re.MULTILINE)[0].splitlines()
        if line.startswith("#")
    ]
    labels = [line.partition(":")[0] for line in head]
    assert len(head) >= 2
    assert "Source" in labels
    ours = any(line.startswith("Source: ours") for line in head)
    assert ours or {"Defaults", "Not faithful"} <= set(labels)
    assert ours or re.search(r"arXiv \d{4}\.\d{5}|TensorRT-LLM|transformers|vLLM|SGLang|ACL|as paper", " ".join(head))


@pytest.mark.parametrize("name", RECIPES)
def test_it_has_at_most_twenty_lines_of_code(name):
    lines = [line.split("#")[0].strip() for line in RECIPES[name].read_text(encoding="utf-8").splitlines()]
    assert len([line for line in lines if line]) <= 20


@pytest.mark.parametrize("name", RECIPES)
def test_its_table_of_decisions_holds(name):
    found = list(trials(beside(RECIPES[name])))
    assert found
    for trial in found:
        assert not trial.mismatches, "\n".join([trial.name, *trial.told()])


def test_small_mistakes_are_noticed():
    """A fifth of what `make mutants` tries: comparisons, signs, constants and `where`s of every recipe, changed in turn."""
    fates = Counter(attempt.fate for path in RECIPES.values() for attempt in attempts(beside(path), every=5))
    changed = fates["noticed"] + fates["survived"]
    assert changed > 60
    assert fates["noticed"] >= 0.9 * changed
