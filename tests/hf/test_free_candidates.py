"""N-gram candidates beside another drafter: accepted, merged, and the text stays plain decoding's own."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
import torch

from smartgen.hf.watch import watching
from smartgen.policy.controller import Controller
from smartgen.policy.free import BOTH, FREE, OWN, SOURCE
from tests.hf.scripted import Scripted
from tests.hf.zoo import V, model, prompts

NEW = 60


def _repeating(batch: int) -> dict[str, torch.Tensor]:
    """Prompts that say the same thing again, so that n-grams find it."""
    inputs = prompts(batch, length=16)
    first = inputs["input_ids"][:, 5:10]
    inputs["input_ids"] = torch.cat([inputs["input_ids"], first, inputs["input_ids"][:, -4:], first], 1)
    mask = inputs["attention_mask"]
    inputs["attention_mask"] = torch.cat([mask, torch.ones_like(inputs["input_ids"][:, mask.shape[1] :])], 1)
    return inputs


@pytest.fixture
def accepted(monkeypatch) -> Counter[int]:
    """Who proposed the accepted nodes, over all rows and steps."""
    seen: Counter[int] = Counter()
    observe = Controller.observe

    def spy(self, outcome):
        tree, source = self.tree, self.tree.column(SOURCE, OWN)
        for row, count in enumerate(outcome.accepted):
            node = -1
            for token in outcome.committed[row][:count]:
                below = [n for n in self.chosen[row] if n >= 0 and tree.parent[row, n] == node]
                node = next(n for n in below if tree.token[row, n] == token)
                seen[int(source[row, node])] += 1
        return observe(self, outcome)

    monkeypatch.setattr(Controller, "observe", spy)
    return seen


def test_the_text_is_plain_decodings_own(attached, cheap_trees, accepted):
    target = attached(model("llama"))
    # a penalty below 1: it likes to repeat itself
    options = {"max_new_tokens": NEW, "do_sample": False, "repetition_penalty": 0.4}
    for batch in (1, 4):
        inputs = _repeating(batch)
        plain = target.generate(**inputs, **options)
        truth = plain[:, inputs["input_ids"].shape[1] :].tolist()
        for seed in range(6):
            with watching() as steps:
                output = target.generate(
                    **inputs, **options, smart_recipe="smart", assistant_model=Scripted(truth, V, seed, right=0.3)
                )
            assert output.tolist() == plain.tolist()
            for step in steps:
                _no_path_twice(step)
    assert all(accepted[source] for source in (FREE, BOTH, OWN)), accepted


def _no_path_twice(step) -> None:
    """No free candidate that the drafter did not name shares its place with another node."""
    tree, source = step.tree, step.tree.column(SOURCE, OWN)[0]
    there = np.flatnonzero(tree.valid[0])
    seen = Counter((int(tree.parent[0, node]), int(tree.token[0, node])) for node in there)
    free = there[source[there] >= FREE]
    assert all(seen[int(tree.parent[0, node]), int(tree.token[0, node])] == 1 for node in free)


def test_only_policies_that_tell_sources_apart_get_them(attached, cheap_trees):
    target, inputs = attached(model("llama")), _repeating(1)
    plain = target.generate(**inputs, max_new_tokens=NEW, do_sample=False)
    truth = plain[:, inputs["input_ids"].shape[1] :].tolist()
    with watching() as steps:
        target.generate(
            **inputs, max_new_tokens=NEW, do_sample=False, smart_recipe="eagle2", assistant_model=Scripted(truth, V)
        )
    assert steps
    assert all((step.tree.column(SOURCE, OWN) == OWN).all() for step in steps)
