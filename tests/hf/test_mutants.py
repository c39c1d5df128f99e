"""Broken loops must be caught by the very check that the healthy one passes."""

from __future__ import annotations

import numpy as np
import pytest

from smartgen.attention import mask
from smartgen.attention.cache import RaggedCache
from smartgen.hf import processors, target, walk
from smartgen.tree.selection import Selection
from tests.hf.conftest import SMALL
from tests.hf.scripted import Scripted
from tests.hf.zoo import V, model, prompts


def _sees_siblings(monkeypatch):
    real = mask.ancestors
    monkeypatch.setattr(
        target, "ancestors", lambda parent, depth: real(parent, depth) | (depth[:, :, None] == depth[:, None])
    )


def _position_off(monkeypatch):
    real = target.Target.verify

    def verify(self, selection):
        depth = selection.depth + (selection.depth > 0)
        return real(self, Selection(selection.nodes, selection.token, selection.parent, depth, selection.real))

    monkeypatch.setattr(target.Target, "verify", verify)


def _stale_cache(monkeypatch):
    monkeypatch.setattr(RaggedCache, "_move", lambda self, rows, source, target: None)


def _wrong_row(monkeypatch):
    call = processors.Processors.__call__
    monkeypatch.setattr(
        processors.Processors, "__call__", lambda self, rows, ids, scores: call(self, rows, ids[1:] + ids[:1], scores)
    )


def _wrong_child(monkeypatch):
    def child(self, row, column, token):
        below = np.flatnonzero((self.parent[row] == column) & self.real[row])
        below = below[below > 0]
        return int(below[0]) if len(below) else -1

    monkeypatch.setattr(walk.Selection, "child", child)


MUTANTS = {
    "siblings": _sees_siblings,
    "position": _position_off,
    "stale": _stale_cache,
    "row": _wrong_row,
    "child": _wrong_child,
}


def _differs(attached, options) -> bool:
    subject, inputs = attached(model("llama")), prompts(4)
    plain = subject.generate(**inputs, max_new_tokens=24, do_sample=False, **options)
    truth = plain[:, inputs["input_ids"].shape[1] :].tolist()
    for seed in range(3):
        output = subject.generate(
            **inputs,
            max_new_tokens=24,
            do_sample=False,
            smart_recipe=SMALL,
            assistant_model=Scripted(truth, V, seed),
            **options,
        )
        if output.tolist() != plain.tolist():
            return True
    return False


OPTIONS = {"repetition_penalty": 1.5}


def test_the_healthy_loop_passes(attached):
    assert not _differs(attached, OPTIONS)


@pytest.mark.parametrize("name", MUTANTS)
def test_a_mutant_is_caught(name, attached, monkeypatch):
    MUTANTS[name](monkeypatch)
    assert _differs(attached, OPTIONS)
