"""What the controller can execute of the language today; the rest is refused by name, never half done."""

from __future__ import annotations

from collections.abc import Iterator

from smartgen.language.program import Measured, Program, Read, Shift, parts
from smartgen.policy.scope import READERS

_NODE_FIELDS = ("prob", "path", "spine", "rank", "depth", "kept", "source")
_FORECAST = ("tokens", "time", "energy", "money", "objective", "tree.tokens", "tree.nodes")


def unsupported(program: Program) -> Iterator[tuple[str, str]]:
    """(word, why) of everything in `program` that cannot be honoured."""
    for site in program.sites:
        if site.kind in ("ladder", "ucb"):
            yield site.kind, "is not executed by this version"
    for situation in program.situations:
        rules = situation.rules
        if rules.verify.pooled:
            yield (
                "pooled",
                "needs an engine that packs rows of different sizes; here every row is padded to the largest",
            )
        if rules.verify.static:
            yield "tree", "static trees are not executed by this version"
        if rules.expand.maximizing is not None:
            yield "maximizing", "a searched width is not executed by this version"
        if rules.limits.depth_low is not None:
            yield "limit depth", "a searched depth is not executed by this version"
        yield from (finding for part in parts(situation) for finding in _part(part))


def _part(part: object) -> Iterator[tuple[str, str]]:
    if isinstance(part, Read):
        known = part.name in READERS or (
            part.name.removeprefix("node.") in _NODE_FIELDS and part.name.startswith("node.")
        )
        if not known:
            yield part.name, "is a signal that no backend here provides"
    if isinstance(part, Measured) and part.quantity == "energy":
        yield f"profile.{part.phase}.energy", "needs an energy meter, and none is read here"
    if isinstance(part, Shift) and part.kind == "forecast":
        odd = [
            p.name
            for p in parts(part.of)
            if isinstance(p, Read) and p.name not in _FORECAST and p.name.startswith(("frontier", "layer"))
        ]
        if odd:
            yield odd[0], "cannot be forecast; totals (tokens, time, objective) can"
