"""Looking over the loop's shoulder: every step's tree with what was verified and accepted, for a demo or a debugger."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from smartgen.policy.controller import StepReport
from smartgen.tree.draft_tree import DraftTree


@dataclass(frozen=True)
class Watched:
    """The first row of one step: places in the tree that were verified, and those of them that were accepted."""

    tree: DraftTree
    verified: list[int]
    accepted: list[int]
    report: StepReport


_watcher: ContextVar[list[Watched] | None] = ContextVar("smartgen_watcher", default=None)


@contextmanager
def watching() -> Iterator[list[Watched]]:
    """Collect the steps of calls made inside the block, in this thread, that verified a tree."""
    seen: list[Watched] = []
    token = _watcher.set(seen)
    try:
        yield seen
    finally:
        _watcher.reset(token)


def tell(tree: DraftTree, nodes: list[int], path: list[int], report: StepReport) -> None:
    """A step is over: `nodes` are the verified places of row 0, `path` the accepted columns of its selection."""
    seen = _watcher.get()
    if seen is not None and nodes:
        seen.append(Watched(tree, [n for n in nodes if n >= 0], [nodes[column - 1] for column in path[1:]], report))
