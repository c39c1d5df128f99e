"""The limit at batch 1: the fastest way through a text for somebody who knows what will be accepted.

A shortest path over (position, tokens the drafter has not been fed yet): at each position either a plain step, or a
layers and the smallest tree, in the given order of candidates, that brings a accepted nodes.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from smartgen.trace.candidates import WIDTH
from smartgen.trace.machine import CONTEXT_STEP, Machine
from smartgen.trace.standing import NODES, Standing
from smartgen.trace.trace import Trace

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

MOST_WAITING = 40  # unfed tokens told apart; more cost what these do


def fastest(trace: Trace, table: Standing, machine: Machine, free: bool, digested: bool) -> Floats:
    """(R,) least seconds of each request alone. `digested`: the prompt costs the drafter nothing."""
    smallest = _smallest(table)
    return np.array([_request(trace, smallest, machine, free, digested, r) for r in range(trace.requests)])


def _smallest(table: Standing) -> Ints:
    """(T, D + 1) least nodes that bring d accepted with d layers; NODES + 1: there are none."""
    depth = table.accepted.shape[1] - 1
    enough = table.accepted >= np.arange(depth + 1)[:, None]
    return np.where(enough.any(2), enough.argmax(2), NODES + 1)


def _request(trace: Trace, smallest: Ints, machine: Machine, free: bool, digested: bool, request: int) -> float:
    length, prompt = len(trace.text_of(request)), len(trace.prompt_of(request))
    depth = smallest.shape[1] - 1
    # ahead[i, w]: seconds from position i on with w tokens waiting to be fed
    ahead = np.zeros((length + depth + 1, MOST_WAITING + 1))
    fresh = np.zeros(length + depth + 1)  # the same where nothing was drafted yet and the prompt waits too
    waiting = np.minimum(np.arange(MOST_WAITING + 1) + 1, MOST_WAITING)
    layers = np.arange(1, depth + 1)
    for i in range(length - 2, -1, -1):
        context = float((prompt + i) // CONTEXT_STEP * CONTEXT_STEP)
        verify = np.append(machine.curve("verify", 1, NODES, context)[: NODES + 1], np.inf)
        nodes = smallest[trace.text_start[request] + i, 1:]
        after = np.minimum(i + layers + 1, length - 1)
        trees = verify[nodes] + ahead[after, np.minimum(layers + 1, MOST_WAITING)]
        first, whole = np.zeros(MOST_WAITING + 1), 0.0
        if not free:
            further = machine.curve("draft", 1, WIDTH, context)[np.minimum(nodes, WIDTH)] * (layers - 1)
            reading = machine.curve("catch_up", 1, max(prompt + i + 1, MOST_WAITING), context)
            trees = trees + further
            first, whole = reading[np.maximum(np.arange(MOST_WAITING + 1), 1)], float(reading[prompt + i])
        best = float(trees.min())
        ahead[i] = np.minimum(verify[0] + ahead[i + 1, waiting], first + best)
        fresh[i] = min(verify[0] + fresh[i + 1], whole + best)
    return float(ahead[0, 1] if digested else fresh[0])
