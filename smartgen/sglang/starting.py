"""Puts a worker's parts together when a scheduler process starts."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from smartgen.policy.situation import DrafterTraits
from smartgen.policy.tiers import OFF, Tier
from smartgen.profile import store
from smartgen.profile.errors import ProfileError
from smartgen.profile.example import example_profile
from smartgen.profile.profile import Profile
from smartgen.recipe import Recipe
from smartgen.sglang.attachment import mark
from smartgen.sglang.costs import RoundCosts, profile_key
from smartgen.sglang.derive import derive
from smartgen.sglang.errors import ServeError
from smartgen.sglang.metrics import Metrics
from smartgen.sglang.order import CalibratedOrder, ordering_site
from smartgen.sglang.preflight import checked_recipe, named_profile
from smartgen.sglang.ranks import Tell, teller
from smartgen.sglang.requests import Requests
from smartgen.sglang.seams import probe
from smartgen.sglang.settings import Settings, parse_tiers, written
from smartgen.sglang.steering import Steering
from smartgen.sglang.touring import MEASURE

DEFAULT_ROWS = 48  # requests at once that the engine allows under speculation, unless told otherwise


@dataclass(frozen=True)
class Parts:
    """`tell`: the numbers that all ranks follow, from this rank's own; `rows`: the largest batch, padding included."""

    steering: Steering
    requests: Requests
    metrics: Metrics
    order: CalibratedOrder | None
    rows: int
    tell: Tell


def start(worker: Any, settings: Settings, served: Tier) -> Parts:
    """Raises ServeError where the engine has changed or the recipe cannot be served."""
    from sglang.srt.distributed import get_tp_group

    probe()
    recipe = checked_recipe(settings.recipe)
    tiers = tuple(tier for tier in parse_tiers(settings.tiers) if tier.within(served))
    args, algorithm = worker.server_args, str(worker.server_args.speculative_algorithm).upper()
    target, draft = worker._target_worker.model_runner, worker._draft_worker.draft_runner
    key = profile_key(
        target.model_config.hf_text_config,
        draft.model_config.hf_text_config,
        str(worker.device).split(":")[0],
        algorithm,
        str(target.dtype).removeprefix("torch."),
    )
    measuring = bool(os.environ.get(MEASURE))
    profile = named_profile(settings.profile)
    if profile is None:
        profile = Profile(key) if measuring else _remembered(key)
    costs = RoundCosts(profile, tiers, _buckets(args), measuring)
    steering = Steering(recipe, tiers, served, costs)
    source = "assistant" if algorithm == "STANDALONE" else "head"
    order = None
    if ordering_site(recipe.program) is not None and served.topk > 1:
        order = CalibratedOrder(served.steps, served.topk, worker.device)
    rows = max(args.max_running_requests or DEFAULT_ROWS, DEFAULT_ROWS, *_buckets(args))
    rank, tell = teller(get_tp_group())
    facts = {"recipe": recipe.name, "tiers": [str(tier) for tier in tiers]}
    mark(settings.state, rank, facts)
    requests = Requests(algorithm, DrafterTraits(source))
    return Parts(steering, requests, Metrics.of(bool(args.enable_metrics), recipe.name), order, rows, tell)


def check_fit(recipe: Recipe, tiers: Sequence[Tier]) -> None:
    """Raises ServeError for a recipe whose own shapes are all larger than those captured: it could only ever be off."""
    wanted = [tier for tier in derive(recipe.program, example_profile(), None) if tier != OFF]
    drafting = [tier for tier in tiers if tier != OFF]
    if wanted and not any(own.within(tier) for own in wanted for tier in drafting):
        raise ServeError(
            f"the recipe `{recipe.name}` asks for {written(tuple(wanted))}; captured are {written(tuple(tiers))}: "
            "start the server with these shapes in --smart-tiers"
        )


def _remembered(key: Any) -> Profile:
    try:
        return store.find(key) or Profile(key)
    except ProfileError:
        return Profile(key)  # what is remembered cannot be read: it is measured again


def _buckets(args: Any) -> list[int]:
    """Batch sizes that graphs are captured for; none where there are no graphs: then every batch is its own."""
    for name in ("cuda_graph_bs_decode", "cuda_graph_bs"):
        found = getattr(args, name, None)
        if found and not getattr(args, "disable_cuda_graph", False):
            return list(found)
    return []
