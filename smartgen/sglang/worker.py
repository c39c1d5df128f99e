"""The engine's EAGLE worker with our controller in the place of its adaptive one: every round may take another tier.

Everything rides on calls that the engine makes for its own adaptive mode.
"""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import Any

import torch
from sglang.srt.speculative.eagle_worker_v2 import EAGLEWorkerV2

from smartgen.policy.tiers import OFF, Tier
from smartgen.recipe import Recipe
from smartgen.sglang.drafting import steered_draft
from smartgen.sglang.errors import ServeError
from smartgen.sglang.plugin import Plugin
from smartgen.sglang.selecting import Selecting
from smartgen.sglang.settings import Settings
from smartgen.sglang.slots import DraftSlots
from smartgen.sglang.starting import check_fit, start
from smartgen.sglang.states import States
from smartgen.sglang.stopwatch import Stopwatch

logger = logging.getLogger("smartgen.sglang")
SPOIL = "SMARTGEN_SGLANG_SPOIL"  # tests: while the file of this name exists, drafts are wrong


def steered(worker: type, settings: Settings, plugin: Plugin) -> type:
    """The subclass of an EAGLE-family worker that serves a recipe. Raises ServeError for any other worker."""
    if not issubclass(worker, EAGLEWorkerV2):
        raise ServeError(
            f"the engine chose the worker {worker.__name__}, which cannot change tiers: a recipe cannot steer it"
        )
    return type("Steered" + worker.__name__, (SteeredWorker, worker), {"settings": settings, "plugin": plugin})


class SteeredWorker:
    """Mixed in before the engine's worker class."""

    settings: Settings
    plugin: Plugin
    queued = 0  # requests that wait, told by the scheduler

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.served = Tier(self.speculative_num_steps, self.topk, self.speculative_num_draft_tokens)
        parts = start(self, self.settings, self.served)
        self.steering, self.requests, self.metrics, self.order = (
            parts.steering,
            parts.requests,
            parts.metrics,
            parts.order,
        )
        self.tell = parts.tell
        self.plugin.selecting = self.selecting = Selecting(self.served, parts.rows, self.device, self.order)
        draft = self._draft_worker
        draft.widest, draft.steered_by = self.topk, self
        draft.__class__ = steered_draft(type(draft))
        self.adaptive_controller = States(self, self.steering.tiers)
        self.round: Any = None
        self.warned: set[str] = set()

    def alloc_memory_pool(self, *arguments: Any, **named: Any) -> None:
        super().alloc_memory_pool(*arguments, **named)
        pool = self.token_to_kv_pool_allocator
        self.slots = DraftSlots(self.req_to_token_pool.req_to_token, pool.size_full + pool.page_size)

    def take_topk(self, topk: int) -> None:
        """The number of children a node gets from now on."""
        self.topk = self._draft_worker.topk = topk

    def adopt(self, recipe: Recipe) -> None:
        """Another recipe within the captured shapes. Raises ServeError where none of them is within its limits."""
        check_fit(recipe, self.steering.tiers)
        self.steering.adopt(recipe)

    # -- a round --------------------------------------------------------------------------------------------------
    def forward_batch_generation(self, batch: Any, *arguments: Any, **named: Any) -> Any:
        if batch.forward_mode.is_extend() or getattr(batch, "is_extend_in_batch", False):
            self._prefilled(batch)
            return super().forward_batch_generation(batch, *arguments, **named)
        if batch.forward_mode.is_idle():
            self.round = None
            return super().forward_batch_generation(batch, *arguments, **named)
        self._begin(batch)
        self.slots.decoded(batch.req_pool_indices, batch.seq_lens, self.round.tier.tokens, self.round.asleep)
        result = super().forward_batch_generation(batch, *arguments, **named)
        self.round.watch.mark("done")
        self.round.copy("committed", result.next_token_ids)
        return result

    def _prefilled(self, batch: Any) -> None:
        names = [request.rid for request in batch.reqs]
        self.requests.prefilled(batch)
        self.steering.rest.prefilled(names)
        if names:
            self.slots.prefilled(names, batch.req_pool_indices, batch.prefix_lens, batch.out_cache_loc)

    def _begin(self, batch: Any) -> None:
        watch = Stopwatch(str(self.device).split(":")[0])
        watch.mark("begun")
        self._warn(batch)
        names = [request.rid for request in batch.reqs]
        self.steering.rest.reused(self.slots.stale())
        opted_out = self.requests.opted_out(batch)
        situation = self.requests.situation(batch, self.queued)
        if self.requests.touring(batch):
            self.round, over = self.steering.tour(situation, names, watch)
        else:
            self.round, over = self.steering.decide(situation, names, opted_out, watch), False
        mine = [self.steering.tiers.index(self.round.tier), int(self.round.asleep), int(over)]
        number, asleep, over = self.tell(mine)
        self.steering.follow(self.round, self.steering.tiers[number], bool(asleep))
        if over:
            self.requests.end(batch)
        self.opted_out = torch.tensor(opted_out) if any(opted_out) else None
        if self.round.tier == OFF and self.round.counted.any():
            self._see_first_layer(batch)

    def _see_first_layer(self, batch: Any) -> None:
        """What the draft would propose first comes for nothing with its catching-up."""
        offered, table = batch.spec_info, self._draft_worker.hot_token_id
        if offered is None or offered.topk_p is None or offered.topk_p.shape[0] != len(batch.reqs):
            return
        tokens = offered.topk_index if table is None else table[offered.topk_index]
        self.round.copy("scores", offered.topk_p)
        self.round.copy("tokens", tokens + self.spoilt())

    def activate_step_by_batch(self, batch_size: int) -> None:
        if self.round is not None:
            self.adaptive_controller.activate(self.round.tier)

    def on_verify_complete_cpu(self, num_correct_drafts_per_req: list[int], batch_size: int = 0) -> None:
        self.steering.rest.reused(self.slots.stale())
        self.steering.observe(num_correct_drafts_per_req)
        if self.order is not None and self.steering.order_is_due():
            self.steering.refill(self.order, self.requests.drafter.source, False)
        self.metrics.show(self.steering)

    def _warn(self, batch: Any) -> None:
        """On a CPU the engine commits the likeliest token, whatever a request asks for."""
        if self.device != "cpu" or batch.sampling_info.is_all_greedy:
            return
        for request in batch.reqs:
            if request.sampling_params.top_k != 1 and request.rid not in self.warned:
                self.warned.add(request.rid)
                logger.warning(
                    "request %s asks for sampling; under speculation on a CPU the engine commits the likeliest token",
                    request.rid,
                )

    def spoilt(self) -> int:
        """The test switch: 1 while drafts are to be wrong."""
        named = os.environ.get(SPOIL)
        return int(bool(named) and Path(named).exists())
