"""A policy in the text form and its twin in YAML are one program with one hash."""

from __future__ import annotations

import pytest

from smartgen.language.source import Source
from smartgen.recipe.load import load_source

TWINS = {
    "situations": (
        """smartgen 1
policy p {
  param k: count = 5

  let wide = k * 2
  benefit accepted  = 0.9 * node.path
  cost    drafting  = profile.draft.time
  cost    verifying = profile.verify.time(model: "linear")
  maximize tokens / time
  subject to time <= 25 ms
  subject to tokens >= 2 tok
  expand   best wide where node.source == "head" and node.prob > 0.05 by node.prob
  continue while forecast(objective) > objective
  verify   best 0..64
  limit    depth table(batch.size, 1: 8, 16: 2), nodes 48

  when batch.size > 8 and engine.queue > 4 { verify best 8  limit depth 2 }
  otherwise { maximize tokens }
}
""",
        """smartgen: 1
name: p
param: {k: count = 5}
let: {wide: k * 2}
benefit: {accepted: 0.9 * node.path}
cost:
  drafting: profile.draft.time
  verifying: 'profile.verify.time(model: "linear")'
maximize: tokens / time
subject_to: [time <= 25 ms, tokens >= 2 tok]
expand: >
  best wide
  where node.source == "head" and node.prob > 0.05
  by node.prob
continue: "forecast(objective) > objective"
verify: best 0..64
limit: {depth: "table(batch.size, 1: 8, 16: 2)", nodes: 48}
cases:
  - when: batch.size > 8 and engine.queue > 4
    then: {verify: best 8, limit: {depth: 2}}
  - otherwise: {maximize: tokens}
""",
    ),
    "a static tree": (
        'smartgen 1\npolicy p { benefit b = node.path verify tree "0 1" "00 01" }\n',
        'smartgen: 1\nname: p\nbenefit: {b: node.path}\nverify: tree "0 1" "00 01"\n',
    ),
    "inheritance": (
        "smartgen 1\npolicy p { use smart(trust: 0.9) subject to time <= 25 ms limit depth 4 }\n",
        "smartgen: 1\npolicy: smart\nname: p\nparams: {trust: 0.9}\nsubject_to: time <= 25 ms\nlimit: {depth: 4}\n",
    ),
}


@pytest.mark.parametrize("name", TWINS)
def test_both_forms_are_one_program(name):
    text, yaml = TWINS[name]
    first, second = load_source(Source("p.smart", text)), load_source(Source("p.yaml", yaml))
    assert first.program == second.program
    assert first.program.hash == second.program.hash
    assert first.facts.work == second.facts.work
    assert first.facts.off == second.facts.off
