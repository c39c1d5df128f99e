"""The traces in docs/language/worked-examples.md are what both executions of the language say."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.docs.worked import BELOW, DRAFT, VERIFY, blocks

PAGE = Path(__file__).parents[2] / "docs" / "language" / "worked-examples.md"
BLOCK = re.compile(r"<!-- trace: (\w+) -->\n+```\n(.*?)\n```", re.DOTALL)
TOLD = dict(blocks())


def shown() -> dict[str, list[str]]:
    return {name: text.split("\n") for name, text in BLOCK.findall(PAGE.read_text(encoding="utf-8"))}


def test_every_recipe_is_shown():
    assert shown().keys() == TOLD.keys()


@pytest.mark.parametrize("name", TOLD)
def test_a_trace_is_what_happens(name):
    assert shown()[name] == TOLD[name]


def test_the_world_is_the_one_described():
    text = PAGE.read_text(encoding="utf-8")
    for name, row in zip("AB", BELOW, strict=True):
        cells = [
            " ".join(f"{prob:g}" for prob in row.get(node, ())) or "–" for node in ("", "0", "1", "00", "01", "10")
        ]
        assert f"| {name} | {' | '.join(cells)} |" in text
    assert (DRAFT[1], DRAFT[2]) == (0.004, 0.005)
    assert VERIFY[7] == pytest.approx(0.040 + 7 * 0.002)
