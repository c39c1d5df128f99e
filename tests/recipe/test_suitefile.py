"""Test files of recipes: what they say, and where their mistakes are reported."""

from __future__ import annotations

import pytest

from smartgen.language.diagnostics import RecipeError
from smartgen.language.source import Source
from smartgen.recipe.suitefile import read_suite

GOOD = """\
costs: {verify: {0: 40 ms, 64: 104 ms}, draft: 2 ms}
tests:
  - name: two rows
    params: {trust: 0.5}
    limits: {nodes: 8}
    drafted: {root: 0.5 2x0.25, "*": 0.125}
    rows:
      - tag: free
      - {context: 300, drafted: {root: 0.9}, entropy: {root: 1.5}, confidence: {root: 0.7}, elapsed: 2 s, tpot: 40 ms/tok}
    steps:
      - {accept: [0, none], took: 50 ms, repeat: 3}
      - {engine: {queue: 4}, sampled: yes, expect: {verify: [0 1, none], nodes: 2, tokens: 1.5, frontier: [0, [00, none]]}}
"""


def suite(text):
    return read_suite(Source("x.test.yaml", text))


def test_a_whole_file():
    (case,) = suite(GOOD).cases
    assert (case.name, case.params, case.limits) == ("two rows", {"trust": "0.5"}, {"nodes": 8})
    first, second = case.steps
    assert first.costs["verify"].points == ((0, 0.04), (64, pytest.approx(0.104)))
    assert first.costs["draft"].points == ((0, 0.002),)
    assert (first.accept, first.took, first.repeat, first.expect) == (("0", ""), 0.05, 3, ())
    free, long = second.rows
    assert free.drafted == {"root": (0.5, 0.25, 0.25), "*": (0.125,)}
    assert (free.tag, free.context, long.context, long.drafted) == ("free", 100, 300, {"root": (0.9,)})
    assert (long.entropy, long.confidence, long.elapsed, long.tpot) == ({"root": 1.5}, {"root": (0.7,)}, 2.0, 0.04)
    assert (second.engine, second.sampled) == ({"queue": 4.0}, True)
    expected = {e.key: e.value for e in second.expect}
    assert expected["verify"] == (frozenset({"0", "1"}), frozenset())
    assert expected["frontier"] == ((frozenset({"0"}),), (frozenset({"00"}), frozenset()))
    assert (expected["nodes"], expected["tokens"]) == ((2,), 1.5)


WRONG = [
    ("", "SG403", (1, 1), "empty"),
    ("tests: [", "SG403", (1, 8), "not YAML"),
    ("costs: {draft: 2 ms}", "SG406", (1, 1), "holds no tests"),
    ("test: []", "SG405", (1, 1), "did you mean `tests`"),
    ("tests: {a: 1}", "SG406", (1, 8), "is a list"),
    ("tests:\n  - drafted: {root: 0.5}", "SG406", (2, 5), "has no name"),
    ("tests:\n  - {name: a}", "SG406", (2, 5), "expects nothing"),
    ("tests:\n  - {name: a, drafed: {root: 0.5}}", "SG405", (2, 15), "did you mean `drafted`"),
    ("tests:\n  - {name: a, expect: {verfy: 0}}", "SG405", (2, 24), "did you mean `verify`"),
    ("tests:\n  - {name: a, drafted: {root: 1.5}, expect: {nodes: 0}}", "SG451", (2, 31), "no probability"),
    ("tests:\n  - {name: a, drafted: {root: 0.2 0.3}, expect: {nodes: 0}}", "SG452", (2, 31), "in order"),
    ("tests:\n  - {name: a, drafted: {root: 0.6 0.6}, expect: {nodes: 0}}", "SG452", (2, 31), "sum to 1.2"),
    ("tests:\n  - {name: a, drafted: {root: ax0.6}, expect: {nodes: 0}}", "SG451", (2, 31), "4x0.1"),
    ("tests:\n  - {name: a, drafted: {0_1: 0.6}, expect: {nodes: 0}}", "SG451", (2, 25), "names no node"),
    ("tests:\n  - {name: a, expect: {verify: 0,1}}", "SG405", (2, 34), "no key `1`"),
    ("tests:\n  - {name: a, expect: {verify: 0-1}}", "SG451", (2, 32), "names no node"),
    ("tests:\n  - {name: a, expect: {nodes: -1}}", "SG451", (2, 31), "no count"),
    ("tests:\n  - {name: a, expect: {draft: maybe}}", "SG451", (2, 31), "yes nor no"),
    ("tests:\n  - {name: a, took: 40, expect: {nodes: 1}}", "SG451", (2, 21), "not a time"),
    ("tests:\n  - {name: a, took: 40 sec, expect: {nodes: 1}}", "SG451", (2, 21), "25 ms"),
    ("tests:\n  - {name: a, costs: {verify: 5}, expect: {nodes: 1}}", "SG451", (2, 31), "not a time"),
    ("tests:\n  - {name: a, batch: 3, accept: [0, 1], expect: {nodes: 1}}", "SG452", (2, 33), "2 values for 3 rows"),
    ("tests:\n  - {name: a, batch: 3, expect: {nodes: [1, 2]}}", "SG452", (2, 41), "2 values for 3 rows"),
    ("tests:\n  - {name: a, batch: 3, rows: [{tag: x}], expect: {nodes: 1}}", "SG452", (2, 22), "both"),
    ("tests:\n  - {name: a, remaining: 0, expect: {nodes: 1}}", "SG452", (2, 26), "at least 1"),
    ("tests:\n  - {name: a, accept: 0 1, expect: {nodes: 1}}", "SG451", (2, 23), "several"),
    ("tests:\n  - {name: a, name: b, expect: {nodes: 1}}", "SG105", (2, 15), "twice"),
    ("tests:\n  - {name: [a], expect: {nodes: 1}}", "SG407", (2, 12), "one text"),
    ("tests: " + "[" * 3000, "SG012", (1, 1), "nested"),
]


@pytest.mark.parametrize(("text", "code", "place", "said"), WRONG, ids=lambda value: str(value)[:30])
def test_mistakes_are_answered_where_they_stand(text, code, place, said):
    with pytest.raises(RecipeError) as caught:
        suite(text)
    found = caught.value.diagnostics[0]
    assert found.code == code
    assert found.span.source.position(found.span.start) == place
    assert said in f"{found.message} {found.help}"


def test_every_wrong_case_is_reported():
    text = "tests:\n  - {name: a, expect: {nodes: x}}\n  - {name: b, expect: {nodes: 1}}\n  - {name: c, batch: x}\n"
    with pytest.raises(RecipeError) as caught:
        suite(text)
    assert len(caught.value.diagnostics) == 2
