"""A drafter that is good and useless by turns: what a controller has to notice, made from any recorded trace."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from smartgen.trace.checking import WRONG, count, kind
from smartgen.trace.errors import TraceError
from smartgen.trace.trace import Trace

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


def phases(trace: Trace, tokens: int) -> Ints:
    """(R,) number of each request's phase, from 0; a phase is whole requests, and as many as make `tokens` tokens of text."""
    lengths = np.diff(trace.text_start)
    found = np.zeros(len(lengths), np.int64)
    phase, gone = 0, 0
    for request, length in enumerate(lengths.tolist()):
        if gone >= tokens:
            phase, gone = phase + 1, 0
        found[request] = phase
        gone += length
    return found


def useless(trace: Trace, tokens: int) -> Bools:
    """(R,) requests in a useless phase, every second one; the first phase is good."""
    return phases(trace, tokens) % 2 == 1


def flipped(trace: Trace, tokens: int) -> Trace:
    """The same text; in every second phase the drafter is as sure as ever and always wrong. The first phase is good.

    `tokens`: what a phase has at least. Raises TraceError where the text has only one phase, so that nothing would flip.
    """
    kind("trace", trace, Trace, "a Trace, as smartgen.trace.load reads one")
    count("tokens of a phase", tokens)
    wrong = useless(trace, tokens)
    if not wrong.any():
        raise TraceError(
            f"with phases of {tokens} tokens nothing flips: the whole text has {len(trace.text)}, in whole requests; take fewer"
        )
    return misled(trace, wrong)


def misled(trace: Trace, requests: Bools) -> Trace:
    """The same text; in `requests` (R,) the drafter is as sure as ever and always wrong."""
    wrong = np.repeat(requests, np.diff(trace.text_start))[trace.position_of]
    never = np.broadcast_to(WRONG - np.arange(trace.child_token.shape[1], dtype=np.int32), trace.child_token.shape)
    return replace(trace, child_token=np.where(wrong[:, None], never, trace.child_token))
