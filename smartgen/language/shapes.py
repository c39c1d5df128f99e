"""Static trees: `verify tree "0 1" "00 01"`, every word the child ranks from the root down to one node."""

from __future__ import annotations

from smartgen.language import syntax as s
from smartgen.language.findings import Findings

_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


def static_tree(choice: s.Choice, findings: Findings) -> tuple[tuple[int, ...], ...]:
    """Child-rank paths, parents first; findings for missing parents, gaps and repetitions."""
    paths: list[tuple[int, ...]] = []
    for text in choice.shape:
        for word in text.value.split():
            if not word.isalnum() or not word.isascii() or word.lower() != word:
                findings.add(
                    "SG311",
                    f"`{word}` is no path of child ranks",
                    text.span,
                    "digits 0-9 and a-z, one per layer: `0 1 00 01`",
                )
                return ()
            paths.append(tuple(int(digit, 36) for digit in word))
    for path in paths:
        written = "".join(_DIGITS[rank] for rank in path)
        if len(path) > 1 and path[:-1] not in paths:
            findings.add(
                "SG311",
                f"child {written} stands without its parent {written[:-1]}",
                choice.span,
                f"add `{written[:-1]}`",
            )
        if path[-1] and (*path[:-1], path[-1] - 1) not in paths:
            findings.add(
                "SG311", f"child {written} stands without its likelier sibling", choice.span, "ranks have no gaps"
            )
    if len(set(paths)) < len(paths):
        findings.add("SG311", "a path stands twice in this tree", choice.span, "remove one")
    return tuple(sorted(paths, key=lambda path: (len(path), path)))
