"""`smartgen test`, `bake` and `recipes diff` on files of one's own."""

from __future__ import annotations

import pytest

from smartgen.cli.app import main
from smartgen.recipe import load

RECIPE = """\
smartgen 1
policy mine {
  benefit  accepted = node.path
  expand   best 2 where node.prob >= 0.25
  verify   best 3
  limit    depth 2
}
"""
TESTS = """\
tests:
  - name: three nodes
    drafted: {root: 0.5 0.25, "*": 0.5 0.25}
    expect: {verify: 0 1 00, tokens: 2}
"""


@pytest.fixture
def run(capsys):
    """(exit code, stdout, stderr) of a command."""

    def command(*arguments):
        with pytest.raises(SystemExit) as ended:
            main([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return ended.value.code, captured.out, captured.err

    return command


@pytest.fixture
def recipe(tmp_path):
    (tmp_path / "mine.smart").write_text(RECIPE)
    (tmp_path / "mine.test.yaml").write_text(TESTS)
    return tmp_path / "mine.smart"


def test_tests_that_hold(run, recipe):
    for named in (recipe, recipe.with_name("mine.test.yaml"), recipe.parent):
        assert run("test", named) == (0, "1 passed, 0 failed\n", "")
    assert "mine.test.yaml:2: passed  three nodes" in run("test", recipe, "-v")[1]


def test_failures_show_what_was_expected_and_what_came(run, recipe):
    (recipe.parent / "mine.test.yaml").write_text(TESTS.replace("0 1 00", "0 1").replace("tokens: 2", "tokens: 2.5"))
    code, out, _ = run("test", recipe)
    assert code == 1
    assert "mine.test.yaml:2: FAILED  three nodes" in out
    assert "  verify (line 4)\n    expected  0 1\n    got       0 1 00" in out
    assert "  tokens (line 4)\n    expected  2.5\n    got       2" in out
    assert out.endswith("0 passed, 1 failed\n")


def test_what_cannot_be_run_is_a_diagnostic(run, recipe, tmp_path):
    tests = recipe.parent / "mine.test.yaml"
    tests.write_text(TESTS.replace("expect", "expct"))
    code, out, _ = run("test", recipe)
    assert (code, "SG405" in out, "did you mean `expect`" in out) == (1, True, True)
    tests.write_text(TESTS)
    recipe.write_text(RECIPE.replace("node.path", "node.pth"))
    code, out, _ = run("test", recipe)
    assert (code, "SG101" in out, f"{recipe}:3:23" in out) == (1, True, True)
    recipe.write_text(
        RECIPE.replace("  verify   best 3", "  cost c = profile.verify.time maximize tokens / time verify best 0..3")
    )
    code, out, _ = run("test", recipe)
    assert (code, "SG453" in out, "costs: {verify" in out) == (1, True, True)
    recipe.unlink()
    code, out, _ = run("test", tests)
    assert (code, "SG401" in out) == (1, True)


def test_nothing_to_run_is_a_usage_error(run, recipe, tmp_path):
    (recipe.parent / "mine.test.yaml").unlink()
    assert run("test", recipe)[0] == 2
    assert run("test", tmp_path / "none")[0] == 2
    assert run("test", tmp_path)[0] == 2


def test_a_test_that_says_what_is_accepted_although_it_was_not_verified(run, recipe):
    (recipe.parent / "mine.test.yaml").write_text(TESTS + "    accept: '11'\n")
    code, out, _ = run("test", recipe)
    assert (code, "11, which was not verified" in out) == (1, True)


def test_mutants_are_counted_and_survivors_listed(run, recipe):
    code, out, _ = run("test", recipe, "--mutants")
    assert code == 1
    assert f"{recipe}:4:38: survived  `0.25` → `0.225`" in out
    assert "noticed" in out.splitlines()[-1]


def test_a_baked_tree_is_a_recipe(run, tmp_path):
    source = tmp_path / "ranks.smart"
    source.write_text(
        "smartgen 1\npolicy ranks { benefit accepted = path(table(node.rank, 0: 0.5, 1: 0.25))"
        " cost v = profile.verify.time maximize tokens / time expand all verify best 0..8 limit depth 3, topk 2, width 8 }"
    )
    code, out, _ = run("bake", source, "--name", "baked")
    assert code == 0
    baked = load(out)
    assert baked.name == "baked"
    paths = baked.program.situations[0].rules.verify.static
    assert paths
    assert all(path[:-1] in paths for path in paths if len(path) > 1)
    (tmp_path / "baked.smart").write_text(out)
    assert run("check", tmp_path / "baked.smart")[0] == 0


@pytest.mark.parametrize(
    ("policy", "said"),
    [
        ("benefit accepted = node.path expand best 2 verify best 3 limit depth 2", "reads node.path"),
        (
            "benefit accepted = path(0.5) expand best 2 verify all limit depth floor(batch.max(last.length / 1 tok))",
            "last.length",
        ),
        (
            "benefit accepted = path(table(node.rank, 0: 0.1, 1: 0.5)) expand all verify best 1 limit depth 1, topk 2",
            "likelier",
        ),
    ],
)
def test_what_has_no_single_tree_is_refused_by_name(run, tmp_path, policy, said):
    path = tmp_path / "p.smart"
    path.write_text(f"smartgen 1\npolicy p {{ {policy} }}")
    code, _, err = run("bake", path)
    assert (code, said in err) == (1, True)


def test_recipes_are_compared_slot_by_slot(run, recipe):
    assert run("recipes", "diff", "smart", "smart_yaml") == (0, "smart and smart_yaml are the same program\n", "")
    code, out, _ = run("recipes", "diff", "eagle2", "msd")
    assert code == 1
    assert "verify\n  - best 59\n  + best 58\n" in out
    assert "the same: benefit, expand, limit width" in out
    assert "where node.prob >= 0.25" in run("recipes", "diff", "eagle2", recipe)[1]
    code, _, err = run("recipes", "diff", "smart", "smrt")
    assert (code, "did you mean `smart`" in err) == (2, True)
