"""What a GPU is given (masks that are added, in rows of a multiple of 16 slots) gives the same text on any device."""

from __future__ import annotations

import pytest
import torch

from smartgen.attention import mask as masks
from smartgen.attention.mask import MaskStyle
from smartgen.hf import target
from tests.hf.conftest import SMALL
from tests.hf.scripted import Scripted
from tests.hf.zoo import V, model, prompts

NEW = 24


@pytest.mark.parametrize("family", ["llama", "gemma3", "mistral"])
@pytest.mark.parametrize("batch", [1, 4])
def test_added_masks_in_wide_rows_change_nothing(family, batch, attached, monkeypatch):
    model_, inputs = attached(model(family)), prompts(batch)
    plain = model_.generate(**inputs, max_new_tokens=NEW, do_sample=False)
    drafter = Scripted(plain[:, inputs["input_ids"].shape[1] :].tolist(), V)
    views, build, tensor = [], MaskStyle.build, masks._tensor
    monkeypatch.setattr(target, "mask_multiple", lambda device: 16)
    monkeypatch.setattr(masks, "_tensor", lambda allowed, additive, *rest: tensor(allowed, True, *rest))
    monkeypatch.setattr(MaskStyle, "build", lambda self, *given: views.append(given[4]) or build(self, *given))
    options = {"max_new_tokens": NEW, "do_sample": False, "smart_recipe": SMALL, "assistant_model": drafter}
    assert torch.equal(model_.generate(**inputs, **options), plain)
    assert len(views) > 2
    assert all(view % 16 == 0 for view in views)
