"""Every shipped recipe that can be decided before drafting starts a server of its own, and serves the plain server's text."""

from __future__ import annotations

import pytest

from tests.sglang.serving import Server, drafted_by, engine_only
from tests.sglang.test_tiers import PLANNED

pytestmark = [engine_only, pytest.mark.slow]
PROMPTS = [[5, 9, 33, 7], [12, 13, 40, 41, 42, 8], [60, 2, 17]]
TOKENS = 30


@pytest.fixture(scope="module")
def plain(models, tmp_path_factory):
    with Server(models, tmp_path_factory.mktemp("plain") / "log") as server:
        return [answer["output_ids"] for answer in server.generate(PROMPTS, TOKENS)]


@pytest.mark.parametrize("name", sorted(PLANNED))
def test_it_starts_and_serves(name, models, plain, tmp_path):
    with Server(models, tmp_path / "log", *drafted_by(models), "--smart-recipe", name) as server:
        found = server.generate(PROMPTS, TOKENS)
        smart = server.smart()
    assert [answer["output_ids"] for answer in found] == plain
    assert smart["rounds"] > 0
    assert smart["lost_rounds"] == 0
    assert name != "off" or smart["rounds_off"] == smart["rounds"]  # whether another drafts is up to what was measured
