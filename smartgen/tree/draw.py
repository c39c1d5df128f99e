"""A draft tree as text: one row, what was verified, what was accepted, what was left out."""

from __future__ import annotations

from collections.abc import Callable, Collection

from smartgen.tree.draft_tree import DraftTree


def draw(
    tree: DraftTree,
    row: int,
    verified: Collection[int],
    accepted: Collection[int] = (),
    text: Callable[[int], str] = str,
    dropped: int = 4,
) -> list[str]:
    """Lines of a drawing, root first; `verified` and `accepted` are places in the tree.

    Marks: `*` accepted, `+` verified, `-` drafted and left out, of which the best `dropped` are shown.
    """
    left_out = [n for n in range(tree.size) if tree.valid[row, n] and n not in verified]
    best = sorted(left_out, key=lambda n: -float(tree.benefit[row, n]))[:dropped]
    shown = set(verified) | {above for n in best for above in tree.ancestors_of(row, n)}
    children: dict[int, list[int]] = {}
    for node in sorted(shown, key=lambda n: -float(tree.benefit[row, n])):
        children.setdefault(int(tree.parent[row, node]), []).append(node)
    lines = ["root"]
    _branch(tree, row, -1, "", children, verified, accepted, text, lines)
    rest = len(left_out) - len([n for n in shown if n not in verified])
    if rest:
        lines.append(f"… {rest} more candidates left out")
    return lines


def _branch(
    tree: DraftTree,
    row: int,
    node: int,
    indent: str,
    children: dict[int, list[int]],
    verified: Collection[int],
    accepted: Collection[int],
    text: Callable[[int], str],
    lines: list[str],
) -> None:
    below = children.get(node, [])
    for child in below:
        last = child == below[-1]
        mark = "*" if child in accepted else "+" if child in verified else "-"
        word = repr(text(int(tree.token[row, child])))
        numbers = f"{float(tree.prob[row, child]):.2f} → {float(tree.benefit[row, child]):.2f}"
        lines.append(f"{indent}{'└─' if last else '├─'} {mark} {word}  {numbers}")
        _branch(tree, row, child, indent + ("   " if last else "│  "), children, verified, accepted, text, lines)
