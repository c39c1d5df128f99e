"""A drafter that is good and useless by turns: what a controller has to notice, made from any recorded trace."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from smartgen.trace.trace import Trace

WRONG = -10  # from here down: ids that no text holds


def useless(trace: Trace, tokens: int) -> NDArray[np.bool_]:
    """(R,) requests in a useless phase; phases are whole requests, and as many as make at least `tokens` tokens of text."""
    lengths = np.diff(trace.text_start)
    found = np.zeros(len(lengths), bool)
    phase, gone = False, 0
    for request, length in enumerate(lengths.tolist()):
        if gone >= tokens:
            phase, gone = not phase, 0
        found[request] = phase
        gone += length
    return found


def flipped(trace: Trace, tokens: int) -> Trace:
    """The same text; in every second phase the drafter is as sure as ever and always wrong. The first phase is good."""
    request = np.repeat(useless(trace, tokens), np.diff(trace.text_start))
    wrong = request[trace.position_of]
    never = np.broadcast_to(WRONG - np.arange(trace.child_token.shape[1], dtype=np.int32), trace.child_token.shape)
    return replace(trace, child_token=np.where(wrong[:, None], never, trace.child_token))
