"""Traps of stock `generate`: processors that index by row, state that a tree spoils, inputs that no drafter can read."""

from __future__ import annotations

import pytest
import torch
import transformers as t

from tests.hf.conftest import SMALL
from tests.hf.scripted import Scripted
from tests.hf.zoo import V, model, prompts


def _by_row(row: int, ids: torch.Tensor) -> list[int]:
    """Row 0 may say small ids only, row 3 large ones only: another row's number shows at once."""
    return list(range(3 + 15 * row, 33 + 15 * row))


@pytest.mark.parametrize(
    "options", [{"prefix_allowed_tokens_fn": _by_row}, {"encoder_repetition_penalty": 1.6}], ids=["prefix", "encoder"]
)
def test_processors_that_index_by_row_see_their_own_row(options, attached):
    target, inputs = attached(model("llama")), prompts(4)
    plain = target.generate(**inputs, max_new_tokens=20, do_sample=False, **options)
    drafter = Scripted(plain[:, 14:].tolist(), V)
    output = target.generate(
        **inputs,
        max_new_tokens=20,
        do_sample=False,
        smart_recipe=SMALL,
        assistant_model=drafter,
        return_dict_in_generate=True,
        **options,
    )
    assert output.sequences.tolist() == plain.tolist()
    assert output.speculation.accepted > 0
    if "prefix_allowed_tokens_fn" in options:
        assert all(set(line) <= set(_by_row(row, line)) for row, line in enumerate(plain[:, 14:].tolist()))


_STATEFUL = t.SynthIDTextWatermarkingConfig(keys=[654, 400, 836], ngram_len=3)
UNREADABLE = {
    "SynthID": lambda target: {"watermarking_config": _STATEFUL, "do_sample": True},
    "inputs_embeds": lambda target: {"inputs_embeds": target.get_input_embeddings()(prompts(1)["input_ids"])},
    "output_hidden_states": lambda target: {"output_hidden_states": True, "return_dict_in_generate": True},
    "negative_prompt_ids": lambda target: {"negative_prompt_ids": prompts(1)["input_ids"]},
    "synced_gpus": lambda target: {"synced_gpus": True},
}


@pytest.mark.parametrize("culprit", UNREADABLE)
def test_what_a_tree_would_spoil_is_named_before_the_model_runs(culprit, attached, monkeypatch):
    target = attached(model("llama"))
    options = UNREADABLE[culprit](target)

    def ran(*args, **kwargs):
        raise AssertionError("the model ran before the refusal")

    monkeypatch.setattr(type(target), "forward", ran)
    with pytest.raises(ValueError, match=culprit):
        target.generate(**prompts(1), max_new_tokens=4, smart_recipe=SMALL, **options)
