"""Every shipped recipe in `generate`: the target's own text, or a refusal that names what is missing."""

from __future__ import annotations

import pytest
import torch
from safetensors.torch import load_file, save_file

import smartgen
from smartgen.language.capabilities import BACKENDS, refusals
from smartgen.language.resources import folder
from smartgen.recipe import load
from tests.hf.scripted import Scripted
from tests.hf.zoo import V, model, noisy_copy, prompts, write_eagle3

NAMES = sorted(path.stem for path in folder("recipes").glob("*.smart"))
REFUSED = {
    "dspark": "node.confidence",
    "specdec_plus": "node.confidence",
    "svip": "node.entropy",
    "smart_energy": "profile.draft.energy",
    "chat_slo": "profile.draft.energy",
}
NEVER = {"off"}


def _plain(target, inputs):
    plain = target.generate(**inputs, max_new_tokens=24, do_sample=False)
    return plain, plain[:, inputs["input_ids"].shape[1] :].tolist()


def _run(target, inputs, recipe, drafter):
    return target.generate(
        **inputs,
        max_new_tokens=24,
        do_sample=False,
        smart_recipe=recipe,
        assistant_model=drafter,
        return_dict_in_generate=True,
    )


@pytest.mark.parametrize("batch", [1, 3])
@pytest.mark.parametrize("name", NAMES)
def test_equal_to_plain_decoding_or_refused_by_name(name, batch, attached, cheap_trees):
    target, inputs = attached(model("llama")), prompts(batch)
    plain, truth = _plain(target, inputs)
    drafter = Scripted(truth, V)
    missing = [refusal.word for refusal in refusals(load(name).program, BACKENDS["hf"], ())]
    assert bool(missing) == (name in REFUSED)
    if missing:
        with pytest.raises(ValueError, match=f"cannot honour `{REFUSED[name]}`"):
            _run(target, inputs, name, drafter)
        return
    output = _run(target, inputs, load(name, limits={"topk": 16}), drafter)  # the tiny models know 97 tokens
    assert output.sequences.tolist() == plain.tolist()
    assert (output.speculation.verified > 0) == (name not in NEVER)


@pytest.mark.parametrize("kind", ["assistant", "eagle3"])
def test_a_drafter_with_a_full_distribution_gives_its_entropy(kind, attached, tmp_path):
    target, inputs = attached(model("llama")), prompts(3)
    plain, _ = _plain(target, inputs)
    if kind == "eagle3":
        write_eagle3(tmp_path / "head", target)
        drafter = smartgen.load_drafter(str(tmp_path / "head"), target)
    else:
        drafter = noisy_copy(target)
    eager = _run(target, inputs, load("svip", params={"h": 0.0}), drafter)
    sure = _run(target, inputs, load("svip", params={"h": 1.0}), drafter)
    assert eager.sequences.tolist() == sure.sequences.tolist() == plain.tolist()
    assert sure.speculation.drafted < eager.speculation.drafted, "entropy was above 0 and ended drafting"


@pytest.mark.parametrize("kind", ["assistant", "eagle3"])
def test_a_drafter_that_overflows_changes_no_text(kind, attached, tmp_path):
    """In float16 some weights give NaN, which has no place in the order that trees are built by."""
    target, inputs = attached(model("llama")), prompts(1)
    plain, _ = _plain(target, inputs)
    if kind == "eagle3":
        write_eagle3(tmp_path, target)
        tensors = load_file(tmp_path / "model.safetensors")
        tensors["midlayer.mlp.down_proj.weight"] *= 1e5
        save_file(tensors, tmp_path / "model.safetensors")
        drafter = smartgen.load_drafter(str(tmp_path), target, dtype=torch.float16)
    else:
        drafter = noisy_copy(target).to(torch.float16)
        drafter.model.norm.weight.data.fill_(float("nan"))
    for recipe in ("eagle2", "chain"):
        assert _run(target, inputs, recipe, drafter).sequences.tolist() == plain.tolist()
