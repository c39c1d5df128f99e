"""A tiny target with an assistant that often agrees, recorded once; real calls on the same requests to compare with."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

import smartgen
from smartgen.drafters.assistant import Assistant
from smartgen.drafters.ngram import NGram
from smartgen.models.get import resolve
from smartgen.profile.profile import Key, Profile
from smartgen.profile.table import CostTable, Point
from smartgen.trace import Envelope, Trace, record
from tests.hf.zoo import V, model, noisy_copy

NEW = 24
REQUESTS = 5
ENVELOPE = Envelope(beams=(1, 3, 10, 20))


@dataclass
class Pair:
    """A target that is attached, and its drafter."""

    target: torch.nn.Module
    drafter: Any

    def generate(self, requests: list[list[int]], recipe: Any, seed: int | None = None) -> Any:
        """One padded call, as a recording makes it; `seed`: sampled at temperature 1."""
        longest = max(map(len, requests))
        ids = torch.tensor([[0] * (longest - len(r)) + r for r in requests])
        mask = torch.tensor([[0] * (longest - len(r)) + [1] * len(r) for r in requests])
        options: dict[str, Any] = {"do_sample": False}
        if seed is not None:
            torch.manual_seed(seed)
            options = {"do_sample": True, "temperature": 1.0, "top_k": 0, "top_p": 1.0}
        return self.target.generate(
            input_ids=ids,
            attention_mask=mask,
            max_new_tokens=NEW,
            smart_recipe=recipe,
            assistant_model=self.drafter,
            return_dict_in_generate=True,
            **options,
        )


def requests(count: int = REQUESTS, seed: int = 11) -> list[list[int]]:
    """Random prompts of unequal lengths."""
    random = np.random.default_rng(seed)
    return [random.integers(3, V, 9 + int(n)).tolist() for n in random.integers(0, 7, count)]


@pytest.fixture(scope="session")
def pair():
    """Llama with an assistant made from it: accepts about half of what is drafted."""
    target = smartgen.attach(copy.deepcopy(model("llama")))  # other tests attach and detach the original
    return Pair(target, Assistant(noisy_copy(model("llama"), 0.012), target))


@pytest.fixture(scope="session")
def greedy(pair) -> Trace:
    return record(pair.target, pair.drafter, requests(), new_tokens=NEW, batch=3, envelope=ENVELOPE)


@pytest.fixture(scope="session")
def sampled(pair) -> Trace:
    options = {"temperature": 1.0, "seed": 5, "envelope": ENVELOPE}
    return record(pair.target, pair.drafter, requests(), new_tokens=NEW, batch=3, **options)


CODE = [
    "class Point:\n    def __init__(self, x, y):\n",
    "import os\nimport sys\n\n\ndef main():\n",
    "x = [1, 2, 3]\ny = [1, 2,",
]


@pytest.fixture(scope="session")
def coder() -> Pair:
    """The bundled target, whose code repeats itself, with n-grams."""
    target = smartgen.attach(
        AutoModelForCausalLM.from_pretrained(resolve("bundled-target"), dtype=torch.float32).eval()
    )
    return Pair(target, NGram())


@pytest.fixture(scope="session")
def repetitive(coder) -> Trace:
    tokenizer = AutoTokenizer.from_pretrained(resolve("bundled-target"))
    return record(coder.target, None, [tokenizer(text)["input_ids"] for text in CODE], new_tokens=NEW, batch=3)


def profile(context: float = 0.0) -> Profile:
    """Costs under which trees pay; `context`: seconds that a slot of context adds."""
    verify = [
        Point(b, c, n, 0.010 + 0.001 * b + 0.0004 * n * b**0.5 + context * c)
        for b in (1, 4, 8)
        for c in (16, 64)
        for n in (0, 1, 4, 16, 64)
    ]
    draft = [Point(b, 16, w, 0.0004 + 0.00005 * w * b) for b in (1, 4, 8) for w in (1, 10)]
    catch_up = [Point(b, 16, w, 0.0005 + 0.00001 * w * b) for b in (1, 4, 8) for w in (1, 64)]
    return Profile(
        Key("tiny", "tiny", "here", "float64"), CostTable(verify), CostTable(draft), catch_up=CostTable(catch_up)
    )
