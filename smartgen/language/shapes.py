"""Static trees: `verify tree "0 1" "00 01"`, every word the child ranks from the root down to one node."""

from __future__ import annotations

import re

from smartgen.language import syntax as s
from smartgen.language.findings import Findings
from smartgen.language.source import Edit, Span

_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


Path = tuple[int, ...]


def static_tree(choice: s.Choice, findings: Findings) -> tuple[Path, ...]:
    """Child-rank paths, parents first; findings for missing parents, gaps and repetitions."""
    places: dict[Path, Span] = {}
    broken = False
    for text in choice.shape:
        for match in re.finditer(r"\S+", text.value):
            start = text.span.start + 1 + match.start()
            span = Span(text.span.source, start, start + len(match.group()))
            path = _path(match.group(), span, findings)
            broken = broken or path is None
            if path in places:
                findings.add(
                    "SG311",
                    f"`{match.group()}` stands twice in this tree",
                    span,
                    "remove one of them",
                    edits=(_gone(span),),
                )
            elif path:
                places[path] = span
    if not places and not broken:
        fix = 'write the first choice alone: `verify tree "0"`'
        edits = (Edit(choice.shape[0].span, '"0"'),)
        findings.add("SG311", "this tree has no node", choice.shape[0].span, fix, edits=edits)
    if not places:
        return ((0,),)
    for path, span in places.items():
        _connected(path, span, places, findings)
    return tuple(sorted(places, key=lambda path: (len(path), path)))


def _path(word: str, span: Span, findings: Findings) -> Path | None:
    if word.isalnum() and word.isascii() and word.lower() == word:
        return tuple(int(digit, 36) for digit in word)
    plain = " ".join(re.findall(r"[0-9a-z]+", word.lower()))
    fix = f"write `{plain}`" if plain else "remove it"
    message = f"`{word}` is no path of child ranks: digits 0-9 and a-z, one per layer"
    findings.add("SG311", message, span, fix, edits=(Edit(span, plain) if plain else _gone(span),))
    return None


def _connected(path: Path, span: Span, places: dict[Path, Span], findings: Findings) -> None:
    written = _written(path)
    if len(path) > 1 and path[:-1] not in places:
        parent = _written(path[:-1])
        edits = (Edit(Span(span.source, span.start, span.start), f"{parent} "),)
        findings.add(
            "SG311", f"child {written} stands without its parent {parent}", span, f"add `{parent}`", edits=edits
        )
    missing = [(*path[:-1], rank) for rank in range(path[-1]) if (*path[:-1], rank) not in places]
    if missing and (*path[:-1], path[-1] - 1) in missing:
        likelier = " ".join(_written(sibling) for sibling in missing)
        message = f"child {written} stands without its likelier sibling {_written(missing[-1])}: ranks have no gaps"
        edits = (Edit(Span(span.source, span.start, span.start), f"{likelier} "),)
        findings.add("SG311", message, span, f"add `{likelier}`", edits=edits)


def _written(path: Path) -> str:
    return "".join(_DIGITS[rank] for rank in path)


def _gone(span: Span) -> Edit:
    """The word and the space behind it."""
    space = span.source.text[span.end : span.end + 1] == " "
    return Edit(Span(span.source, span.start, span.end + space), "")
