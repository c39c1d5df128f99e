"""A condition whose block only says that drafting goes on, or that it ends: `when forecast(objective) > objective { continue }`,
`if layer.max(node.path) < 0.1: break`, `stop unless ...`."""

from __future__ import annotations

import re
from collections.abc import Iterator

from smartgen.language.mistakes.spot import Repair, Spot

_ON = r"continue|proceed|go[ ]on|keep[ ](?:going|drafting)|draft|draft[ _]more|grow"
_END = r"stop|break|halt|end|finish|exit|return|stop[ _]drafting"
_BLOCK = re.compile(
    r"(?P<word>when|if|unless)\b\s*(?P<condition>[^{}\n;]+?)\s*(?:(?P<brace>\{)|:|\bthen\b:?|\bdo\b)\s*"
    rf"(?:(?P<on>{_ON})|(?P<end>{_END}))[ ]*(?:\(\))?[ ]*;?(?(brace)\s*\}})[ ]*(?=\n|$|\}}|\#)"
)
_UNLESS = re.compile(r"(?:stop|break|halt|end|exit)(?:[ ]drafting)?[ ]+unless[ ]+(?P<condition>[^{}\n;#]+?)[ ]*(?=\n|$|\}|#)")
_WHILE_DRAFTING = re.compile(r"\b(?:layer|frontier|tree|node|forecast|previous|objective)\b|(?<![.\w])(?:tokens|time)\b")


def going_on(spot: Spot) -> Iterator[Repair]:
    """Tell of it at the word that begins the statement in which reading stopped."""
    for index in range(min(spot.at, len(spot.lexemes) - 1), max(-1, spot.at - 40), -1):
        lexeme = spot.lexemes[index]
        if not (lexeme.first or spot.lexemes[index - 1].text == "{") or not lexeme.word:
            continue
        found = _BLOCK.match(spot.text, lexeme.start) or _UNLESS.match(spot.text, lexeme.start)
        if found is not None and found.end() >= spot.start:
            yield from _said(found)
        if lexeme.first:
            return


def _said(found: re.Match[str]) -> Iterator[Repair]:
    said = found.groupdict()
    condition = " ".join(said["condition"].split())
    if condition[0] == "(" and condition.find(")") == len(condition) - 1:
        condition = condition[1:-1].strip()
    ends = said.get("end") is not None
    if ends and not _WHILE_DRAFTING.search(condition):
        return  # known before: the step is not to draft at all
    turned = ends != (said.get("word") == "unless")
    written = f"continue while not ({condition})" if turned else f"continue while {condition}"
    message = "whether drafting goes on is asked by `continue while`"
    yield Repair("SG006", message, found.start(), found.end(), f"write `{written}`", ((found.start(), found.end(), written),))
