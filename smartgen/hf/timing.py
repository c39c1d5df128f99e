"""Real forwards and passes on the clock: dummy trees behind the committed part, never accepted, and passes, forgotten again.

Points here are in plain steps of their batch and context, whose seconds the stopwatch knows (`in_seconds`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from statistics import median

import numpy as np
import torch

from smartgen.drafters.protocol import Session
from smartgen.hf.likeliest import likeliest
from smartgen.hf.target import Target
from smartgen.profile.measure import PENDING, SIZES, WIDTHS, Stopwatch, measure_sizes
from smartgen.profile.table import Point
from smartgen.tree.layer import Frontier
from smartgen.tree.selection import Selection

READ_FROM = 8  # tokens waiting: what reads fewer says nothing of how reading grows with them
BOUNDLESS = 1e9  # passes are few and cheap: none is left out for what it takes


def dummy_selection(batch: int, size: int, vocabulary: int) -> Selection:
    """`size` children of the root that nothing will ever match: what a tree of that size costs to verify."""
    shape = (batch, 1 + size)
    depth = np.ones(shape, np.int64)
    depth[:, 0] = 0
    parent = np.zeros(shape, np.int64)
    parent[:, 0] = -1
    token = np.broadcast_to(np.arange(1 + size) % min(vocabulary, 100), shape).copy()
    return Selection(np.full(shape, -1), token, parent, depth, np.ones(shape, bool))


def run_verify(target: Target, size: int) -> None:
    """One verification of a dummy tree with everything but acceptance, up to the host."""
    vocabulary = int(target.model.config.get_text_config().vocab_size)
    logits = target.verify(dummy_selection(len(target.contexts), size, vocabulary))
    likeliest(logits)
    if target.tap is not None:
        target.tap.clear()


def settle(target: Target) -> None:
    """Find out now how a plain step runs fastest, so that none is timed while that is being tried."""
    while not target.settled:
        run_verify(target, 0)


def stopwatch(target: Target) -> Stopwatch:
    """Times work against plain steps of `target`."""
    settle(target)
    return Stopwatch(lambda: run_verify(target, 0))


def in_seconds(points: Iterable[Point], steps: Mapping[tuple[int, int], Sequence[float]]) -> list[Point]:
    """`points` in plain steps as seconds; `steps`: (batch, context) → what plain steps took there."""
    return [replace(point, seconds=point.seconds * median(steps[point.batch, point.context])) for point in points]


def verify_points(
    target: Target, watch: Stopwatch, context: int, budget: float, ceiling: float, reach: float | None = None
) -> list[Point]:
    """A forward over n draft nodes a row; `budget`, `ceiling` and `reach` as for `measure_sizes`."""
    taken = measure_sizes(lambda size: run_verify(target, size), SIZES, watch, budget, ceiling, reach=reach)
    return [Point(len(target.contexts), context, size, value) for size, value in taken.items()]


def draft_points(session: Session, watch: Stopwatch, batch: int, context: int, budget: float) -> list[Point]:
    """Frontier passes of several widths; the session's drafted tree is forgotten afterwards.

    Each is timed behind a pass that follows a forward of the target, as in a step: from its second pass on a drafter whose
    weights fit into the cores' caches finds them there and takes two thirds to four fifths of the time.
    """
    run = _frontier_runner(session)
    taken = measure_sizes(run, WIDTHS, watch, budget, BOUNDLESS, between=lambda: run(1))
    session.rewind()
    return [Point(batch, context, width, value) for width, value in taken.items()]


def first_pass_point(session: Session, watch: Stopwatch, read: Point, budget: float) -> Point:
    """A first pass over one token: as one over one node behind a forward, and no dearer than to `read` a prompt."""
    taken = measure_sizes(_frontier_runner(session), (1,), watch, budget, BOUNDLESS)
    session.rewind()
    return replace(read, size=1, seconds=min(taken[1], read.seconds))


def catch_up_points(
    begin: Callable[[], Session],
    feature: torch.Tensor | None,
    watch: Stopwatch,
    batch: int,
    context: int,
    budget: float,
) -> list[Point]:
    """First passes that feed several numbers of committed tokens a row, each timed behind a forward.

    `begin`: a session on `context` tokens, made anew for each timing. `feature` (B, 1, F): stands for every token's.
    """
    sessions = [begin()]

    def caught_up() -> None:
        sessions[0] = begin()
        sessions[0].propose(None, max(WIDTHS))

    def run(pending: int) -> None:
        fed = None if feature is None else feature.expand(-1, pending, -1)
        sessions[0].commit(np.ones((batch, pending), np.int64), np.full(batch, pending), fed)
        sessions[0].propose(None, max(WIDTHS))

    taken = measure_sizes(run, PENDING, watch, budget, BOUNDLESS, before=caught_up)
    return [Point(batch, context, pending, value) for pending, value in taken.items()]


def reading_point(session: Session, watch: Stopwatch, batch: int, context: int) -> Point | None:
    """What the pass takes that reads the prompt, which is due anyway; None where it was read already."""
    pending = session.pending
    if pending < READ_FROM:
        return None
    return Point(batch, context, pending, watch.time(lambda: session.propose(None, max(WIDTHS))))


def _frontier_runner(session: Session) -> Callable[[int], None]:
    token = session.propose(None, max(WIDTHS))[0].token

    def run(width: int) -> None:
        session.rewind()
        tokens = np.tile(token, (1, -(-width // token.shape[1])))[:, :width]
        session.propose(Frontier(tokens, np.zeros_like(tokens), np.ones(tokens.shape, bool)), max(WIDTHS))

    return run
