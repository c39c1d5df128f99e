"""The step as it stands, or as it would stand: what `tokens`, `time`, `layer.*` and `tree.*` speak of."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from smartgen.policy.reference.world import Candidate, Given, Node

Trees = list[list[Node]]
ROOT = Node(Candidate(-1, 1.0, 0.0, 1.0), None, 0, 0, -1, 1.0, 1.0, kept=True)


@dataclass
class View:
    """`trees`: the nodes picked in each row, in order. `layer`: those of the newest layer, at `depth`.

    `spent`: seconds, joules, money of drafting. `width`: tokens a row that a pass would feed. `run`: nodes a row that
    the engine runs; None: as many as the largest tree has (or the mean, where rows are packed).
    """

    given: Given
    trees: Trees
    layer: Trees
    depth: int = 0
    spent: dict[str, float] = field(default_factory=lambda: {"time": 0.0, "energy": 0.0, "money": 0.0})
    width: float = 1.0
    run: float | None = None
    cap: int | None = None  # widths are being compared: `frontier` is the first `cap` of `order` in each row
    order: Trees = field(default_factory=list)

    def with_trees(self, trees: Trees) -> View:
        return replace(self, trees=trees)

    def frontier(self, row: int) -> list[Node]:
        if self.cap is not None:
            return self.order[row][: self.cap]
        return [node for node in self.layer[row] if node.kept]

    def group(self, name: str, row: int) -> list[Node]:
        """The nodes of `layer`, `frontier` or `tree` in one row."""
        if name == "tree":
            return self.trees[row]
        return self.layer[row] if name == "layer" else self.frontier(row)

    @property
    def nodes(self) -> float:
        """Nodes a row that the engine runs."""
        if self.run is not None:
            return self.run
        counts = [len(tree) for tree in self.trees]
        return sum(counts) / len(counts) if self.given.packed else float(max(counts))

    def row_tokens(self, row: int, gain: float) -> float:
        """1 token and the benefits of the row's nodes, at most what it may still emit."""
        total = 0.0
        for node in self.trees[row]:
            total += node.worth * gain
        return min(1.0 + total, float(self.given.rows[row].remaining))

    def leaves(self, row: int) -> int:
        """Paths from the root to a leaf; the bare root is one."""
        tree = self.trees[row]
        parents = {id(node.parent) for node in tree}
        return sum(id(node) not in parents for node in tree) if tree else 1


def root_layer(rows: int) -> Trees:
    """The layer of depth 0."""
    return [[ROOT] for _ in range(rows)]


def each(layer: Trees) -> list[tuple[int, Node]]:
    """(row, node) of all rows."""
    return [(row, node) for row, nodes in enumerate(layer) for node in nodes]
