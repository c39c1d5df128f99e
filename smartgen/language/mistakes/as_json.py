"""Statements in the manner of JSON: `"maximize": "tokens / time",`."""

from __future__ import annotations

import re

from smartgen.language.mistakes.naming import USUAL
from smartgen.language.mistakes.spot import Repair
from smartgen.language.words import EXTENTS, SECOND_WORDS, STATEMENTS

_NAMED = ("benefit", "cost", "let")
_QUOTED = r"(?P<{0}>[\"'])(?P<{1}>[^\"'\n]*)(?P={0})"
_PAIR = re.compile(
    rf"^[ \t]*(?P<q>[\"'])(?P<word>[a-z_ ]+)(?P=q)\s*[:=]\s*"
    rf"(?:{_QUOTED.format('v', 'text')}|(?P<inside>\{{[^{{}}]*\}})|(?P<bare>[^\s\"'{{}}][^\"'{{}}\n]*?))[ \t]*(?P<comma>,?)[ \t]*$",
    re.MULTILINE,
)
_INNER = re.compile(r"[\"']?(\w+)[\"']?\s*[:=]\s*(?:\"([^\"]*)\"|'([^']*)'|([^,{}]+))")


def as_json(text: str) -> list[Repair]:
    """Every statement whose word stands in quotes, with a `:` and a value, which may be in quotes or in braces, too."""
    found = []
    for pair in _PAIR.finditer(text):
        word = pair["word"].replace("_", " ").split()[:1]
        if not word or word[0] not in (*STATEMENTS, *EXTENTS):
            continue
        written = _braced(word[0], pair["inside"]) if pair["inside"] else _plain(word[0], pair["text"] or pair["bare"])
        start, end = pair.start("q"), pair.end("comma")
        shown = written.replace("\n  ", "`, `")
        message = "a statement is no pair of JSON"
        found.append(Repair("SG016", message, start, end, f"write `{shown}`", ((start, end, written),)))
    return found


def _plain(word: str, value: str) -> str:
    begins = word if word in STATEMENTS else f"limit {word}"
    begins += f" {SECOND_WORDS[word]}" if word in SECOND_WORDS else ""
    return f"{begins} {USUAL[word]} = {value}" if word in _NAMED else f"{begins} {value}"


def _braced(word: str, inside: str) -> str:
    """`{"depth": 8, "nodes": 32}`."""
    pairs = [(m.group(1), (m.group(2) or m.group(3) or m.group(4)).strip()) for m in _INNER.finditer(inside)]
    if word in _NAMED:
        return "\n  ".join(f"{word} {name} = {value}" for name, value in pairs)
    return f"{word} {', '.join(f'{name} {value}' for name, value in pairs)}"
