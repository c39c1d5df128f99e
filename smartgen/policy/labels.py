"""What a finished step teaches: labelled trials, the gain, the measured past.

A trial is every drafted child, verified or not, of a node whose path equals the committed text: all siblings count,
the right one as 1, the others as 0. Children of a node that was not committed belong to another population and are
never trials. Unverified nodes are compared with the text all the same, so that selection does not bias the labels.
"""

from __future__ import annotations

from itertools import zip_longest
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from smartgen.policy.free import FREE, OWN, SOURCE, FreeCandidates
from smartgen.policy.growth import Gain
from smartgen.policy.scope import cells_of, room_of
from smartgen.policy.situation import Outcome
from smartgen.policy.step import Step

if TYPE_CHECKING:
    from smartgen.policy.controller import Controller

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
PROBE_NODES = 4  # of the first layer, whose hits stand for the tree where none was verified


def label_step(controller: Controller, step: Step, chosen: Ints, outcome: Outcome) -> None:
    """Record trials of every calibration site, the gain and the past; `chosen` (B, n) are the verified nodes.

    Which of them were tested is worked out for programs that ask for `last.tested`.

    Where what was learned is frozen only the past goes on.
    """
    text, length = _text(outcome)
    line = _trials(controller, step, text, length)
    drafted = step.totals.row_nodes
    tested = _tested(step, chosen, line) if "last.tested" in controller.reads else drafted
    controller.past.record(outcome, length, drafted, tested, step.situation.rows)
    if controller.learned.frozen:
        return
    if step.free is None:
        _observe_gain(step, chosen, text, outcome)
    else:
        _observe_gains(step, step.free, chosen, line, text, outcome)
    for site in controller.program.sites:
        if site.kind == "calibrated":
            controller.learned.map_for(site).step()


def first_hits(step: Step, outcome: Outcome) -> Ints:
    """In how many rows the next token was among the drafter's best 1, 2, ... candidates of the first layer."""
    tree, columns = step.tree, step.layers[0]
    text, _ = _text(outcome)
    own = tree.of("valid", columns)
    if step.free is not None:
        own = own & (tree.column(SOURCE, OWN)[:, columns] < FREE)
    _, right = _foremost(step, own, text, own.shape[1])
    hits: Ints = np.logical_or.accumulate(right, 1).sum(0)
    return hits


def _text(outcome: Outcome) -> tuple[Ints, Ints]:
    """(B, A) committed tokens, -1 behind each row's end, and (B,) how many there are."""
    length = np.array([*map(len, outcome.committed)])
    padded = np.array([*zip_longest(*outcome.committed, fillvalue=-1)])
    return padded.reshape(-1, len(length)).T, length


def _trials(controller: Controller, step: Step, text: Ints, length: Ints) -> list[Ints]:
    """Count the trials along the committed path; returns that path: per depth the place of the node, (B,)."""
    tree, line = step.tree, list[Ints]()
    sites = () if controller.learned.frozen else controller.calibrations
    belief = _belief(step) if sites else 1.0
    shortest = int(length.min(initial=0))
    for depth, columns in enumerate(step.layers[: text.shape[1]]):
        here = tree.of("valid", columns)
        if depth >= shortest:  # the text of some rows is over
            here = here & (length > depth)[:, None]
        if depth > 0:
            here = here & (tree.of("parent", columns) == line[-1][:, None])
        hit = here & (tree.of("token", columns) == text[:, depth : depth + 1])
        for index in sites:
            cells = tree.of(cells_of(index), columns, -1)
            at = np.flatnonzero(here & (cells >= 0))  # where the call was read
            weight = belief if isinstance(belief, float) else belief[:, columns].take(at)
            room = tree.of(room_of(index), columns, 1.0).take(at)
            site = controller.program.sites[index]
            controller.learned.map_for(site).record(cells.take(at), hit.take(at), weight, room)
        if not hit.any():
            line.append(np.full(tree.batch, -2))
            break
        line.append(np.where(hit.any(1), hit.argmax(1) + columns.start, -2))
    return line


def _belief(step: Step) -> float | NDArray[np.float64]:
    """How much trials count, in all or of each node (B, N): as the gain of their source, at most 1.

    A drafter that has turned useless is told by its gain within a few steps. Were its map to learn the same from the
    probes that follow, one right probe could not wake it: the map would have to unlearn it first.
    """
    if step.free is None:
        return min(1.0, step.gain.value)
    each: NDArray[np.float64] = np.minimum(1.0, step.free.gains)[step.tree.column(SOURCE, OWN)]
    return each


def _tested(step: Step, chosen: Ints, line: list[Ints]) -> Ints:
    """(B,) verified nodes whose parent was committed."""
    if not chosen.size:
        return np.zeros(len(chosen), np.int64)
    rows = np.arange(len(chosen))[:, None]
    parent = np.where(chosen >= 0, step.tree.parent[rows, chosen.clip(0)], -3)
    root = np.full(len(chosen), -1)
    tested: Ints = sum(((parent == above[:, None]) & (above >= -1)[:, None]).sum(1) for above in (root, *line))
    return tested


def _observe_gain(step: Step, chosen: Ints, text: Ints, outcome: Outcome) -> None:
    if chosen.shape[1]:
        predicted = np.minimum(step.totals.row_benefit, step.situation.remaining - 1)
        step.gain.observe(float(predicted.sum()), float(outcome.accepted.sum()), step.tree.batch)
    elif step.layers:
        look(step, step.gain, step.tree.of("valid", step.layers[0]), text)


def look(step: Step, gain: Gain, among: Bools, text: Ints) -> None:
    """Candidates of the first layer that were not verified all the same say how true predictions are. `among` (B, K)."""
    benefit, right = _foremost(step, among, text, PROBE_NODES)
    gain.observe(float(benefit.sum()), float(np.count_nonzero(right.any(1))), step.tree.batch)


def _foremost(step: Step, among: Bools, text: Ints, count: int) -> tuple[NDArray[np.float64], Bools]:
    """(B, `count` at most) the highest benefits `among` (B, K) the first layer, and which of those candidates are right."""
    tree, columns = step.tree, step.layers[0]
    worth = tree.of("benefit", columns) * among
    best = (-worth).argsort(1, kind="stable")[:, :count]
    best += np.arange(0, worth.size, worth.shape[1])[:, None]
    right = among & (tree.of("token", columns) == text[:, :1])
    return worth.take(best), right.take(best)


def _observe_gains(
    step: Step, free: FreeCandidates, chosen: Ints, line: list[Ints], text: Ints, outcome: Outcome
) -> None:
    """One gain for what the drafter alone proposed, one for everything else; each learns from its own nodes."""
    tree, rows = step.tree, np.arange(len(chosen))[:, None]
    source = tree.column(SOURCE, OWN)
    own, real = source[rows, chosen] == OWN, chosen >= 0
    worth = np.where(real, tree.column("benefit")[rows, chosen], 0.0)
    accepted = np.array(line).reshape(-1, len(chosen)).T  # (B, depths) places of committed nodes
    accepted = np.where(np.arange(accepted.shape[1]) < outcome.accepted[:, None], accepted, -1)
    right = (accepted >= 0, source[rows, accepted] == OWN)
    first = source[:, step.layers[0]] == OWN
    for gain, mine, hits, named in (
        (free.own, own & real, right[0] & right[1], first),
        (free.free, ~own & real, right[0] & ~right[1], ~first),
    ):
        if mine.any():
            gain.observe(float(worth[mine].sum()), float(hits.sum()), tree.batch)
        elif (among := named & tree.valid[:, step.layers[0]]).any():
            look(step, gain, among, text)
