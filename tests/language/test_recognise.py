"""The walk over the parser's table says what the parser says."""

from __future__ import annotations

import random

import pytest
from lark.exceptions import UnexpectedCharacters, UnexpectedInput, UnexpectedToken

from smartgen.language.recognise import Recogniser
from smartgen.language.tables import built, parser, tables
from smartgen.recipe.shipped import shipped

TEXTS = [path.read_text(encoding="utf-8") for path in shipped().values() if path.suffix == ".smart"]


@pytest.mark.parametrize("text", TEXTS, ids=range(len(TEXTS)))
def test_the_lexemes_are_the_grammars(text):
    recogniser = Recogniser("start")
    walk = recogniser.walk(text)
    assert walk.at is None
    assert [token.type for token in parser().lex(text)] == [recogniser.terminal(x) for x in walk.lexemes]


def test_both_stop_at_the_same_place():
    dice, recogniser = random.Random(3), Recogniser("start")
    stopped = 0
    for _ in range(400):
        text = dice.choice(TEXTS)
        start = dice.randrange(len(text))
        text = (
            text[:start] + dice.choice(["", " best ", "}", "(", " 3 ", " if ", ","]) + text[start + dice.randrange(6) :]
        )
        walk = recogniser.walk(text)
        try:
            parser().parse(text, start="start")
        except UnexpectedCharacters:
            assert walk.at is not None  # a sign that is none: the walk may stop at it or before
        except UnexpectedToken as error:
            assert walk.at is not None
            place = len(text) if error.token.type == "$END" else error.token.start_pos
            assert walk.at == len(walk.lexemes) or walk.lexemes[walk.at].start == place
            accepted = {t for t in error.interactive_parser.accepts() if t != "$END"}
            assert accepted <= walk.accepts  # the parser may have reduced already
            stopped += 1
        else:
            assert walk.at is None
    assert stopped > 100


def test_the_parser_from_tables_is_the_parser_from_the_grammar():
    fresh = built()
    for text in TEXTS:
        assert parser().parse(text, start="start") == fresh.parse(text, start="start")
    with pytest.raises(UnexpectedInput):
        parser().parse("smartgen", start="start")


def test_the_tables_are_those_of_this_grammar_and_no_pickle(request):
    import json

    from smartgen.language.resources import folder

    path = folder("grammars") / "smart.tables.json"
    fresh = json.loads(tables())
    stored = json.loads(path.read_text(encoding="utf-8"))
    stale = any(stored.get(key) != fresh[key] for key in ("grammar", "lark"))
    if stale and request.config.getoption("--update-golden"):
        path.write_text(tables(), encoding="utf-8")
        return
    assert not stale


def test_damaged_or_foreign_tables_are_built_anew(monkeypatch, tmp_path):
    from smartgen.language import tables as module
    from smartgen.language.resources import folder

    grammar = (folder("grammars") / "smart.lark").read_text(encoding="utf-8")
    (tmp_path / "smart.lark").write_text(grammar, encoding="utf-8")
    monkeypatch.setattr(module, "folder", lambda name: tmp_path)
    of_another_lark = tables().replace('"lark":"', '"lark":"9', 1)
    for content in (None, "no JSON", "{}", '{"grammar": "of another"}', "[]", of_another_lark):
        if content is not None:
            (tmp_path / "smart.tables.json").write_text(content, encoding="utf-8")
        assert module.parser.__wrapped__().parse(TEXTS[0], start="start") == parser().parse(TEXTS[0], start="start")
