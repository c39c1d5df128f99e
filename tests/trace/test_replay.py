"""Replay against real calls: the same steps, the same trees, the same tokens accepted."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from smartgen.drafters.ngram import NGram
from smartgen.hf.attachment import attachment_of
from smartgen.hf.costing import CostSource, profile_key
from smartgen.policy.controller import Controller
from smartgen.profile.online import OnlineCosts
from smartgen.profile.profile import Profile
from smartgen.profile.table import CostTable, Point
from smartgen.trace import Envelope, TraceError, record, replay
from smartgen.trace.judging import Bench
from smartgen.trace.replaying import believing, knowing
from smartgen.tree.layer import Skipped
from tests.trace.conftest import ENVELOPE, NEW, profile, requests

CHAIN = "smartgen 1\npolicy c { benefit accepted = node.path  expand best 1  verify all  limit depth 4 }"
TREE = "smartgen 1\npolicy t { benefit accepted = node.path  expand best 3  verify best 14  limit depth 5, topk 4 }"


def _real(pair, texts, recipe, batch, seed=None):
    """(steps, row steps, verified, accepted, committed) summed over calls, and the histories."""
    total, history = np.zeros(5, int), []
    for start in range(0, len(texts), batch):
        output = pair.generate(texts[start : start + batch], recipe, None if seed is None else seed + start)
        stats = output.speculation
        total += [stats.steps, stats.row_steps, stats.verified, stats.accepted, stats.committed]
        history += stats.history
    return total.tolist(), history


def _replayed(result):
    accepted = sum(step.accepted for step in result.history)
    return [result.steps, result.row_steps, result.verified, accepted, result.committed]


@pytest.mark.parametrize("recipe", [CHAIN, TREE, "eagle2", "off"])
@pytest.mark.parametrize("batch", [1, 3])
def test_counts_of_fixed_recipes_equal_those_of_real_calls(recipe, batch, pair, greedy):
    real, history = _real(pair, requests(), recipe, batch)
    result = replay(greedy, recipe, profile(), batch, "drain")
    assert _replayed(result) == real
    assert [step.nodes for step in result.history] == [report.nodes for report in history]
    assert result.exact
    if recipe != "off":
        assert real[3] > 10, "nothing was accepted: the test shows nothing"


def test_counts_equal_under_keyed_sampling(pair, sampled):
    real, _ = _real(pair, requests(), TREE, 3, seed=5)
    assert _replayed(replay(sampled, TREE, profile(), 3, "drain")) == real
    assert real[3] > 5


def test_counts_equal_with_ngrams(coder, repetitive):
    texts = [repetitive.prompt_of(request).tolist() for request in range(repetitive.requests)]
    coder.drafter = NGram()
    real, _ = _real(coder, texts, TREE, 3)
    assert _replayed(replay(repetitive, TREE, profile(), 3, "drain")) == real
    assert real[3] > 10


def _settled(pair, costs: Profile, monkeypatch) -> None:
    """Real calls believe `costs`, never corrected, and have learned nothing yet."""
    for name in ("observe_verify", "observe_draft", "observe_catch_up"):
        monkeypatch.setattr(OnlineCosts, name, lambda *ignored: None)

    def find(model, drafter, named):
        return CostSource(replace(costs, key=profile_key(model, drafter)), "test", fixed=True)

    monkeypatch.setattr(CostSource, "find", find)
    monkeypatch.setattr(attachment_of(pair.target), "_costs", {})
    monkeypatch.setattr(attachment_of(pair.target), "_learned", {})


@pytest.mark.parametrize("batch", [1, 3])
def test_smart_decides_as_in_a_real_call(batch, pair, greedy, monkeypatch):
    """With the same costs, never corrected, every step drafts, verifies and predicts the same."""
    _settled(pair, profile(), monkeypatch)
    _, history = _real(pair, requests(), "smart", batch)
    result = replay(greedy, "smart", profile(), batch, "drain")
    assert [(step.layers, step.nodes) for step in result.history] == [(step.layers, step.nodes) for step in history]
    predicted = [step.predicted + step.rows for step in result.history]
    np.testing.assert_allclose(predicted, [step.predicted for step in history], rtol=1e-5)
    assert len({step.nodes for step in result.history}) > 2, "one size for all: nothing was decided"


@pytest.mark.parametrize("batch", [1, 3])
def test_a_drafter_that_is_woken_says_the_same_as_in_a_real_call(batch, pair, greedy, monkeypatch):
    """Passes that never pay: the drafter rests, and looks at it go back to the same positions."""
    known = profile()
    dear = Profile(known.key, known.verify, CostTable(replace(p, seconds=20 * p.seconds) for p in known.draft.points))
    _settled(pair, dear, monkeypatch)
    told: list[Skipped] = []
    look_back = Controller.look_back
    monkeypatch.setattr(Controller, "look_back", lambda self, skipped: (told.append(skipped), look_back(self, skipped)))
    monkeypatch.setattr("smartgen.policy.controller.PROBE_SHARE", 1.0)
    _, history = _real(pair, requests(), "smart", batch)
    real, told[:] = list(told), []
    result = replay(greedy, "smart", dear, batch, "drain")
    assert [(step.layers, step.nodes) for step in result.history] == [(step.layers, step.nodes) for step in history]
    predicted = [step.predicted + step.rows for step in result.history]
    np.testing.assert_allclose(predicted, [step.predicted for step in history], rtol=1e-5)
    assert sum(skipped.valid.sum() for skipped in real if skipped is not None) > 5
    for ours, theirs in zip(told, real, strict=True):
        assert (ours is None) == (theirs is None)
        if ours is not None:
            np.testing.assert_array_equal(ours.valid, theirs.valid)
            np.testing.assert_array_equal(ours.token[ours.valid], theirs.token[ours.valid])
            np.testing.assert_array_equal(ours.following[ours.valid], theirs.following[ours.valid])
            np.testing.assert_allclose(ours.prob[ours.valid], theirs.prob[ours.valid], rtol=1e-4)


def test_seconds_are_the_profiles(greedy):
    known = profile()
    result = replay(greedy, CHAIN, known, 1, "refill", requests=[2])
    nodes = np.array([step.nodes for step in result.history])
    verify = known.verify.seconds(1, nodes.astype(float), 40.0).sum()
    layers = sum(step.layers for step in result.history)
    assert result.seconds - result.drafting == pytest.approx(verify)
    first = sum(known.catch_up.seconds(1, np.array([float(w)]), 16.0)[0] for w in _first_widths(result))
    further = (layers - sum(step.layers > 0 for step in result.history)) * known.draft.seconds(1, np.ones(1), 16.0)[0]
    assert result.drafting == pytest.approx(first + further)


def _first_widths(result):
    """Tokens that each step's first pass fed: what was committed since the last one."""
    waiting = 1
    for step, taken in zip(result.history, result.taken[2], strict=True):
        if step.layers:
            yield waiting
            waiting = 0
        waiting += taken


def test_refill_keeps_the_batch_full_until_every_request_is_done(greedy):
    result = replay(greedy, "off", profile(), 4, "refill")
    lengths = np.diff(greedy.text_start) - 1
    assert result.row_steps == 4 * result.steps
    assert set(result.taken) == set(range(greedy.requests))
    assert all(sum(result.taken[request]) >= lengths[request] for request in result.taken)
    drained = replay(greedy, "off", profile(), 4, "drain")
    assert drained.committed == lengths.sum()
    assert [sum(drained.taken[request]) for request in range(greedy.requests)] == lengths.tolist()


def test_what_was_learned_is_carried_over(greedy):
    memory = knowing(profile())
    first = replay(greedy, "smart", profile(), memory=memory)
    second = replay(greedy, "smart", profile(), memory=memory)
    assert [step.nodes for step in first.history] != [step.nodes for step in second.history]
    assert replay(greedy, "smart", profile()).history == first.history


def test_wrong_costs_are_corrected_by_what_is_timed(greedy):
    """A controller that believes verification to be nearly free is taught by the clock."""
    dear = profile()
    wrong = Profile(
        dear.key, CostTable(replace(p, seconds=0.01 + 1e-5 * p.size) for p in dear.verify.points), dear.draft
    )
    memory = believing(wrong)
    first = replay(greedy, "smart", dear, memory=memory)
    for _ in range(4):
        last = replay(greedy, "smart", dear, memory=memory)
    assert np.mean([s.nodes for s in last.history]) < np.mean([s.nodes for s in first.history])
    noisy = replay(greedy, "smart", dear, noise=0.2, seed=1)
    assert noisy.seconds != replay(greedy, "smart", dear, noise=0.2, seed=2).seconds


def test_steps_beyond_the_envelope_are_counted(pair):
    narrow = record(
        pair.target, pair.drafter, requests(2), new_tokens=NEW, batch=2, envelope=Envelope(depth=3, beams=(1,), topk=2)
    )
    result = replay(narrow, "eagle2", profile())
    assert result.beyond > 0.5 * result.steps
    assert not result.exact
    assert replay(narrow, CHAIN.replace("depth 4", "depth 3"), profile()).exact


def test_what_cannot_be_replayed_is_refused(greedy):
    with pytest.raises(TraceError, match=r"refill.*drain"):
        replay(greedy, "off", profile(), rows="both")
    with pytest.raises(TraceError, match="batches 1, 4, 8, not 32"):
        replay(greedy, "off", profile(), 32)
    with pytest.raises(TraceError, match="no request"):
        replay(greedy, "off", profile(), requests=[])


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"trace": "greedy.npz"}, "trace should be a Trace, as smartgen.trace.load reads one, found 'greedy.npz'"),
        (
            {"profile": "p.json"},
            "profile should be a Profile, as smartgen.profile.store.load reads one, found 'p.json'",
        ),
        ({"memory": 5}, r"memory should be a Memory, as knowing\(profile\) makes one, or None, found 5"),
        ({"batch": "x"}, "batch should be a whole number of at least 1, found 'x'"),
        ({"batch": 0}, "batch should be a whole number of at least 1, found 0"),
        ({"noise": float("nan")}, "noise should be a number of at least 0, found nan"),
        ({"requests": [0, 5]}, "each of requests should be a whole number from 0 to 4, found 5"),
    ],
)
def test_arguments_of_a_replay_are_named(wrong, named, greedy):
    with pytest.raises(TraceError, match=named):
        replay(**{"trace": greedy, "recipe": "off", "profile": profile(), **wrong})


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"model": "bundled-target"}, "the model is not attached"),
        ({"drafter": "ngram"}, "drafter should be a smartgen drafter or None, not str"),
        ({"prompts": []}, r"prompts should be lists of token ids, one a request, found \[\]"),
        ({"prompts": [[3], []]}, r"prompts\[1\] should be a list of token ids, found \[\]"),
        ({"prompts": ["abc"]}, r"prompts\[0\] should be a list of token ids, found 'abc'"),
        ({"prompts": [[0.5]]}, r"prompts\[0\] should be a list of token ids"),
        ({"batch": 0}, "batch should be a whole number of at least 1, found 0"),
        ({"new_tokens": 0}, "new_tokens should be a whole number of at least 1, found 0"),
        ({"temperature": float("nan")}, "temperature should be a number of at least 0, found nan"),
        ({"seed": "x"}, "seed should be a whole number"),
        ({"envelope": 3}, "envelope should be an Envelope, found 3"),
        ({"provenance": 3}, "provenance should be a mapping, found 3"),
    ],
)
def test_arguments_of_a_recording_are_named(wrong, named, pair):
    with pytest.raises(TraceError, match=named):
        record(**{"model": pair.target, "drafter": pair.drafter, "prompts": requests(1), "new_tokens": 2, **wrong})


def test_floors_that_are_no_probability():
    for floor in (float("nan"), float("inf"), 2, -1):
        with pytest.raises(TraceError, match="floor should be a number from 0 to 1"):
            Envelope(floor=floor)


def test_a_text_with_nothing_to_decode_is_refused(greedy):
    first = greedy.first(1)
    ends = replace(first, text_start=np.array([0, 1]), text=first.text[:1])
    with pytest.raises(TraceError, match="nothing to decode"):
        replay(ends, "off", profile())
    with pytest.raises(TraceError, match="nothing to decode"):
        Bench("ends", ends)


def test_what_is_complete_is_handed_over_when_a_recording_is_interrupted(pair, greedy):
    def stop(done):
        if done == 4:
            raise KeyboardInterrupt

    kept = []
    options = {"batch": 2, "envelope": ENVELOPE, "kinds": ["code"] * 5, "report": stop, "interrupted": kept.append}
    with pytest.raises(KeyboardInterrupt):
        record(pair.target, pair.drafter, requests(), new_tokens=NEW, **options)
    (part,) = kept
    assert (part.requests, len(part.header.kinds)) == (4, 4)
    np.testing.assert_array_equal(part.text, greedy.first(4).text)


def test_the_hosts_part_is_added_to_every_step(greedy):
    host = CostTable([Point(1, 16, 0, 0.001), Point(1, 16, 1, 0.003)])
    for recipe, each in (("off", 0.001), (CHAIN, 0.003)):
        bare = replay(greedy, recipe, profile())
        whole = replay(greedy, recipe, replace(profile(), host=host))
        trees = sum(step.nodes > 0 for step in bare.history)
        added = each * trees + 0.001 * (bare.steps - trees)
        assert whole.seconds == pytest.approx(bare.seconds + added)
        assert whole.committed == bare.committed
