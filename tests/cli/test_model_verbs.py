"""generate, profile and models: progress, what goes where, and mistakes answered in a sentence."""

from __future__ import annotations

import json
import runpy
import shutil
import sys

import pytest

from smartgen.cli.app import main
from smartgen.models import resolve


@pytest.fixture
def run(capsys):
    """(exit code, stdout, stderr) of a command."""

    def command(*arguments):
        with pytest.raises(SystemExit) as ended:
            main(list(arguments))
        captured = capsys.readouterr()
        return ended.value.code, captured.out, captured.err

    return command


def _one_sentence(code, err, *words):
    assert code == 1
    assert "Traceback" not in err
    for word in words:
        assert word in err


def test_the_package_runs_as_a_module(capsys, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["smartgen", "recipes", "show", "off"])
    with pytest.raises(SystemExit) as ended:
        runpy.run_module("smartgen", run_name="__main__")
    assert (ended.value.code, "policy off" in capsys.readouterr().out) == (0, True)


@pytest.mark.parametrize("option", ["--model", "--draft"])
@pytest.mark.parametrize("fault", ["truncated", "no config", "no tokenizer", "other architecture"])
def test_folders_that_cannot_be_loaded(option, fault, run, tmp_path):
    folder = tmp_path / "broken"
    shutil.copytree(resolve("bundled-target"), folder)
    weights = folder / "model.safetensors"
    if fault == "truncated":
        weights.write_bytes(weights.read_bytes()[:5000])
    elif fault == "no config":
        (folder / "config.json").unlink()
    elif fault == "other architecture":
        config = json.loads((folder / "config.json").read_text())
        (folder / "config.json").write_text(json.dumps({**config, "model_type": "no_such_thing"}))
    elif option == "--draft":
        return  # a drafter needs none
    else:
        for name in ("tokenizer.json", "tokenizer_config.json"):
            (folder / name).unlink()
    code, _, err = run("generate", option, str(folder), "--max-new-tokens", "2")
    _one_sentence(code, err, "broken")


def test_a_pickle_is_never_loaded(run, tmp_path):
    import torch

    folder = tmp_path / "pickled"
    shutil.copytree(resolve("bundled-assistant"), folder)
    (folder / "model.safetensors").unlink()
    torch.save({"model.embed_tokens.weight": _Explosive(str(tmp_path / "exploded"))}, folder / "pytorch_model.bin")
    for option in ("--model", "--draft"):
        code, _, err = run("generate", option, str(folder), "--max-new-tokens", "2")
        _one_sentence(code, err, "pickled")
    assert not (tmp_path / "exploded").exists()


class _Explosive:
    def __init__(self, path) -> None:
        self.path = path

    def __reduce__(self):
        import os

        return (os.mkdir, (self.path,))


def test_a_model_that_cannot_do_trees(run, tmp_path):
    import transformers as t

    config = t.MambaConfig(vocab_size=1024, hidden_size=32, num_hidden_layers=1)
    t.MambaForCausalLM(config).save_pretrained(tmp_path)
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copy(resolve("bundled-target") / name, tmp_path)
    code, _, err = run("generate", "--model", str(tmp_path))
    _one_sentence(code, err, "MambaForCausalLM keeps recurrent state", "generate without smart_recipe")


def test_without_torch_a_sentence_names_the_extra(run, monkeypatch):
    for name in [name for name in sys.modules if name.split(".")[0] in ("torch", "transformers")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "torch", None)
    monkeypatch.setitem(sys.modules, "transformers", None)
    code, _, err = run("generate")
    _one_sentence(code, err, "pip install 'smartgen[hf]'")


def test_what_takes_longer_says_so_and_text_is_all_of_stdout(run):
    code, out, err = run("generate", "x = ", "--max-new-tokens", "8", "--dtype", "float32", "--recipe", "off")
    assert code == 0
    assert out.startswith("x = ")
    assert "loading bundled-target" in err
    assert "reading the prompt" in err
    assert "tokens/s" not in out


def test_an_empty_prompt(run):
    code, _, err = run("generate", "", "--dtype", "float32")
    _one_sentence(code, err, "the prompt holds no tokens")


def test_a_cache_that_is_out_of_order_is_told(run, tmp_path, monkeypatch):
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "smollm2-135m").touch()
    monkeypatch.setenv("SMARTGEN_CACHE", str(tmp_path))
    code, out, _ = run("models", "list")
    assert (code, "damaged" in out) == (0, True)
    assert run("models", "remove", "smollm2-135m")[:2] == (0, "removed smollm2-135m\n")
    monkeypatch.setenv("SMARTGEN_CACHE", "~nouser/x")
    for command in (("models", "list"), ("models", "remove", "smollm2-135m"), ("profile",)):
        code, _, err = run(*command)
        _one_sentence(code, err, "error: SMARTGEN_CACHE is '~nouser/x'", "name a folder in SMARTGEN_CACHE")


def test_models_get_prints_the_folder_last(run):
    code, out, _ = run("models", "get", "bundled-target")
    assert (code, out.strip().splitlines()[-1]) == (0, str(resolve("bundled-target")))
    assert "ships with smartgen" in run("models", "list")[1]
    code, _, err = run("models", "get", "smollm2-135m", "--source", "/nowhere.gguf")
    _one_sentence(code, err, "/nowhere.gguf", "is no file")
    assert "4-bit weights dequantised" in run("models", "show", "smollm2-135m")[1]
    assert (
        "not fetched" in run("models", "show", "smollm2-135m")[1]
        or "folder" in run("models", "show", "smollm2-135m")[1]
    )
