"""A statement, or a sign in it, with nothing behind it: an example in the place of what is missing."""

from __future__ import annotations

import re
from collections.abc import Iterator

from smartgen.language.mistakes.naming import USUAL
from smartgen.language.mistakes.spot import Repair, Spot
from smartgen.language.source import only_number
from smartgen.language.words import EXTENTS

_NAMED = ("let", "benefit", "cost", "param")
EXAMPLE = {
    "let": "1",
    "param": "1",
    "benefit": "node.path",
    "cost": "profile.verify.time",
    "maximize": "tokens / time",
    "to": "time <= 25 ms",
    "while": "layer.depth < 4",
    "when": "batch.size > 8",
    "where": "node.prob > 0.1",
    "by": "node.path",
    "best": "10",
    "depth": "8",
    "width": "10",
    "topk": "10",
    "nodes": "64",
    "maximizing": "tokens / time",
}
_HANGING = ("+", "-", "*", "/", "<", ">", "<=", ">=", "==", "!=", "and", "or", "not", "..")


def nothing(spot: Spot) -> Iterator[Repair]:
    """A statement, or a sign in it, with nothing behind it."""
    here, before = spot.near(0), spot.word(-1)
    if before == "best" and here is not None and here.text in ("where", "by", "pooled", "maximizing"):
        count = _in_comment(spot) or _spare_count(spot) or ("10" if spot.statement == "expand" else "64")
        said = f"{spot.statement} best"
        yield spot.insert("SG009", f"nothing stands behind `{said}`", count, f"write `{said} {count}`")
    complete = spot.ends or (here is not None and (here.first or (before == "when" and here.text == "{")))
    if not complete or not spot.at:
        return
    last = spot.lexemes[spot.at - 1]
    key = spot.statement if before == "=" else before
    blocks = sum(x.text == "when" for x in spot.lexemes[: spot.at])
    if before == "when" and here is not None and here.text == "{" and blocks > 1 and spot.word(-2) == "}":
        yield spot.replace("SG009", "nothing stands behind `when`", "otherwise", "write `otherwise`", 1, -1)
    if spot.wants_operand and key in EXAMPLE:
        yield _no_expression(spot, key)
    if before in _NAMED:
        yield from _no_name_either(spot, before)
    if before in ("-", "+", "*", "/") and spot.word(-2) == "=" and spot.statement in EXAMPLE:
        begun, example = spot.lexemes[spot.begun], EXAMPLE[spot.statement]
        help = f"write what it is, for example `{spot.slice(spot.begun, spot.at - 2)} {example}`"
        message = f"`{spot.slice(spot.begun, spot.begun + 1)}` has no expression"
        yield Repair("SG009", message, begun.start, last.end, help, ((last.start, last.end, example),))
    if before == ".." and spot.statement in ("expand", "verify", "limit"):
        most = _in_comment(spot) or "64"
        change = (last.end, last.end, most)
        yield Repair("SG009", "a range has two ends", last.start, last.end, f"write `{spot.word(-2)}..{most}`", (change,))
    if spot.wants_operand and before in ("not", "-") and spot.word(-2) in EXAMPLE:
        example = EXAMPLE[spot.word(-2)]
        help = f"write what follows it, or for example `{example}`"
        yield spot.replace("SG009", f"nothing stands behind `{before}`", example, help, 1, -1)
    if spot.wants_operand and spot.statement == "maximize" and before == "/" and spot.word(-2) != "time":
        yield spot.insert("SG009", "nothing stands behind `/`", "time", f"for example `{spot.word(-2)} / time`")
    ahead = before in (">", ">=") and spot.slice(spot.begun, spot.at - 2).endswith("forecast(objective)")
    if spot.wants_operand and ahead:
        written = f"forecast(objective) {before} objective"
        yield spot.insert("SG009", f"nothing stands behind `{before}`", "objective", f"write `{written}`")
    if spot.wants_operand and before in _HANGING:
        help = f"remove `{before}`, or write what follows it"
        yield spot.remove("SG009", f"nothing stands behind `{before}`", help, 1, -1)
    if before == "tree" and spot.statement == "verify":
        help = 'write its paths, digits of child ranks, for example `verify tree "0 00 1"`'
        change = (last.end, last.end, ' "0 00 1"')
        yield Repair("SG009", "nothing stands behind `verify tree`", last.start, last.end, help, (change,))
    if before == "limit":
        change = (last.end, last.end, " depth 8")
        yield Repair("SG009", "nothing stands behind `limit`", last.start, last.end, "write `limit depth 8`", (change,))
    if before == "," and spot.statement == "limit":
        yield spot.remove("SG009", "nothing stands behind `,`", "remove it", 1, -1)


def _spare_count(spot: Spot) -> str:
    """The one `param NAME: count` that is read nowhere."""
    found = re.findall(r"\bparam\s+(\w+)\s*:\s*count\b", spot.text)
    spare = [name for name in found if sum(x.text == name for x in spot.lexemes) == 1]
    return spare[0] if len(spare) == 1 else ""


def _in_comment(spot: Spot) -> str:
    """The one number of the comment behind the line, `# width was 40`, or a chain's; empty where it says none."""
    return only_number(spot.comment) or ("1" if re.search(r"\bchain\b", spot.comment) else "")


def _no_expression(spot: Spot, key: str) -> Repair:
    """An example in the place of what is missing."""
    begun, last = spot.lexemes[max(spot.begun, 0)], spot.lexemes[spot.at - 1]
    example = _param_example(spot) if key == "param" else EXAMPLE[key]
    if key in ("best", *EXTENTS):
        example = _in_comment(spot) or example
    if key == "cost" and re.match(r"draft|grow|propos|head", spot.word(-2)):
        example = "profile.draft.time"
    what = " ".join(x.text for x in spot.lexemes[max(spot.begun, 0) : spot.at] if x.text != "=")
    named = key == spot.statement and last.text == "="
    message = f"`{what}` has no expression" if named else f"nothing stands behind `{what}`"
    written = " ".join(f"{spot.text[begun.start : last.end]} {example}".split())
    change = (last.end, last.end, f" {example}")
    return Repair("SG009", message, begun.start, last.end, f"write what it is, for example `{written}`", (change,))


def _no_name_either(spot: Spot, before: str) -> Iterator[Repair]:
    here = spot.near(0)
    if here is not None and not here.first and here.word:
        message = f"`{before}` does not stand before `{here.text}`"
        yield spot.remove("SG018", message, f"write `{here.text} ...`", 1, -1)
    if spot.accepts == {"NAME"}:
        help = f"write `{before} {USUAL[before]} = {EXAMPLE[before]}`"
        yield spot.remove("SG009", f"`{before}` has no name and no value", help, 1, -1)


def _param_example(spot: Spot) -> str:
    kind = spot.word(-2)
    return {"prob": "1.0", "flag": "false", "text": '""', "count": "1", "number": "1"}.get(kind, f"1 {kind}")
