"""Staggered requests of all kinds: the text is the plain server's, whatever tiers come and go, and nothing leaks."""

from __future__ import annotations

import re

import pytest

from tests.sglang.load import requests, run
from tests.sglang.serving import Server, drafted_by, engine_only

pytestmark = [engine_only, pytest.mark.slow]
RESTLESS = """smartgen 1
policy restless {
  benefit accepted = node.path
  expand  best 4
  verify  best 12
  limit   depth ucb(0, 1, 2, 3, 4, reward: last.tokens / last.time)
}
"""
SHAPES = "1/2/3, 1/4/5, 2/4/8, 3/4/12, 4/3/10"
CACHE = 320  # tokens for six rows at once, admitted as if they would stay short: some are retracted and prefilled again
EAGER = ["--schedule-conservativeness", "0.01"]


@pytest.fixture(scope="module")
def asked():
    return requests()


@pytest.fixture(scope="module")
def plain(models, asked, tmp_path_factory):
    with Server(models, tmp_path_factory.mktemp("plain") / "log", *EAGER, tokens=CACHE, rows=6) as server:
        return run(server, asked)


@pytest.fixture(scope="module")
def excluded(models, asked, plain, tmp_path_factory):
    """Places whose text the unmodified engine changes with a fixed tree: requests with a grammar, and not this plugin's."""
    more = drafted_by(models, tier="3/4/8")
    with Server(models, tmp_path_factory.mktemp("fixed") / "log", *more, *EAGER, tokens=CACHE, rows=6) as server:
        found = run(server, asked)
    return {place for place, (own, other) in enumerate(zip(found, plain, strict=True)) if own != other}


def emptied(server):
    """What the server holds once its cache of prefixes is flushed, which it refuses while any request is left."""
    server.flush()
    return server.smart()


@pytest.mark.parametrize("algorithm", ["STANDALONE", "EAGLE", "EAGLE3"])
def test_text_is_the_plain_servers(algorithm, models, asked, plain, excluded, tmp_path):
    more = [*drafted_by(models, algorithm.lower(), algorithm), "--smart-recipe", RESTLESS, "--smart-tiers", SHAPES]
    with Server(models, tmp_path / "log", *more, *EAGER, tokens=CACHE, rows=6) as server:
        found = run(server, asked)
        smart = server.smart()
        again = server.generate([5, 9, 33], 8)
        server.get("/health_generate")
        left = emptied(server)
        log = server.log.read_text()
    kinds = {asked[place].kind for place in excluded}
    assert kinds <= {"grammar"}, f"the unmodified engine already differs for {sorted(kinds)}: {sorted(excluded)}"
    wrong = [p for p, (own, other) in enumerate(zip(found, plain, strict=True)) if own != other and p not in excluded]
    assert not wrong, [(place, asked[place].kind) for place in wrong]
    assert len(smart["rounds_by_tier"]) >= 5, smart
    assert smart["lost_rounds"] == 0
    assert len(again["output_ids"]) == 8
    assert "#retracted_reqs" in log
    assert not re.search(r"leak|Traceback", log)
    assert left["free_slots"] == left["slots"] == CACHE
