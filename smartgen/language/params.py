"""Parameters: declared types, values from the policy or from outside."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from smartgen.language import syntax as s
from smartgen.language.additions import addition
from smartgen.language.diagnostics import Diagnostic, Label
from smartgen.language.expressions import PARAM_KINDS, Broken, Place, Typer, constant
from smartgen.language.findings import Findings
from smartgen.language.nearest import closest
from smartgen.language.program import Axis, Const
from smartgen.language.resolve import Resolved, Slots
from smartgen.language.source import LONGEST, Edit
from smartgen.language.types import UNFIT, Kind, Typed, quantity
from smartgen.language.units import EXAMPLE, SPELT, unit

Settings = Mapping[str, s.Argument]  # values from outside, each with the place of its name
_EXAMPLES = {"prob": "0.9", "count": "8", "number": "1", "flag": "true", "text": '"..."'}

_TYPES = {
    "int": "count",
    "integer": "count",
    "uint": "count",
    **dict.fromkeys(("usize", "isize", "size_t", "long", "short", "unsigned", "nat", "natural"), "count"),
    **{f"{sign}{bits}": "count" for sign in ("u", "i", "int", "uint") for bits in (8, 16, 32, 64)},
    **{f"{name}{bits}": "number" for name in ("f", "float") for bits in (16, 32, 64)},
    "float": "number",
    "double": "number",
    "real": "number",
    "bool": "flag",
    "boolean": "flag",
    "str": "text",
    "string": "text",
    "time": "ms",
    "duration": "ms",
    "seconds": "s",
    "sec": "s",
    "milliseconds": "ms",
    "tokens": "tok",
    "token": "tok",
    "energy": "J",
    "probability": "prob",
    "percent": "prob",
    "fraction": "prob",
}

_FACTOR = re.compile(r"boost|factor|scale|multiplier|weight|gain")  # in a name: it may be above 1


def values(policy: Resolved, findings: Findings, settings: Settings) -> dict[str, Typed]:
    """Every param of `policy` at its final value. `settings` come from outside and win."""
    found: dict[str, Typed] = {}
    empty = Resolved(policy.name, {}, {}, Slots(), (), policy.span)
    meant = _meant(policy, settings)
    for name, setting in settings.items():
        if name not in policy.params:
            found.update(_unknown(policy, name, setting, meant.get(name), findings))
    for name, param in policy.params.items():
        kind = _kind(param, findings)
        written = settings[name].value if name in settings else param.value
        example = _EXAMPLES.get(param.type.text) or (f"1 {param.type.text}" if kind else "1")
        try:
            value = Typer(empty, findings, found).type(written, Place("`param`", example=example))
        except Broken:
            value = constant(1.0, kind or Kind(), param.span)
        else:
            if value.axis > Axis.POLICY:
                findings.add(
                    "SG205",
                    f"`{name}` is a constant, and `{value.span.text}` changes while decoding",
                    value.span,
                    "write a number here, or name the expression with `let`",
                    edits=_as_let(param),
                )
                value = constant(1.0, kind or Kind(), param.span)
            elif kind is not None and not _fits(kind, value, param, example, findings):
                alike = value.kind.dimension == kind.dimension and value.kind.base == kind.base
                kind = kind if alike else UNFIT
                value = constant(1.0, kind, param.span)
        kind = kind or value.kind
        found[name] = Typed(kind, Axis.POLICY, value.phase, value.code, frozenset(), param.span)
    return found


def _meant(policy: Resolved, settings: Settings) -> dict[str, str]:
    """The params that values under other names were meant for: what the name resembles or has as a part, else the only one
    that is left."""
    unknown = [name for name in settings if name not in policy.params]
    free = [param for param in policy.params if param not in settings]
    found: dict[str, str] = {}
    for name in unknown:
        parts = re.split(r"[_\W]+|(?<=[a-z])(?=[A-Z])", name.lower())
        part = next((param for param in free if param in parts), None)
        meant = closest(name, free) or part
        if meant is not None:
            found[name] = meant
            free.remove(meant)
    left = [name for name in unknown if name not in found]
    if len(left) == len(free) == 1 and not _read_here(policy, left[0], settings[left[0]]):
        found[left[0]] = free[0]
    return found


def _unknown(
    policy: Resolved, name: str, setting: s.Argument, near: str | None, findings: Findings
) -> Mapping[str, Typed]:
    """A value for a param that is not declared; where the policy's own text reads it, it goes on with that value."""
    if near is None and setting.span.source == policy.span.source:
        value = _own(policy, findings, name, setting)
        if value is not None:
            return {name: value}
    known = f"its params are {', '.join(policy.params)}" if policy.params else "it has no params: remove it"
    at = setting.label.span if setting.label is not None else setting.span
    edits = (Edit(at, near),) if near else (Edit(setting.span, ""),) if not policy.params else ()
    fix = f"did you mean `{near}`?" if near else known
    findings.add("SG103", f"`{policy.name.text}` has no param `{name}`", at, fix, edits=edits)
    return {}


def _read_here(policy: Resolved, name: str, setting: s.Argument) -> bool:
    """Whether the policy's own text reads what is set."""
    text = policy.span.source.text
    others = (
        text[: setting.span.start] + text[setting.span.end :] if setting.span.source == policy.span.source else text
    )
    return re.search(rf"(?<![\w.]){re.escape(name)}(?![\w.]|\s*:)", others) is not None


def _own(policy: Resolved, findings: Findings, name: str, setting: s.Argument) -> Typed | None:
    """A setting of the recipe's own that stands in the place of a declaration; None where nothing reads it."""
    if not _read_here(policy, name, setting):
        return None
    try:
        value = Typer(Resolved(policy.name, {}, {}, Slots(), (), policy.span), findings, {}).type(
            setting.value, Place("`param`")
        )
    except Broken:
        return None
    help, edits = addition(policy.span, f"param {name}: {_type(value)} = {setting.value.span.text}")
    at = setting.label.span if setting.label is not None else setting.span
    fix = f"declare it: {help.removeprefix('add ')}"
    findings.add("SG103", f"`{policy.name.text}` has no param `{name}`", at, fix, edits=edits)
    return value


def _as_let(param: s.Param) -> tuple[Edit, ...]:
    if param.span.source.is_yaml:
        return ()
    return (Edit(param.span, f"let {param.name.text} = {param.value.span.text}"),)


def _kind(param: s.Param, findings: Findings) -> Kind | None:
    written = param.type.text
    if written in PARAM_KINDS:
        return PARAM_KINDS[written]
    found = unit(written)
    if found is not None:
        return quantity(found[0])
    share = isinstance(param.value, s.Number) and not param.value.unit and 0 < param.value.value < 1
    meant = "prob" if share and _TYPES.get(written.lower()) == "number" else _TYPES.get(written.lower())
    meant = meant or SPELT.get(written.lower()) or closest(written, PARAM_KINDS) or "number"
    fix = f"did you mean `{meant}`? types are prob, count, number, flag, text, or a unit like ms or ms/tok"
    findings.add("SG210", f"there is no type `{written}`", param.type.span, fix, edits=(Edit(param.type.span, meant),))
    named = unit(meant)
    return PARAM_KINDS.get(meant) if named is None else quantity(named[0])


def _fits(kind: Kind, value: Typed, param: s.Param, example: str, findings: Findings) -> bool:
    """Whether a value has the declared type; if not, that is recorded."""
    name, written = param.name.text, param.type.text
    shown = value.span.text.strip() or "this"
    number = value.code.value if isinstance(value.code, Const) and isinstance(value.code.value, float) else None
    if value.kind.base != kind.base or value.kind.dimension != kind.dimension:
        fix, edits = _refitted(kind, value, param, example)
        message = f"`{name}` is declared as {written}, this is {value.kind}"
        retyped = _retyped(value, param)
        other = Diagnostic("SG205", message, (Label(param.type.span), Label(value.span)), "", "error", retyped)
        instead = (replace(other, help=f"declare `{_type(value)}`"),) if retyped and retyped != edits else ()
        findings.take(Diagnostic("SG205", message, (Label(value.span),), fix, "error", edits, instead))
        return False
    if kind.prob and not value.kind.prob:
        text, counted = param.span.source.text, rf"\b(?:best|depth|width|topk|nodes)[ ]+(?:[0-9]+\.\.)?{re.escape(name)}\b"
        if number is not None and number >= 2 and number.is_integer() and re.search(counted, text[:LONGEST]):
            edits = (Edit(param.type.span, "count"),)
            findings.add("SG205", f"{shown} is not a probability", value.span, "declare `count`", edits=edits)
            return False
        beside = rf"(?<![\w.])node\.entropy\)?[ ]*[<>]=?[ ]*{re.escape(name)}\b"  # nats
        above = number is not None and number > 1 and value.span.source == param.span.source
        if above and (_FACTOR.search(name) or re.search(beside, text[:LONGEST])):
            edits = (Edit(param.type.span, "number"),)
            findings.add("SG205", f"{shown} is not a probability", value.span, "declare `number`", edits=edits)
            return False
        meant = _probability(number)
        fix = f"a probability lies in 0..1: write `{meant}`"
        findings.add("SG205", f"{shown} is not a probability", value.span, fix, edits=(Edit(value.span, meant),))
        return False
    if kind.whole and (not value.kind.whole or (number or 0.0) < 0):
        if number is not None and 0 < number < 1 and value.span.source == param.span.source:  # a share, and no count
            edits = (Edit(param.type.span, "prob"),)
            findings.add("SG205", f"{shown} is not a count", value.span, "declare `prob`", edits=edits)
            return False
        meant = "8" if number is None else str(max(0, round(number)))
        fix = f"a count is a whole number without unit: write `{meant}`"
        findings.add("SG205", f"{shown} is not a count", value.span, fix, edits=(Edit(value.span, meant),))
        return False
    return True


def _probability(number: float | None) -> str:
    if number is None or 1 < number < 2:
        return "1.0"
    return f"{number / 100:.6g}" if 2 <= number <= 100 else "0.0" if number < 0 else "1.0"


def _refitted(kind: Kind, value: Typed, param: s.Param, example: str) -> tuple[str, tuple[Edit, ...]]:
    """The value in the declared type, or the type of the value."""
    text = value.span.text.strip()
    inside = text.strip('"')
    own = value.span.source == param.span.source
    if kind.base == "text":
        meant = f'"{text}"'
    elif kind.base == "flag":
        meant = "false" if inside.lower() in ("0", "0.0", "false", "no", "off") else "true"
    elif value.kind.base == "text" and re.fullmatch(r"[0-9]+(\.[0-9]+)?\s*[A-Za-z/]*", inside):
        meant = inside
    elif value.kind.base == "number" and re.fullmatch(r"[0-9.]+\s*[A-Za-z/]*", text):
        digits = re.match(r"[0-9.]+", text)
        unit = "" if kind.dimension.bare else f" {param.type.text}"
        meant = f"{digits.group() if digits else 1}{unit}"
        if kind.prob and float(digits.group() if digits else 1) > 1:
            meant = example
        if own and re.fullmatch(rf"[0-9.]+\s*{re.escape(param.type.text)}/\w+", text):  # the type was left half-written
            return f"declare `{_type(value)}`", _retyped(value, param)
        if own and not kind.dimension.bare and not value.kind.dimension.bare:
            return f"write `{meant}`, or declare `{_type(value)}`", (Edit(value.span, meant),)
    elif own:
        return f"declare `{_type(value)}`", _retyped(value, param)
    else:
        meant = example
    return f"write `{meant}`", (Edit(value.span, meant),)


def _retyped(value: Typed, param: s.Param) -> tuple[Edit, ...]:
    return (Edit(param.type.span, _type(value)),) if value.span.source == param.span.source else ()


def _type(value: Typed) -> str:
    if value.kind.base != "number":
        return value.kind.base
    literal = re.fullmatch(r"[0-9.]+\s*([A-Za-z]+(?:/[A-Za-z]+)?)", value.span.text.strip())
    if literal is not None and value.kind.dimension not in EXAMPLE and not value.kind.dimension.bare:
        return literal[1]
    if value.kind.dimension.bare:
        return "prob" if value.kind.prob else "count" if value.kind.whole else "number"
    return EXAMPLE.get(value.kind.dimension, value.kind.dimension.symbol)
