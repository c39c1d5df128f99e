"""Functions of one's own: `def f(p): return p * p`, `let f(p) = p * p`, `fn f(p) { p * p }`. There are none."""

from __future__ import annotations

import re
from collections.abc import Iterator

from smartgen.language.borrowed import signal
from smartgen.language.mistakes.operands import arguments, closing, statement_last
from smartgen.language.mistakes.spot import Change, Repair, Spot, removal
from smartgen.language.signals import SIGNALS, SYNONYMS

_DEFINES = ("def", "fn", "func", "function", "define", "let", "proc", "fun", "sub", "lambda")
_SIGNS = (":", "=", ">=", "{", "return")


def function(spot: Spot) -> Iterator[Repair]:
    """A definition with parameters, from its first word on: its calls are written out, or it becomes a `let`."""
    if spot.here == "(" and spot.word(-2) == "let":
        first = spot.at - 2
    elif spot.near(0) is not None and spot.opens:
        first = spot.at
    else:
        return
    name = first + 1 if spot.lexemes[first].text in _DEFINES else first
    found = spot.lexemes
    if name + 1 >= len(found) or found[name].sort != "name" or found[name + 1].text != "(":
        return
    close = closing(found, name + 1)
    body = _body(spot, close + 1) if close is not None else None
    if close is None or body is None:
        return
    named = [x.text for x in found[name + 2 : close] if x.sort == "name"]
    begins, last, end = body
    written = " ".join(spot.slice(begins, last).split())
    calls = [i for i in range(len(found) - 1) if found[i].text == found[name].text and found[i + 1].text == "("]
    calls = [i for i in calls if not name <= i <= last]
    whole = (found[first].start, found[end].end)
    message = "there are no functions of one's own"
    if calls:
        changes, shown = _written_out(spot, calls, named, written)
        line = removal(spot.text, *whole)
        yield Repair("SG006", message, *whole, f"write what it says where it is used: `{shown}`", (*changes, line))
        return
    said = f"let {found[name].text} = {_filled(written, {p: _meant(p) for p in named})}"
    yield Repair("SG006", message, *whole, f"write `{said}`", ((*whole, said),))


def _body(spot: Spot, at: int) -> tuple[int, int, int] | None:
    """Indices of the first and last lexeme of what a definition says, and of its end; None where it says nothing."""
    found, opened = spot.lexemes, None
    while at < len(found) and found[at].text in _SIGNS:
        opened = at if found[at].text == "{" else opened
        at += 1
    if at >= len(found) or found[at - 1].text == ")":
        return None
    close = closing(found, opened) if opened is not None else None
    last = close - 1 if close is not None else statement_last(found, at)
    return (at, last, last if close is None else close) if last >= at else None


def _written_out(spot: Spot, calls: list[int], named: list[str], body: str) -> tuple[list[Change], str]:
    """The changes that put the body in the place of each call, and the first as it then is."""
    changes, shown = list[Change](), ""
    for i in calls:
        close = closing(spot.lexemes, i + 1)
        if close is None or (changes and spot.lexemes[i].start < changes[-1][1]):
            continue
        values = arguments(spot.text, spot.lexemes, i + 2, close)
        values += [_meant(p) for p in named[len(values) :]]
        written = _filled(body, dict(zip(named, values, strict=False)))
        alone = (
            spot.lexemes[i - 1].text in ("=", "by", "(", ",", "maximize")
            and spot.word(close + 1 - spot.at) not in "+-*/"
        )
        written = written if alone or " " not in written else f"({written})"
        shown = shown or written
        changes.append((spot.lexemes[i].start, spot.lexemes[close].end, written))
    return changes, shown


def _filled(body: str, values: dict[str, str]) -> str:
    """The body with values in the place of its parameters."""
    if not values:
        return body
    names = "|".join(re.escape(name) for name in sorted(values, key=len, reverse=True))
    return re.sub(rf"(?<![\w.])(?:{names})(?![\w])", lambda m: _closed(values[m.group()]), body)


def _closed(value: str) -> str:
    return f"({value})" if re.search(r"\s[-+*/<>=]", value) else value


def _meant(parameter: str) -> str:
    """The signal that a parameter's name stands for."""
    meant = signal(parameter) or SYNONYMS.get(parameter)
    return meant if meant in SIGNALS else f"node.{parameter}" if f"node.{parameter}" in SIGNALS else "node.prob"
