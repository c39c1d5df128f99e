"""check, fmt, schema, explain: the verbs about a recipe's text. No model is loaded."""

from __future__ import annotations

import io
import json
import resource
import statistics
import subprocess
import sys
import time
from dataclasses import replace

import pytest

from smartgen.cli.app import main
from smartgen.profile.example import example_profile
from smartgen.profile.profile import Key
from smartgen.profile.store import save
from smartgen.profile.table import CostTable
from smartgen.recipe.shipped import shipped

GOOD = "smartgen 1\npolicy a {\n  limit depth 0\n}\n"
BAD = "smartgen 1\npolicy a { limit depth 8\n benefit b = nod.prob # 🙂\n expnad best 2 }\n"
KEYS = ["code", "severity", "message", "help", "file", "line", "column", "end_line", "end_column"]


@pytest.fixture
def run(capsys):
    """(exit code, stdout, stderr) of a command."""

    def command(*arguments):
        with pytest.raises(SystemExit) as ended:
            main(list(map(str, arguments)))
        captured = capsys.readouterr()
        return ended.value.code, captured.out, captured.err

    return command


@pytest.fixture
def stdin(monkeypatch):
    return lambda data: monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))


@pytest.fixture
def bad(tmp_path):
    path = tmp_path / "bad.smart"
    path.write_text(BAD, encoding="utf-8")
    return path


# -- check ----------------------------------------------------------------------------------------------------------
def test_json_has_these_keys_and_no_others(run, bad):
    code, out, _ = run("check", bad, "--format", "json")
    found = json.loads(out)
    assert code == 1
    assert [list(finding) for finding in found] == [KEYS, KEYS]
    assert [(f["code"], f["line"], f["column"], f["end_line"], f["end_column"]) for f in found] == [
        ("SG101", 3, 14, 3, 22),
        ("SG011", 4, 2, 4, 8),
    ]
    assert all(f["file"] == str(bad) and f["severity"] == "error" and f["help"] for f in found)


def test_json_of_a_clean_recipe_is_an_empty_list(run, tmp_path):
    path = tmp_path / "good.smart"
    path.write_text(GOOD)
    assert run("check", path, "--format", "json")[:2] == (0, "[]\n")


def test_github_and_sarif(run, bad):
    code, out, _ = run("check", bad, "--format", "github")
    assert code == 1
    first = out.splitlines()[0]
    assert first.startswith(f"::error file={bad},line=3,col=14,endLine=3,endColumn=22,title=SG101::nothing is called")
    assert "%0Ahelp: did you mean `node.prob`?" in first
    log = json.loads(run("check", bad, "--format", "sarif")[1])
    (ran,) = log["runs"]
    assert log["version"] == "2.1.0"
    assert [result["ruleId"] for result in ran["results"]] == ["SG101", "SG011"]
    fix = ran["results"][0]["fixes"][0]["artifactChanges"][0]["replacements"][0]
    assert fix["insertedContent"]["text"] == "node.prob"
    assert fix["deletedRegion"] == {"startLine": 3, "startColumn": 14, "endLine": 3, "endColumn": 22}


def test_a_warning_is_a_finding_and_the_recipe_usable(run, tmp_path):
    path = tmp_path / "unread.smart"
    path.write_text("smartgen 1\npolicy a { param k: count = 4  limit depth 0 }\n")
    code, out, _ = run("check", path)
    assert (code, "warning[SG902]" in out, "unread.smart: ok, but for 1 warning" in out) == (1, True, True)


@pytest.mark.parametrize(
    "data",
    [b"", b"\x00", b"\xff\xfe\x00", bytes(range(256)), b"(" * 5000, "🙂".encode(), b"smartgen: 1\n\ta: b", b"{" * 3000],
)
def test_any_bytes_on_standard_input(run, stdin, data):
    stdin(data)
    code, out, err = run("check", "-")
    assert code == 1
    assert "error[SG" in out
    assert "Traceback" not in out + err


def test_standard_input_may_be_yaml(run, stdin):
    stdin(b"smartgen: 1\npolicy: smart\nlimit: {dept: 8}\n")
    code, out, _ = run("check", "-", "--format", "concise")
    assert (code, out.split(" ")[0]) == (1, "<stdin>.yaml:3:9:")


def test_usage_errors(run, tmp_path):
    assert run("check")[0] == 2
    assert run("check", tmp_path / "none.smart")[0] == 2
    assert run("check", tmp_path)[0] == 2  # holds no recipe
    assert run("check", "-", "--format", "xml")[0] == 2
    assert run("check", "-", "--target", "tpu")[0] == 2
    assert run("check", "-", "--children", "many")[0] == 2
    assert run("check", "-", "--param", "trust")[0] == 2


def test_a_parameter_that_does_not_fit(run):
    code, out, _ = run("check", shipped()["smart"], "--param", "trust=2")
    assert (code, "<param>:1:7" in out, "2 is not a probability" in out) == (1, True, True)
    assert "did you mean `trust`?" in run("check", shipped()["smart"], "--param", "trsut=0.5")[1]


def test_targets_refuse_by_name_and_place(run):
    for name in (
        "hf_confidence",
        "svip",
        "ddd",
        "talon",
        "opt_tree",
        "paper",
        "echo",
        "tetris",
        "adaserve",
        "smart_slo",
    ):
        code, out, _ = run("check", shipped()[name], "--target", "sglang", "--format", "concise")
        assert (code, "SG50" in out) == (1, True), name
    assert "10:40" not in out
    code, out, _ = run("check", shipped()["smart"], "--target", "sglang")
    assert code == 0
    assert "decided before drafting, on the average tree: continue while forecast(objective) > objective" in out
    for name in ("smart", "eagle2", "paper"):
        assert run("check", shipped()[name], "--target", "hf")[0] == 0


def test_sampled_children_are_not_pruned_by_their_own_probability(run, tmp_path):
    assert run("check", shipped()["chain"], "--children", "sampled")[0] == 0
    for name in ("smart", "eagle2"):
        code, out, _ = run("check", shipped()[name], "--children", "sampled")
        assert (code, "error[SG310]" in out) == (1, True)
    path = tmp_path / "by_place.smart"
    head = "smartgen 1\npolicy a { benefit b = path(0.8)  expand best 4  limit depth 4  "
    for verify, allowed in (
        ("verify all", True),
        ("verify best 8 by 1 / (1 + node.rank)", True),
        ("verify best 8 where node.depth < 3", True),
        ("verify best 8 by node.prob", False),
        ("verify best 8 where node.prob > 0.1", False),
        ("verify best 8", True),  # the benefit knows the place only
    ):
        path.write_text(f"{head}{verify} }}\n")
        assert (run("check", path, "--children", "sampled")[0] == 0) is allowed, verify


# -- fmt ------------------------------------------------------------------------------------------------------------
def test_fmt_in_place_check_diff_and_stdin(run, tmp_path, stdin):
    path = tmp_path / "loose.smart"
    path.write_text("smartgen 1\npolicy a{limit depth 0 # none\n}")
    neat = "smartgen 1\npolicy a {\n  limit depth 0  # none\n}\n"
    code, out, _ = run("fmt", path, "--check")
    assert (code, out) == (1, f"{path}: would be formatted\n")
    code, out, _ = run("fmt", path, "--diff")
    assert (code, "+policy a {" in out, "-policy a{" in out) == (1, True, True)
    stdin(path.read_bytes())
    assert run("fmt", "-")[:2] == (0, neat)
    assert run("fmt", tmp_path)[:2] == (0, f"{path}: formatted\n")
    assert path.read_text() == neat
    assert run("fmt", path)[:2] == (0, "")
    assert run("fmt", path, "--check", "--diff")[:2] == (0, "")
    path.write_text("smartgen 1\npolicy a{limit depth 0}")
    assert "-policy a{limit depth 0}\n\\ No newline at end of file\n+policy a {\n" in run("fmt", path, "--diff")[1]


def test_fmt_refuses_the_yaml_form_by_name(run, tmp_path, stdin):
    path = tmp_path / "mine.yaml"
    path.write_text("smartgen: 1\npolicy: smart\n")
    code, _, err = run("fmt", path)
    assert (code, f"{path} is in the YAML form" in err) == (2, True)
    stdin(path.read_bytes())
    code, _, err = run("fmt", "-")
    assert (code, "<stdin> is in the YAML form" in err) == (2, True)


def test_fmt_leaves_a_wrong_recipe_alone(run, bad):
    code, _, err = run("fmt", bad)
    assert (code, "SG011" in err, bad.read_text(encoding="utf-8")) == (1, True, BAD)
    assert run("fmt", bad.parent / "none.smart")[0] == 2


# -- schema ---------------------------------------------------------------------------------------------------------
def test_schema_is_printed_and_verified(run, tmp_path):
    code, out, _ = run("schema")
    assert (code, json.loads(out)["title"]) == (0, "smartgen recipe")
    path = tmp_path / "recipe.schema.json"
    path.write_text(out, encoding="utf-8")
    assert run("schema", "--verify", path)[0] == 0
    path.write_text("{}")
    assert run("schema", "--verify", path)[0] == 1
    assert run("schema", "--verify", tmp_path / "none.json")[0] == 2


# -- explain --------------------------------------------------------------------------------------------------------
def test_explain_prints_the_page_that_the_docs_hold(run):
    from tests.docs.pages import ROOT

    page = run("explain", "SG203")[1]
    docs = (ROOT / "docs" / "language" / "errors.md").read_text(encoding="utf-8")
    assert "Two units added" in page
    section = docs.split("\n## SG203\n")[1].split("\n## ")[0]
    words = [line.strip() for line in page.splitlines()[1:] if line.strip() not in ("", "Wrong:", "Right:")]
    assert all(line in section for line in words)


@pytest.mark.parametrize("table", ["signals", "functions", "statements", "units"])
def test_explain_prints_tables(run, table):
    code, out, _ = run("explain", table)
    assert (code, out.startswith("|")) == (0, True)


def test_explain_tells_term_by_term(run, tmp_path):
    profile = tmp_path / "p.json"
    save(example_profile(), profile)
    code, out, _ = run("explain", "smart", "--batch", 8, "--context", 4096, "--profile", profile)
    assert code == 0
    assert f"costs: {profile}" in out
    assert "\x1b" not in out, "plain in a pipe"
    for said in ("cost drafting", "cost verifying", "maximize progress / time", "tok/s", "by the profile", "← chosen"):
        assert said in out
    assert "drafting ends: `continue while` no longer holds" in out
    assert "one pass more:" in out
    tree = out.split("root\n")[1]
    assert "+ '" in tree
    assert "- '" in tree
    assert " ms" in tree


@pytest.mark.parametrize("name", [name for name in shipped() if name not in ("smart_energy",)])
def test_every_recipe_can_be_explained(run, name):
    code, out, err = run("explain", name, "--batch", 2)
    assert (code, err) == (0, "")
    assert "by the profile" in out


def test_explain_says_what_is_missing(run, tmp_path):
    code, _, err = run("explain", "smart", "--profile", tmp_path / "none.json")
    assert (code, "error[SG601]" in err) == (1, True)
    broken = tmp_path / "broken.json"
    broken.write_text("{}")
    code, _, err = run("explain", "smart", "--profile", broken)
    assert (code, "error[SG602]" in err) == (1, True)
    save(replace(example_profile(), key=Key("a", "ngram", "b", "c"), draft=CostTable(())), broken)
    for verb, recipe in (("explain", "smart"), ("bake", "sequoia")):
        code, _, err = run(verb, recipe, "--profile", broken)
        assert (code, "broken.json has no drafting passes" in err) == (1, True)
    code, _, err = run("explain", "smart_energy")
    assert (code, "error[SG501]" in err, "energy meter" in err) == (1, True, True)


def test_signals_of_an_engine_can_be_given(run, tmp_path):
    path = tmp_path / "mood.smart"
    path.write_text(
        "smartgen 1\npolicy mood { use smart  when engine.queue > 32 { limit depth 0 } otherwise { limit depth 2 } }\n"
    )
    assert run("explain", path)[0] == 1
    assert "no pass" in run("explain", path, "--signal", "engine.queue=40")[1]
    assert "pass 1" in run("explain", path, "--signal", "engine.queue=4")[1]


def test_colour_on_a_terminal(monkeypatch, capsys):
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    with pytest.raises(SystemExit):
        main(["explain", "smart"])
    assert "\x1b[" in capsys.readouterr().out


# -- start-up -------------------------------------------------------------------------------------------------------
def test_check_imports_neither_torch_nor_numpy_nor_yaml():
    code = (
        "import sys\nfrom smartgen.cli.app import main\n"
        f"try: main(['check', {str(shipped()['smart'])!r}])\n"
        "except SystemExit as ended: assert not ended.code\n"
        "print(sorted({'torch', 'numpy', 'yaml', 'omegaconf', 'scipy', 'transformers'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_check_is_quick():
    """Median of nine, of processor time: other work on the machine must not fail it."""
    command = [sys.executable, "-c", "from smartgen.cli.app import main; main()", "check", str(shipped()["smart"])]
    taken = []
    for _ in range(9):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(command, capture_output=True, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        taken.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    assert statistics.median(taken) < 0.6, "0.4 s on a quiet machine"


def test_lowering_is_quick():
    """Forty lines in 50 ms, beside building the parser."""
    from smartgen.language.source import Source
    from smartgen.recipe.load import load_source

    lets = "\n".join(f"  let x{i} = 0.5 * layer.max(node.prob) + {i}" for i in range(30))
    reads = " + ".join(f"x{i}" for i in range(30))
    text = (
        f"smartgen 1\npolicy p {{\n{lets}\n  benefit accepted = path(calibrated(node.prob, node.rank))\n"
        "  cost drafting = profile.draft.time\n  cost verifying = profile.verify.time\n  maximize tokens / time\n"
        f"  expand best 10\n  continue while {reads} > 3\n  verify best 0..64\n  limit depth 16\n}}\n"
    )
    load_source(Source("a.smart", text))
    taken = []
    for _ in range(9):
        begun = time.perf_counter()
        load_source(Source("a.smart", text))
        taken.append(time.perf_counter() - begun)
    assert min(taken) < 0.05
