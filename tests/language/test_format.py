"""The formatter changes how a recipe looks and never what it says."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smartgen.language.findings import Findings
from smartgen.language.format import formatted
from smartgen.language.lexemes import lexemes
from smartgen.language.parse import parse
from smartgen.language.source import Source
from smartgen.recipe.shipped import shipped

CASES = sorted(p for p in (Path(__file__).parent / "cases" / "ok").glob("*.smart"))
SHIPPED = [path for path in shipped().values() if path.suffix == ".smart"]

NAMES = st.sampled_from(
    ["a", "gain", "tuce", "b2", "long_name", "node.prob", "layer.depth", "profile.verify.time", "tokens"]
)
NUMBERS = st.sampled_from(["1", "0.5", "25 ms", "25ms", "4096   tok", "1e-3", "40 ms/tok", "3 J"])
ATOMS = st.one_of(NAMES, NUMBERS, st.sampled_from(['"free"', '""', "true", "false"]))


def _deeper(inner):
    return st.one_of(
        st.tuples(inner, st.sampled_from(["+", "-", "*", "/"]), inner).map(lambda t: ["(", *t[0], t[1], *t[2], ")"]),
        st.tuples(inner, st.sampled_from(["<", "<=", "==", "!="]), inner).map(lambda t: ["(", *t[0], t[1], *t[2], ")"]),
        st.tuples(inner, inner).map(lambda t: ["max", "(", *t[0], ",", *t[1], ")"]),
        st.tuples(inner, inner).map(lambda t: ["table", "(", *t[0], ",", "4096 tok", ":", *t[1], ")"]),
        st.tuples(inner, inner, inner).map(lambda t: ["(", "if", *t[0], "then", *t[1], "else", *t[2], ")"]),
        inner.map(lambda t: ["-", *t]),
        inner.map(lambda t: ["(", "not", *t, ")"]),
    )


EXPRESSIONS = st.recursive(ATOMS.map(lambda atom: [atom]), _deeper, max_leaves=8)
RULES = st.one_of(
    EXPRESSIONS.map(lambda e: ["let", "x", "=", *e]),
    EXPRESSIONS.map(lambda e: ["benefit", "accepted", "=", *e]),
    EXPRESSIONS.map(lambda e: ["cost", "verifying", "=", *e]),
    EXPRESSIONS.map(lambda e: ["maximize", *e]),
    EXPRESSIONS.map(lambda e: ["subject", "to", *e]),
    EXPRESSIONS.map(lambda e: ["continue", "while", *e]),
    st.tuples(EXPRESSIONS, EXPRESSIONS).map(lambda t: ["verify", "best", *t[0], "..", *t[1], "pooled"]),
    st.tuples(EXPRESSIONS, EXPRESSIONS).map(lambda t: ["expand", "best", *t[0], "where", *t[1]]),
    st.just(["verify", "tree", '"0 1"', '"00"']),
    st.just(["limit", "depth", "8", ",", "nodes", "64"]),
)
PARAMS = EXPRESSIONS.map(lambda e: ["param", "k", ":", "ms/tok", "=", *e])
BLOCKS = st.lists(RULES, min_size=1, max_size=2).map(lambda rules: ["{", *(x for rule in rules for x in rule), "}"])
CHAINS = st.tuples(EXPRESSIONS, BLOCKS, BLOCKS).map(lambda t: ["when", *t[0], *t[1], "otherwise", *t[2]])


@st.composite
def programs(draw):
    """Legal text with any spacing, line ends and comments between its lexemes."""
    body = [x for part in draw(st.lists(st.one_of(RULES, PARAMS), max_size=5)) for x in part]
    if draw(st.booleans()):
        body = ["use", "smart", "(", "trust", ":", "0.5", ")", *body]
    if draw(st.booleans()):
        body += draw(CHAINS)
    text = ""
    for word in ["smartgen", "1", "policy", "p", "{", *body, "}"]:
        between = st.sampled_from([" ", "  ", "\n", "\n\n\n", "\t", " # note\n", "\n    # alone\n", "\r\n"])
        text += word + draw(between)
    return text.replace("\r\n", "\n")


def _tree(text: str):
    findings = Findings()
    tree = parse(Source("a.smart", text), findings)
    assert tree is not None, [finding.message for finding in findings.all] + [text]
    return tree


def _comments(text: str) -> list[str]:
    return [x.text.rstrip() for x in lexemes(text) if x.sort == "comment"]


@settings(max_examples=200)
@given(programs())
def test_formatting_keeps_the_program_and_its_comments(text):
    written = formatted(text)
    assert _tree(written) == _tree(text)
    assert " ".join(_comments(written)).split() == " ".join(_comments(text)).split()


@settings(max_examples=200)
@given(programs())
def test_formatting_twice_is_formatting_once(text):
    once = formatted(text)
    assert formatted(once) == once
    assert once.endswith("\n")
    assert not any(line.endswith(" ") for line in once.splitlines())


@pytest.mark.parametrize("path", [*CASES, *SHIPPED], ids=lambda p: p.name)
def test_recipes_keep_their_meaning(path):
    text = path.read_text(encoding="utf-8-sig")
    assert _tree(formatted(text)) == _tree(text)


def test_the_one_form():
    text = (
        'smartgen   1\npolicy mine{use smart( trust:0.9 ) param k:count=4 # how many\n\n\n\nlet x=-(1-k)\n'
        "benefit accepted=node.path*0.5\ncost verifying=25ms+profile.verify.time   # each step\n"
        'expand best(k+1)where node.prob>0.1\n   and node.source=="head"\nverify tree "0 1"\n"00"\nlimit depth 0 .. 8,nodes 3\n'
        "when batch.size>4{verify best 4 maximize tokens}otherwise{\nverify all}}"
    )  # fmt: skip
    assert formatted(text) == (
        "smartgen 1\n"
        "policy mine {\n"
        "  use smart(trust: 0.9)\n"
        "  param k: count = 4  # how many\n"
        "\n"
        "  let x = -(1 - k)\n"
        "  benefit accepted  = node.path * 0.5\n"
        "  cost    verifying = 25 ms + profile.verify.time  # each step\n"
        "  expand  best (k + 1) where node.prob > 0.1\n"
        '      and node.source == "head"\n'
        '  verify  tree "0 1"\n'
        '               "00"\n'
        "  limit   depth 0..8, nodes 3\n"
        "  when batch.size > 4 { verify best 4  maximize tokens }\n"
        "  otherwise {\n"
        "    verify all\n"
        "  }\n"
        "}\n"
    )
