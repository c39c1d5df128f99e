"""Highlighters know the words of the language, all of them and no others."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from pygments.lexers import get_lexer_by_name
from pygments.token import Error, Keyword, Name
from pygments.util import ClassNotFound

from smartgen.language.functions import FUNCTIONS
from smartgen.language.highlight import textmate
from smartgen.language.lexemes import lexemes
from smartgen.language.pygments_lexer import SmartLexer
from smartgen.language.resources import folder
from smartgen.language.signals import SIGNALS
from smartgen.language.units import UNITS
from smartgen.language.words import EXTENTS, KEYWORDS
from smartgen.recipe.shipped import shipped

GRAMMAR = (folder("grammars") / "smart.lark").read_text(encoding="utf-8")
RECIPES = [path for path in shipped().values() if path.suffix == ".smart"]


def test_the_grammar_has_exactly_these_keywords_and_units():
    words = set(re.findall(r'^_?[A-Z]+: "([a-z]+)"$', GRAMMAR, re.MULTILINE))
    assert words == set(KEYWORDS)
    units = re.search(r"\[ \\t\]\*\(([\w|]+)\)", GRAMMAR).group(1).split("|")
    assert units == list(UNITS)


@pytest.mark.parametrize("path", RECIPES, ids=lambda p: p.stem)
def test_pygments_knows_every_word_of_a_recipe(path):
    text = path.read_text(encoding="utf-8")
    tokens = list(SmartLexer().get_tokens(text))
    assert not any(kind is Error for kind, _ in tokens)
    assert "".join(value for _, value in tokens).strip() == text.strip()
    kinds = {value: kind for kind, value in tokens}
    for x in lexemes(text):
        if x.text in SIGNALS and "." in x.text:
            assert kinds[x.text] is Name.Builtin.Pseudo
        if x.sort == "keyword" and x.text not in ("and", "or", "not", *EXTENTS):
            assert kinds[x.text] in Keyword


def test_the_entry_point_leads_to_the_lexer():
    text = (Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8")
    assert 'smartgen = "smartgen.language.pygments_lexer:SmartLexer"' in text
    try:
        assert isinstance(get_lexer_by_name("smartgen"), SmartLexer)
    except ClassNotFound:
        pytest.skip("smartgen is not installed in this environment")


def test_textmate_patterns_compile_and_match():
    grammar = json.loads(textmate())
    assert grammar["scopeName"] == "source.smartgen"
    patterns = {entry["name"]: re.compile(entry["match"]) for entry in grammar["patterns"]}
    assert patterns["keyword.control.smartgen"].fullmatch("verify")
    assert patterns["support.variable.smartgen"].fullmatch("node.prob")
    assert all(patterns["support.function.smartgen"].match(f"{name}(") for name in FUNCTIONS)
