"""Folders given to --model and --draft that hold something else than a whole model: one sentence, exit 1."""

from __future__ import annotations

import json
import os

import pytest
import torch
from safetensors.torch import load_file, save_file

from smartgen.cli.app import main
from smartgen.models import resolve
from tests.drafters.heads import written

UP = "model.layers.0.mlp.up_proj.weight"


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    from transformers import AutoTokenizer, LlamaConfig, LlamaForCausalLM

    folder = tmp_path_factory.mktemp("tiny")
    tokenizer = AutoTokenizer.from_pretrained(resolve("bundled-target"))
    config = LlamaConfig(
        vocab_size=len(tokenizer), hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=4
    )
    LlamaForCausalLM(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture
def copy(tiny, tmp_path):
    """The tiny model anew, its files those of a damaged one wherever they are changed."""
    folder = tmp_path / "M"
    folder.mkdir()
    for file in tiny.iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    return folder


@pytest.fixture
def refused(capsys):
    """What a command says that exits with 1."""

    def command(*arguments):
        with pytest.raises(SystemExit) as ended:
            main(["generate", "--max-new-tokens", "4", "--recipe", "eagle2", *map(str, arguments), "import numpy"])
        err = capsys.readouterr().err
        assert ended.value.code == 1, err
        return err.splitlines()[-1]

    return command


def _configured(folder, **fields):
    path = folder / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **fields}))


def _changed(folder, change):
    path = folder / "model.safetensors"
    tensors = load_file(path)
    change(tensors)
    save_file(tensors, path, {"format": "pt"})


def test_a_model_with_tensors_missing_writes_no_random_text(copy, refused):
    _changed(copy, lambda tensors: tensors.pop(UP))
    for option in ("--model", "--draft"):
        said = f"error: {copy} lacks 1 tensor of LlamaForCausalLM: '{UP}'; fetch the checkpoint again"
        assert refused(option, copy) == said


def test_tied_weights_are_no_lack(copy):
    from transformers import AutoModelForCausalLM

    from smartgen.models.causal import load_causal

    model = AutoModelForCausalLM.from_pretrained(copy)
    model.config.tie_word_embeddings = True
    model.tie_weights()
    model.save_pretrained(copy)
    assert "lm_head.weight" not in load_file(copy / "model.safetensors")
    loaded = load_causal(copy, torch.float32)
    assert loaded.lm_head.weight is loaded.model.embed_tokens.weight


def test_a_tensor_of_another_shape_is_named_with_both(copy, refused):
    _changed(copy, lambda tensors: tensors.update({UP: torch.zeros(10, 32)}))
    for option in ("--model", "--draft"):
        assert f"'{UP}' should be [64, 32], found [10, 32]; fetch" in refused(option, copy)
    _configured(copy, vocab_size=1031)
    assert "'lm_head.weight' should be [1031, 32], found [1024, 32] (and 2 more)" in refused("--model", copy)


def test_a_drafter_is_no_model(tmp_path, refused):
    head = written(tmp_path / "head")
    said = "is a drafter (an EAGLE-3 head), which writes no text alone: give it to --draft"
    assert refused("--model", head) == f"error: {head} {said}"


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("num_hidden_layers", -1, "config.json: 'num_hidden_layers' should be a whole number of at least 1, found -1"),
        (
            "num_attention_heads",
            0,
            "config.json: 'num_attention_heads' should be a whole number of at least 1, found 0",
        ),
        ("hidden_size", "thirtytwo", "'hidden_size' should be a whole number of at least 1, found 'thirtytwo'"),
        ("hidden_act", "nosuch", "config.json asks for hidden_act 'nosuch', which transformers does not know"),
        ("model_type", "foo", "model type `foo`"),
        (
            "intermediate_size",
            -3,
            "cannot be loaded as a causal model: Trying to create tensor with negative dimension -3",
        ),
    ],
)
def test_a_config_that_is_wrong_is_told_with_its_field(field, value, said, copy, refused):
    _configured(copy, **{field: value})
    for option in ("--model", "--draft"):
        message = refused(option, copy)
        assert str(copy) in message
        assert said in message


def _indexed(folder):
    (folder / "model.safetensors").unlink()
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": {"a": "gone.safetensors"}}))


def _an_adapter(folder):
    (folder / "config.json").rename(folder / "adapter_config.json")


def _gguf(folder):
    (folder / "config.json").unlink()
    (folder / "m.gguf").write_bytes(b"GGUF")


def _without_tokenizer(folder):
    for file in folder.glob("*token*"):
        file.unlink()


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (_indexed, "index.json names gone.safetensors, which is not in"),
        (_an_adapter, "it is a PEFT adapter; merge it into its base model"),
        (_gguf, "it holds m.gguf, and GGUF is not read; convert it with from_pretrained"),
        (_without_tokenizer, "holds no tokenizer (tokenizer.json and others); copy the tokenizer's files"),
        (
            lambda folder: (folder / "config.json").unlink(),
            "holds no config.json: give the folder that save_pretrained wrote",
        ),
        (lambda folder: (folder / "model.safetensors").unlink(), "holds neither model.safetensors nor"),
        (lambda folder: (folder / "model.safetensors").write_bytes(b""), "cannot be read as safetensors"),
        (lambda folder: (folder / "tokenizer.json").write_text("{"), "holds a tokenizer that cannot be loaded"),
    ],
)
def test_a_folder_that_is_not_whole(damage, said, copy, refused):
    damage(copy)
    message = refused("--model", copy)
    assert str(copy) in message
    assert said in message


def test_no_name_at_all(refused):
    assert "a model has a name or a folder, and this is empty" in refused("--model", "")


def test_weights_that_may_not_be_read(copy, refused, monkeypatch):
    monkeypatch.setattr(os, "access", lambda path, mode: False)  # who runs as root may read everything
    assert f"{copy / 'model.safetensors'} may not be read by this user" in refused("--model", copy)


def test_a_tokenizer_of_another_model(copy, refused):
    def cut(tensors):
        for name in ("model.embed_tokens.weight", "lm_head.weight"):
            tensors[name] = tensors[name][:100].contiguous()

    _configured(copy, vocab_size=100)
    _changed(copy, cut)
    message = refused("--model", copy, "--draft", "ngram")
    assert (
        f"the model in {copy} has embeddings for 100 tokens only: the tokenizer beside it is another model's" in message
    )


@pytest.mark.parametrize(
    ("template", "said"),
    [
        ("{% for m in messages %}{{ m.content", "unexpected end of template"),
        ("{{ raise_exception('no role') }}", "no role"),
    ],
)
def test_a_chat_template_that_fails(template, said, copy, refused):
    (copy / "chat_template.jinja").write_text(template)
    message = refused("--model", copy)
    assert message.startswith(f"error: the chat template in {copy} fails: {said}")
    assert message.endswith("; --raw goes without it")


def test_weights_that_are_no_numbers(copy, refused):
    _changed(copy, lambda tensors: [tensor.fill_(torch.nan) for tensor in tensors.values()])
    assert "no token can be drawn" in refused("--model", copy, "--temperature", "1")
