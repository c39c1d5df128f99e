"""Everything that can be refused before weights are loaded, in the process that was started by hand."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import Any, NoReturn

from smartgen.language.diagnostics import RecipeError
from smartgen.policy.tiers import OFF, Tier
from smartgen.profile import store
from smartgen.profile.errors import ProfileError
from smartgen.profile.example import example_profile
from smartgen.profile.profile import Profile
from smartgen.recipe import Recipe, load
from smartgen.recipe.targets import refused
from smartgen.sglang.derive import derive
from smartgen.sglang.errors import ServeError
from smartgen.sglang.settings import COMMAND, Settings, parse_tiers, written
from smartgen.sglang.touring import WARMUP, wanted

ALGORITHMS = ("EAGLE", "EAGLE3", "NEXTN", "STANDALONE")
FIELDS = ("speculative_num_steps", "speculative_eagle_topk", "speculative_num_draft_tokens")


def before_resolution(server_args: Any) -> None:
    """Before `ServerArgs.resolve_once`: check what is asked for, settle the tiers and the largest shape."""
    settings = Settings.current()
    if settings is None or getattr(server_args, "_resolution_finished", False):
        return
    try:
        _settle(server_args, settings)
    except ServeError as error:
        refuse(error)


def refuse(error: ServeError) -> NoReturn:
    """One sentence and exit code 1 on a command line, the error itself elsewhere."""
    if os.environ.get(COMMAND):
        raise SystemExit(f"error: {error}") from None
    raise error


def _settle(server_args: Any, settings: Settings) -> None:
    from smartgen.sglang.seams import probe

    recipe = checked_recipe(settings.recipe)
    _arguments(server_args)
    _vocabularies(server_args)
    probe()
    profile = named_profile(settings.profile) or example_profile()
    most = _ceiling(server_args)
    tiers = parse_tiers(settings.tiers) if settings.tiers else _derived(recipe, profile, most)
    largest = Tier(*(max(getattr(tier, name) for tier in tiers) for name in ("steps", "topk", "tokens")))
    if largest == OFF:
        largest = most or Tier(1, 1, 2)  # the engine wants a shape to start with; it is never drafted
    if most is None:
        for field, value in zip(FIELDS, (largest.steps, largest.topk, largest.tokens), strict=True):
            setattr(server_args, field, value)
    elif not largest.within(most):
        raise ServeError(
            f"the tiers {written(tiers)} reach {largest}, beyond the {most} of "
            "--speculative-num-steps, --speculative-eagle-topk, --speculative-num-draft-tokens: raise those or leave them out"
        )
    if wanted(settings, recipe.program):
        server_args.warmups = ",".join(filter(None, (server_args.warmups, WARMUP)))
    state = settings.state or tempfile.mkdtemp(prefix="smartgen-sglang-")
    Settings(settings.recipe, settings.profile, written(tiers), state).export()


def _derived(recipe: Recipe, profile: Profile, most: Tier | None) -> tuple[Tier, ...]:
    try:
        return derive(recipe.program, profile, most)
    except ProfileError as error:
        raise ServeError(f"the recipe `{recipe.name}` cannot be priced by this profile: {error}") from None


def checked_recipe(source: str) -> Recipe:
    """Raises ServeError for a recipe with mistakes, or one that cannot be decided before drafting."""
    try:
        recipe = load(source)
    except RecipeError as error:
        first = error.diagnostics[0]
        raise ServeError(f"the recipe cannot be used: {first.code}: {first.message}; {first.help}") from None
    found = refused(recipe, "sglang")
    if found:
        reasons = "; ".join(dict.fromkeys(f"{one.code}: {one.message}" for one in found))
        raise ServeError(f"the recipe `{recipe.name}` cannot be served: {reasons}")
    return recipe


def named_profile(named: str) -> Profile | None:
    """The profile of that file; None for "auto"."""
    if named == "auto":
        return None
    try:
        return store.load_measured(named)
    except ProfileError as error:
        raise ServeError(str(error)) from None


def _arguments(args: Any) -> None:
    algorithm = getattr(args, "speculative_algorithm", None)
    if algorithm is None:
        raise ServeError(
            "a recipe steers speculation: add --speculative-algorithm EAGLE, EAGLE3 or STANDALONE and a draft model"
        )
    if algorithm.upper() not in ALGORITHMS:
        raise ServeError(
            f"--speculative-algorithm {algorithm} drafts without the steps, topk and draft tokens that a recipe decides: "
            "use EAGLE, EAGLE3 or STANDALONE"
        )
    for name, flag, why in (
        ("enable_dp_attention", "--enable-dp-attention", "its ranks would have to agree on every tier"),
        ("speculative_adaptive", "--speculative-adaptive", "it decides what the recipe decides: leave one of them out"),
        ("enable_multi_layer_eagle", "--enable-multi-layer-eagle", "its worker cannot change tiers"),
    ):
        if getattr(args, name, False):
            raise ServeError(f"{flag} does not go together with a recipe: {why}")
    if getattr(args, "pp_size", 1) > 1:
        raise ServeError(
            "--pp-size above 1 does not go together with a recipe: earlier stages run a tree before it is decided"
        )
    given = [getattr(args, field, None) for field in FIELDS]
    if any(value is not None for value in given) and None in given:
        raise ServeError(
            "give all of --speculative-num-steps, --speculative-eagle-topk, --speculative-num-draft-tokens, or none"
        )


def _ceiling(args: Any) -> Tier | None:
    given = [getattr(args, field, None) for field in FIELDS]
    return None if None in given else Tier(*(int(value) for value in given))


def _vocabularies(args: Any) -> None:
    """A stand-alone draft must speak the target's tokens; a head may know fewer, through its own table."""
    target = _config(args.model_path)
    draft = _config(getattr(args, "speculative_draft_model_path", None))
    ours, theirs = target.get("vocab_size"), draft.get("vocab_size")
    if ours is not None and theirs is not None and ours != theirs:
        raise ServeError(
            f"the draft model {args.speculative_draft_model_path} has a vocabulary of {theirs} tokens, the model one of {ours}: "
            "choose a draft of the same family"
        )


def _config(path: str | None) -> dict[str, Any]:
    """A model folder's configuration; empty where it is not a folder here (the engine will fetch it)."""
    file = Path(path or "") / "config.json"
    if path is None or not file.is_file():
        return {}
    found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return {**found, **found.get("text_config", {})}
