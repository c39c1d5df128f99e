"""Types of expressions, bottom-up: unit, axis, phase; the lowered code comes out on the way, in SI units."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace

from smartgen.language import syntax as s
from smartgen.language.calls import type_call
from smartgen.language.diagnostics import Label, one
from smartgen.language.findings import Findings
from smartgen.language.kinds import needs
from smartgen.language.mismatch import comparable, differ, mismatch
from smartgen.language.program import Axis, Const, Measured, Operation, Phase, Read, Site
from smartgen.language.recurrences import averaged
from smartgen.language.resolve import Resolved
from smartgen.language.signals import SIGNALS
from smartgen.language.source import Edit, Span
from smartgen.language.types import COUNT, FLAG, NUMBER, PROB, TEXT, UNFIT, Kind, Typed, quantity
from smartgen.language.units import ENERGY, MONEY, TIME, Dimension, unit
from smartgen.language.unknown import uncalled, unknown_name, unquoted

NOTHING: frozenset[str] = frozenset()
MOST_PARTS = 50_000  # parts of a policy's expressions, each `let` counted wherever it is read
DEEPEST = 200  # nesting, through every `let`
_LOGIC = {"and", "or"}
_COMPARE = {"<", "<=", ">", ">=", "==", "!="}


class Broken(Exception):
    """An expression has no type; the finding is recorded, whoever asked for the type gives up quietly."""


@dataclass(frozen=True)
class Place:
    """Where an expression stands: words that are only allowed there (`forecast`, `marginal`)."""

    word: str
    allows: frozenset[str] = NOTHING
    statement: s.Cost | None = None
    inside: bool = False  # an aggregate, which runs over nodes or rows itself
    example: str = ""  # of a param: a value that fits its type


class Typer:
    """Types expressions of one resolved policy. `sites` collects learned and remembered state."""

    def __init__(self, policy: Resolved, findings: Findings, params: Mapping[str, Typed]) -> None:
        self.policy, self.findings, self.params = policy, findings, params
        self.sites: list[Site] = []
        self.read_params: set[str] = set()
        self.read_lets: set[str] = set()
        self.benefit: tuple[str, Typed] | None = None
        self.objective: Kind = NUMBER
        self.place = Place("")
        self._open: list[str] = []  # lets being expanded
        self._broken: set[tuple[str, str, bool]] = set()  # lets that have no type, and in which kind of place
        self._parts = self._depth = 0

    def type(self, expression: s.Expression, place: Place) -> Typed:
        """Raises Broken after recording what is wrong."""
        before, self.place = self.place, place
        try:
            return self.expression(expression)
        finally:
            self.place = before

    @contextmanager
    def aggregating(self) -> Iterator[None]:
        """What is typed within runs over nodes or rows."""
        before, self.place = self.place, replace(self.place, inside=True)
        try:
            yield
        finally:
            self.place = before

    def expression(self, e: s.Expression) -> Typed:
        self._parts += 1
        self._depth += 1
        if self._parts > MOST_PARTS or self._depth > DEEPEST:
            what = f"more than {MOST_PARTS} parts" if self._parts > MOST_PARTS else f"more than {DEEPEST} levels"
            raise one(
                "SG012",
                f"with every `let` written out this policy has {what}",
                Span(e.span.source, e.span.start, min(e.span.end, e.span.start + 20)),
                "simplify its expressions: a `let` is written out wherever it is read",
            )
        try:
            return _TYPERS[type(e)](self, e)
        finally:
            self._depth -= 1

    def fail(
        self,
        code: str,
        message: str,
        span: Span,
        fix: str,
        label: str = "",
        also: tuple[Label, ...] = (),
        edits: tuple[Edit, ...] = (),
    ) -> Broken:
        """Record a finding and hand back the exception to raise."""
        self.findings.add(code, message, span, fix, label, also, edits=edits)
        return Broken()

    def replaced(self, code: str, message: str, span: Span, by: str, fix: str = "") -> Broken:
        """Like `fail`, where the fix is another text in the span's place."""
        return self.fail(code, message, span, fix or f"write `{by}`", edits=(Edit(span, by),))

    # -- leaves -------------------------------------------------------------------------------------------------
    def number(self, e: s.Number) -> Typed:
        if not math.isfinite(e.value):
            raise self.replaced("SG010", "this number is too large", e.span, "1e300")
        if not e.unit:
            kind = Kind(prob=0 <= e.value <= 1, whole=e.value == int(e.value) and "." not in e.written)
            return constant(e.value, kind, e.span)
        found = unit(e.unit)
        assert found is not None, "the grammar lets existing units pass only"
        return constant(e.value * found[1], quantity(found[0]), e.span)

    def name(self, e: s.Name) -> Typed:
        text, policy = e.text, self.policy
        if text in self.params:
            self.read_params.add(text)
            if self.params[text].kind == UNFIT:
                raise Broken
            return replace(self.params[text], span=e.span)
        if text in policy.lets:
            return self._let(text, e.span)
        if self.benefit is not None and text == self.benefit[0]:
            return replace(self.benefit[1], span=e.span)
        if text in SIGNALS:
            return self._signal(text, e.span)
        cost = self._cost(text)
        if cost is not None:
            raise self._cost_by_name(e, cost)
        own = self.policy.slots.benefit
        if own is not None and text == own.name.text and self.place.word == "`benefit`":
            raise self.replaced("SG104", f"`{text}` is defined by itself", e.span, "node.prob")
        if text == "accepted" and self.policy.slots.benefit is None:
            raise Broken  # that there is none is told
        raise unknown_name(self, e)

    def _cost(self, name: str) -> s.Cost | None:
        """The cost line of that name, in any block."""
        everywhere = (self.policy.slots, *(block.slots for block in self.policy.chain))
        return next((slots.costs[name] for slots in everywhere if name in slots.costs), None)

    def _sum_of_costs(self, e: s.Binary) -> None:
        """`drafting + verifying` is the total that both join. Raises Broken."""
        sides = [side.text for side in (e.left, e.right) if isinstance(side, s.Name)]
        known = {*self.params, *self.policy.lets, *SIGNALS}
        if e.op == "+" and len(sides) == 2 and not known & {*sides} and all(self._cost(side) for side in sides):
            message = f"`{sides[0]}` and `{sides[1]}` are cost lines, and their sum is a total"
            raise self.replaced("SG107", message, e.span, "time", "read the total they join: `time`")

    def _cost_by_name(self, e: s.Name, cost: s.Cost) -> Broken:
        total = "time"
        if f"cost {e.text}" not in self._open:
            self._open.append(f"cost {e.text}")
            dimension = self.dimension(cost.value)
            self._open.pop()
            if dimension is None:
                return Broken()
            total = {TIME: "time", ENERGY: "energy", MONEY: "money"}.get(dimension, "time")
        message = f"`{e.text}` is a cost line and has no value of its own"
        return self.replaced("SG107", message, e.span, total, f"read the total it joins: `{total}`")

    def dimension(self, e: s.Expression) -> Dimension | None:
        """The unit of an expression; None where something is wrong with it, which is then recorded."""
        try:
            return self.expression(e).kind.dimension
        except Broken:
            return None

    def _let(self, text: str, span: Span) -> Typed:
        if text in self._open:
            between = [name for name in self._open[self._open.index(text) + 1 :] if name in self.policy.lets]
            through = f", through `{'`, `'.join(between)}`" if between else ""
            fix = "a `let` names an expression of other things"
            average = averaged(text, self.policy.lets[text].value)
            edits = (Edit(self.policy.lets[text].value.span, average),) if average else ()
            fix = f"what remembers its own value is `ema`: write `{average}`" if average else fix
            raise self.fail("SG104", f"`{text}` is defined by itself{through}", span, fix, edits=edits)
        self.read_lets.add(text)
        here = text, self.place.word, self.place.inside
        if here in self._broken:  # what is wrong is told, and is not looked for again wherever the `let` is read
            raise Broken
        self._open.append(text)
        try:
            return replace(self.expression(self.policy.lets[text].value), span=span)
        except Broken:
            self._broken.add(here)
            raise
        finally:
            self._open.pop()

    def _signal(self, text: str, span: Span) -> Typed:
        signal = SIGNALS[text]
        kind = self.objective if text == "objective" else signal.kind
        if text.startswith("profile."):
            _, phase, what = text.split(".")
            return Typed(kind, signal.axis, signal.phase, Measured(phase, what), frozenset({text}), span)  # type: ignore[arg-type]
        return Typed(kind, signal.axis, signal.phase, Read(text), frozenset({text}), span)

    # -- operators ----------------------------------------------------------------------------------------------
    def unary(self, e: s.Unary) -> Typed:
        operand = self.expression(e.operand)
        if e.op == "not":
            self.require(operand, "flag", "`not`")
            return self.made(FLAG, e.span, "not", operand)
        self.require(operand, "number", "`-`")
        return self.made(Kind(dimension=operand.kind.dimension, whole=operand.kind.whole), e.span, "neg", operand)

    def binary(self, e: s.Binary) -> Typed:
        unquoted(self, e)
        uncalled(self, e)
        self._sum_of_costs(e)
        left, right = self._both(e)
        if e.op in _LOGIC:
            self.require(left, "flag", f"`{e.op}`")
            self.require(right, "flag", f"`{e.op}`")
            return self.made(FLAG, e.span, e.op, left, right)
        if e.op in _COMPARE:
            comparable(self, e, left, right)
            return self.made(FLAG, e.span, e.op, left, right)
        self.require(left, "number", f"`{e.op}`")
        self.require(right, "number", f"`{e.op}`")
        return self.made(self._arithmetic(e, left, right), e.span, e.op, left, right)

    def _both(self, e: s.Binary) -> tuple[Typed, Typed]:
        """Both sides, so that one expression reports the mistakes of both."""
        left, right = self.all((e.left, e.right))
        return left, right

    def all(self, expressions: Iterable[s.Expression]) -> list[Typed]:
        """Each of them, so that one expression reports the mistakes of all. Raises Broken if one is."""
        found, broken = list[Typed](), False
        for expression in expressions:
            try:
                found.append(self.expression(expression))
            except Broken:
                broken = True
        if broken:
            raise Broken
        return found

    def _arithmetic(self, e: s.Binary, left: Typed, right: Typed) -> Kind:
        a, b = left.kind, right.kind
        if e.op == "*":
            bare = (a.dimension * b.dimension).bare
            return Kind(
                dimension=a.dimension * b.dimension, prob=bare and a.prob and b.prob, whole=bare and a.whole and b.whole
            )
        if e.op == "/":
            if right.code == Const(0.0) and _written_out(e.right):
                raise self._by_zero(e.right)
            return Kind(dimension=a.dimension / b.dimension)
        if a.dimension != b.dimension:
            raise mismatch(self, e, left, right)
        complement = e.op == "-" and isinstance(left.code, Const) and left.code.value == 1.0 and b.prob
        return Kind(dimension=a.dimension, prob=complement, whole=a.whole and b.whole)

    def _by_zero(self, divisor: s.Expression) -> Broken:
        """Only where the numbers are written out: a param that is 0 may be what an `if` asks for."""
        unit = divisor.unit if isinstance(divisor, s.Number) else ""
        by = f"1 {unit}".strip()
        fix = f"write what it is divided by, for example `{by}`"
        return self.replaced("SG211", "nothing is divided by 0", divisor.span, by, fix)

    def conditional(self, e: s.Conditional) -> Typed:
        condition, then, otherwise = self.all((e.condition, e.then, e.otherwise))
        self.require(condition, "flag", "the condition of `if`")
        kind = self.common(then, otherwise, "the branches of `if`")
        return self.made(kind, e.span, "if", condition, then, otherwise)

    def call(self, e: s.Call) -> Typed:
        return type_call(self, e)

    # -- shared -------------------------------------------------------------------------------------------------
    def require(self, value: Typed, base: str, by: str) -> None:
        """Raises Broken unless the value is a number, flag or text as `base` says."""
        if value.kind.base != base:
            raise needs(self, value, base, by)

    def common(self, a: Typed, b: Typed, what: str) -> Kind:
        """The kind of either of two alternatives; raises Broken if they differ."""
        if a.kind.base != b.kind.base or a.kind.dimension != b.kind.dimension:
            raise differ(self, a, b, what)
        return Kind(a.kind.base, a.kind.dimension, a.kind.prob and b.kind.prob, a.kind.whole and b.kind.whole)

    def made(self, kind: Kind, span: Span, op: str, *operands: Typed) -> Typed:
        """An operation over typed operands: coarser values are broadcast, the latest phase decides."""
        code = _folded(op, operands) or Operation(op, tuple(operand.code for operand in operands))
        return Typed(
            kind,
            max(o.axis for o in operands),
            max(o.phase for o in operands),
            code,
            frozenset().union(*(o.reads for o in operands)),
            span,
        )


def _written_out(e: s.Expression) -> bool:
    """Whether nothing but numbers stands in it."""
    if isinstance(e, s.Unary):
        return _written_out(e.operand)
    return isinstance(e, s.Number) or (isinstance(e, s.Binary) and _written_out(e.left) and _written_out(e.right))


def constant(value: float | bool | str, kind: Kind, span: Span) -> Typed:
    """A literal or a parameter's value."""
    return Typed(kind, Axis.POLICY, Phase.PLAN, Const(value), NOTHING, span)


def _folded(op: str, operands: tuple[Typed, ...]) -> Const | None:
    """Arithmetic of constants is done now, so that a parameter leaves nothing to do later."""
    if op not in ("+", "-", "*", "neg") or not all(isinstance(o.code, Const) for o in operands):
        return None
    values = [float(o.code.value) for o in operands]  # type: ignore[union-attr]
    value = {"+": sum(values), "-": values[0] - values[-1], "*": values[0] * values[-1], "neg": -values[0]}[op]
    return Const(value) if math.isfinite(value) else None


_TYPERS: dict[type, Callable[[Typer, s.Expression], Typed]] = {
    s.Number: Typer.number,  # type: ignore[dict-item]
    s.Text: lambda typer, e: constant(e.value, TEXT, e.span),  # type: ignore[union-attr]
    s.Flag: lambda typer, e: constant(e.value, FLAG, e.span),  # type: ignore[union-attr]
    s.Name: Typer.name,  # type: ignore[dict-item]
    s.Call: Typer.call,  # type: ignore[dict-item]
    s.Unary: Typer.unary,  # type: ignore[dict-item]
    s.Binary: Typer.binary,  # type: ignore[dict-item]
    s.Conditional: Typer.conditional,  # type: ignore[dict-item]
}

PARAM_KINDS: dict[str, Kind] = {"prob": PROB, "count": COUNT, "number": NUMBER, "flag": FLAG, "text": TEXT}
