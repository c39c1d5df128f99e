"""A chat model with the shipped EAGLE-3 head: chat completions over HTTP, and what `/metrics` says of them."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor

import pytest

from smartgen.models.get import folder_of
from smartgen.models.registry import SMOLLM2, named
from tests.sglang.serving import Server, engine_only

TARGET = folder_of(SMOLLM2)
HEAD = named("smollm2-135m-eagle3").folder
pytestmark = [
    engine_only,
    pytest.mark.slow,
    pytest.mark.skipif(TARGET is None, reason="needs SmolLM2: `smartgen models get smollm2-135m`"),
]
QUESTIONS = (
    "Why is the sky blue?",
    "Write a Python function that reverses a string.",
    "Name three rivers in Europe.",
    "What is 12 times 12?",
)
TOKENS = 32


def answers(server):
    """Of all questions at once; the whole answer, reason of its end included."""

    def ask(question):
        body = {"model": "x", "messages": [{"role": "user", "content": question}], "temperature": 0}
        found = server.post("/v1/chat/completions", {**body, "max_tokens": TOKENS})
        choice = found["choices"][0]
        return choice["message"]["content"], choice["finish_reason"], found["usage"]["completion_tokens"]

    with ThreadPoolExecutor(len(QUESTIONS)) as pool:
        return list(pool.map(ask, QUESTIONS))


def gauge(metrics: str, name: str) -> float:
    found = re.search(rf'^{name}\{{recipe="smart"\}} (\S+)$', metrics, re.MULTILINE)
    assert found, f"{name} is not in /metrics"
    return float(found[1])


def test_chat_completions_are_the_plain_servers(tmp_path):
    model = ("--model-path", str(TARGET))
    with Server(TARGET, tmp_path / "plain.log", *model, rows=4) as server:
        plain = answers(server)
    pair = ("--speculative-algorithm", "EAGLE3", "--speculative-draft-model-path", str(HEAD))
    more = ("--smart-recipe", "smart", "--enable-metrics")
    with Server(TARGET, tmp_path / "smart.log", *model, *pair, *more, rows=4) as server:
        found = answers(server)
        smart, metrics = server.smart(), server.get("/metrics")
    assert found == plain
    assert all(text.strip() for text, _, _ in plain)
    assert 1.0 < gauge(metrics, "smartgen_accept_length") < 8.0
    assert gauge(metrics, "smartgen_off_ratio") == pytest.approx(smart["rounds_off"] / smart["rounds"])
    assert "sglang:" in metrics  # the engine's own stand beside them
    print(
        {name: gauge(metrics, f"smartgen_{name}") for name in ("accept_length", "off_ratio")}, smart["rounds_by_tier"]
    )
