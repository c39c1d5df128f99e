"""A statement's second word, its name, its type and its sign; and a statement with nothing behind it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from smartgen.language.mistakes.operands import closing, statement_last
from smartgen.language.mistakes.spot import Repair, Spot
from smartgen.language.nearest import closest, misspelt
from smartgen.language.units import SPELT
from smartgen.language.words import TYPES

_NAMED = ("let", "benefit", "cost", "param")
_USUAL = {
    "let": "gain",
    "benefit": "accepted",
    "cost": "verifying",
    "param": "trust",
}
_EXAMPLE = {
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


def second_word(spot: Spot) -> Iterator[Repair]:
    """`continue while`, `subject to`."""
    before, here = spot.word(-1), spot.near(0)
    if before == "continue" and spot.accepts == {"_WHILE"} and here is not None:
        message = "drafting goes on `while` something holds"
        if misspelt(here.text, ["until"]):
            last = statement_last(spot.lexemes, spot.at)
            rest = spot.text[here.end : spot.lexemes[last].end].strip()
            change = (here.start, spot.lexemes[last].end, f"while not ({rest})")
            yield Repair("SG006", message, here.start, here.end, f"write `continue while not ({rest})`", (change,))
        if spot.word(1) == "long" and here.text in ("as", "so") and spot.word(2) == "as":
            yield spot.replace("SG006", message, "while", "write `continue while ...`", 3)
        if here.text in ("if", "when", "where", "as", "for", "drafting", ":", "=") or misspelt(here.text, ["while"]):
            yield spot.replace(
                "SG006", message, "while", "write `continue while ...`; `when` opens a block for the whole step"
            )
        yield spot.insert("SG006", message, "while", "write `continue while ...`")
    if before == "subject" and spot.accepts == {"_TO"} and here is not None:
        message = "a constraint is `subject to`"
        if here.text in (":", "=", "that", "for", "ot", "too", "t") or misspelt(here.text, ["to"]):
            yield spot.replace("SG006", message, "to", "write `subject to ...`")
        yield spot.insert("SG006", message, "to", "write `subject to ...`")
    if before in ("to", "while", "maximize") and here is not None and here.text in (":", "="):
        yield spot.remove("SG008", f"no `{here.text}` stands behind `{before}`", f"write `{_phrase(before)} ...`")


def _phrase(word: str) -> str:
    return {"to": "subject to", "while": "continue while"}.get(word, word)


def name(spot: Spot) -> Iterator[Repair]:
    """The name of a let, benefit, cost or param, and the sign behind it."""
    here, before = spot.near(0), spot.word(-1)
    if before in _NAMED and spot.accepts == {"NAME"}:
        yield from _no_name(spot, before)
    if spot.word(-2) in ("let", "benefit", "cost") and spot.accepts == {"EQUAL"} and here is not None:
        yield from _no_sign(spot, spot.word(-2), before)
    if spot.statement == "subject" and here is not None and here.text == "," and "AND" in spot.accepts:
        message = "a `subject to` is one constraint"
        yield spot.replace("SG007", message, "\n  subject to", "write a second `subject to`")
    if spot.statement in _NAMED and here is not None and here.text == "," and spot.near(1) is not None:
        following = spot.lexemes[spot.at + 1]
        if following.sort == "name" and spot.word(2) in ("=", ":"):
            message = "a statement names one thing"
            yield spot.replace("SG007", message, f"\n  {spot.statement}", f"write a second `{spot.statement}`")


def _no_name(spot: Spot, statement: str) -> Iterator[Repair]:
    here, usual = spot.near(0), _USUAL[statement]
    if here is None:
        return
    if here.text.startswith("profile.draft") or spot.word(1).startswith("profile.draft"):
        usual = "drafting"
    if here.text in (":",) and statement != "param":
        yield spot.replace(
            "SG008", f"a {statement} has a name and `=`", f"{usual} =", f"write `{statement} {usual} = ...`"
        )
    if here.text in ("=", ":"):
        yield spot.insert(
            "SG005", f"this {statement} has no name", usual, f"write `{statement} {usual} {here.text} ...`"
        )
    if here.sort == "keyword":
        written = f"my_{here.text}"
        yield spot.replace(
            "SG106",
            f"`{here.text}` is a word of the language",
            written,
            f"choose another name, for example `{written}`",
        )
    if here.sort == "name" and "." in here.text and spot.word(1) in ("=", ":"):
        written = here.text.replace(".", "_")
        yield spot.replace("SG017", "a name of one's own has no point", written, f"write `{written}`")
    if here.sort == "text":
        written = re.sub(r"\W+", "_", here.text.strip('"')) or usual
        yield spot.replace("SG016", "names stand without quotes", written)
    if here.sort == "number" and spot.word(1) not in ("=", ":"):
        following = spot.near(1)
        if following is not None and following.start == here.end:
            written = f"n{here.text}{following.text}"
            yield spot.replace("SG017", "a name begins with a letter", written, "", 2)
    if statement in ("benefit", "cost", "let"):
        yield spot.insert("SG005", f"this {statement} has no name", f"{usual} =", f"write `{statement} {usual} = ...`")


def _no_sign(spot: Spot, statement: str, written: str) -> Iterator[Repair]:
    here = spot.lexemes[spot.at]
    if here.text in ("==", ":", "is", "as", "be", "to", "<="):
        message = "a name is given its value with one `=`"
        yield spot.replace("SG008", message, "=", "write `=`")
    if (here.text, spot.word(1)) == ("<", "-"):
        yield spot.replace("SG008", "a name is given its value with `=`", "=", "write `=`", 2)
    if here.text == ":" and (spot.word(1) in TYPES or spot.word(2) == "="):
        last = next(
            (i for i in range(spot.at, min(spot.at + 5, len(spot.lexemes))) if spot.lexemes[i].text == "="), None
        )
        if last is not None:
            count = last - spot.at
            yield spot.remove("SG008", f"a {statement} has no type", f"write `{statement} {written} = ...`", count)
    if here.text == "(":
        close = closing(spot.lexemes, spot.at)
        if close is not None and spot.word(close + 1 - spot.at) == "=":
            yield spot.remove(
                "SG006",
                "there are no functions of one's own",
                f"write `{statement} {written} = ...`",
                close - spot.at + 1,
            )
    if written in ("is", "equals", "be", "as", "of"):
        usual = _USUAL[statement]
        fix = f"write `{statement} {usual} = ...`"
        yield spot.replace("SG005", f"this {statement} has no name", f"{usual} =", fix, 1, -1)
    yield from _joined_name(spot, "=")
    if here.sort == "name" and spot.word(1) == "=" and written.isidentifier():
        joined = f"{written}_{here.text}"  # `let my gain = ...`
        yield spot.replace("SG017", "a name has no space", joined, f"write `{statement} {joined} = ...`", 2, -1)
    yield spot.insert(
        "SG008", f"`=` is missing behind `{statement} {written}`", "=", f"write `{statement} {written} = ...`"
    )
    if statement in ("benefit", "cost") and written:
        yield spot.replace("SG005", f"this {statement} has no name", f"{_USUAL[statement]} = {written}", "", 1, -1)


def _joined_name(spot: Spot, sign: str) -> Iterator[Repair]:
    """`my-gain`, up to the sign behind a name."""
    last = next((i for i in range(spot.at, min(spot.at + 8, len(spot.lexemes))) if spot.lexemes[i].text == sign), None)
    if last is not None and spot.here in ("-", "."):
        joined = re.sub(r"\W+", "_", spot.slice(spot.at - 1, last - 1))
        yield spot.replace("SG017", "a name has letters, digits and `_` only", joined, "", last - spot.at + 1, -1)


def param(spot: Spot) -> Iterator[Repair]:
    """`param NAME: TYPE = value`."""
    if spot.statement != "param" or spot.at - spot.begun > 6:
        return
    here, before = spot.near(0), spot.word(-1)
    if spot.accepts == {"COLON"} and here is not None:
        yield from _no_type(spot, before)
    if spot.accepts == {"NAME"} and before == ":" and here is not None and here.word:
        yield spot.replace(
            "SG210", f"there is no type `{here.text}`", SPELT.get(here.text) or closest(here.text, TYPES) or "number"
        )
    if spot.accepts == {"NAME"} and before == ":" and here is not None and here.text == "=":
        kind = _type(spot, spot.at + 1)
        yield spot.insert("SG005", "this param has no type", kind, f"write `: {kind} = ...`")
    if "EQUAL" in spot.accepts:
        yield from _no_value(spot, before)


def _no_type(spot: Spot, written: str) -> Iterator[Repair]:
    here = spot.lexemes[spot.at]
    if written in (*TYPES, "int", "float", "bool", "str") and here.sort == "name" and spot.word(1) == "=":
        kind = {"int": "count", "float": "number", "bool": "flag", "str": "text"}.get(written, written)
        swapped = f"{here.text}: {kind}"
        yield spot.replace("SG005", "the type stands behind the name", swapped, f"write `param {swapped} = ...`", 2, -1)
    if here.text == "(" and spot.word(2) == ")":
        kind = spot.word(1)
        yield spot.replace(
            "SG008", "a type stands behind a `:`", f": {kind}", f"write `param {written}: {kind} = ...`", 3
        )
    yield from _joined_name(spot, ":")
    behind = spot.near(3)
    if here.text == "=" and spot.word(2) == ":" and behind is not None and behind.sort == "name":
        swapped = f": {behind.text} = {spot.word(1)}"
        message = "the type stands before the value"
        yield spot.replace("SG018", message, swapped, f"write `param {written}{swapped}`", 4)
    if here.text in ("=", "=="):
        kind = _type(spot, spot.at + 1)
        change = (here.start, here.end, f": {kind} =")
        help = f"write `param {written}: {kind} = ...`"
        before = spot.lexemes[spot.at - 1]
        changes = ((before.end, here.start, ""), change)
        yield Repair("SG005", f"`{written}` has no type", before.start, before.end, help, changes)
    if here.word and (here.text in TYPES or spot.word(1) in ("=", "/")):
        yield spot.insert(
            "SG005", f"`:` is missing behind `{written}`", ":", f"write `param {written}: {here.text} = ...`"
        )


def _no_value(spot: Spot, before: str) -> Iterator[Repair]:
    here = spot.near(0)
    name = spot.lexemes[spot.begun + 1].text if spot.begun + 1 < len(spot.lexemes) else ""
    if spot.ends or (here is not None and here.first):
        value = {"prob": "1.0", "flag": "false", "text": '""', "count": "1", "number": "1"}.get(before, f"1 {before}")
        last = spot.lexemes[spot.at - 1]
        change = (last.end, last.end, f" = {value}")
        first = spot.lexemes[spot.begun]
        yield Repair(
            "SG009", f"`param {name}` has no value", first.start, last.end, f"write `= {value}` behind it", (change,)
        )
    elif here is not None and here.text in ("==", ":", "is", "default"):
        yield spot.replace("SG008", "a param is given its value with `=`", "=", "write `=`")
    elif here is not None:
        yield spot.insert(
            "SG008", f"`=` is missing behind `param {name}: {before}`", "=", f"write `param {name}: {before} = ...`"
        )


def _type(spot: Spot, index: int) -> str:
    """The type that the value at `index` would have."""
    value = spot.lexemes[index] if index < len(spot.lexemes) else None
    if value is not None and value.sort == "text":
        return "text"
    if value is not None and value.text in ("true", "false"):
        return "flag"
    found = re.fullmatch(r"([0-9.eE+-]+?)\s*([A-Za-z/]*)", value.text) if value and value.sort == "number" else None
    if found is None:
        return "number"
    number, unit = found.groups()
    if unit:
        return str(unit)
    return "count" if "." not in number and number not in ("0", "1") else "prob" if float(number) <= 1 else "number"


_HANGING = ("+", "-", "*", "/", "<", ">", "<=", ">=", "==", "!=", "and", "or", "not", "..")


def nothing(spot: Spot) -> Iterator[Repair]:
    """A statement, or a sign in it, with nothing behind it."""
    here, before = spot.near(0), spot.word(-1)
    complete = spot.ends or (here is not None and (here.first or (before == "when" and here.text == "{")))
    if not complete or not spot.at:
        return
    last = spot.lexemes[spot.at - 1]
    key = spot.statement if before == "=" else before
    if spot.wants_operand and key in _EXAMPLE:
        yield _no_expression(spot, key)
    if before in _NAMED:
        yield from _no_name_either(spot, before)
    if before in ("-", "+", "*", "/") and spot.word(-2) == "=" and spot.statement in _EXAMPLE:
        begun, example = spot.lexemes[spot.begun], _EXAMPLE[spot.statement]
        help = f"write what it is, for example `{spot.slice(spot.begun, spot.at - 2)} {example}`"
        message = f"`{spot.slice(spot.begun, spot.begun + 1)}` has no expression"
        yield Repair("SG009", message, begun.start, last.end, help, ((last.start, last.end, example),))
    if before == ".." and spot.statement in ("expand", "verify", "limit"):
        change = (last.end, last.end, "64")
        yield Repair("SG009", "a range has two ends", last.start, last.end, f"write `{spot.word(-2)}..64`", (change,))
    if spot.wants_operand and before in ("not", "-") and spot.word(-2) in _EXAMPLE:
        example = _EXAMPLE[spot.word(-2)]
        help = f"write what follows it, or for example `{example}`"
        yield spot.replace("SG009", f"nothing stands behind `{before}`", example, help, 1, -1)
    if spot.wants_operand and spot.statement == "maximize" and before == "/" and spot.word(-2) != "time":
        yield spot.insert("SG009", "nothing stands behind `/`", "time", f"for example `{spot.word(-2)} / time`")
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


def _no_expression(spot: Spot, key: str) -> Repair:
    """An example in the place of what is missing."""
    begun, last = spot.lexemes[max(spot.begun, 0)], spot.lexemes[spot.at - 1]
    example = _param_example(spot) if key == "param" else _EXAMPLE[key]
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
        help = f"write `{before} {_USUAL[before]} = {_EXAMPLE[before]}`"
        yield spot.remove("SG009", f"`{before}` has no name and no value", help, 1, -1)


def _param_example(spot: Spot) -> str:
    kind = spot.word(-2)
    return {"prob": "1.0", "flag": "false", "text": '""', "count": "1", "number": "1"}.get(kind, f"1 {kind}")


RULES = (second_word, name, param)
