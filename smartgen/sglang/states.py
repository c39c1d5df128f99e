"""The captured shapes, and switching between them: the calls of the engine's adaptive controller, keyed by the whole tier."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sglang.srt.runtime_context import get_context

from smartgen.policy.tiers import OFF, Tier


class States:
    """The engine sizes cache slots by the configured shape before a tier is chosen: it always says the largest one."""

    def __init__(self, worker: Any, tiers: Sequence[Tier]) -> None:
        self.worker, self.tiers = worker, tiers
        self.states: dict[Tier, Any] = {}
        self.current = worker.served

    def register(self, state: Any, steps: int | None = None) -> None:
        """The shape that the engine started with."""
        self.states[self.worker.served] = state

    def init_states(self, cuda_graph_bs: Any = None) -> None:
        """Build backends and capture graphs for all others."""
        worker, served = self.worker, self.worker.served
        for tier in self.tiers:
            if tier in self.states:
                continue
            topk = served.topk if tier == OFF else tier.topk
            worker.take_topk(topk)
            get_context().override("smartgen.capture", speculative_eagle_topk=topk)
            self.states[tier] = worker.build_adaptive_runtime_state(
                tier.steps, tier.tokens, cuda_graph_bs=cuda_graph_bs
            )
            get_context().override("smartgen.captured", speculative_eagle_topk=served.topk)
            worker.take_topk(served.topk)

    def activate(self, tier: Tier) -> None:
        """Serve this tier from now on."""
        if tier == self.current:
            return
        worker, served = self.worker, self.worker.served
        worker.take_topk(served.topk if tier == OFF else tier.topk)
        worker.speculative_num_steps = None  # tiers of equal steps differ too, which the engine does not expect
        worker.apply_runtime_state(self.states[tier])
        get_context().override(
            "smartgen.slots", speculative_num_steps=served.steps, speculative_num_draft_tokens=served.tokens
        )
        self.current = tier
