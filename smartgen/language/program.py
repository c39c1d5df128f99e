"""The lowered policy: plain frozen data that every backend executes and nobody needs a parser for.

Units are erased (seconds, joules, tokens, one unit of money), parameters are folded into constants, `let` and
cost names are inlined, inheritance and `when` chains are resolved. What remains can be dumped, diffed and hashed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass
from enum import IntEnum
from typing import Any, Literal, TypeAlias


class Axis(IntEnum):
    """One value per ...; a coarser value is broadcast to a finer place."""

    POLICY, STEP, REQUEST, NODE = range(4)


class Phase(IntEnum):
    """The first of the controller's verbs that can know a value."""

    PLAN, GROW, SELECT, OBSERVE = range(4)


@dataclass(frozen=True, slots=True)
class Const:
    """A literal or folded parameter, in SI base units (s, J, tok)."""

    value: float | bool | str


@dataclass(frozen=True, slots=True)
class Read:
    """A signal or total by its dotted name: `node.prob`, `batch.size`, `tokens`, `time`, `objective`, `tree.nodes`."""

    name: str


@dataclass(frozen=True, slots=True)
class Measured:
    """A profile signal, `profile.<phase>.<quantity>`; `at` overrides coordinates of the current point (`nodes`, `width`)."""

    phase: Literal["draft", "verify", "wake"]
    quantity: Literal["time", "energy"]
    model: Literal["table", "linear", "proportional", "exp-power", "roofline"] = "table"
    at: tuple[tuple[str, Expr], ...] = ()


@dataclass(frozen=True, slots=True)
class Operation:
    """`+ - * / neg`, `< <= > >= == !=`, `and or not`, `if` (3 operands), `min max clip floor sqrt exp log`."""

    op: str
    operands: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class Aggregate:
    """`layer.max(x)`, `frontier.sum(x)`, `tree.mean(x)` reduce nodes to a request; `batch.*` reduces requests to a step."""

    scope: Literal["layer", "frontier", "tree", "batch"]
    function: Literal["sum", "max", "min", "mean", "count"]
    of: Expr


@dataclass(frozen=True, slots=True)
class PathProduct:
    """`path(p)`: the product of p from the root's child down to this node."""

    of: Expr


@dataclass(frozen=True, slots=True)
class Shift:
    """`forecast(x)` after one more pass, `previous(x)` before the newest layer, `marginal(x)` of this node."""

    kind: Literal["forecast", "previous", "marginal"]
    of: Expr


@dataclass(frozen=True, slots=True)
class Table:
    """A row holds from its key upwards; below the first key the first row holds."""

    at: Expr
    rows: tuple[tuple[float | str, Expr], ...]


@dataclass(frozen=True, slots=True)
class Recall:
    """The value of a learned or remembered thing: `Program.sites[site]`."""

    site: int


Expr: TypeAlias = Const | Read | Measured | Operation | Aggregate | PathProduct | Shift | Table | Recall


@dataclass(frozen=True, slots=True)
class Site:
    """State declared by a call: `calibrated`, `ema`, `ladder`, `ucb`. `key` identifies it across policies and runs."""

    kind: Literal["calibrated", "ema", "ladder", "ucb"]
    arguments: tuple[Expr, ...]
    options: tuple[tuple[str, Expr], ...]
    axis: Axis
    key: str


@dataclass(frozen=True, slots=True)
class CostTerm:
    """One `cost` line; its unit chose the total, its reads chose how often it is charged."""

    name: str
    value: Expr
    total: Literal["time", "energy", "money"]
    each: Literal["pass", "step"]


@dataclass(frozen=True, slots=True)
class Choice:
    """`all` or `best low..high` with its clauses; `high` None means no count. `searched` when a range was written."""

    low: Expr | None = None
    high: Expr | None = None
    searched: bool = False
    by: Expr | None = None  # None: by benefit
    where: Expr | None = None
    sequential: bool = (
        False  # `where` reads a total or `marginal`: evaluated along the order, first failure ends the layer
    )
    maximizing: Expr | None = None
    pooled: bool = False
    static: tuple[tuple[int, ...], ...] = ()  # `verify tree "..."`: child-rank paths, parents before children


@dataclass(frozen=True, slots=True)
class Extents:
    """Hard caps, with the defaults that follow from the verbs already filled in. None: not bounded."""

    depth: Expr
    width: Expr | None
    topk: Expr | None
    nodes: Expr | None
    depth_low: Expr | None = None  # written only for `limit depth a..b`: depth is searched at plan


@dataclass(frozen=True, slots=True)
class Rules:
    """Everything that decides one step."""

    benefit: Expr
    costs: tuple[CostTerm, ...]
    objective: Expr | None
    constraints: tuple[Expr, ...]
    expand: Choice
    proceed: Expr | None  # `continue while`; None: until the limit
    verify: Choice
    limits: Extents


@dataclass(frozen=True, slots=True)
class Situation:
    """`when` a condition holds (None: always), these rules; the first that holds wins."""

    when: Expr | None
    rules: Rules


@dataclass(frozen=True, slots=True)
class Program:
    """A checked policy. The last situation has no condition."""

    name: str
    situations: tuple[Situation, ...]
    sites: tuple[Site, ...]
    hash: str  # of everything above, stable across processes


def parts(thing: Any) -> Iterator[Any]:
    """Every dataclass inside a program or a piece of one, itself first: for asking what a policy reads."""
    if is_dataclass(thing):
        yield thing
        for field in fields(thing):
            yield from parts(getattr(thing, field.name))
    elif isinstance(thing, tuple):
        for item in thing:
            yield from parts(item)
