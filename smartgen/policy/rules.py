"""One situation's rules, compiled."""

from __future__ import annotations

from dataclasses import dataclass

from smartgen.language.program import Aggregate, Choice, Expr, Operation, Read, Rules, Shift, parts
from smartgen.policy.compile import Compiled, Compiler


@dataclass(frozen=True)
class CompiledChoice:
    """`expand` or `verify`: see `smartgen.language.program.Choice`."""

    low: Compiled | None
    high: Compiled | None
    by: Compiled | None
    where: Compiled | None
    searched: bool
    sequential: bool


@dataclass(frozen=True)
class CompiledCost:
    """One cost line: what it adds to a total, each pass or each step."""

    value: Compiled
    total: str
    each: str


@dataclass(frozen=True)
class Constraint:
    """`lower <= upper`, or just a condition where `upper` is None."""

    lower: Compiled
    upper: Compiled | None


@dataclass(frozen=True)
class CompiledRules:
    """See `smartgen.language.program.Rules`. Constraints come as (left, right) of `left <= right` where they have that form."""

    benefit: Compiled
    costs: tuple[CompiledCost, ...]
    objective: Compiled | None
    constraints: tuple[Constraint, ...]
    expand: CompiledChoice
    proceed: Compiled | None
    verify: CompiledChoice
    depth: Compiled
    width: Compiled | None
    topk: Compiled | None
    nodes: Compiled | None
    at_once: bool  # nothing is asked of one layer apart: layers that come together may be valued together


def compile_rules(rules: Rules) -> CompiledRules:
    """Compile every expression of `rules` with one numbering of its `path(...)` calls."""
    compiler = Compiler()
    return CompiledRules(
        benefit=compiler(rules.benefit),
        costs=tuple(CompiledCost(compiler(cost.value), cost.total, cost.each) for cost in rules.costs),
        objective=compiler.maybe(rules.objective),
        constraints=tuple(_constraint(compiler, line) for line in rules.constraints),
        expand=_choice(compiler, rules.expand),
        proceed=compiler.maybe(rules.proceed),
        verify=_choice(compiler, rules.verify),
        depth=compiler(rules.limits.depth),
        width=compiler.maybe(rules.limits.width),
        topk=compiler.maybe(rules.limits.topk),
        nodes=compiler.maybe(rules.limits.nodes),
        at_once=_at_once(rules),
    )


def _at_once(rules: Rules) -> bool:
    valued = (rules.benefit, rules.verify)
    by_layer = any(isinstance(part, Aggregate | Shift) or _of_layer(part) for part in parts(valued))
    return rules.expand.where is None and rules.expand.by is None and not by_layer


def _of_layer(part: object) -> bool:
    return isinstance(part, Read) and part.name.split(".")[0] not in ("node", "request", "batch", "last", "run")


def _choice(compiler: Compiler, choice: Choice) -> CompiledChoice:
    low, high = compiler.maybe(choice.low), compiler.maybe(choice.high)
    by, where = compiler.maybe(choice.by), compiler.maybe(choice.where)
    return CompiledChoice(low, high, by, where, choice.searched, choice.sequential)


def _constraint(compiler: Compiler, line: Expr) -> Constraint:
    if isinstance(line, Operation) and line.op in ("<=", "<"):
        return Constraint(compiler(line.operands[0]), compiler(line.operands[1]))
    if isinstance(line, Operation) and line.op in (">=", ">"):
        return Constraint(compiler(line.operands[1]), compiler(line.operands[0]))
    return Constraint(compiler(line), None)
