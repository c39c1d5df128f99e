"""The cache that comes back is stock's: same layout, same values, and stock can go on with it."""

from __future__ import annotations

import pytest
import torch
from transformers import DynamicCache, StaticCache

from smartgen.attention.cache import cache_argument
from tests.hf.conftest import SMALL
from tests.hf.scripted import Scripted
from tests.hf.zoo import V, model, prompts


def _both(target, inputs, **options):
    options = {"max_new_tokens": 16, "do_sample": False, "return_dict_in_generate": True, **options}
    plain = target.generate(**inputs, **options)
    drafter = Scripted(plain.sequences[:, inputs["input_ids"].shape[1] :].tolist(), V)
    return plain, target.generate(**inputs, **options, smart_recipe=SMALL, assistant_model=drafter)


def _cache(output, target):
    return getattr(output, cache_argument(target))


@pytest.mark.parametrize("family", ["llama", "mistral", "gemma3", "deepseek_v3"])
@pytest.mark.parametrize("batch", [1, 4])
def test_keys_and_values_are_stocks(family, batch, attached):
    target = attached(model(family))
    plain, ours = _both(target, prompts(batch))
    assert [name for name in ours if name != "speculation"] == list(plain)
    theirs, mine = _cache(plain, target), _cache(ours, target)
    assert mine.get_seq_length() == theirs.get_seq_length()
    for stock, layer in zip(theirs.layers, mine.layers, strict=True):
        assert type(layer) is type(stock)
        torch.testing.assert_close(layer.keys, stock.keys, rtol=1e-5, atol=1e-5)  # MLA rotates in float32
        torch.testing.assert_close(layer.values, stock.values, rtol=1e-5, atol=1e-5)


def test_rows_that_ended_early_have_their_own_part(attached):
    target = attached(model("llama"))
    plain, ours = _both(target, prompts(4), eos_token_id=list(range(3, 20)))
    assert ours.sequences.equal(plain.sequences)
    lengths = (plain.sequences[:, 14:] != 0).sum(1) + 14
    assert len(set(lengths.tolist())) > 1
    for stock, layer in zip(_cache(plain, target).layers, _cache(ours, target).layers, strict=True):
        assert layer.keys.shape == stock.keys.shape
        for row, length in enumerate(lengths.tolist()):
            torch.testing.assert_close(layer.keys[row, :, : length - 1], stock.keys[row, :, : length - 1])


def test_stock_goes_on_with_it(attached):
    target = attached(model("llama"))
    plain, ours = _both(target, prompts(1))
    longer = torch.cat([plain.sequences, torch.tensor([[5, 9, 23]])], 1)
    options = {"input_ids": longer, "max_new_tokens": 8, "do_sample": False}
    expected = target.generate(**options)
    assert target.generate(**options, **{cache_argument(target): _cache(ours, target)}).equal(expected)


def test_a_cache_of_the_caller_is_filled(attached):
    target, cache = attached(model("llama")), DynamicCache(config=model("llama").config)
    target.generate(**prompts(1), max_new_tokens=6, smart_recipe=SMALL, **{cache_argument(target): cache})
    assert cache.get_seq_length() == 14 + 5


def test_other_caches_and_filled_ones_are_refused(attached):
    target = attached(model("llama"))
    static = StaticCache(config=target.config, max_cache_len=64)
    with pytest.raises(ValueError, match="a StaticCache as past_key_values"):
        target.generate(**prompts(1), max_new_tokens=6, smart_recipe=SMALL, **{cache_argument(target): static})
    _, ours = _both(target, prompts(1))
    with pytest.raises(ValueError, match="past_key_values that already hold tokens"):
        target.generate(
            input_ids=ours.sequences,
            max_new_tokens=6,
            smart_recipe=SMALL,
            **{cache_argument(target): _cache(ours, target)},
        )
