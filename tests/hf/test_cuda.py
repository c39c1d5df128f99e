"""The loop on an Nvidia GPU; skipped where there is none. Exact in float64, like its likes on the CPU."""

from __future__ import annotations

import copy

import pytest
import torch

import smartgen
from tests.hf.conftest import SMALL
from tests.hf.scripted import Scripted
from tests.hf.zoo import V, model, noisy_copy, prompts, write_eagle3

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device here")
GPU, NEW = torch.device("cuda"), 24


def _on_gpu(family: str, batch: int):
    return copy.deepcopy(model(family)).to(GPU), {name: part.to(GPU) for name, part in prompts(batch).items()}


@pytest.mark.parametrize("batch", [1, 4])
@pytest.mark.parametrize("family", ["llama", "qwen3", "gemma3", "mistral", "gpt2"])
def test_greedy_text_is_plains_own(family, batch, attached):
    target, inputs = _on_gpu(family, batch)
    attached(target)
    plain = target.generate(**inputs, max_new_tokens=NEW, do_sample=False)
    drafter = Scripted(plain[:, inputs["input_ids"].shape[1] :].tolist(), V)
    options = {"max_new_tokens": NEW, "do_sample": False, "return_dict_in_generate": True}
    output = target.generate(**inputs, **options, smart_recipe=SMALL, assistant_model=drafter)
    assert torch.equal(output.sequences, plain)
    assert output.speculation.accept_length > 1.5


@pytest.mark.parametrize("recipe", ["smart", "eagle2", "chain", "off"])
@pytest.mark.parametrize("kind", ["assistant", "eagle3", "ngram"])
def test_real_drafters(recipe, kind, attached, cheap_trees, tmp_path):
    target, inputs = _on_gpu("llama", 4)
    attached(target)
    write_eagle3(tmp_path / "head", target)
    drafter = {
        "assistant": lambda: noisy_copy(target),
        "eagle3": lambda: smartgen.load_drafter(str(tmp_path / "head"), target),
        "ngram": lambda: None,
    }[kind]()
    plain = target.generate(**inputs, max_new_tokens=NEW, do_sample=False)
    options = {"max_new_tokens": NEW, "do_sample": False, "smart_recipe": recipe, "assistant_model": drafter}
    assert torch.equal(target.generate(**inputs, **options), plain)


def test_sampled_text_at_batch_1_and_keyed_noise_in_batches(attached):
    target, inputs = _on_gpu("llama", 1)
    attached(target)
    options = {"max_new_tokens": NEW, "do_sample": True, "top_k": 0}
    texts = []
    for recipe in (None, "eagle2"):
        torch.manual_seed(7)
        texts.append(target.generate(**inputs, **options, **({"smart_recipe": recipe} if recipe else {})).tolist())
    assert texts[0] == texts[1]
    _, inputs = _on_gpu("llama", 4)
    texts = []
    for recipe in ("off", "eagle2"):
        torch.manual_seed(7)
        texts.append(target.generate(**inputs, **options, smart_recipe=recipe).tolist())
    assert texts[0] == texts[1]
