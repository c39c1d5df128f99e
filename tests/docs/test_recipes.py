"""Every code block of docs/recipes.md is run, and its table names every shipped recipe."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from smartgen.cli.app import main
from smartgen.policy.trial import trials
from smartgen.recipe import load
from smartgen.recipe.shipped import shipped

TEXT = (Path(__file__).parents[2] / "docs" / "recipes.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```", TEXT, re.DOTALL | re.MULTILINE)


def blocks(kind):
    return [text for language, text in BLOCKS if language == kind]


def test_no_block_is_left_out():
    assert {language for language, _ in BLOCKS} == {"smartgen", "yaml", "console"}


@pytest.mark.parametrize("text", blocks("smartgen"))
def test_policies_load_and_are_the_shipped_ones(text):
    recipe = load(text)
    assert recipe.warnings == ()
    if recipe.name in shipped():
        assert recipe.program.hash == load(recipe.name).program.hash


@pytest.mark.parametrize("text", blocks("yaml"))
def test_tables_hold(text, tmp_path):
    path = tmp_path / "shown.test.yaml"
    path.write_text(text, encoding="utf-8")
    found = list(trials(path))
    assert found
    assert all(not trial.mismatches for trial in found)


@pytest.mark.parametrize("text", blocks("console"))
def test_commands_print_what_is_shown(text, capsys):
    for part in re.split(r"^\$ smartgen ", text, flags=re.MULTILINE)[1:]:
        command, _, shown = part.partition("\n")
        with pytest.raises(SystemExit) as ended:
            main(shlex.split(command, comments=True))
        assert ended.value.code in (0, 1)
        printed = capsys.readouterr().out
        assert printed
        assert shown.strip() in printed


def test_the_table_names_every_recipe():
    table = TEXT.split("## The table", 1)[1].split("\n## ", 1)[0]
    named = set(
        re.findall(r"`(\w+)`", "".join(line.split("|")[1] for line in table.splitlines() if line.startswith("|")))
    )
    assert named == set(shipped()) - {"smart_yaml"}
