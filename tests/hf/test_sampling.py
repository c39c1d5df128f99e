"""Sampling: exact where it can be, and the law of plain sampling everywhere."""

from __future__ import annotations

import pytest
import torch
import transformers as t
from scipy.stats import chi2

from tests.hf.conftest import SMALL
from tests.hf.scripted import Scripted
from tests.hf.zoo import V, model, prompts

FALSE_ALARM = 1e-6


WARPED = [
    {},
    {"temperature": 0.7},
    {"top_k": 5},
    {"top_p": 0.8, "repetition_penalty": 1.2},
    {"min_p": 0.1},
    {"typical_p": 0.6},
    {"epsilon_cutoff": 0.02},
    {"eta_cutoff": 0.02},
    {"top_h": 0.5},
    {"temperature": 0.8, "top_k": 20, "top_p": 0.9, "min_p": 0.01, "renormalize_logits": True},
]


@pytest.mark.parametrize("options", WARPED, ids=lambda options: "+".join(options) or "nothing")
def test_one_row_and_one_seed_give_stocks_own_text(options, attached):
    target, inputs = attached(model("llama")), prompts(1)
    for seed in range(5):
        torch.manual_seed(seed)
        plain = target.generate(**inputs, max_new_tokens=16, do_sample=True, **options)
        truth = plain[:, inputs["input_ids"].shape[1] :].tolist()
        torch.manual_seed(seed)
        output = target.generate(
            **inputs,
            max_new_tokens=16,
            do_sample=True,
            smart_recipe=SMALL,
            assistant_model=Scripted(truth, V, seed),
            return_dict_in_generate=True,
            **options,
        )
        assert output.sequences.tolist() == plain.tolist()
        assert output.speculation.accepted > 0


def test_in_a_batch_the_text_does_not_depend_on_the_recipe(attached, cheap_trees):
    target, inputs = attached(model("llama")), prompts(4)

    def sampled(recipe, drafter):
        torch.manual_seed(11)
        return target.generate(
            **inputs,
            max_new_tokens=16,
            do_sample=True,
            num_return_sequences=2,
            smart_recipe=recipe,
            assistant_model=drafter,
            return_dict_in_generate=True,
        )

    alone = sampled("off", None).sequences
    truth = alone[:, inputs["input_ids"].shape[1] :].tolist()
    for recipe in (SMALL, "chain", "smart", "eagle2"):
        output = sampled(recipe, Scripted(truth, V))
        assert output.sequences.tolist() == alone.tolist()
        assert output.speculation.accepted > 0


def _small():
    torch.manual_seed(2)
    config = t.LlamaConfig(
        vocab_size=12,
        hidden_size=16,
        intermediate_size=24,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=1,
        eos_token_id=None,
        pad_token_id=0,
        bos_token_id=1,
        initializer_range=0.25,
    )
    built = t.LlamaForCausalLM(config).eval()
    built.generation_config.eos_token_id = None
    return built


DRAWS, ROUNDS = 2000, 10
TREE = "smartgen 1\npolicy law { benefit accepted = node.path  expand best 3  verify best 12  limit depth 3, topk 4 }"


def _draws(target, recipe, seed):
    inputs = {"input_ids": torch.tensor([[3, 5, 7, 2]])}
    rows = []
    for round_ in range(ROUNDS):
        torch.manual_seed(seed + round_)
        extra = (
            {}
            if recipe is None
            else {"smart_recipe": recipe, "assistant_model": Scripted([[4, 6, 1]] * DRAWS, 12, seed)}
        )
        rows.append(
            target.generate(**inputs, do_sample=True, top_k=0, max_new_tokens=3, num_return_sequences=DRAWS, **extra)[
                :, 4:
            ]
        )
    return torch.cat(rows)


def _statistic(ours, theirs) -> float:
    """Chi-square p-value that both samples of three tokens follow one law; rare triples share a cell."""
    code = lambda x: x[:, 0] * 144 + x[:, 1] * 12 + x[:, 2]  # noqa: E731
    a, b = (torch.bincount(code(x), minlength=1728).double() for x in (ours, theirs))
    rare = a + b < 20
    a, b = (torch.cat([x[~rare], x[rare].sum()[None]]) for x in (a, b))
    keep = a + b > 0
    value = float((((a - b) ** 2) / (a + b))[keep].sum())
    return float(chi2.sf(value, int(keep.sum()) - 1))


@pytest.fixture(scope="module")
def plain_draws():
    return _draws(_small(), None, 100)


def test_the_first_three_tokens_follow_the_law_of_plain_sampling(attached, plain_draws):
    """20 000 draws from each side; a false alarm happens once in a million runs."""
    target = attached(_small())
    assert _statistic(_draws(target, TREE, 900), plain_draws) > FALSE_ALARM


def test_a_wrong_sampler_is_caught(attached, plain_draws, monkeypatch):
    """Accepting the first child of every node without asking the target is noticed by the same statistic."""

    def unasked(selection, logits, rows, text, chooser):
        paths = [[0] for _ in rows]
        for i, row in enumerate(rows):
            goes_on = True
            while goes_on:
                below = [
                    c
                    for c in range(1, selection.size + 1)
                    if selection.parent[i, c] == paths[i][-1] and selection.real[i, c]
                ]
                if not below:
                    text.push(row, chooser.choose([row], text, logits[i, paths[i][-1]][None])[0])
                    break
                paths[i].append(below[0])
                goes_on = text.push(row, int(selection.token[i, below[0]]))
        return paths

    monkeypatch.setattr("smartgen.hf.loop.walk", unasked)
    assert _statistic(_draws(attached(_small()), TREE, 900), plain_draws) < FALSE_ALARM
