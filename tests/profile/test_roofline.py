"""The estimate for planning, against what an H200 took and against arithmetic done by hand."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from smartgen.cli.app import main
from smartgen.profile import store
from smartgen.profile.errors import ProfileError
from smartgen.profile.roofline import DEVICES, Device, Reach, Shape, roofline

LLAMA = {
    "hidden_size": 4096,
    "intermediate_size": 14336,
    "num_hidden_layers": 32,
    "num_attention_heads": 32,
    "num_key_value_heads": 8,
    "vocab_size": 128256,
}
HEAD = {**LLAMA, "num_hidden_layers": 1, "draft_vocab_size": 32000}
MEASURED = Path(__file__).parents[2] / "benchmarks" / "results" / "profile_llama_3.1_8b_h200.json"


def test_within_a_quarter_of_what_an_h200_took():
    measured, shape = store.load(MEASURED), Shape.of("llama", LLAMA)
    points = measured.verify.points
    assert {point.batch for point in points} == {1, 64}
    for point in points:
        said = shape.seconds(point.batch, 1 + point.size, point.context, DEVICES["h200"], Reach(launch=6e-4))
        assert said == pytest.approx(point.seconds, rel=0.25), point


def test_by_hand():
    tiny = Shape("tiny", hidden=4, intermediate=8, layers=2, heads=2, keys=1, head_dim=2, vocabulary=10)
    assert tiny.weights == 2 * (4 * (2 + 2) * 2 + 2 * 2 * 4 + 3 * 4 * 8) + 4 * 10
    slow_memory, slow_math = Device(1e15, 1.0), Device(1.0, 1e15)
    whole = Reach(1.0, 1.0)
    slots = 2 * 2 * 1 * 2 * 2  # keys and values, layers, key heads, numbers, bytes
    assert tiny.seconds(3, 5, 7, slow_memory, whole) == pytest.approx(2 * tiny.weights + 3 * 7 * slots)
    assert tiny.seconds(3, 5, 7, slow_math, whole) == pytest.approx(2 * tiny.weights * 15 + 4 * 15 * 7 * 2 * 2 * 2)
    assert tiny.seconds(1, 1, 1, Device(1e15, 1e15), Reach(1.0, 1.0, launch=0.5)) == 1.0


def test_a_head_is_one_layer_over_features():
    head = Shape.of("head", HEAD)
    assert (head.layers, head.joined, head.features, head.vocabulary) == (1, 2, 3 * 4096, 32000)
    found = roofline(Shape.of("llama", LLAMA), head, "h100", [1, 32], [512], Reach(), "here")
    assert found.kind == "roofline"
    assert {point.size for point in found.draft.points} == {1, 4, 10}
    assert found.draft.points[0].seconds < 0.2 * found.verify.points[0].seconds


def test_what_is_unknown_is_named():
    with pytest.raises(ProfileError, match="no datasheet of 'h1000' here: a100, h100"):
        roofline(Shape.of("llama", LLAMA), None, "h1000", [1], [64], Reach(), "here")
    with pytest.raises(ProfileError, match="misses or misstates 'intermediate_size'"):
        Shape.of("llama", {"hidden_size": 8, "num_attention_heads": 2})


def test_on_the_command_line(tmp_path):
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "config.json").write_text(json.dumps(LLAMA))
    given = ["profile", "--roofline", "h100", "--model", str(tmp_path / "model"), "--batch", "1,8", "--context", "256"]
    with pytest.raises(SystemExit) as ended:
        main([*given, "--out", str(tmp_path / "h100.json")])
    assert ended.value.code == 0
    found = store.load(tmp_path / "h100.json")
    assert (found.kind, found.verify.batches, len(found.draft)) == ("roofline", [1, 8], 0)
    assert store.find(found.key) is None, "it was remembered"
    foreign = [*given, "--out", str(tmp_path / "x"), "--draft", str(tmp_path)]  # a folder without config.json
    for wrong, code in ((given, 2), (["profile", "--launch", "0.6"], 2), (foreign, 1)):
        with pytest.raises(SystemExit) as ended:
            main(wrong)
        assert ended.value.code == code
    assert not (tmp_path / "x").exists()
    (tmp_path / "model" / "config.json").write_text("{")
    with pytest.raises(ProfileError, match=r"needs the sizes in .*config.json, which cannot be read"):
        Shape.read("llama", tmp_path / "model")
