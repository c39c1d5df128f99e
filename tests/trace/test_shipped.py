"""The traces in benchmarks/traces: what the judgement of the controller stands on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from smartgen.trace import load

FOLDER = Path(__file__).parents[2] / "benchmarks" / "traces"
TRACES = sorted(FOLDER.glob("*.npz"))


def test_each_pair_ships_greedy_and_sampled():
    names = {path.stem for path in TRACES}
    assert names == {f"{pair}-{text}" for pair in ("smollm2-135m-eagle3", "bundled-pair") for text in ("greedy", "t1")}
    assert sum(path.stat().st_size for path in TRACES) < 22e6


@pytest.mark.parametrize("path", TRACES, ids=lambda path: path.stem)
def test_enough_requests_in_float32(path):
    trace = load(path)
    assert trace.requests >= 120
    assert trace.header.dtype == "float32"
    assert (trace.header.sampled, trace.header.temperature) == (
        (True, 1.0) if path.stem.endswith("t1") else (False, 0.0)
    )
    assert len(trace.header.kinds) == trace.requests
    assert min(np.bincount(np.unique(trace.header.kinds, return_inverse=True)[1])) >= 20
    bare = np.flatnonzero(np.diff(trace.fed_start) == 0)
    assert set(bare) <= set(trace.text_start[1:] - 1)  # everywhere but where a text ends something was drafted
