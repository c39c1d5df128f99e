"""Where a row ends: lengths, end tokens, criteria; what processors and criteria are told meanwhile."""

from __future__ import annotations

import inspect

import pytest
import torch
import transformers as t
from transformers.generation import LogitsProcessor, LogitsProcessorList, StoppingCriteria, StoppingCriteriaList

import smartgen
from smartgen.attention.cache import RaggedCache
from tests.hf.conftest import SMALL
from tests.hf.scripted import Scripted
from tests.hf.zoo import BASE, V, model, noisy_copy, prepared, prompts, write_eagle3


def _same(target, inputs, new, **options):
    length = inputs["input_ids"].shape[1]
    plain = target.generate(**inputs, max_new_tokens=new, do_sample=False, **options)
    for seed in range(2):
        drafter = Scripted(plain[:, length:].tolist(), V, seed)
        output = target.generate(
            **inputs, max_new_tokens=new, do_sample=False, smart_recipe=SMALL, assistant_model=drafter, **options
        )
        assert output.tolist() == plain.tolist()
    return plain


@smartgen.rowwise
class After(StoppingCriteria):
    """Ends a row at certain tokens."""

    def __init__(self, tokens) -> None:
        self.tokens = set(tokens)

    def __call__(self, ids, scores, **kwargs):
        return torch.tensor([int(row[-1]) in self.tokens for row in ids])


@pytest.mark.parametrize("eos", [None, 95])
def test_rows_that_a_criterion_ends(eos, attached):
    """Without end tokens stock pads nothing: a row that was told to stop writes on until the last one stops."""
    target, inputs = attached(model("llama")), prompts(4)
    plain = _same(target, inputs, 24, stopping_criteria=StoppingCriteriaList([After(range(3, 20))]), eos_token_id=eos)
    assert plain.shape[1] < 14 + 24
    assert bool((plain[:, -1] == 0).any()) == (eos is not None)


def test_rows_written_on_keep_their_scores(attached):
    target, inputs = attached(model("llama")), prompts(4)
    options = {
        "max_new_tokens": 24, "do_sample": False, "return_dict_in_generate": True, "output_scores": True,
        "stopping_criteria": StoppingCriteriaList([After(range(3, 20))]),
    }  # fmt: skip
    plain = target.generate(**inputs, **options)
    drafter = Scripted(plain.sequences[:, 14:].tolist(), V)
    ours = target.generate(**inputs, **options, smart_recipe=SMALL, assistant_model=drafter)
    torch.testing.assert_close(torch.stack(ours.scores), torch.stack(plain.scores))


@pytest.mark.parametrize("limit", [{"max_new_tokens": 10**9}, {"max_length": 10**9}])
def test_a_limit_that_is_never_reached_takes_no_memory(limit, attached):
    target, inputs = attached(model("llama")), prompts(1)
    end = target.generate(**inputs, max_new_tokens=24, do_sample=False)[0, -1].item()
    options = {**limit, "do_sample": False, "eos_token_id": end, "repetition_penalty": 1.1}
    plain = target.generate(**inputs, **options)
    for drafter in (None, noisy_copy(target)):
        assert torch.equal(target.generate(**inputs, **options, smart_recipe=SMALL, assistant_model=drafter), plain)


@pytest.mark.parametrize("drafter", ["scripted", "assistant", "eagle3"])
def test_a_text_that_outgrows_its_first_memory_stays_the_same(drafter, attached, cheap_trees, tmp_path, monkeypatch):
    target, inputs = attached(model("llama")), prompts(4)
    options = {"max_new_tokens": 100, "do_sample": False, "repetition_penalty": 1.1}
    plain = target.generate(**inputs, **options)
    write_eagle3(tmp_path / "head", target)
    made = {
        "scripted": lambda: Scripted(plain[:, inputs["input_ids"].shape[1] :].tolist(), V),
        "assistant": lambda: noisy_copy(target),
        "eagle3": lambda: smartgen.load_drafter(str(tmp_path / "head"), target),
    }[drafter]()
    grown, grow = [], RaggedCache._grow
    monkeypatch.setattr(RaggedCache, "_grow", lambda self, capacity: grown.append(capacity) or grow(self, capacity))
    monkeypatch.setattr("smartgen.hf.loop.FIRST_ROOM", 4)
    monkeypatch.setattr("smartgen.hf.loop.SPARE_SLOTS", 0)
    output = target.generate(**inputs, **options, smart_recipe=SMALL, assistant_model=made)
    assert grown
    assert torch.equal(output, plain)


PROCESSED = {
    "min_length": {"min_length": 20, "eos_token_id": [5, 9, 17, 33, 60]},
    "forced_eos": {"forced_eos_token_id": 9, "eos_token_id": 9},
    "forced_bos": {"forced_bos_token_id": 4},
    "sequence_bias": {"sequence_bias": {(5,): 8.0, (7, 9): 6.0}},
    "decay": {"exponential_decay_length_penalty": (4, 1.3), "eos_token_id": 9},
    "begin_suppress": {"begin_suppress_tokens": [3, 4, 5, 6]},
    "encoder_no_repeat": {"encoder_no_repeat_ngram_size": 1},
    "renormalize": {"renormalize_logits": True, "repetition_penalty": 1.3},
    "watermark": {"watermarking_config": t.WatermarkingConfig(bias=2.5, seeding_scheme="selfhash")},
    "bad_words": {"bad_words_ids": [[11], [23, 5], [7, 7]], "remove_invalid_values": True},
}


@pytest.mark.parametrize("name", PROCESSED)
@pytest.mark.parametrize("batch", [1, 4])
def test_every_processor_that_generate_makes(name, batch, attached):
    _same(attached(model("llama")), prompts(batch), 24, **PROCESSED[name])


@pytest.mark.parametrize("name", ["encoder_no_repeat_ngram_size", "encoder_repetition_penalty"])
def test_several_rows_continue_one_prompt(name, attached):
    if name == "encoder_repetition_penalty" and "repeat_interleave" not in inspect.getsource(
        t.EncoderRepetitionPenaltyLogitsProcessor.__call__
    ):
        pytest.skip("this transformers penalises a row by another row's prompt; smartgen takes the row's own")
    target, inputs = attached(model("llama")), prompts(2)
    options = {name: 1 if "size" in name else 1.8, "num_return_sequences": 2, "do_sample": True, "top_k": 1}
    plain = target.generate(**inputs, max_new_tokens=16, **options)
    drafter = Scripted(plain[:, 14:].tolist(), V)
    output = target.generate(**inputs, max_new_tokens=16, smart_recipe=SMALL, assistant_model=drafter, **options)
    assert output.tolist() == plain.tolist()


@pytest.mark.parametrize("keeps", [False, True])
def test_processors_and_criteria_are_called_as_stock_calls_them(keeps, attached):
    heard = []

    class Processor(LogitsProcessor):
        def __call__(self, ids, scores):
            heard.append(("processor", ids.tolist(), scores.dtype, [round(float(x), 6) for x in scores[0, :3]]))
            return scores

    class Criterion(StoppingCriteria):
        def __call__(self, ids, scores, **kwargs):
            told = scores if scores is None else [round(float(step[0, 0]), 6) for step in scores]
            heard.append(("criterion", ids.tolist(), told, sorted(kwargs)))
            return torch.zeros(len(ids), dtype=torch.bool)

    target, inputs = attached(model("llama")), prompts(1)
    options = {"max_new_tokens": 8, "do_sample": False, "return_dict_in_generate": keeps, "output_scores": keeps}
    options["logits_processor"] = LogitsProcessorList([Processor()])
    options["stopping_criteria"] = StoppingCriteriaList([Criterion()])
    plain = target.generate(**inputs, **options)
    stock, heard = list(heard), heard
    heard.clear()
    sequences = plain.sequences if keeps else plain
    drafter = Scripted(sequences[:, 14:].tolist(), V)
    target.generate(**inputs, **options, smart_recipe=SMALL, assistant_model=drafter)
    assert heard == stock


@pytest.mark.parametrize("batch", [1, 4])
@pytest.mark.parametrize("new", [1, 2, 3])
def test_a_few_tokens(new, batch, attached):
    _same(attached(model("llama")), prompts(batch), new)


@pytest.mark.parametrize("recipe", ["smart", "eagle2"])
def test_a_prompt_of_one_token_and_none_at_all(recipe, attached, cheap_trees):
    target = attached(model("llama"))
    one = {"input_ids": torch.tensor([[7]])}
    _same(target, one, 12)
    for inputs in (one, {}):
        plain = target.generate(**inputs, max_new_tokens=12, do_sample=False)
        assert target.generate(**inputs, max_new_tokens=12, do_sample=False, smart_recipe=recipe).equal(plain)


def test_padding_that_stock_infers(attached):
    target, inputs = attached(model("llama")), {"input_ids": prompts(4)["input_ids"]}
    _same(target, inputs, 12, eos_token_id=96)


def _short_gpt2(positions):
    config = t.GPT2Config(
        vocab_size=V, n_positions=positions, n_embd=64, n_layer=6, n_head=4, bos_token_id=1, eos_token_id=None,
        pad_token_id=0, initializer_range=0.3,
    )  # fmt: skip
    torch.manual_seed(1)
    return prepared(t.GPT2LMHeadModel(config))


@pytest.mark.parametrize("batch", [1, 4])
def test_text_up_to_the_last_learned_position(batch, attached, cheap_trees):
    """A tree at the end of the text must not look up a position that does not exist, nor may the measuring of costs."""
    target, inputs = attached(_short_gpt2(32)), prompts(batch)
    plain = _same(target, inputs, 18)
    for recipe in ("smart", "eagle2"):
        assert target.generate(**inputs, max_new_tokens=18, do_sample=False, smart_recipe=recipe).equal(plain)


def test_costs_are_measured_at_the_last_learned_position(attached):
    target, inputs = attached(_short_gpt2(32)), {"input_ids": torch.arange(3, 33)[None]}
    plain = target.generate(**inputs, max_new_tokens=2, do_sample=False)
    assert target.generate(**inputs, max_new_tokens=2, do_sample=False, smart_recipe="smart").equal(plain)


@pytest.mark.parametrize("kind", ["dynamic", "longrope"])
@pytest.mark.parametrize("padded", [False, True])
def test_ragged_rows_up_to_the_switch_of_rotary_frequencies(kind, padded, attached, recorded):
    """A node of the row in front would change the frequencies of all rows if it passed the switch."""
    factors = {"short_factor": [1.0] * 8, "long_factor": [4.0] * 8} if kind == "longrope" else {"factor": 8.0}
    rope = {"rope_type": kind, "rope_theta": 10000.0, "original_max_position_embeddings": 40, **factors}
    torch.manual_seed(1)
    target = attached(
        prepared(t.LlamaForCausalLM(t.LlamaConfig(**{**BASE, "max_position_embeddings": 40}, rope_parameters=rope)))
    )
    inputs = prompts(4)
    if not padded:
        inputs = {"input_ids": inputs["input_ids"].clamp(min=3)}
    _same(target, inputs, 26)
    assert any(step.ragged for step in recorded)
    with pytest.raises(ValueError, match="changes its rotary frequencies at 40 tokens and this text may reach 41"):
        target.generate(**inputs, max_new_tokens=27, smart_recipe=SMALL)
