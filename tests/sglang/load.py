"""Two hundred requests of all kinds, in the same order with the same delays every time."""

from __future__ import annotations

import json
import random
import threading
import time
import urllib.request
from dataclasses import dataclass
from typing import Any

from tests.sglang.serving import PATIENCE

GAP = 0.02  # seconds between arrivals


@dataclass(frozen=True)
class Asked:
    prompt: tuple[int, ...]
    tokens: int
    kind: str  # plain, stream, abort, grammar, bias
    delay: float


def requests(count: int = 200, seed: int = 7) -> list[Asked]:
    """Unequal lengths; every fourth continues an earlier prompt."""
    rng = random.Random(seed)
    prompts: list[tuple[int, ...]] = []
    found = []
    kinds = ["plain"] * 5 + ["stream"] * 2 + ["abort", "grammar", "bias"]
    for number in range(count):
        fresh = tuple(rng.randrange(4, 64) for _ in range(rng.randrange(2, 40)))
        if number % 4 == 3:
            fresh = (*rng.choice(prompts), *fresh[:5])
        prompts.append(fresh)
        found.append(Asked(fresh[:120], rng.randrange(4, 60), kinds[number % len(kinds)], GAP * number))
    return found


def run(server: Any, asked: list[Asked]) -> list[list[int] | None]:
    """Each completed request's tokens; None for aborted ones."""
    found: list[list[int] | None] = [None] * len(asked)
    failed: list[str] = []

    def one(place: int, what: Asked) -> None:
        time.sleep(what.delay)
        try:
            found[place] = _ask(server, place, what)
        except Exception as error:
            failed.append(f"request {place} ({what.kind}): {error!r}")

    threads = [threading.Thread(target=one, args=pair) for pair in enumerate(asked)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed, failed[:5]
    return found


def _ask(server: Any, place: int, what: Asked) -> list[int] | None:
    sampling: dict[str, Any] = {"temperature": 0, "max_new_tokens": what.tokens, "ignore_eos": True}
    if what.kind == "grammar":
        sampling["regex"] = r"(t[1-5][0-9]?)+"
    if what.kind == "bias":
        sampling["logit_bias"] = {str(4 + place % 50): 3.0, "20": -100.0}
    body: dict[str, Any] = {"input_ids": list(what.prompt), "sampling_params": sampling, "rid": f"r{place}"}
    if what.kind == "abort":
        body["sampling_params"]["max_new_tokens"] = 120
        timer = threading.Timer(0.15, lambda: server.post("/abort_request", {"rid": f"r{place}"}))
        timer.start()
        server.post("/generate", body)
        timer.join()
        return None
    if what.kind == "stream":
        return _streamed(server, body)
    answer = server.post("/generate", body)
    assert "output_ids" in answer, answer
    return list(answer["output_ids"])


def _streamed(server: Any, body: dict[str, Any]) -> list[int]:
    data = json.dumps({**body, "stream": True}).encode()
    request = urllib.request.Request(
        f"http://127.0.0.1:{server.port}/generate", data, {"Content-Type": "application/json"}
    )
    last: list[int] = []
    with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
        for line in answer:
            text = line.decode().strip()
            if text.startswith("data: {"):
                last = json.loads(text[6:])["output_ids"]
    return last
