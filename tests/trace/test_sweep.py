"""Static trees by table against the same trees replayed, and the two oracles against every one of them."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from smartgen.trace import replay
from smartgen.trace.candidates import raw
from smartgen.trace.counted import hindsight
from smartgen.trace.grams import NGramCandidates
from smartgen.trace.judging import Bench
from smartgen.trace.machine import Machine
from smartgen.trace.oracle import fastest
from smartgen.trace.recorded import RecordedCandidates
from smartgen.trace.standing import standing
from smartgen.trace.sweep import PLAIN, Static, Sweep, grid
from tests.trace.conftest import profile

TREES = [PLAIN, Static(1, 1, 0), Static(2, 6, 0), Static(4, 4, 0), Static(5, 12, 0), Static(8, 59, 0)]
CONTEXT_COSTS = 2e-5


def _recipe(tree):
    if not tree.depth:
        return "off"
    return (
        f"smartgen 1\npolicy s {{ benefit accepted = node.path  expand best {min(tree.nodes, 10)}  verify best {tree.nodes}"
        f"  limit depth {tree.depth}, topk 10 }}"
    )


def _sweep(trace, costs=CONTEXT_COSTS):
    bench = Bench("test", trace)
    return Sweep(trace, bench.tables, Machine(profile(costs)), bench.ngram)


@pytest.mark.parametrize("rows", ["refill", "drain"])
@pytest.mark.parametrize("batch", [1, 3, 4])
def test_every_static_tree_takes_what_its_replay_takes(rows, batch, greedy):
    random = np.random.default_rng(0)
    lists = np.stack([np.arange(greedy.requests), random.integers(0, greedy.requests, greedy.requests)])
    rates = _sweep(greedy).rates(lists, batch, rows, TREES)
    for line, found in zip(lists, rates, strict=True):
        for tree, rate in zip(TREES, found, strict=True):
            replayed = replay(greedy, _recipe(tree), profile(CONTEXT_COSTS), batch, rows, line.tolist())
            assert rate == pytest.approx(replayed.rate, rel=1e-9), tree


def test_ngram_trees_take_what_their_replays_take_up_to_learning(repetitive):
    """Hit rates are learned along the way, and a walk token by token learns a little differently."""
    rates = _sweep(repetitive).rates(np.arange(repetitive.requests)[None], 1, "refill", TREES)[0]
    for tree, rate in zip(TREES, rates, strict=True):
        assert rate == pytest.approx(replay(repetitive, _recipe(tree), profile(CONTEXT_COSTS)).rate, rel=0.02)


def test_calibrated_order_is_monotone_where_raw_is(greedy):
    """A deeper or larger tree never accepts less, in either order; depth 0 and size 0 accept nothing."""
    for table in Bench("test", greedy).tables:
        accepted = table.accepted.astype(int)
        assert (np.diff(accepted, axis=2) >= 0).all()
        assert (accepted[:, 0] == 0).all()
        assert (accepted[:, :, 0] == 0).all()
        assert accepted.max() > 3
    orders = [table.accepted for table in Bench("test", greedy).tables]
    assert (orders[0] != orders[1]).any(), "calibration changed no order"


def test_trials_are_the_children_of_nodes_in_the_text(greedy):
    trials = RecordedCandidates(greedy).trials()
    roots = greedy.fed_start[:-1][np.diff(greedy.fed_start) > 0]
    first = (trials.depth == 1).sum()
    assert first == (greedy.child_prob[roots[greedy.following[roots] >= 0]] > 0).sum()
    per_depth = [trials.hit[trials.depth == depth].sum() for depth in range(1, 8)]
    assert all(a >= b for a, b in itertools.pairwise(per_depth))
    order = hindsight(RecordedCandidates(greedy), False)
    cells = _cells(greedy)
    value = order(cells)
    assert (value[cells.prob > 0] > 0).all()
    assert value.sum(1).max() <= 1 + 1e-9


def _cells(trace):
    from smartgen.trace.candidates import Cells

    prob = trace.child_prob[trace.layers[0]].astype(float)
    rank = np.broadcast_to(np.arange(prob.shape[1]), prob.shape)
    return Cells(prob, np.zeros(prob.shape, np.int64), rank, rank == 0, 1)


@pytest.mark.parametrize("digested", [True, False])
def test_nobody_is_faster_than_the_shortest_path(digested, greedy):
    sweep, machine = _sweep(greedy), Machine(profile(CONTEXT_COSTS))
    everything = np.arange(greedy.requests)[None]
    rows = "refill" if digested else "drain"
    for order in (0, 1):
        table = Bench("test", greedy).tables[order]
        seconds = fastest(greedy, table, machine, False, digested).sum()
        limit = (len(greedy.text) - greedy.requests) / seconds
        statics = [tree for tree in grid(2) if tree.order == order]
        assert sweep.rates(everything, 1, rows, statics).max() <= limit * (1 + 1e-9)
        clairvoyant = sweep.clairvoyant(everything, 1, rows, order)[0]
        assert clairvoyant <= limit * (1 + 1e-9)
        assert clairvoyant >= 0.9 * limit


def test_the_shortest_path_is_the_shortest(greedy):
    """Against every choice at every position of a short text, tried one by one."""
    machine, request = Machine(profile()), 1
    table = standing(RecordedCandidates(greedy), len(greedy.text), raw)
    start, length = greedy.text_start[request], len(greedy.text_of(request))
    cut = length - 7  # from here on everything is tried

    def least(i, waiting):
        if i >= length - 1:
            return 0.0
        context = float(len(greedy.prompt_of(request)) + i)
        best = machine.verify(1, 0, context)[0] + least(i + 1, waiting + 1)
        for depth in range(1, 7):
            for nodes in (1, 2, 3, 4, 5, 8, 12, 20, 40, 64):
                accepted = min(int(table.accepted[start + i, depth, nodes]), length - 1 - i)
                passes = machine.catch_up(1, waiting, context) + (depth - 1) * machine.draft(1, min(nodes, 10), context)
                step = machine.verify(1, nodes, context)[nodes] + passes
                after = min(i + accepted + 1, length - 1)
                best = min(best, step + (least(after, accepted + 1) if accepted else np.inf))
        return best

    from smartgen.trace.oracle import _request, _smallest

    smallest = _smallest(table)
    keep = np.isin(smallest, (1, 2, 3, 4, 5, 8, 12, 20, 40, 64))  # sizes that were tried above
    smallest = np.where(keep, smallest, 65)
    smallest[:, 7:] = 65
    shortened = _Suffix(greedy, request, cut)
    assert _request(shortened, smallest, machine, False, True, 0) == pytest.approx(least(cut, 1))


class _Suffix:
    """A trace whose one request is the end of another's text."""

    def __init__(self, trace, request, cut):
        self.trace, self.request, self.cut = trace, request, cut
        self.text_start = trace.text_start[request : request + 1] + cut

    def text_of(self, request):
        return self.trace.text_of(self.request)[self.cut :]

    def prompt_of(self, request):
        return np.concatenate([self.trace.prompt_of(self.request), self.trace.text_of(self.request)[: self.cut]])


def test_ngram_candidates_are_those_of_the_drafter(repetitive):
    """Each position's table row against the drafter asked there, with the hit rates that a plain walk has learned."""
    candidates = NGramCandidates(repetitive)
    table = standing(candidates, len(repetitive.text), raw)
    assert table.accepted.max() > 2
    result = replay(repetitive, _recipe(Static(12, 48, 0)), profile())
    places = np.cumsum([0, *result.taken[0]])[:-1]
    left = len(repetitive.text_of(0)) - 1 - places
    counts = np.minimum(table.accepted[repetitive.text_start[0] + places, 12, 48] + 1, left)
    assert counts.tolist() == result.taken[0][: len(places)]
