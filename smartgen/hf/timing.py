"""Real forwards and passes on the clock: dummy trees behind the committed part, never accepted, and passes, forgotten again."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray

from smartgen.drafters.protocol import Session
from smartgen.hf.likeliest import likeliest
from smartgen.hf.target import Target
from smartgen.profile.measure import PENDING, SIZES, WIDTHS, measure_sizes
from smartgen.profile.table import Point
from smartgen.tree.layer import Frontier
from smartgen.tree.selection import Selection

READ_FROM = 8  # tokens waiting: what reads fewer says nothing of how reading grows with them
BOUNDLESS = 1e9  # passes are few and cheap: none is left out for what it takes


def dummy_selection(batch: int, size: int) -> Selection:
    """`size` children of the root that nothing will ever match: what a tree of that size costs to verify."""
    shape = (batch, 1 + size)
    depth = np.ones(shape, np.int64)
    depth[:, 0] = 0
    parent = np.zeros(shape, np.int64)
    parent[:, 0] = -1
    token = np.broadcast_to(np.arange(1 + size) % 100, shape).copy()
    return Selection(np.full(shape, -1), token, parent, depth, np.ones(shape, bool))


def run_verify(target: Target, size: int) -> None:
    """One verification of a dummy tree with everything but acceptance, up to the host."""
    logits = target.verify(dummy_selection(len(target.contexts), size))
    likeliest(logits)
    if target.tap is not None:
        target.tap.clear()


def settle(target: Target) -> None:
    """Find out now how a plain step runs fastest, so that none is timed while that is being tried."""
    while not target.settled:
        run_verify(target, 0)


def verify_points(
    target: Target, context: int, budget: float, ceiling: float, reach: float | None = None
) -> list[Point]:
    """Seconds of a forward over n draft nodes a row; `budget`, `ceiling` and `reach` as for `measure_sizes`."""
    settle(target)
    seconds = measure_sizes(lambda size: run_verify(target, size), SIZES, budget, ceiling, reach=reach)
    return [Point(len(target.contexts), context, size, value) for size, value in seconds.items()]


def draft_points(target: Target, session: Session, context: int, budget: float) -> list[Point]:
    """Seconds of frontier passes of several widths; the session's drafted tree is forgotten afterwards.

    Each is timed behind a pass that follows a forward of the target, as in a step: from its second pass on a drafter whose
    weights fit into the cores' caches finds them there and takes two thirds of the time.
    """
    run = _frontier_runner(session, session.propose(None, max(WIDTHS))[0].token)

    def first_pass() -> None:
        run_verify(target, 0)
        run(1)

    seconds = measure_sizes(run, WIDTHS, budget, BOUNDLESS, between=first_pass)
    session.rewind()
    return [Point(len(target.contexts), context, width, value) for width, value in seconds.items()]


def first_pass_point(target: Target, session: Session, read: Point, budget: float) -> Point:
    """Seconds of a first pass over one token: as one over one node behind a forward, and no dearer than to `read` a prompt."""
    run = _frontier_runner(session, session.propose(None, max(WIDTHS))[0].token)
    seconds = measure_sizes(run, (1,), budget, BOUNDLESS, between=lambda: run_verify(target, 0))
    session.rewind()
    return Point(read.batch, read.context, 1, min(seconds[1], read.seconds))


def catch_up_points(
    target: Target, begin: Callable[[], Session], feature: torch.Tensor | None, context: int, budget: float
) -> list[Point]:
    """Seconds of first passes that feed several numbers of committed tokens a row, each timed behind a forward.

    `begin`: a session on `context` tokens, made anew for each timing. `feature` (B, 1, F): stands for every token's.
    """
    batch, sessions = len(target.contexts), [begin()]

    def caught_up() -> None:
        sessions[0] = begin()
        sessions[0].propose(None, max(WIDTHS))
        run_verify(target, 0)

    def run(pending: int) -> None:
        fed = None if feature is None else feature.expand(-1, pending, -1)
        sessions[0].commit(np.ones((batch, pending), np.int64), np.full(batch, pending), fed)
        sessions[0].propose(None, max(WIDTHS))

    seconds = measure_sizes(run, PENDING, budget, BOUNDLESS, between=caught_up)
    return [Point(batch, context, pending, value) for pending, value in seconds.items()]


def reading_point(session: Session, batch: int, context: int) -> Point | None:
    """What the pass takes that reads the prompt, which is due anyway; None where it was read already."""
    pending = session.pending
    if pending < READ_FROM:
        return None
    began = time.perf_counter()
    session.propose(None, max(WIDTHS))
    return Point(batch, context, pending, time.perf_counter() - began)


def _frontier_runner(session: Session, token: NDArray[np.int64]) -> Callable[[int], None]:
    def run(width: int) -> None:
        session.rewind()
        tokens = np.tile(token, (1, -(-width // token.shape[1])))[:, :width]
        session.propose(Frontier(tokens, np.zeros_like(tokens), np.ones(tokens.shape, bool)), max(WIDTHS))

    return run
