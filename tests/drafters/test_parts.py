"""What the drafters are built of: packed products, rotary tables, waiting tokens."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F
import transformers as t
from hypothesis import given
from hypothesis import strategies as st
from transformers.models.llama.modeling_llama import LlamaRotaryEmbedding

from smartgen.drafters.pending import Pending
from smartgen.drafters.rotary import Rotary, frequencies, rotate
from smartgen.packing import linear
from smartgen.packing.linear import Linear

CPU = torch.device("cpu")


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16, torch.float16])
@pytest.mark.parametrize("shape", [(1, 1), (3, 10), (160,)])
def test_a_product_is_the_same_packed_or_not(dtype, shape, monkeypatch):
    generator = torch.Generator().manual_seed(0)
    weight = torch.randn(41, 32, generator=generator).to(dtype)
    x = torch.randn(*shape, 32, generator=generator).to(dtype)
    close = {"rtol": 1e-5, "atol": 1e-5} if dtype.itemsize > 2 else {"rtol": 0.02, "atol": 0.1}
    torch.testing.assert_close(Linear(weight)(x), F.linear(x, weight), **close)
    monkeypatch.setattr(linear, "can_pack", lambda weight: False)
    plain = Linear(weight)
    assert not plain.packed
    assert torch.equal(plain(x), F.linear(x, weight))


@pytest.mark.parametrize(
    "scaling",
    [
        {},
        {"rope_type": "linear", "factor": 2.0},
        {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 64},
        {
            "rope_type": "llama3",
            "factor": 8.0,
            "low_freq_factor": 1.0,
            "high_freq_factor": 4.0,
            "original_max_position_embeddings": 64,
        },
    ],
)
def test_positions_turn_as_transformers_turns_them(scaling):
    theirs = {"rope_type": "default", **scaling, "rope_theta": 500.0}
    config = t.LlamaConfig(hidden_size=32, num_attention_heads=2, max_position_embeddings=256, rope_parameters=theirs)
    positions = torch.tensor([[0, 3, 200], [7, 90, 91]])
    x = torch.randn(2, 3, 2, 16, generator=torch.Generator().manual_seed(0))
    cos, sin = (part[:, :, None] for part in LlamaRotaryEmbedding(config)(x, positions))
    halves = torch.cat([-x[..., 8:], x[..., :8]], -1)
    rotary = Rotary(*frequencies(500.0, 16, scaling, 256, CPU), positions=4, dtype=torch.float32)
    ours = rotate(x, *rotary.at(positions, longest=200))
    torch.testing.assert_close(ours, x * cos + halves * sin, rtol=1e-5, atol=1e-5)


def test_scalings_that_switch_while_a_text_grows_are_refused():
    with pytest.raises(ValueError, match="'longrope' is not one of linear, llama3, yarn"):
        frequencies(500.0, 16, {"type": "longrope"}, 256, CPU)


_counts = st.lists(st.lists(st.integers(0, 4), min_size=3, max_size=3), min_size=1, max_size=6)


@given(_counts, st.sampled_from([[0, 1, 2], [0, 2], [1]]))
def test_what_waits_comes_back_in_order_packed_to_the_left(counts, kept):
    waiting, rows = Pending(3), [[], [], []]
    for number, some in enumerate(counts):
        width = max(some)
        tokens = 100 * number + 10 * np.arange(3)[:, None] + np.arange(width)
        waiting.add(tokens, np.array(some), torch.from_numpy(tokens)[..., None].double())
        for row, count in enumerate(some):
            rows[row] += tokens[row, :count].tolist()
    waiting.keep_rows(np.array(kept))
    rows = [rows[row] for row in kept]
    assert waiting.longest == max(map(len, rows))
    tokens, found, features = waiting.take()
    assert found.tolist() == [len(row) for row in rows]
    assert tokens.shape == (len(rows), max(map(len, rows)))
    assert [tokens[i, :n].tolist() for i, n in enumerate(found)] == rows
    assert features.shape[:2] == tokens.shape
    assert [features[i, :n, 0].tolist() for i, n in enumerate(found)] == rows
    assert waiting.longest == 0
