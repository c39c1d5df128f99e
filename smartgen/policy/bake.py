"""Bake a policy into a static tree: what it picks is the same in every step if its rules read nothing that varies.

The tree is found by the controller itself, on candidates that differ in rank and depth only, so that it is the one that
the policy would verify. The recipe that comes out is the artefact: it can be read, compared and shipped.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from smartgen.language.program import Program, Read, parts
from smartgen.policy.controller import Controller
from smartgen.policy.learned import Learned
from smartgen.policy.situation import Costs, DrafterTraits, Situation
from smartgen.tree.draft_tree import DraftTree
from smartgen.tree.layer import Frontier, Layer

_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
_FIXED = (
    "node.rank",
    "node.depth",
    "node.spine",
    "node.kept",
    "node.source",
    "batch.size",
    "batch.context",
    "batch.nodes",
)
_FIXED_GROUPS = ("layer", "frontier", "tree")
_TOTALS = ("tokens", "progress", "time", "energy", "money", "objective")


@dataclass(frozen=True)
class Baked:
    """`paths`: child-rank words, parents first; expected tokens and seconds of the whole batch."""

    paths: list[str]
    tokens: float
    seconds: float


class BakeError(ValueError):
    """A policy that cannot be baked; the text names what varies and what to do."""


def varying(program: Program) -> Iterator[str]:
    """Everything the policy reads that differs from step to step."""
    for site in program.sites:
        if site.kind != "calibrated":
            yield f"{site.kind}(...)"
    for part in parts(program):
        if isinstance(part, Read) and not _is_fixed(part.name):
            yield part.name


def _is_fixed(name: str) -> bool:
    return name in _FIXED or name in _TOTALS or name.split(".")[0] in _FIXED_GROUPS


def bake(program: Program, costs: Costs, batch: int, context: int) -> Baked:
    """The tree that `program` verifies for `batch` rows of `context` tokens. Raises BakeError if there is no such tree."""
    changing = sorted(set(varying(program)))
    if changing:
        raise BakeError(
            f"{program.name} reads {', '.join(changing)}, which differ from step to step: only a policy whose rules read "
            "rank, depth, batch and costs has one tree"
        )
    controller = Controller(program, costs, Learned())
    rows = np.full(batch, context)
    never = np.full(batch, 1 << 30)
    plan = controller.plan(Situation(rows, rows * 0, never, False, 0.0, DrafterTraits("head"), 1))
    if plan.draft:
        frontier = controller.grow([_layer(None, batch, plan.topk)])
        while frontier is not None:
            frontier = controller.grow([_layer(frontier, batch, plan.topk)])
    chosen = controller.select()
    words = _words(controller.tree)
    paths = sorted((words[node] for node in chosen[0] if node >= 0), key=lambda word: (len(word), word))
    _expressible(program, paths)
    totals = controller.step.totals
    return Baked(paths, totals.chosen_of("tokens"), totals.chosen_of("time"))


def _layer(frontier: Frontier | None, batch: int, topk: int) -> Layer:
    """`topk` children of every fed node; their probabilities are never read and halve from rank to rank."""
    width = 1 if frontier is None else frontier.token.shape[1]
    valid = np.ones((batch, width), bool) if frontier is None else frontier.valid
    shape = (batch, width * topk)
    rank = np.broadcast_to(np.tile(np.arange(topk), width), shape)
    parent = np.broadcast_to(np.repeat(np.arange(width), topk), shape)
    prob: NDArray[np.float64] = np.exp2(-1.0 - rank)
    return Layer(np.zeros(shape, np.int64), prob, parent, rank, np.repeat(valid, topk, 1))


def _words(tree: DraftTree) -> list[str]:
    """Child-rank words of the first row's candidates."""
    words: list[str] = []
    ranks: NDArray[np.int64] = tree.rank[0]
    for node in range(tree.size):
        above = int(tree.parent[0, node])
        digit = _DIGITS[ranks[node]] if ranks[node] < len(_DIGITS) else "?"
        words.append(("" if above < 0 else words[above]) + digit)
    return words


def _expressible(program: Program, paths: list[str]) -> None:
    """A static tree has ranks below 36 and no gaps between siblings."""
    for path in paths:
        rank = _DIGITS.find(path[-1])
        if rank < 0:
            raise BakeError(
                f"{program.name} picks a child of rank 36 or above, which a static tree cannot name: limit its topk"
            )
        if rank and path[:-1] + _DIGITS[rank - 1] not in paths:
            raise BakeError(
                f"{program.name} picks {path} without its likelier sibling: its benefit has to fall with the rank"
            )


def written(name: str, baked: Baked, comments: list[str]) -> str:
    """The static tree as a recipe."""
    lines = ["smartgen 1", *(f"# {comment}" for comment in comments), f"policy {name} {{"]
    if not baked.paths:
        return "\n".join([*lines, "  limit depth 0", "}", ""])
    levels = [[path for path in baked.paths if len(path) == depth] for depth in range(1, len(baked.paths[-1]) + 1)]
    texts = [f'"{" ".join(level)}"' for level in levels]
    lines += [
        "  benefit accepted = node.path",
        "",
        f"  verify tree {texts[0]}",
        *(f"              {text}" for text in texts[1:]),
    ]
    return "\n".join([*lines, "}", ""])
