"""A draft tree as text: one row, what was verified, what was accepted, what was left out."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator

from smartgen.tree.draft_tree import DraftTree


def draw(
    tree: DraftTree,
    row: int,
    verified: Collection[int],
    accepted: Collection[int] = (),
    text: Callable[[int], str] = str,
    dropped: int = 4,
    note: Callable[[int], str] = lambda node: "",
) -> list[str]:
    """Lines of a drawing, root first; `verified` and `accepted` are places in the tree, `note` adds to a node's line.

    Marks: `*` accepted, `+` verified, `-` drafted and left out, of which the best `dropped` are shown.
    """
    left_out = [n for n in range(tree.size) if tree.valid[row, n] and n not in verified]
    best = sorted(left_out, key=lambda n: -float(tree.benefit[row, n]))[:dropped]
    shown = set(verified) | {above for n in best for above in tree.ancestors_of(row, n)}
    children: dict[int, list[int]] = {}
    for node in sorted(shown, key=lambda n: -float(tree.benefit[row, n])):
        children.setdefault(int(tree.parent[row, node]), []).append(node)
    lines = ["root"]
    for indent, node, mark in _branch(-1, "", children, verified, accepted):
        word = repr(text(int(tree.token[row, node])))
        numbers = f"{float(tree.prob[row, node]):.2f} → {float(tree.benefit[row, node]):.2f}{note(node)}"
        lines.append(f"{indent} {mark} {word}  {numbers}")
    rest = len(left_out) - len([n for n in shown if n not in verified])
    if rest:
        lines.append(f"… {rest} more candidates left out")
    return lines


def _branch(
    node: int, indent: str, children: dict[int, list[int]], verified: Collection[int], accepted: Collection[int]
) -> Iterator[tuple[str, int, str]]:
    """(the lines that lead to it, node, mark), depth first."""
    below = children.get(node, [])
    for child in below:
        last = child == below[-1]
        mark = "*" if child in accepted else "+" if child in verified else "-"
        yield f"{indent}{'└─' if last else '├─'}", child, mark
        yield from _branch(child, indent + ("   " if last else "│  "), children, verified, accepted)
