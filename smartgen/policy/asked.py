"""What a program asks for, seen by looking at it."""

from __future__ import annotations

from smartgen.language.program import Aggregate, Const, Program, Read, Rules, Shift, parts
from smartgen.policy.free import FREE_SOURCE


def merges(program: Program, source: str) -> bool:
    """Whether a program wants free candidates beside a drafter of this `source`: it tells sources apart.

    Not where it asks for anything of a single layer, or reads the tree as it was before: free candidates come several
    layers at once, and move when a layer is drafted.
    """
    read = list(parts(program))
    apart = any(isinstance(part, Read) and part.name == "node.source" for part in read)
    return (
        apart
        and source != FREE_SOURCE
        and not looks_back(program)
        and all(at_once(one.rules) for one in program.situations)
    )


def looks_back(program: Program) -> bool:
    """Whether anything is read as it was before the newest layer."""
    return any(isinstance(part, Shift) and part.kind == "previous" for part in parts(program))


def may_draft(program: Program) -> bool:
    """False for a program that never drafts (`limit depth 0`): nothing needs to be kept for a drafter then."""
    depths = [situation.rules.limits.depth for situation in program.situations]
    return not all(isinstance(depth, Const) and depth.value == 0 for depth in depths)


def asks_ahead(rules: Rules) -> bool:
    """Whether `continue while` prices the next pass."""
    return any(isinstance(part, Shift) and part.kind == "forecast" for part in parts(rules.proceed))


def narrows(rules: Rules) -> bool:
    """Whether the width of a pass follows what `verify` takes: a range of `expand` that nothing else searches."""
    return rules.expand.searched and rules.expand.maximizing is None


def at_once(rules: Rules) -> bool:
    """Whether nothing is asked of one layer apart, so that several may be valued together."""
    asked = rules.proceed is not None and not asks_ahead(rules)
    by_layer = any(
        isinstance(part, Aggregate | Shift) or _of_layer(part) for part in parts((rules.benefit, rules.verify))
    )
    plain = rules.expand.where is None and rules.expand.by is None and rules.expand.maximizing is None
    return plain and not by_layer and not asked and not rules.verify.static


def _of_layer(part: object) -> bool:
    return isinstance(part, Read) and part.name.split(".")[0] not in ("node", "request", "batch", "last", "run")
