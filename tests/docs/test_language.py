"""The pages of docs/language and the README: generated ones are up to date, every code block is run."""

from __future__ import annotations

import shlex
import subprocess

import pytest

from smartgen.cli.app import main
from smartgen.language import highlight, reference
from smartgen.language.diagnostics import RecipeError
from smartgen.language.source import Source
from smartgen.recipe import load, schema
from smartgen.recipe.load import load_source
from tests.docs.pages import ROOT, blocks, commands, matches, mistakes

LANGUAGE = ROOT / "docs" / "language"
GENERATED = {
    LANGUAGE / "reference.md": reference.page,
    LANGUAGE / "errors.md": reference.errors,
    LANGUAGE / "mistakes.md": mistakes,
    ROOT / "grammars" / "recipe.schema.json": schema.text,
    ROOT / "grammars" / "smart.tmLanguage.json": highlight.textmate,
}
PAGES = [ROOT / "README.md", LANGUAGE / "index.md", LANGUAGE / "tutorial.md", LANGUAGE / "errors.md"]
KNOWN = {"smartgen", "yaml", "console", "python", "sh"}


@pytest.mark.parametrize("path", GENERATED, ids=lambda p: p.name)
def test_generated_files_are_what_the_tables_say(path, request):
    if request.config.getoption("--update-golden"):
        path.write_text(GENERATED[path](), encoding="utf-8")
    assert path.read_text(encoding="utf-8") == GENERATED[path](), "write it anew: pytest --update-golden tests/docs"


@pytest.mark.parametrize("path", PAGES, ids=lambda p: p.name)
def test_every_block_says_what_it_is(path):
    assert {block.language for block in blocks(path)} <= KNOWN


@pytest.mark.parametrize("path", PAGES, ids=lambda p: p.name)
def test_the_blocks_of_a_page_run_in_order(path, tmp_path, monkeypatch, capsys, bundled):
    monkeypatch.chdir(tmp_path)
    for block in blocks(path):
        if block.language == "smartgen":
            _recipe(block, tmp_path)
        elif block.language == "yaml":
            monkeypatch.delenv("SMARTGEN_PROFILE", raising=False)
            assert load_source(Source("shown.yaml", block.text)).warnings == ()
        elif block.language == "console":
            for command, shown in commands(block.text):
                with pytest.raises(SystemExit):
                    main(shlex.split(command, comments=True))
                printed = capsys.readouterr().out
                assert matches(shown, printed), f"{command} printed:\n{printed}"
        elif block.language == "python":
            exec(compile(block.text, path.name, "exec"), dict(bundled))
        else:
            for line in block.text.splitlines():
                command = line.split("#")[0].strip()
                subprocess.run([*shlex.split(command), "-n"], cwd=ROOT, check=True, capture_output=True)


def _recipe(block, folder):
    """`smartgen NAME.smart` writes a file for the commands below it; `smartgen wrong SG101` has that code."""
    words = block.words.split()
    if words[:1] == ["wrong"]:
        (folder / "wrong.smart").write_text(block.text, encoding="utf-8")
        source = Source("wrong.smart", block.text)
        try:
            found = load_source(source).warnings
        except RecipeError as error:
            found = error.diagnostics
        assert words[1] in [diagnostic.code for diagnostic in found]
        return
    assert load(block.text).warnings == ()
    if words:
        (folder / words[0]).write_text(block.text, encoding="utf-8")


@pytest.fixture(scope="module")
def bundled():
    """What the Python blocks read: a target, a drafter and inputs, of the bundled pair."""
    import torch
    import transformers

    from smartgen.models import resolve

    folder = resolve("bundled-target")
    target = transformers.AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    draft = transformers.AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    return {"target": target, "draft": draft, "inputs": dict(tokenizer("x = 1\n", return_tensors="pt"))}
