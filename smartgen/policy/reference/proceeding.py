"""`continue while`: whether one more drafting pass is made, the first one included, and why not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smartgen.language.program import Rules, Shift, parts
from smartgen.policy.reference.evaluate import of_rows

if TYPE_CHECKING:
    from smartgen.policy.reference.interpreter import Interpreter


def first_pass(me: Interpreter) -> bool:
    """Whether a drafting pass is made at all."""
    step, rules = me.step, me.rules
    if step.depth <= 0:
        step.reason = "one token left" if max(row.remaining for row in me.given.rows) <= 1 else "limit depth"
        return False
    if rules.proceed is None or (asks_ahead(rules) and me.given.free):
        return True
    answers = of_rows(me, rules.proceed, step.view)
    if any(answers):
        step.going = [bool(answer) for answer in answers]
        return True
    step.reason = "no pass pays"
    step.probe = me.estimates.probe()
    return step.probe


def ends(me: Interpreter) -> bool:
    """Whether drafting ends with the newest layer."""
    step, rules = me.step, me.rules
    if not any(step.frontier):
        return _stop(me, "nothing kept")
    if step.view.depth >= step.depth:
        return _stop(me, "limit depth")
    if step.probe:
        return _stop(me, "probe")
    if rules.proceed is None or (asks_ahead(rules) and me.given.one_pass):
        return False
    answers = of_rows(me, rules.proceed, step.view)
    step.going = [going and bool(answer) for going, answer in zip(step.going, answers, strict=True)]
    step.frontier = [nodes if going else [] for nodes, going in zip(step.frontier, step.going, strict=True)]
    if not any(step.frontier):
        return _stop(me, "no pass pays")
    step.view.width = float(max(map(len, step.frontier)))
    return False


def _stop(me: Interpreter, reason: str) -> bool:
    me.step.reason = me.step.reason or reason
    return True


def asks_ahead(rules: Rules) -> bool:
    """Whether `continue while` reads a forecast."""
    return any(isinstance(part, Shift) and part.kind == "forecast" for part in parts(rules.proceed))
