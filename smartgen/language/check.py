"""What each statement demands of its expressions: kind, axis, phase, and the words allowed in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from smartgen.language import syntax as s
from smartgen.language.demands import demand
from smartgen.language.expressions import Broken, Place, Typer, constant
from smartgen.language.extents import extents, never_drafts
from smartgen.language.program import Axis, Choice, Const, CostTerm, Expr, Operation, Phase, Rules
from smartgen.language.resolve import Slots
from smartgen.language.shapes import static_tree
from smartgen.language.signals import TOTALS
from smartgen.language.source import Span
from smartgen.language.types import AXIS_NAMES, NUMBER, Kind, Typed
from smartgen.language.units import BARE, ENERGY, MONEY, TIME

_TOTAL = {TIME: "time", ENERGY: "energy", MONEY: "money"}
_DRAFTING = ("profile.draft.", "layer.", "frontier.")


@dataclass(frozen=True)
class _Counted:
    low: Expr | None
    high: Expr | None
    searched: bool
    typed: Typed | None


class Checker:
    """Turns slots into rules, recording every finding. One instance per policy; state stays in its typer."""

    def __init__(self, typer: Typer, tightened: Mapping[str, int]) -> None:
        """`tightened`: limits from outside (command line, YAML), which can only lower what the recipe says."""
        self.typer, self.findings, self.tightened = typer, typer.findings, tightened

    def rules(self, slots: Slots, span: Span) -> Rules:
        """Check everything in `slots`; where something is broken a stand-in takes its place, for the sake of the rest."""
        benefit = self._benefit(slots)
        costs = tuple(term for cost in slots.costs.values() if (term := self._cost(cost)) is not None)
        objective = self._objective(slots, costs)
        constraints = tuple(c for line in slots.subjects if (c := self._constraint(line, slots)) is not None)
        limits = {extent: self._cap(extent, caps) for extent, caps in slots.caps.items()}
        verify = self._verify(slots, objective)
        expand, width = self._expand(slots, objective)
        if verify.static:
            expand, width = self._for_static(verify)
        proceed = self._flag(
            slots.proceed, "continue", Axis.REQUEST, Place("`continue while`", frozenset({"forecast", "previous"}))
        )
        bounds = extents(limits, self.tightened, verify, expand, width, slots, span, self.findings)
        if slots.benefit is None and not never_drafts(bounds.depth):
            self.findings.add("SG315", "nothing says what a node is worth", span, "add `benefit accepted = node.path`")
        made = Rules(benefit, costs, objective, constraints, expand, proceed, verify, bounds)
        demand(made, self.typer.sites, slots, self.findings)
        return made

    # -- values -------------------------------------------------------------------------------------------------
    def _typed(self, expression: s.Expression, place: Place) -> Typed | None:
        try:
            return self.typer.type(expression, place)
        except Broken:
            return None

    def _benefit(self, slots: Slots) -> Expr:
        if slots.benefit is None:
            return Const(0.0)
        self.typer.benefit = None
        typed = self._typed(slots.benefit.value, Place("`benefit`"))
        if typed is None:
            self.typer.benefit = (slots.benefit.name.text, constant(0.0, NUMBER, slots.benefit.span))
            return Const(0.0)
        self._bare_number(typed, "a benefit", "SG205")
        if typed.axis < Axis.NODE and not isinstance(typed.code, Const):
            self.findings.add(
                "SG302",
                f"a benefit is one number per node, this is one per {AXIS_NAMES[typed.axis]}",
                typed.span,
                "begin with `node.path` or `path(...)`",
            )
        circular = typed.reads & (TOTALS | {"tree.nodes", "tree.tokens", "tree.depth", "tree.paths"})
        if circular:
            self.findings.add(
                "SG313",
                f"a benefit cannot read `{min(circular)}`: it orders the tree that it would read",
                typed.span,
                "read the node itself: `node.prob`, `node.depth`",
            )
        self.typer.benefit = (slots.benefit.name.text, typed)
        return typed.code

    def _cost(self, cost: s.Cost) -> CostTerm | None:
        typed = self._typed(cost.value, Place("`cost`"))
        if typed is None:
            return None
        total = _TOTAL.get(typed.kind.dimension) if typed.kind.base == "number" else None
        if total is None:
            self.findings.add(
                "SG209",
                f"a cost is a time, an energy or money, this is {typed.kind}",
                typed.span,
                "read a profile: `profile.verify.time`; a bare number needs a unit: `5 ms`",
            )
            return None
        if typed.axis > Axis.STEP:
            self.findings.add(
                "SG302",
                f"a cost is one number per step, this is one per {AXIS_NAMES[typed.axis]}",
                typed.span,
                "aggregate it: `batch.sum(...)`, `batch.max(...)`",
            )
            return None
        if typed.reads & TOTALS:
            self.findings.add(
                "SG314",
                "a cost cannot read a total: it is a part of one",
                typed.span,
                "read profile signals and counts",
            )
            return None
        per_pass = any(read.startswith(_DRAFTING) for read in typed.reads)
        if per_pass and any(read.startswith("profile.verify.") for read in typed.reads):
            self.findings.add(
                "SG314",
                "this cost mixes drafting, paid each pass, with verification, paid each step",
                typed.span,
                "write two `cost` lines",
            )
            return None
        return CostTerm(cost.name.text, typed.code, total, "pass" if per_pass else "step")  # type: ignore[arg-type]

    def _objective(self, slots: Slots, costs: tuple[CostTerm, ...]) -> Expr | None:
        if slots.maximize is None:
            return None
        typed = self._typed(slots.maximize.value, Place("`maximize`"))
        if typed is None:
            return Const(0.0)
        self.typer.objective = typed.kind
        if typed.kind.base != "number":
            self.findings.add(
                "SG201", f"an objective is a number, this is {typed.kind}", typed.span, "write `maximize tokens / time`"
            )
        if typed.axis > Axis.STEP:
            fix = (
                "`tokens` is the sum over the batch"
                if "tree.tokens" in typed.reads
                else "aggregate it: `batch.sum(...)`"
            )
            self.findings.add(
                "SG302",
                f"the objective is one number per step, this is one per {AXIS_NAMES[typed.axis]}",
                typed.span,
                fix,
            )
        if len(costs) == len(slots.costs):  # a broken cost line has its own finding
            self._totals_exist(typed, costs)
        return typed.code

    def _totals_exist(self, typed: Typed, costs: tuple[CostTerm, ...]) -> None:
        for total, unit in (("time", "a time"), ("energy", "an energy"), ("money", "money")):
            if total in typed.reads and not any(cost.total == total for cost in costs):
                fix = f"add `cost verifying = profile.verify.{total}`" if total != "money" else "add a cost in `usd`"
                self.findings.add("SG312", f"no cost line is {unit}, so `{total}` is always 0", typed.span, fix)

    def _constraint(self, line: s.Subject, slots: Slots) -> Expr | None:
        typed = self._typed(line.value, Place("`subject to`"))
        if typed is None:
            return None
        if slots.maximize is None:
            self.findings.add(
                "SG305", "a constraint without an objective decides nothing", line.span, "add `maximize tokens / time`"
            )
        if typed.kind.base != "flag":
            self.findings.add(
                "SG201", f"a constraint holds or does not, this is {typed.kind}", typed.span, "compare: `time <= 25 ms`"
            )
            return None
        if typed.axis > Axis.REQUEST:
            self.findings.add(
                "SG302",
                "a constraint is asked once per step or request, this has one value per node",
                typed.span,
                "aggregate it: `tree.max(...)`",
            )
            return None
        return typed.code

    def _flag(self, rule: s.Proceed | None, word: str, finest: Axis, place: Place) -> Expr | None:
        if rule is None:
            return None
        typed = self._typed(rule.value, place)
        if typed is None:
            return Const(True)
        if typed.kind.base != "flag":
            self.findings.add(
                "SG201",
                f"`{word} while` asks a yes/no question, this is {typed.kind}",
                typed.span,
                "compare it with something",
            )
        if typed.axis > finest:
            name = next((read for read in sorted(typed.reads) if read.startswith("node.")), "a value")
            self.findings.add(
                "SG301",
                f"`{word}` is asked once per request, `{name}` has one value per node",
                typed.span,
                f"write `layer.max({name})`",
            )
        return typed.code

    # -- choices ------------------------------------------------------------------------------------------------
    def _expand(self, slots: Slots, objective: Expr | None) -> tuple[Choice, Expr | None]:
        if slots.expand is None:
            return Choice(), None
        choice = slots.expand.choice
        place = Place("`expand ... where`", frozenset({"marginal"}))
        counted = self._count(choice.count, "expand")
        where, typed = self._where(choice, place)
        sequential = typed is not None and bool(
            typed.reads & (TOTALS | {"marginal", "tree.nodes", "tree.tokens", "tree.paths"})
        )
        maximizing = self._typed(choice.maximizing, Place("`maximizing`")) if choice.maximizing is not None else None
        if counted.searched and choice.maximizing is None:
            self.findings.add(
                "SG305",
                "nothing decides between the counts of this range",
                choice.span,
                "add `maximizing ...`, or write one number",
            )
        if choice.pooled:
            self.findings.add(
                "SG316", "`pooled` belongs to `verify`", choice.span, "each row expands its own candidates"
            )
        made = Choice(
            counted.low,
            counted.high,
            counted.searched,
            self._by(choice),
            where,
            sequential,
            maximizing.code if maximizing else None,
        )
        return made, counted.high

    def _verify(self, slots: Slots, objective: Expr | None) -> Choice:
        if slots.verify is None:
            return Choice()
        choice = slots.verify.choice
        if choice.shape:
            return Choice(static=static_tree(choice, self.findings))
        counted = self._count(choice.count, "verify")
        if counted.searched and objective is None:
            self.findings.add(
                "SG305",
                f"nothing decides between the counts of `{choice.count.span.text if choice.count else ''}`",
                choice.span,
                "add `maximize tokens / time`, or write one number",
            )
        if choice.maximizing is not None:
            self.findings.add(
                "SG316", "`maximizing` belongs to `expand`", choice.maximizing.span, "here `maximize` decides"
            )
        where, _ = self._where(choice, Place("`verify ... where`"))
        return Choice(counted.low, counted.high, counted.searched, self._by(choice), where, pooled=choice.pooled)

    def _by(self, choice: s.Choice) -> Expr | None:
        if choice.by is None:
            return None
        typed = self._typed(choice.by, Place("`by`"))
        if typed is not None and (typed.kind.base != "number" or typed.axis < Axis.NODE):
            self.findings.add(
                "SG302", "`by` orders nodes and needs a number per node", typed.span, "for example `by node.path`"
            )
        return typed.code if typed else None

    def _where(self, choice: s.Choice, place: Place) -> tuple[Expr | None, Typed | None]:
        if choice.where is None:
            return None, None
        typed = self._typed(choice.where, place)
        if typed is not None and typed.kind.base != "flag":
            self.findings.add(
                "SG201",
                f"`where` asks a yes/no question, this is {typed.kind}",
                typed.span,
                "compare it with something",
            )
        return (typed.code if typed else Const(True)), typed

    def _count(self, count: s.Count | None, word: str) -> _Counted:
        if count is None:
            return _Counted(None, None, False, None)
        low = self._whole(count.low, f"`{word} best`")
        high = self._whole(count.high, f"`{word} best`") if count.high is not None else None
        if high is None:
            return _Counted(low.code if low else Const(1.0), low.code if low else Const(1.0), False, low)
        if (
            low
            and isinstance(low.code, Const)
            and isinstance(high.code, Const)
            and float(low.code.value) > float(high.code.value)
        ):
            swapped = f"{high.span.text}..{low.span.text}"
            self.findings.add("SG317", "this range is empty", count.span, f"write `{swapped}`")
        return _Counted(low.code if low else Const(0.0), high.code, True, high)

    def _whole(self, expression: s.Expression, by: str) -> Typed | None:
        typed = self._typed(expression, Place("a count"))
        if typed is None:
            return None
        if typed.kind.base != "number" or not typed.kind.dimension.bare or not typed.kind.whole:
            fix = "a count is a bare whole number: `floor(...)` makes one"
            self.findings.add("SG318", f"{by} needs a count, this is {_counted(typed.kind)}", typed.span, fix)
            return None
        if typed.axis is Axis.NODE:
            self.findings.add(
                "SG301",
                f"{by} is asked once per request, this has one value per node",
                typed.span,
                "aggregate it: `layer.max(...)`",
            )
        if isinstance(typed.code, Const) and float(typed.code.value) < 0:
            self.findings.add("SG317", "a count is not negative", typed.span, "write 0 or more")
        return typed

    def _for_static(self, verify: Choice) -> tuple[Choice, Expr]:
        depth = max(map(len, verify.static))
        widest = max(sum(len(path) == level for path in verify.static) for level in range(1, depth + 1))
        return Choice(), Const(float(widest))

    # -- limits -------------------------------------------------------------------------------------------------
    def _cap(self, extent: str, caps: tuple[s.Cap, ...]) -> tuple[Expr, Expr | None]:
        """(the cap, a searched lower end)."""
        found: Expr | None = None
        low: Expr | None = None
        for cap in caps:
            typed = self._whole(cap.count.high or cap.count.low, f"`limit {extent}`")
            if typed is None:
                continue
            if typed.phase > Phase.PLAN:
                read = next((name for name in sorted(typed.reads) if "." in name), "this")
                self.findings.add(
                    "SG304",
                    f"a limit is settled before drafting, `{read}` is known only while drafting",
                    typed.span,
                    "use `continue while`, or a `table` of a batch or request signal",
                )
            found = typed.code if found is None else Operation("min", (found, typed.code))
            if cap.count.high is not None:
                start = self._whole(cap.count.low, f"`limit {extent}`")
                low = start.code if start else None
                if extent != "depth":
                    self.findings.add(
                        "SG317", f"only `depth` can be searched, not `{extent}`", cap.span, "write one number"
                    )
        return found if found is not None else Const(1.0), low

    def condition(self, expression: s.Expression) -> Expr:
        """The condition of a `when`: one answer for the step, known before drafting."""
        typed = self._typed(expression, Place("`when`"))
        if typed is None:
            return Const(True)
        if typed.kind.base != "flag":
            self.findings.add(
                "SG201", f"`when` asks a yes/no question, this is {typed.kind}", typed.span, "compare it with something"
            )
        if typed.phase > Phase.PLAN:
            read = next((name for name in sorted(typed.reads)), "this")
            self.findings.add(
                "SG304",
                f"`when` is settled before drafting, `{read}` is known only while drafting",
                typed.span,
                "use `continue while`, or `table(layer.depth, ...)` inside it",
            )
        elif typed.axis > Axis.STEP:
            self.findings.add(
                "SG303",
                "a batch holds several requests, a block is for all of it",
                typed.span,
                'put the difference into a value: `limit nodes (if request.tag == "free" then 8 else 64)`',
            )
        return typed.code

    def _bare_number(self, typed: Typed, what: str, code: str) -> None:
        if typed.kind.base != "number" or typed.kind.dimension != BARE:
            self.findings.add(
                code,
                f"{what} is a probability or a number of tokens without unit, this is {typed.kind}",
                typed.span,
                "for example `node.path`",
            )


def _counted(kind: Kind) -> str:
    return "a number with a fraction" if kind.base == "number" and kind.dimension.bare else str(kind)
