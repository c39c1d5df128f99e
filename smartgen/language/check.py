"""Slots into rules: every statement checked where it stands, everything that is wrong recorded at once."""

from __future__ import annotations

import re
from collections.abc import Mapping

from smartgen.language import caps, choices, costs, values
from smartgen.language import syntax as s
from smartgen.language.additions import addition, additions
from smartgen.language.choices import Chosen
from smartgen.language.costs import rated
from smartgen.language.demands import demand
from smartgen.language.direction import backwards
from smartgen.language.expressions import Typer
from smartgen.language.extents import Verbs, extents, head, never_drafts
from smartgen.language.facts import Line
from smartgen.language.program import Choice, Const, CostTerm, Expr, Rules
from smartgen.language.resolve import Slots
from smartgen.language.source import Edit, Span, comment_behind
from smartgen.language.spare import spare_chance
from smartgen.language.types import Typed

_SPEED = re.compile(r"\b(?:seconds?|speed|latency|throughput)\b")  # a comment speaks of time


class Checker:
    """One instance per policy; what it learns of the lines stays in `lines`, what of the expressions in its typer."""

    def __init__(self, typer: Typer, tightened: Mapping[str, int]) -> None:
        """`tightened`: limits from outside (command line, YAML), which can only lower what the recipe says."""
        self.typer, self.findings, self.tightened = typer, typer.findings, tightened
        self.lines: dict[tuple[str, str, Span], Line] = {}

    def rules(self, slots: Slots) -> Rules:
        """Check everything in `slots`; where something is broken a stand-in takes its place, for the sake of the rest."""
        typer = self.typer
        benefit = values.benefit(typer, slots)
        if slots.benefit is not None:
            self._line("benefit", benefit, slots.benefit.span)
        costs = self._costs(slots)
        objective = values.objective(typer, slots)
        if objective is not None and slots.maximize is not None:
            self._line("maximize", objective, slots.maximize.value.span)
            backwards(typer, slots.maximize.value, objective)
            if len(costs) == len(slots.costs):  # a broken cost line has its own finding
                self._totals_exist(slots.maximize.value, objective, costs)
        constraints = self._constraints(slots)
        limits = {extent: self._cap(cap) for extent, cap in slots.caps.items()}
        verify = self._chosen("verify", choices.verify(typer, slots, objective is not None), slots.verify)
        expand = self._chosen("expand", choices.expand(typer, slots), slots.expand)
        expand, width = (Choice(), _widest(verify)) if verify.static else (expand, expand.high)
        proceed = values.proceed(typer, slots.proceed)
        if proceed is not None and slots.proceed is not None:
            self._line("continue while", proceed, slots.proceed.value.span)
            self._goal_exists(slots, proceed)
            if len(costs) == len(slots.costs):
                self._totals_exist(slots.proceed.value, proceed, costs)
        bounds = extents(typer, limits, self.tightened, Verbs(verify, expand, width), slots)
        if slots.benefit is None and not never_drafts(bounds.depth):
            self._no_benefit()
        goal = None if objective is None else objective.code
        go_on = None if slots.proceed is None else Const(True) if proceed is None else proceed.code
        made = Rules(benefit.code, costs, goal, constraints, expand, go_on, verify, bounds)
        lets = typer.policy.lets
        demand(made, typer.sites, slots, lets, {*lets} - typer.read_lets, self.findings)
        return made

    def condition(self, expression: s.Expression) -> Expr:
        """The condition of a `when`."""
        found = values.condition(self.typer, expression)
        if found is None:
            return Const(True)
        self._line("when", found, expression.span)
        return found.code

    def _costs(self, slots: Slots) -> tuple[CostTerm, ...]:
        terms = []
        for line in slots.costs.values():
            found = costs.cost(self.typer, line)
            if found is not None:
                terms.append(found[0])
                self._line(f"cost {line.name.text}", found[1], line.span)
        return tuple(terms)

    def _constraints(self, slots: Slots) -> tuple[Expr, ...]:
        found = []
        for line in slots.subjects:
            known = len(self.findings.errors)
            typed = values.constraint(self.typer, line)
            moved = any(edit.text == "continue while" for error in self.findings.errors[known:] for edit in error.edits)
            if slots.maximize is None and not moved:  # it stays a constraint
                fix, edits = self._added("maximize tokens")
                message = "a constraint without an objective decides nothing"
                self.findings.add("SG305", message, line.span, fix, edits=edits)
            if typed is not None:
                found.append(typed.code)
                self._line("subject to", typed, line.value.span)
        return tuple(found)

    def _cap(self, cap: s.Cap) -> tuple[Expr, Expr | None]:
        high, low, parts = caps.cap(self.typer, cap)
        for part in parts:
            self._line(f"limit {cap.extent}", part, cap.count.span, "count", low is not None)
        return high, low

    def _chosen(self, word: str, chosen: Chosen, statement: s.Expand | s.Verify | None) -> Choice:
        if statement is not None:
            for clause, typed in chosen.parts:
                count = statement.choice.count
                span = count.span if clause == "count" and count is not None else typed.span
                self._line(word, typed, span, clause, chosen.choice.searched and clause == "count")
        return chosen.choice

    def _totals_exist(self, value: s.Expression, asked: Typed, costs: tuple[CostTerm, ...]) -> None:
        for total, unit in (("time", "a time"), ("energy", "an energy"), ("money", "money")):
            if {total, f"forecast:{total}"} & asked.reads and not any(cost.total == total for cost in costs):
                statement = (
                    f"cost verifying = profile.verify.{total}" if total != "money" else "cost running = 0.001 usd"
                )
                if any(cost.name == "verifying" for cost in costs):
                    statement = statement.replace("verifying", f"verifying_{total}")
                fix, edits = self._added(statement)
                there = {cost.total for cost in costs}
                if total == "time" and len(there) == 1 and asked.span.text.count(total) == 1:  # left from another recipe
                    place = _place(value, total)
                    fix, edits = f"write `{min(there)}`, or {fix}", (Edit(place, min(there)),)
                elif there == {"time"} and _SPEED.search(comment_behind(value.span.source.text, value.span.end)):
                    place = _place(value, total)
                    fix, edits = f"write `time`, or {fix}", (Edit(place, "time"),)
                at = _place(value, total)
                policy = self.typer.policy
                rates = [rate for line in policy.slots.costs.values() if (rate := rated(line, total)) is not None]
                if rates and not policy.chain:
                    at, fix, edits = rates[-1].span, f"write `{rates[-1].text}`", (rates[-1],)
                message = f"no cost line is {unit}, so `{total}` is always 0"
                self.findings.add("SG312", message, at, fix, edits=edits)

    def _goal_exists(self, slots: Slots, proceed: Typed) -> None:
        """A condition that asks for the objective of a policy without one."""
        if (
            slots.maximize is not None
            or slots.proceed is None
            or not {"objective", "forecast:objective"} & proceed.reads
        ):
            return
        missing = ["maximize tokens / time"]
        if not slots.costs:
            missing = ["cost drafting = profile.draft.time", "cost verifying = profile.verify.time", *missing]
        fix, edits = additions(self.typer.policy.span, missing, self._chain)
        message = "nothing is maximized, so `objective` is always 0"
        self.findings.add("SG312", message, _place(slots.proceed.value, "objective"), fix, edits=edits)

    def _no_benefit(self) -> None:
        spare = spare_chance(self.typer.policy.params)
        weight = f"{spare} * " if spare else ""  # somebody has declared it for this
        fix, edits = self._added(f"benefit accepted = {weight}node.path")
        at = head(self.typer.policy.span)
        self.findings.add("SG315", "nothing says what a node is worth", at, fix, edits=edits)

    def _added(self, statement: str) -> tuple[str, tuple[Edit, ...]]:
        return addition(self.typer.policy.span, statement, self._chain)

    @property
    def _chain(self) -> Span | None:
        """The first `when`."""
        return self.typer.policy.chain[0].span if self.typer.policy.chain else None

    def _line(self, word: str, typed: Typed, span: Span, clause: str = "", searched: bool = False) -> None:
        self.lines.setdefault((word, clause, span), Line.of(word, typed, span, clause, searched))


def _widest(verify: Choice) -> Expr:
    """The largest layer of a static tree."""
    depth = max(map(len, verify.static))
    return Const(float(max(sum(len(path) == level for path in verify.static) for level in range(1, depth + 1))))


def _place(expression: s.Expression, name: str) -> Span:
    """Where a name stands in an expression, or all of it."""
    found = re.search(rf"(?<![\w.]){name}(?![\w.])", expression.span.text)
    if found is None:
        return expression.span
    start = expression.span.start + found.start()
    return Span(expression.span.source, start, start + len(name))
