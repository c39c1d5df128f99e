"""One situation's rules, compiled."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from smartgen.language.program import (
    Choice,
    Const,
    Expr,
    Measured,
    Operation,
    PathProduct,
    Program,
    Read,
    Recall,
    Rules,
    parts,
)
from smartgen.language.signals import may_be_absent
from smartgen.policy.arithmetic import OPERATIONS, Value, or_nothing
from smartgen.policy.asked import asks_ahead, at_once, looks_back, narrows
from smartgen.policy.compile import Compiled, Compiler
from smartgen.policy.learned import drafting_key
from smartgen.policy.shape import Shape


@dataclass(frozen=True)
class CompiledChoice:
    """`expand` or `verify`: see `smartgen.language.program.Choice`."""

    low: Compiled | None
    high: Compiled | None
    by: Compiled | None
    where: Compiled | None
    maximizing: Compiled | None
    searched: bool
    sequential: bool
    pooled: bool


@dataclass(frozen=True)
class CompiledCost:
    """One cost line: what it adds to a total, each pass or each step. An absent value is none; profiles always have one."""

    value: Compiled
    total: str
    each: str


@dataclass(frozen=True)
class Constraint:
    """`op(lower, upper)`, lower being what should be small; just the condition `lower` where `upper` is None.

    `floor`: the tokens that every row should reach, where the constraint says so; `tree.tokens >= e`.
    """

    op: str
    lower: Compiled
    upper: Compiled | None
    floor: Compiled | None = None

    def holds(self, lower: Value, upper: Value) -> Value:
        return OPERATIONS[self.op](lower, upper)


@dataclass(frozen=True)
class CompiledRules:
    """See `smartgen.language.program.Rules`.

    `monotone`: no node can be worth more than its parent, whatever the drafter says. `sound`: nor is any benefit absent or
    outside 0..1, so that nothing needs to be clamped. `at_once`: nothing is asked of one
    layer apart, so that layers which come together may be valued together. `asks_ahead`: `continue while` prices the next pass.
    `narrows`: no more is drafted from than `verify` takes. `looks_back`: something is read as it was before a layer came.
    """

    key: str  # what is learned about drafting is kept under
    benefit: Compiled
    costs: tuple[CompiledCost, ...]
    costs_of_step: tuple[CompiledCost, ...]
    costs_of_pass: tuple[CompiledCost, ...]
    objective: Compiled | None
    constraints: tuple[Constraint, ...]
    expand: CompiledChoice
    proceed: Compiled | None
    verify: CompiledChoice
    shape: Shape | None
    depth: Compiled
    depth_low: Compiled | None
    width: Compiled | None
    topk: Compiled | None
    nodes: Compiled | None
    monotone: bool
    sound: bool
    calibrated: bool
    at_once: bool
    asks_ahead: bool
    narrows: bool
    looks_back: bool


def compile_rules(program: Program, rules: Rules, compiler: Compiler) -> CompiledRules:
    """Compile every expression of `rules`."""
    limits = rules.limits
    costs = tuple(CompiledCost(_present(compiler, cost.value), cost.total, cost.each) for cost in rules.costs)
    return CompiledRules(
        key=drafting_key(rules),
        benefit=compiler(rules.benefit),
        costs=costs,
        costs_of_step=tuple(cost for cost in costs if cost.each == "step"),
        costs_of_pass=tuple(cost for cost in costs if cost.each == "pass"),
        objective=compiler.maybe(rules.objective),
        constraints=tuple(_constraint(compiler, line) for line in rules.constraints),
        expand=_choice(compiler, rules.expand),
        proceed=compiler.maybe(rules.proceed),
        verify=_choice(compiler, rules.verify),
        shape=Shape(rules.verify.static) if rules.verify.static else None,
        depth=compiler(limits.depth),
        depth_low=compiler.maybe(limits.depth_low),
        width=compiler.maybe(limits.width),
        topk=compiler.maybe(limits.topk),
        nodes=compiler.maybe(limits.nodes),
        monotone=_falls(rules.benefit),
        sound=_falls(rules.benefit)
        and not any(isinstance(p, Read) and may_be_absent(p.name) for p in _read(program, rules)),
        calibrated=any(
            isinstance(part, Recall) and program.sites[part.site].kind == "calibrated" for part in parts(rules.benefit)
        ),
        at_once=at_once(rules),
        asks_ahead=asks_ahead(rules),
        narrows=narrows(rules),
        looks_back=looks_back(program),
    )


def _present(compiler: Compiler, cost: Expr) -> Compiled:
    value = compiler(cost)
    if isinstance(cost, Measured) and not cost.at:
        return value
    return lambda scope: or_nothing(value(scope))


def _falls(benefit: Expr) -> bool:
    """Products of a path's probabilities with constants up to 1: the checker has seen that each factor is within 0..1."""
    if isinstance(benefit, Operation) and benefit.op == "*":
        return all(_falls(operand) for operand in benefit.operands)
    if isinstance(benefit, Const):
        return 0 <= float(benefit.value) <= 1
    return isinstance(benefit, PathProduct) or benefit == Read("node.path")


def _read(program: Program, rules: Rules) -> Iterator[object]:
    """Everything that a benefit reads, what its memories read included."""
    for part in parts(rules.benefit):
        yield part
        if isinstance(part, Recall):
            yield from parts(program.sites[part.site])


def _choice(compiler: Compiler, choice: Choice) -> CompiledChoice:
    return CompiledChoice(
        compiler.maybe(choice.low),
        compiler.maybe(choice.high),
        compiler.maybe(choice.by),
        compiler.maybe(choice.where),
        compiler.maybe(choice.maximizing),
        choice.searched,
        choice.sequential,
        choice.pooled,
    )


_TURNED = {">": "<", ">=": "<="}


def _constraint(compiler: Compiler, line: Expr) -> Constraint:
    if isinstance(line, Operation) and line.op in ("<", "<=", ">", ">="):
        small, large = line.operands if line.op not in _TURNED else line.operands[::-1]
        floor = compiler(small) if large == Read("tree.tokens") else None
        return Constraint(_TURNED.get(line.op, line.op), compiler(small), compiler(large), floor)
    return Constraint("", compiler(line), None)
