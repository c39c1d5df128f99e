"""The table of diagnostic codes, the code that raises them and the examples agree."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import smartgen
from smartgen.language.codes import codes
from smartgen.language.diagnostics import RecipeError
from smartgen.language.source import Source
from smartgen.recipe.load import load_source

PACKAGE = Path(smartgen.__file__).parent


def test_every_code_in_use_has_a_page_and_every_page_is_in_use():
    used = {
        code for path in PACKAGE.rglob("*.py") for code in re.findall(r'"(SG\d{3})"', path.read_text(encoding="utf-8"))
    }
    assert used == set(codes())


@pytest.mark.parametrize("code", [code for code, entry in codes().items() if entry.wrong])
def test_the_wrong_example_raises_its_code_and_the_right_one_is_clean(code):
    entry = codes()[code]
    try:
        found = [d.code for d in load_source(Source("wrong.smart", entry.wrong)).warnings]
    except RecipeError as error:
        found = [d.code for d in error.diagnostics]
    assert code in found
    assert load_source(Source("right.smart", entry.right)).warnings == ()
    assert entry.title in entry.page(code)
