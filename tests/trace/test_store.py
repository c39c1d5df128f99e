"""Traces as files: what is written is read again, and nothing else is."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from smartgen.trace import TraceError, load, replay, save
from smartgen.trace.store import _KINDS
from tests.trace.conftest import profile


def test_a_trace_survives_a_file(greedy, tmp_path):
    path = tmp_path / "deep" / "trace.npz"
    save(greedy, path)
    again = load(path)
    assert again.header == greedy.header
    for name in _KINDS:
        np.testing.assert_array_equal(getattr(again, name), getattr(greedy, name))
        assert getattr(again, name).dtype == getattr(greedy, name).dtype
    assert list(tmp_path.glob("deep/*")) == [path], "a part of a file was left behind"


def test_a_trace_of_ngrams_holds_no_nodes_and_survives_a_file(repetitive, tmp_path):
    assert repetitive.header.source == "ngram"
    save(repetitive, tmp_path / "ngram.npz")
    again = load(tmp_path / "ngram.npz")
    assert len(again.fed_parent) == 0
    first, second = (replay(trace, "eagle2", profile()) for trace in (again, repetitive))
    assert first.history == second.history


def test_half_a_trace_keeps_the_tokens(greedy, tmp_path):
    save(greedy, tmp_path / "whole.npz")
    save(greedy, tmp_path / "half.npz", half=True)
    again = load(tmp_path / "half.npz")
    np.testing.assert_array_equal(again.child_token, greedy.child_token)
    np.testing.assert_allclose(again.child_prob, greedy.child_prob, rtol=5e-3, atol=1e-6)
    assert (tmp_path / "half.npz").stat().st_size < 0.8 * (tmp_path / "whole.npz").stat().st_size


def test_the_first_requests_replay_as_in_the_whole_trace(greedy):
    part = greedy.first(2)
    assert part.requests == 2
    whole = replay(greedy, "eagle2", profile(), requests=[0, 1])
    assert replay(part, "eagle2", profile()).history == whole.history


def test_what_was_recorded_is_what_the_text_says(greedy):
    """Depth by depth: a fed node's right child is the token that the text goes on with."""
    positions = greedy.position_of
    for depth, layer in enumerate(greedy.layers[:4]):
        for node in layer[:: max(1, len(layer) // 50)]:
            end = greedy.text_start[np.searchsorted(greedy.text_start, positions[node], "right")]
            place = positions[node] + depth + 1
            expected = int(greedy.text[place]) if place < end else -1
            rank = int(greedy.right_rank[node])
            assert (
                (greedy.child_token[node, rank] == expected) if rank >= 0 else expected not in greedy.child_token[node]
            )
    assert greedy.right.sum() > len(greedy.text), "no position's tree reached into the text"


def _at(name, place, value):
    def change(arrays):
        arrays[name] = arrays[name].astype(np.float32 if name == "child_prob" else np.int64)
        arrays[name][place] = value

    return change


def _in_header(**entries):
    def change(arrays):
        header = json.loads(bytes(arrays["header"]))
        arrays["header"] = np.frombuffer(json.dumps({**header, **entries}).encode(), np.uint8)

    return change


def _no_requests(arrays):
    for name, array in arrays.items():
        if name != "header":
            arrays[name] = array[: 1 if name.endswith("_start") else 0]


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda a: a.pop("header"), "header"),
        (lambda a: a.update(header=_header(smartgen_trace=9)), "found 9"),
        (lambda a: a.update(header=_header(drafter=None, surprise=1)), "unknown"),
        (lambda a: a.pop("child_prob"), "child_prob"),
        (lambda a: a.update(text=a["text"].astype(float)), "text"),
        (lambda a: a.update(text=a["text"][:-1]), "text_start"),
        (lambda a: a.update(fed_start=a["fed_start"] + 1), "fed_start"),
        (lambda a: a.update(child_token=a["child_token"][:, :2]), "child_token"),
        (_at("fed_parent", 1, 500), r"'fed_parent' holds 500 at \[1\]: a parent is an earlier node"),
        (_at("fed_parent", 0, 0), r"'fed_parent' holds 0 at \[0\]"),
        (_at("fed_parent", 1, 99999), r"'fed_parent' holds 99999, which is not in -32768\.\.32767"),
        (_at("fed_rank", 3, 200), r"'fed_rank' holds 200 at \[3\]: a rank is below the envelope's topk, 10"),
        (_at("fed_start", 1, 10**6), "'fed_start' holds "),
        (_at("text_start", 1, 0), r"'text_start' holds 0 at \[1\]: it begins with 0, and a step is of 1 to 24"),
        (_at("text", 2, -1), r"'text' holds -1 at \[2\]: a token is 0 or more"),
        (_at("prompt", 0, -7), "'prompt' holds -7"),
        (_at("child_token", (4, 1), -2), r"'child_token' holds -2 at \[4, 1\]"),
        (_at("child_prob", (4, 1), np.nan), r"'child_prob' holds nan at \[4, 1\]: a probability is between 0 and 1"),
        (_at("child_prob", (0, 0), -0.5), "'child_prob' holds -0.5"),
        (_in_header(new_tokens=[None]), r"'header': new_tokens should be a whole number of at least 1, found \[None\]"),
        (_in_header(target=5), "'header': target should be a text, found 5"),
        (_in_header(temperature=float("nan")), "'header': temperature should be a number of at least 0, found nan"),
        (
            _in_header(envelope={"beams": [1], "floor": 2.0}),
            "'header': floor should be a number from 0 to 1, found 2.0",
        ),
        (_no_requests, "holds no request"),
    ],
)
def test_damage_is_named(change, named, greedy, tmp_path):
    path = tmp_path / "trace.npz"
    save(greedy, path)
    with np.load(path) as file:
        arrays = {name: file[name] for name in file.files}
    change(arrays)
    np.savez(path, **arrays)
    with pytest.raises(TraceError, match=named) as error:
        load(path)
    assert str(path) in str(error.value)


def test_the_hint_is_a_command_that_runs(tmp_path):
    np.save(tmp_path / "plain.npy", np.arange(4))
    with pytest.raises(TraceError, match=r"is no trace.* `smartgen trace --prompts FILE --out .*plain\.npy`"):
        load(tmp_path / "plain.npy")


def _header(**changes):
    return np.frombuffer(json.dumps({"smartgen_trace": 1, **changes}).encode(), np.uint8)


def test_files_that_are_no_traces(greedy, tmp_path):
    with pytest.raises(TraceError, match="there is no trace"):
        load(tmp_path / "none.npz")
    text = tmp_path / "text.npz"
    text.write_text("not a trace")
    with pytest.raises(TraceError, match="no trace, or a damaged one"):
        load(text)
    whole = tmp_path / "whole.npz"
    save(greedy, whole)
    whole.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    with pytest.raises(TraceError, match="damaged"):
        load(whole)
    objects = tmp_path / "objects.npz"
    np.savez(objects, header=np.array([{"a": 1}], dtype=object))
    with pytest.raises(TraceError):
        load(objects)


def test_any_damaged_byte_is_told(greedy, tmp_path):
    """Or it changes nothing that is read (names and times in the zip's directory)."""
    path = tmp_path / "trace.npz"
    save(greedy, path, half=True)
    whole, told = path.read_bytes(), []
    offsets = np.random.default_rng(0).integers(len(whole), size=200).tolist()
    for offset in offsets:
        path.write_bytes(whole[:offset] + bytes([whole[offset] ^ 0x5A]) + whole[offset + 1 :])
        try:
            load(path)
        except TraceError as error:
            told.append(str(error))
    assert len(told) > 150
    assert all(str(path) in message for message in told)


def test_others_may_read_what_was_saved(greedy, tmp_path):
    plain, path = tmp_path / "plain", tmp_path / "trace.npz"
    plain.write_bytes(b"")
    save(greedy, path)
    assert path.stat().st_mode == plain.stat().st_mode


def test_a_failed_save_leaves_the_old_file(greedy, tmp_path):
    path = tmp_path / "trace.npz"
    save(greedy, path)
    before = path.read_bytes()
    with pytest.raises(TypeError):
        save(replace(greedy, header=replace(greedy.header, provenance={"a": object()})), path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]
