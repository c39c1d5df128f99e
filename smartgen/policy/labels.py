"""What a finished step teaches: labelled trials, the gain, the measured past.

A trial is every drafted child, verified or not, of a node whose path equals the committed text: all siblings count,
the right one as 1, the others as 0. Children of a node that was not committed belong to another population and are
never trials. Unverified nodes are compared with the text all the same, so that selection does not bias the labels.
"""

from __future__ import annotations

from itertools import islice, zip_longest
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from smartgen.policy.free import FREE, OWN, SOURCE, FreeCandidates
from smartgen.policy.growth import Gain
from smartgen.policy.scope import cells_of, room_of
from smartgen.policy.situation import Outcome
from smartgen.policy.step import Step
from smartgen.tree.grids import row_starts

if TYPE_CHECKING:
    from smartgen.policy.controller import Controller

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
PROBE_NODES = 4  # of the first layer, whose hits stand for the tree where none was verified


def label_step(controller: Controller, step: Step, chosen: Ints, outcome: Outcome) -> None:
    """Record trials of every calibration site, the gain and the past; `chosen` (B, n) are the verified nodes.

    The past is for programs that read it, which of the nodes were tested for those that ask for `last.tested`. Where what was
    learned is frozen only the past goes on.
    """
    text, lengths = _text(step, outcome), [*map(len, outcome.committed)]
    line = _trials(controller, step, text, lengths)
    if controller.looks_at_the_past:
        drafted = step.totals.row_nodes
        tested = _tested(step, chosen, line) if "last.tested" in controller.reads else drafted
        controller.past.record(outcome, np.array(lengths), drafted, tested, step.situation.rows)
    if controller.learned.frozen:
        return
    if step.free is None:
        _observe_gain(step, chosen, text, outcome)
    else:
        _observe_gains(step, step.free, chosen, line, text, outcome)
    for calibrated in controller.calibrations.values():
        controller.learned.map_for(calibrated.site).step()


def first_hits(step: Step, outcome: Outcome) -> Ints:
    """In how many rows the next token was among the drafter's best 1, 2, ... candidates of the first layer."""
    tree, columns = step.tree, step.layers[0]
    own = None
    if step.free is not None:
        own = tree.of("valid", columns) & (tree.column(SOURCE, OWN)[:, columns] < FREE)
    _, right = _foremost(step, own, _text(step, outcome)[0], columns.stop - columns.start)
    hits: Ints = np.logical_or.accumulate(right, 1).sum(0)
    return hits


def _text(step: Step, outcome: Outcome) -> list[Ints]:
    """(B,) each: the committed tokens that stand beside the layers of the tree, -1 behind a row's end."""
    beside = islice(zip_longest(*outcome.committed, fillvalue=-1), len(step.layers))
    return list(map(np.array, beside))


def _trials(controller: Controller, step: Step, text: list[Ints], lengths: list[int]) -> list[Ints]:
    """Count the trials along the committed path; returns that path as far as it is in the tree: per depth the place of
    the node, (B,), -2 where it was left.
    """
    tree = step.tree
    line: list[Ints] = []
    calibrations = {} if controller.learned.frozen else controller.calibrations
    belief = _belief(step) if calibrations else 1.0
    shortest = min(lengths, default=0)
    for depth, (columns, came) in enumerate(zip(step.layers, text, strict=False)):
        here = tree.of("valid", columns)
        if depth >= shortest:  # the text of some rows is over
            here = here & (np.array(lengths) > depth)[:, None]
        if depth > 0:
            here = here & (tree.of("parent", columns) == line[-1][:, None])
        hit = here & (tree.of("token", columns) == came[:, None])
        for index, calibrated in calibrations.items():
            cells = tree.of(cells_of(index), columns, -1)
            at = (here & (cells >= 0)).ravel().nonzero()[0]  # where the call was read
            weight = belief if isinstance(belief, float) else belief[:, columns].take(at)
            rooms = tree.known(room_of(index), columns, 1.0)
            room = 1.0 if rooms is None else rooms.take(at)
            controller.learned.map_for(calibrated.site).record(cells.take(at), hit.take(at), weight, room)
        if not np.count_nonzero(hit):
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


def _observe_gain(step: Step, chosen: Ints, text: list[Ints], outcome: Outcome) -> None:
    if chosen.shape[1]:
        predicted = np.minimum(step.totals.row_benefit, step.situation.remaining - 1)
        step.gain.observe(float(predicted.sum()), float(outcome.accepted.sum()), step.tree.batch)
    elif step.layers:
        look(step, step.gain, None, text[0])


def look(step: Step, gain: Gain, among: Bools | None, came: Ints) -> None:
    """Candidates of the first layer that were not verified all the same say how true predictions are.

    `among` (B, K): which of them, None: all. `came` (B,): the tokens that were committed in their place.
    """
    benefit, right = _foremost(step, among, came, PROBE_NODES)
    hits = np.count_nonzero(np.logical_or.reduce(right, 1))
    gain.observe(float(np.add.reduce(benefit, None)), float(hits), step.tree.batch)


def _foremost(step: Step, among: Bools | None, came: Ints, count: int) -> tuple[NDArray[np.float64], Bools]:
    """(B, `count` at most) the highest benefits `among` (B, K) the first layer, and which of those candidates are right."""
    tree, columns = step.tree, step.layers[0]
    worth, those = tree.of("benefit", columns), tree.of("valid", columns) if among is None else among
    if among is not None:  # what is no candidate is worth nothing anyway
        worth = worth * among
    order = step.foremost if among is None else None
    if order is None or min(count, worth.shape[1]) > order.shape[1]:
        order = (-worth).argsort(1, kind="stable")
    best = order[:, :count] + row_starts(*worth.shape)
    right: Bools = tree.of("token", columns).take(best) == came[:, None]
    right &= those.take(best)
    return worth.take(best), right


def _observe_gains(
    step: Step, free: FreeCandidates, chosen: Ints, line: list[Ints], text: list[Ints], outcome: Outcome
) -> None:
    """One gain for what the drafter alone proposed, one for everything else; each learns from its own nodes."""
    tree, rows = step.tree, np.arange(len(chosen))[:, None]
    source = tree.column(SOURCE, OWN)
    own, real = source[rows, chosen] == OWN, chosen >= 0
    worth = np.where(real, tree.column("benefit")[rows, chosen], 0.0)
    accepted = np.array(line, np.int64).reshape(-1, len(chosen)).T  # (B, depths) places of committed nodes
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
            look(step, gain, among, text[0])
