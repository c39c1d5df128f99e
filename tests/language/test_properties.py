"""Whatever comes in, a diagnostic comes out."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from smartgen.language.diagnostics import RecipeError
from smartgen.language.render import full
from smartgen.language.source import Source
from smartgen.language.units import UNITS, Dimension
from smartgen.recipe.load import load_source
from smartgen.recipe.shipped import shipped

TEXTS = [path.read_text(encoding="utf-8") for path in shipped().values()]
PIECES = [
    "{",
    "}",
    "(",
    ")",
    "..",
    "=",
    "==",
    "&&",
    "5 ms",
    "tok",
    '"',
    "#",
    "\n",
    "policy",
    "when",
    "node.prob",
    "é",
    "\x00",
    ":",
    "- ",
]


def _never_a_foreign_error(name: str, text: str) -> None:
    found = ()
    try:
        load_source(Source(name, text))
    except RecipeError as error:
        found = error.diagnostics
        assert found, "an error without a finding"
    for diagnostic in found:
        assert full(diagnostic)
        assert 0 <= diagnostic.span.start <= diagnostic.span.end


@settings(max_examples=600)
@given(
    st.sampled_from(TEXTS),
    st.lists(st.tuples(st.integers(0, 900), st.integers(0, 12), st.sampled_from(PIECES)), max_size=4),
    st.sampled_from(["a.smart", "a.yaml"]),
)
def test_mutated_recipes(text, edits, name):
    for place, length, piece in edits:
        place %= len(text) + 1
        text = text[:place] + piece + text[place + length :]
    _never_a_foreign_error(name, text)


@settings(max_examples=300)
@given(st.text(max_size=200), st.sampled_from(["a.smart", "a.yaml"]))
@example("", "a.yaml")
@example("smartgen: 1\na: &a [*a]", "a.yaml")
@example("smartgen 1\npolicy p { use p }", "a.smart")
def test_any_text(text, name):
    _never_a_foreign_error(name, text)


@pytest.mark.parametrize(
    "deep", ["(" * 3000 + "1" + ")" * 3000, "1" + " + 1" * 3000, "-" * 3000 + "1", "not " * 3000 + "true"]
)
def test_deep_nesting_is_bounded(deep):
    text = f"smartgen 1\npolicy p {{ benefit a = {deep}  limit depth 1 }}"
    _never_a_foreign_error("deep.smart", text)
    _never_a_foreign_error("deep.yaml", "smartgen: 1\nmaximize: " + deep)


@pytest.mark.parametrize(
    "text", ["smartgen 1\npolicy p { benefit a = 1" + " + 1" * 3000 + " limit depth 1 }", "a: " + "[" * 3000]
)
def test_what_is_too_deep_is_said(text):
    with pytest.raises(RecipeError, match="nested"):
        load_source(Source("deep.yaml" if text.startswith("a") else "deep.smart", text))


dimensions = st.builds(Dimension, st.tuples(*[st.integers(-3, 3)] * 7))


@given(dimensions, dimensions)
def test_units_multiply_and_divide(a, b):
    assert a * b / b == a
    assert a * b == b * a
    assert (a / a).bare


def test_every_unit_is_positive_and_named():
    assert all(factor > 0 and str(dimension) for dimension, factor in UNITS.values())
