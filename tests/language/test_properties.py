"""Whatever comes in, a diagnostic comes out, and soon."""

from __future__ import annotations

import random
import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from smartgen.language.diagnostics import RecipeError, mended
from smartgen.language.parse import MOST_CHARACTERS
from smartgen.language.render import PER_FINDING, as_json, full, sarif
from smartgen.language.source import Source
from smartgen.language.units import UNITS, Dimension, unit
from smartgen.recipe.load import load_source
from smartgen.recipe.read import decoded
from smartgen.recipe.shipped import shipped

TEXTS = [path.read_text(encoding="utf-8") for path in shipped().values()]
PIECES = [
    *(
        "{",
        "}",
        "(",
        ")",
        "..",
        "=",
        "==",
        "&&",
        "||",
        "5 ms",
        "tok",
        '"',
        "#",
        "\n",
        ":",
        "- ",
        ",",
        ";",
        "?",
        "[",
        "]",
    ),
    *(
        "policy",
        "when",
        "use smart",
        "if",
        "then",
        "otherwise {",
        "node.prob",
        "best",
        "tree",
        "limit",
        "forecast(",
        "**",
    ),
    *(
        "é",
        "\x00",
        "\t",
        "\f",
        "\u200b",
        "🙂",
        "\ufeff",
        "'",
        "`",
        "1e999",
        "0x1F",
        "lambda n: n",
        "def f():",
        "${x}",
        "&a *a",
    ),
]


def _findings(name: str, text: str) -> tuple:
    try:
        return load_source(Source(name, text)).warnings
    except RecipeError as error:
        found = error.diagnostics
    assert found, "an error without a finding"
    return found


def _never_a_foreign_error(name: str, text: str) -> None:
    found = _findings(name, text)
    for diagnostic in found:
        assert full(diagnostic)
        assert diagnostic.help
        assert 0 <= diagnostic.span.start <= diagnostic.span.end
        for edit in diagnostic.edits:
            assert 0 <= edit.span.start <= edit.span.end <= len(edit.span.source.text) + 1
    mended(text, found)


def test_ten_thousand_mutated_recipes_within_a_minute():
    """A mutation puts something in, takes something out or doubles a stretch, up to four times."""
    dice = random.Random(12)
    begun = time.perf_counter()
    for _ in range(10_000):
        text = dice.choice(TEXTS)
        for _ in range(dice.randint(1, 4)):
            start = dice.randrange(len(text) + 1)
            end = min(len(text), start + dice.randrange(12))
            text = dice.choice(
                [
                    text[:start] + dice.choice(PIECES) + text[end:],
                    text[:start] + text[end:],
                    text[:end] + text[start:],
                    text[:start] + text[start:end][::-1] + text[end:],
                ]
            )
        _never_a_foreign_error(dice.choice(["a.smart", "a.smart", "a.yaml"]), text)
    assert time.perf_counter() - begun < 240, "60 s on a core of one's own"


@settings(max_examples=300)
@given(st.text(max_size=200), st.sampled_from(["a.smart", "a.yaml"]))
@example("", "a.yaml")
@example("smartgen: 1\n  expand  best 1\nname: p\nbenefit: {accepted: node.path}\nexpand: best 1\nlimit: {depth: 3}\n", "a.yaml")
@example("smartgen: 1\na: &a [*a]", "a.yaml")
@example("smartgen 1\npolicy p { use p }", "a.smart")
@example("smartgen 1\npolicy p { let a = a  benefit b = a  limit depth 1 }", "a.smart")
@example("smartgen: 1\nlimit: {depth: ${limit.depth}}", "a.yaml")
@example('smartgen: 1\nname: "\\UFFFFFFFF"', "a.yaml")
def test_any_text(text, name):
    _never_a_foreign_error(name, text)


@settings(max_examples=300)
@given(st.binary(max_size=200))
@example(b"\xff\xfe")
@example(b"\x00\x00\xfe\xff")
@example("smartgen 1\npolicy p { limit depth 0 }".encode("utf-16"))
def test_any_bytes(data):
    try:
        text = decoded(data, "a.smart").text
    except RecipeError as error:
        code = error.diagnostics[0].code
    else:
        _never_a_foreign_error("a.smart", text)
        code = "SG014"
    assert code == "SG014"


@pytest.mark.parametrize(
    "deep",
    [
        *("(" * 3000 + "1" + ")" * 3000, "1" + " + 1" * 3000, "-" * 3000 + "1", "not " * 3000 + "true", "(" * 3000),
        *(
            "min(1, " * 1000 + "1" + ")" * 1000,
            "if true then 1 else " * 1000 + "1",
            "path(" * 300,
            "[" * 3000,
            "{" * 3000,
        ),
    ],
)
def test_deep_nesting_is_bounded(deep):
    text = f"smartgen 1\npolicy p {{ benefit a = {deep}  limit depth 1 }}"
    begun = time.process_time()  # of this process: others may be busy
    _never_a_foreign_error("deep.smart", text)
    _never_a_foreign_error("deep.yaml", "smartgen: 1\nmaximize: " + deep)
    assert time.process_time() - begun < 20


ALIASES = "a: &a [1,1,1,1,1,1,1,1,1]\n" + "".join(
    f"{c}: &{c} [{','.join([f'*{b}'] * 8)}]\n" for b, c in zip("abcdefg", "bcdefgh", strict=True)
)


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("a.smart", "smartgen 1\npolicy p { benefit a = 1" + " + 1" * 3000 + " limit depth 1 }", "nested more than 200"),
        ("a.yaml", "a: " + "[" * 3000, "nested too deeply"),
        ("a.smart", "#" * (MOST_CHARACTERS + 1), "at most 100000 are read"),
        ("a.yaml", "a: b\n" * MOST_CHARACTERS, "at most 100000 are read"),
        ("a.yaml", ALIASES, "too large with its aliases"),
    ],
)  # fmt: skip
def test_what_is_too_large_is_said(name, text, said):
    with pytest.raises(RecipeError, match=said):
        load_source(Source(name, text))


def test_a_long_chain_of_lets_is_bounded():
    lets = "\n".join(f"let a{i} = a{i + 1} + a{i + 1}" for i in range(40))
    with pytest.raises(RecipeError, match="more than 50000 parts"):
        load_source(Source("a.smart", f"smartgen 1\npolicy p {{ {lets} let a40 = 0.1 benefit b = a0 limit depth 1 }}"))
    lets = "\n".join(f"let a{i} = a{i + 1} + 0.1" for i in range(400))
    with pytest.raises(RecipeError, match="more than 200 levels"):
        load_source(Source("a.smart", f"smartgen 1\npolicy p {{ {lets} let a400 = 0.1 benefit b = a0 limit depth 1 }}"))


def test_a_text_of_mistakes_has_so_many_findings_and_no_more():
    text = "smartgen 1\npolicy p {\n" + "limitt depth 1;\n" * 3000 + "}"
    begun = time.process_time()
    assert 1 <= len(_findings("a.smart", text)) <= 100
    assert time.process_time() - begun < 20


@pytest.mark.parametrize(
    "text", ["smartgen 1\npolicy p { limitt depth 0 }", "smartgen 1\npolicy p { benefit a = 5 tok }"]
)
def test_every_renderer_renders(text):
    found = _findings("a.smart", text)
    for render in PER_FINDING.values():
        assert all(diagnostic.code in render(diagnostic) for diagnostic in found)
    assert found[0].code in as_json(found)
    assert found[0].code in sarif(found, "1")


dimensions = st.builds(Dimension, st.tuples(*[st.integers(-3, 3)] * 7))


@given(dimensions, dimensions)
def test_units_multiply_and_divide(a, b):
    assert a * b / b == a
    assert a * b == b * a
    assert (a / a).bare
    assert (a * b).bare == (b == (a / a) / a)


@given(st.sampled_from(sorted(UNITS)), st.sampled_from(sorted(UNITS)))
def test_a_unit_below_another(above, below):
    whole, part = UNITS[above], UNITS[below]
    assert unit(f"{above}/{below}") == (whole[0] / part[0], whole[1] / part[1])
    assert unit(f"{above}/{below}x") is None


def test_every_unit_is_positive_and_named():
    assert all(factor > 0 and str(dimension) for dimension, factor in UNITS.values())
