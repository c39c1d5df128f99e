"""What was asked for on the command line. Scheduler processes inherit it through the environment."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass

from smartgen.policy.tiers import OFF, Tier
from smartgen.sglang.errors import ServeError

RECIPE, PROFILE, TIERS, STATE = "SMARTGEN_RECIPE", "SMARTGEN_PROFILE", "SMARTGEN_TIERS", "SMARTGEN_STATE"
COMMAND = "SMARTGEN_COMMAND"  # set where there is a command line to answer with one sentence
MOST_TIERS = 8


@dataclass(frozen=True)
class Settings:
    """`recipe`: name, path or text. `profile`: a path, or "auto". `tiers`: as written, "" to derive them. `state`: a folder."""

    recipe: str
    profile: str = "auto"
    tiers: str = ""
    state: str = ""

    @classmethod
    def current(cls) -> Settings | None:
        """As the environment says; None where no recipe is asked for."""
        recipe = os.environ.get(RECIPE)
        if not recipe:
            return None
        get = os.environ.get
        return cls(recipe, get(PROFILE) or "auto", get(TIERS) or "", get(STATE) or "")

    def export(self) -> None:
        """Into the environment of this process and of those it starts."""
        named = {RECIPE: self.recipe, PROFILE: self.profile, TIERS: self.tiers, STATE: self.state}
        for name, value in named.items():
            if value:
                os.environ[name] = value
            else:
                os.environ.pop(name, None)


def parse_tiers(text: str) -> tuple[Tier, ...]:
    """`4/2/8, 2/2/4`: steps/topk/draft tokens, each; `OFF` is always added. Raises ServeError."""
    found = {OFF}
    for item in filter(None, (part.strip() for part in text.split(","))):
        numbers = item.split("/")
        if len(numbers) != 3 or not all(re.fullmatch(r"\s*[0-9]{1,6}\s*", n) for n in numbers):
            raise ServeError(f"`{item}` is no tier: write steps/topk/draft tokens with slashes, for example 3/4/8")
        tier = Tier(*(int(number) for number in numbers))
        found.add(_checked(tier, item))
    if len(found) > MOST_TIERS:
        raise ServeError(
            f"{len(found)} tiers are too many, no speculation among them: each is captured at start; "
            f"give at most {MOST_TIERS - 1}"
        )
    return tuple(sorted(found))


def _checked(tier: Tier, item: str) -> Tier:
    if tier == OFF:
        return tier
    if tier.steps < 1 or tier.topk < 1 or tier.tokens < 2:
        raise ServeError(
            f"the tier `{item}` drafts nothing: at least 1 step, topk 1 and 2 draft tokens; off is always on offer"
        )
    if tier.topk == 1 and tier.tokens != tier.steps + 1:
        raise ServeError(
            f"the tier `{item}` is a chain, which has steps + 1 draft tokens: write {tier.steps}/1/{tier.steps + 1}"
        )
    if tier.nodes > tier.candidates:
        raise ServeError(
            f"the tier `{item}` verifies {tier.nodes} draft nodes of {tier.candidates} candidates: lower its third number"
        )
    return tier


def written(tiers: tuple[Tier, ...]) -> str:
    """What `parse_tiers` reads."""
    return ", ".join(map(str, tiers))
