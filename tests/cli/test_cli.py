"""The command line, in process and on the bundled pair."""

from __future__ import annotations

import io
import json
import re
import sys
from pathlib import Path

import pytest

from smartgen.cli.app import VERBS, main
from smartgen.hf.equality import compare
from smartgen.profile.store import load


@pytest.fixture
def run(capsys):
    """(exit code, stdout, stderr) of a command."""

    def command(*arguments):
        with pytest.raises(SystemExit) as ended:
            main(list(arguments))
        captured = capsys.readouterr()
        return ended.value.code, captured.out, captured.err

    return command


def test_help_version_and_unknown_verbs(run):
    assert all(verb in run("--help")[1] for verb in VERBS)
    assert run("--version")[1].strip().count(".") == 2
    assert run()[0] == 2
    code, _, err = run("chekc")
    assert (code, "did you mean `check`" in err) == (2, True)


def test_check_files_folders_and_stdin(run, tmp_path, monkeypatch):
    good, bad = tmp_path / "good.smart", tmp_path / "bad.smart"
    good.write_text("smartgen 1\npolicy a { limit depth 0 }\n")
    assert run("check", str(good))[:2] == (
        0,
        f"{good}: ok\n  may switch off: yes, it never drafts\n  decided before drafting: limit depth 0\n",
    )
    bad.write_text("smartgen 1\npolicy a { limit depth 8\n benefit b = nod.prob expand best 2 }\n")
    code, out, _ = run("check", str(tmp_path))
    assert code == 1
    assert f"{bad}:3:14" in out
    assert "did you mean `node.prob`" in out
    code, out, _ = run("check", str(bad), "--format", "json")
    (finding,) = json.loads(out)
    assert (code, finding["code"], finding["line"], finding["column"], finding["end_column"]) == (1, "SG101", 3, 14, 22)
    assert run("check", str(bad), "--format", "concise")[1].startswith(f"{bad}:3:14: error[SG101]")
    assert run("check", str(tmp_path / "none"))[0] == 2
    assert run("check", str(good), "--format", "xml")[0] == 2
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"smartgen 1\npolicy a { limit depth 0 }")))
    code, out, _ = run("check", "-")
    assert (code, out.splitlines()[0]) == (0, "<stdin>: ok")


def test_recipes_are_listed_and_shown(run):
    assert "smart " in run("recipes")[1]
    assert "policy eagle2" in run("recipes", "show", "eagle2")[1]
    code, _, err = run("recipes", "show", "eagle22")
    assert (code, "eagle2" in err) == (2, True)


def test_explain_codes_signals_and_recipes(run):
    assert "Wrong:" in run("explain", "sg203")[1]
    assert run("explain", "SG999")[0] == 2
    assert "node.prob" in run("explain", "signals")[1]
    out = run("explain", "smart", "--batch", "4")[1]
    assert "← chosen" in out
    assert "drafting ends" in out
    assert "example costs" in out
    assert "no pass" in run("explain", "off")[1]
    code, _, err = run("explain", "smrt")
    assert (code, "did you mean `smart`" in err) == (1, True)


def test_generate_on_the_bundled_pair(run):
    code, out, err = run("generate", "--max-new-tokens", "12", "--dtype", "float32")
    assert (code, "def read_settings" in out, "tokens/s" in err) == (0, True, True)
    code, out, _ = run("generate", "x = ", "--max-new-tokens", "8", "--json", "--draft", "ngram", "--recipe", "eagle2")
    assert json.loads(out)["tokens"] == 8


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--model", "nope"), "neither the name of a model nor a folder"),
        (("--recipe", "smrt"), "did you mean `smart`"),
        (("--draft", "bundled-traget"), "bundled-target"),
        (("--dtype", "fp8"), "there is no dtype"),
        (("--device", "gpu"), "there is no device 'gpu': auto, cpu, cuda or cuda:N"),
        (("--device", "cuda:"), "there is no device 'cuda:'"),
        (("--device", "cuda:99"), "cuda:99 is not here"),
        (("--prompts", "none.jsonl"), "none.jsonl"),
        (("--param", "trust=2"), "not a probability"),
    ],
)
def test_generate_answers_mistakes_in_a_sentence(run, arguments, said):
    code, _, err = run("generate", *arguments)
    assert code == 1
    assert said in err
    assert "Traceback" not in err


def test_profile_prints_and_remembers(run, tmp_path):
    out = tmp_path / "p.json"
    code, printed, _ = run(
        "profile", "--batch", "1", "--context", "16", "--budget", "0.2", "--out", str(out), "--dtype", "float32"
    )
    assert code == 0
    assert printed.strip().endswith(str(out))
    assert json.loads(out.read_text())["key"]["drafter"] == "ngram"
    assert run("profile", "--batch", "x")[0] == 2


QUICK = ("--batch", "1", "--context", "16", "--budget", "0.2", "--dtype", "float32")


def test_profile_mends_a_remembered_file_that_cannot_be_read(run, tmp_path, monkeypatch):
    monkeypatch.setenv("SMARTGEN_CACHE", str(tmp_path))
    assert run("profile", *QUICK)[0] == 0
    (place,) = (tmp_path / "profiles").iterdir()
    whole = json.loads(place.read_text())
    place.write_text(json.dumps({**whole, "verify": [[float("nan"), 16, 0, 1.0]]}))
    code, printed, err = run("profile", *QUICK)
    assert (code, printed.strip().endswith(place.name)) == (0, True)
    assert "field 'verify[0]' should have a whole number" in err
    assert "what is measured now replaces it" in err
    assert json.loads(place.read_text())["key"] == whole["key"]
    assert load(place).verify.batches == [1]


def test_profile_writes_its_file_though_the_cache_cannot_be_written(run, tmp_path, monkeypatch):
    (tmp_path / "cache").touch()
    monkeypatch.setenv("SMARTGEN_CACHE", str(tmp_path / "cache"))
    code, printed, err = run("profile", *QUICK, "--out", str(tmp_path / "p.json"))
    assert (code, printed.strip().endswith("p.json")) == (0, True)
    assert load(tmp_path / "p.json").verify.batches == [1]
    assert "for `generate`: not kept, since" in err


def test_profile_says_before_the_work_that_its_result_has_no_place(run, tmp_path, monkeypatch):
    monkeypatch.setattr("smartgen.hf.profiling.measure_profile", _never)
    monkeypatch.setattr("smartgen.sglang.profiling.measure", _never)
    (tmp_path / "cache").touch()
    monkeypatch.setenv("SMARTGEN_CACHE", str(tmp_path / "cache"))
    below = tmp_path / "cache" / "p.json"
    for engine in ("hf", "sglang"):
        for out, said in (
            ((), "json cannot be written: Not a directory; name another folder in SMARTGEN_CACHE, or a file with --out"),
            (("--out", str(tmp_path)), f"error: {tmp_path} is a folder; name the file to write"),
            (("--out", str(below)), f"error: {below} cannot be written: Not a directory"),
        ):
            code, _, err = run("profile", "--engine", engine, *out)
            assert (code, said in err) == (1, True), err


def test_profile_names_what_is_too_large(run):
    code, _, err = run("profile", "--batch", "65536", "--context", "2147483648")
    assert (code, "error: batch 65536 at context 2147483648 needs more memory" in err) == (1, True), err


@pytest.mark.parametrize(
    ("options", "culprit"),
    [
        (("--batch", "1000000"), "--batch"),
        (("--batch", "99999999999999999999"), "--batch"),
        (("--context", "99999999999999999999"), "--context"),
        (("--budget", "nan"), "--budget"),
        (("--budget", "inf"), "--budget"),
        (("--launch", "0"), "--launch"),
        (("--engine-argument", "foo=1"), "--engine-argument"),
        (("--engine", "sglang", "--device", "cpu"), "--device"),
        (("--roofline", "h100", "--launch", "nan"), "--launch"),
        (("--roofline", "h100", "--dtype", "fp8"), "--dtype"),
        (("--roofline", "h100", "--device", "tpu"), "--device"),
        (("--roofline", "h100", "--engine", "foo"), "--engine"),
    ],
)
def test_profile_refuses_by_name_what_it_cannot_use(options, culprit, run):
    code, _, err = run("profile", *options)
    assert code == 2
    assert re.search(rf"Invalid value for '?{culprit}'?:", err)


def test_the_demo_runs_on_the_bundled_pair(run):
    code, out, _ = run("demo", "--model", "bundled", "--quick")
    assert code == 0
    assert out.count("identical to plain greedy: yes") == 5
    assert "eagle2" in out
    assert run("demo", "--model", "gpt5")[0] == 2


def test_equality_forgives_ties_only():
    import torch

    scores = [torch.tensor([1.0, 1.0 - 5e-5, 0.0]), torch.tensor([2.0, 1.0, 0.0])]
    assert compare([0, 1], [0, 1], scores).identical
    assert compare([0, 1], [1, 1], scores).tie
    assert compare([0, 1], [0, 2], scores).fails
    assert compare([0, 1], [0], scores).fails


def test_a_trace_that_has_no_place_is_refused_before_anything_is_loaded(run, tmp_path, monkeypatch):
    monkeypatch.setattr("smartgen.cli.trace.load", _never)
    prompts = tmp_path / "prompts.jsonl"
    prompts.write_text('{"turns": ["a"]}\n')
    for out, said in (
        (tmp_path, f"{tmp_path} is a folder; name the file"),
        (prompts / "below" / "t.npz", "prompts.jsonl"),
    ):
        code, _, err = run("trace", "--prompts", str(prompts), "--out", str(out))
        assert code == 1
        assert said in err
    code, _, err = run("trace", "--prompts", str(prompts), "--out", str(tmp_path / "." / "prompts.jsonl"))
    assert (code, "would be overwritten" in err) == (2, True)
    assert prompts.read_text() == '{"turns": ["a"]}\n'


@pytest.mark.parametrize("option", [("--floor", "nan"), ("--floor", "inf"), ("--floor", "2"), ("--temperature", "nan")])
def test_numbers_that_lie_in_no_range(option, run, tmp_path, monkeypatch):
    monkeypatch.setattr("smartgen.cli.trace.load", _never)
    prompts, out = tmp_path / "prompts.jsonl", tmp_path / "t.npz"
    prompts.write_text('{"turns": ["a"]}\n')
    code, _, err = run("trace", "--prompts", str(prompts), "--out", str(out), *option)
    assert (code, option[0] in err, out.exists()) == (2, True, False)


def test_a_temperature_that_is_no_number_is_not_taken_for_greedy(run):
    code, _, err = run("generate", "x", "--temperature", "nan")
    assert (code, "nan is no finite number" in err) == (2, True)


def test_a_replay_that_cannot_end_well_does_not_begin(run, tmp_path, monkeypatch):
    monkeypatch.setattr("smartgen.trace.judging.judge", _never)
    shipped = str(Path(__file__).parents[2] / "benchmarks" / "traces" / "bundled-pair-greedy.npz")
    profile, damaged = _made_up_costs(tmp_path), tmp_path / "damaged.npz"
    damaged.write_text("no trace")
    options = ("--profiles", str(profile), "--batch", "1")
    code, _, err = run("replay", shipped, str(damaged), *options)
    assert (code, f"{damaged} is no trace" in err) == (1, True)
    code, _, err = run("replay", shipped, *options, "--json", str(tmp_path))
    assert (code, f"{tmp_path} is a folder" in err) == (1, True)
    code, _, err = run("replay", shipped, *options, "--plot", str(tmp_path / "x.foo"))
    assert (code, "should end in .png" in err) == (1, True)
    code, _, err = run("replay", shipped, *options, "--json", str(profile))
    assert (code, "would be overwritten" in err) == (2, True)
    for nothing in ("", ",", " , "):
        code, _, err = run("replay", shipped, "--profiles", nothing)
        assert (code, "names no file" in err) == (2, True)
    code, _, err = run("replay", shipped, *options, "--flip", "100000000")
    assert (code, f"{shipped}: with phases of 100000000 tokens nothing flips" in err) == (1, True)
    code, _, err = run("replay", shipped, *options[:2], "--batch", "1,4")
    assert (code, "smartgen profile --batch 4" in err) == (1, True)


def _made_up_costs(folder):
    cost = {"smartgen_profile": 1, "key": dict.fromkeys(("model", "drafter", "device", "dtype"), "made up")}
    cost["verify"] = [[1, 16, n, 0.01 + 0.001 * n] for n in (0, 1, 16, 64)]
    cost["draft"] = [[1, 16, 1, 0.001], [1, 16, 10, 0.002]]
    path = folder / "cost.json"
    path.write_text(json.dumps(cost))
    return path


def test_an_interrupted_recording_keeps_what_is_complete(run, tmp_path, monkeypatch):
    from smartgen.trace import load, recording

    done = []

    def once(*arguments):
        if done:
            raise KeyboardInterrupt
        done.append(generate(*arguments))
        return done[0]

    generate = recording._generate
    monkeypatch.setattr(recording, "_generate", once)
    prompts, out = tmp_path / "prompts.jsonl", tmp_path / "t.npz"
    prompts.write_text('{"turns": ["import os"]}\n' * 3)
    options = ("--max-new-tokens", "4", "--batch", "2", "--draft", "ngram")
    code, _, err = run("trace", "--prompts", str(prompts), "--out", str(out), *options)
    assert (code, f"{tmp_path / 't.part.npz'}: the 2 of 3 requests" in err, out.exists()) == (130, True, False)
    assert load(tmp_path / "t.part.npz").requests == 2


def _never(*arguments: object) -> None:
    raise AssertionError("the work began")


def test_a_trace_is_recorded_and_replayed(run, tmp_path, monkeypatch):
    prompts, out, rows = tmp_path / "prompts.jsonl", tmp_path / "trace.npz", tmp_path / "rows.json"
    prompts.write_text(
        "".join(json.dumps({"turns": [text], "kind": "code"}) + "\n" for text in ("import os\n", "x = ["))
    )
    code, said, err = run(
        "trace", "--prompts", str(prompts), "--out", str(out), "--max-new-tokens", "10", "--floor", "0.01"
    )
    assert (code, "2 requests" in said) == (0, True), err
    profile = _made_up_costs(tmp_path)
    options = ("--profiles", str(profile), "--batch", "1", "--resamples", "2")
    code, said, err = run("replay", str(out), "--recipes", "all", *options, "--json", str(rows))
    assert (code, "best static tree" in said) == (0, True), err
    assert "note: cost holds the costs of made up with made up, trace the text of llama-6x256 with llama-2x160" in err
    found = json.loads(rows.read_text())
    assert {"off", "smart", "eagle2"} <= {row["recipe"] for row in found}
    assert {row["profile"] for row in found} == {"cost"}
    code, _, err = run("replay", str(out), "--recipes", "smart", *options, "--flip", "5", "--json", str(rows))
    assert (code, [row["trace"] for row in json.loads(rows.read_text())]) == (0, ["trace flip 5"]), err
    found = json.loads(rows.read_text())
    assert all(row["low"] <= row["vs_best_static"] <= row["high"] for row in found)
    few = ("--recipes", "off,smart", "--intervals", "smart")
    code, _, err = run("replay", str(out), *few, *options, "--json", str(rows))
    assert {row["recipe"]: row["low"] is None for row in json.loads(rows.read_text())} == {"off": True, "smart": False}
    code, _, err = run("replay", str(out), *options, "--intervals", "paper")
    assert (code, "--intervals paper" in err) == (1, True)
    code, _, err = run("replay", str(out), *options, "--flip", "5", "--ngram")
    assert (code, "cannot be made useless" in err) == (1, True)
    code, _, err = run("replay", str(out), *options[:2], "--batch", "4")
    assert (code, "smartgen profile --batch 4" in err) == (1, True)
    monkeypatch.setenv("SMARTGEN_CACHE", str(tmp_path))
    code, _, err = run("replay", str(out), "--batch", "1")
    assert (code, "no cost profile" in err) == (1, True)
    assert run("replay", str(out), "--recipes", " , ", *options)[0] == 1


WRONG = {
    "--batch": ["explain", "smart", "--batch", "99999999999999999999"],
    "--context": ["bake", "sequoia", "--context", "99999999999999999999"],
    "--max-new-tokens": ["generate", "--max-new-tokens", "99999999999999999999"],
    "engine.nosuch cannot be set": ["explain", "smart", "--signal", "engine.nosuch=40"],
    "engine.queue is a number": ["explain", "smart", "--signal", "engine.queue=nan"],
    "for --signal": ["explain", "smart", "--signal", "engine.queue"],
    "trust is set twice": ["explain", "smart", "--param", "trust=0.9", "--param", "trust=0.1"],
    "'5x' is no name": ["bake", "sequoia", "--name", "5x"],
    "'policy' is no name": ["bake", "sequoia", "--name", "policy"],
    "not both": ["generate", "hello", "--prompts", "some.jsonl"],
    "no text in UTF-8": ["generate", "\udcff"],
    "give --prompts": ["generate", "hello", "--limit", "3"],
}


@pytest.mark.parametrize("told", WRONG)
def test_values_that_no_option_has(told, run):
    code, out, err = run(*WRONG[told])
    assert (code, out) == (2, "")
    assert told in " ".join(err.replace("│", " ").split())


def test_names_that_are_empty_and_folders_for_files(run, tmp_path):
    code, _, err = run("generate", "hello", "--draft", "")
    assert (code, "a model has a name or a folder, and this is empty" in err) == (1, True)
    code, _, err = run("explain", "smart", "--profile", str(tmp_path))
    assert (code, f"{tmp_path} is a folder, and a profile is a file" in err) == (1, True)


def test_what_is_to_be_served_is_checked_where_sglang_is_missing(run):
    code, _, err = run("sglang", "serve", "--recipe", "nosuch")
    assert (code, "there is no recipe `nosuch`" in err) == (1, True)
    code, _, err = run("sglang", "serve", "--tiers", "3/4/²")
    assert (code, "`3/4/²` is no tier" in err) == (1, True)
