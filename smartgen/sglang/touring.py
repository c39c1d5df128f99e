"""The tour at start: requests of our own, sent before anybody else's, in whose rounds every tier is visited and timed.

Nobody's request pays for measuring. What was measured is remembered, and the next start skips it.
"""

from __future__ import annotations

import logging
import os
import random
from collections.abc import Iterator
from typing import Any

from smartgen.language.program import Measured, Program, parts
from smartgen.sglang.costs import VISITS
from smartgen.sglang.settings import Settings, parse_tiers

logger = logging.getLogger("smartgen.sglang")
TOUR = "smart_tour"  # in a request's `custom_params`: its rounds are the tour's
WARMUP = "smartgen_tour"  # the engine's name for it, among its `--warmups`
MEASURE = "SMARTGEN_SGLANG_MEASURE"  # set by `smartgen profile --engine sglang`, which tours by itself
PROMPT = 64  # tokens of a tour's prompts
FEWEST = 8  # tokens that are worth starting a tour for


def wanted(settings: Settings, program: Program) -> bool:
    """Whether costs are asked for and come from no file."""
    return settings.profile == "auto" and not os.environ.get(MEASURE) and priced(program)


def priced(program: Program) -> bool:
    """Whether a program asks what something costs."""
    return any(isinstance(part, Measured) for part in parts(program))


def requests(batch: int, context: int, tokens: int, vocabulary: int) -> dict[str, Any]:
    """So many requests at once, with prompts of so many random tokens; they end by themselves when all is timed."""
    rng = random.Random(batch)
    prompts = [[rng.randrange(4, min(vocabulary, 1000)) for _ in range(context)] for _ in range(batch)]
    sampling = {"temperature": 0, "max_new_tokens": tokens, "ignore_eos": True, "custom_params": {TOUR: True}}
    return {"input_ids": prompts, "sampling_params": sampling}


def enough(tiers: str) -> int:
    """Tokens that a request may emit in a whole tour of these tiers, at most."""
    return (VISITS + 1) * sum(tier.steps + 1 for tier in parse_tiers(tiers)) + 1


def batches(rows: int) -> Iterator[int]:
    """1, 4, 16 and so on, and the largest."""
    batch = 1
    while batch * 2 <= rows:
        yield batch
        batch *= 4
    yield rows


async def tour(manager: Any) -> None:
    """Send the requests through the engine's own front, batch by batch, and wait for each."""
    from sglang.srt.managers.io_struct import GenerateReqInput

    settings = Settings.current()
    states = await manager.get_internal_state()
    smart = states[0]["smart"]
    known = {batch for batch, *_ in smart["profile"]["verify"]}
    for batch in batches(smart["rows"]):
        room = min(smart["slots"] // batch, manager.max_req_input_len) - PROMPT
        tokens = min(enough(settings.tiers if settings else ""), room)
        if batch in known or tokens < FEWEST:
            continue
        logger.info("smartgen: measuring all tiers at batch %d, before requests are served", batch)
        body = requests(batch * len(states), PROMPT, tokens, manager.model_config.vocab_size)
        async for _ in manager.generate_request(GenerateReqInput(**body), None):
            pass


def register() -> None:
    """For a server: the engine calls it by name, when it is up and before it answers anybody."""
    from sglang.srt.entrypoints.warmup import warmup

    @warmup(WARMUP)
    async def smartgen_tour(_mode: str, manager: Any) -> None:
        await tour(manager)


def started(_result: Any, running: Any, *_arguments: Any, **_named: Any) -> None:
    """After `Engine.__init__`, where there is no server that would call it."""
    if WARMUP in (running.server_args.warmups or "").split(","):
        running.loop.run_until_complete(tour(running.tokenizer_manager))
