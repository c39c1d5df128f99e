"""One server under `smart`, started and asked once: what `make smoke-sglang` runs. The reference is the target itself."""

from __future__ import annotations

import pytest

from tests.sglang.serving import Server, drafted_by, engine_only

pytestmark = [engine_only, pytest.mark.slow]
PROMPT = [12, 13, 40, 41, 42, 8]
TOKENS = 32


def test_a_server_starts_and_serves_the_targets_text(models, tmp_path):
    import torch
    from transformers import LlamaForCausalLM

    target = LlamaForCausalLM.from_pretrained(models / "target")
    with torch.no_grad():
        whole = target.generate(torch.tensor([PROMPT]), do_sample=False, max_new_tokens=TOKENS, eos_token_id=None)
    with Server(models, tmp_path / "log", *drafted_by(models), "--smart-recipe", "smart", rows=4) as server:
        (answer,) = server.generate([PROMPT], TOKENS)
        smart = server.smart()
    assert answer["output_ids"] == whole[0, len(PROMPT) :].tolist()
    assert smart["recipe"] == "smart"
    assert smart["rounds"] > smart["rounds_off"]  # some of them drafted
    assert smart["lost_rounds"] == 0
