"""Every way to name a recipe, and where its mistakes are reported."""

from __future__ import annotations

import subprocess
import sys

import pytest
from omegaconf import OmegaConf

from smartgen.language.diagnostics import RecipeError
from smartgen.language.render import as_json
from smartgen.recipe import Recipe, load
from smartgen.recipe.shipped import shipped


def test_all_shipped_recipes_load_without_warnings():
    assert set(shipped()) >= {"smart", "eagle2", "chain", "paper", "off", "smart_yaml"}
    for name in shipped():
        assert load(name).warnings == ()


def test_both_forms_of_smart_are_one_program():
    text, yaml = load("smart").program, load("smart_yaml").program
    assert (text.name, text.hash) == (yaml.name, yaml.hash)
    assert text == yaml


def test_every_kind_of_source(tmp_path):
    whole = load("eagle2")
    path = tmp_path / "mine.smart"
    path.write_text(whole.text)
    configuration = OmegaConf.create({"smartgen": 1, "policy": "${base}", "base": "eagle2"})
    del configuration["base"]
    for source in (path, str(path), whole.text, {"smartgen": 1, "policy": "eagle2"}, whole):
        assert load(source).program.hash == whole.program.hash
    resolved = OmegaConf.create({"smartgen": 1, "policy": "eagle2", "limit": {"depth": "${oc.env:NO_SUCH_DEPTH,3}"}})
    assert load(resolved).program.hash != whole.program.hash
    assert isinstance(load("smart"), Recipe)
    for wrong in (3, None, ["smart"]):
        with pytest.raises(TypeError, match=r"shipped names: .*smart"):
            load(wrong)


def test_params_and_limits():
    trusted = load("smart", params={"trust": 0.5})
    assert trusted.program.hash != load("smart").program.hash
    assert load("smart", params={"trust": "1.0"}).program.hash == load("smart").program.hash
    shallow = load("eagle2", limits={"depth": 3, "nodes": 200})
    assert shallow.program.situations[0].rules.limits.depth.value == 3
    assert shallow.program.situations[0].rules.limits.nodes.value == 59, "a limit from outside only lowers"
    assert load("chain", limits={"topk": 4}).program.situations[0].rules.limits.topk.value == 1
    assert load("eagle2", limits={"topk": 4}).program.situations[0].rules.limits.topk.value == 4
    for params, said in (
        ({"trusst": 1}, "did you mean `trust`"),
        ({"trust": 2}, "not a probability"),
        ({"trust": "5 ms"}, "this is a time"),
    ):
        with pytest.raises(RecipeError, match=said):
            load("smart", params=params)
    with pytest.raises(RecipeError, match="did you mean `depth`"):
        load("smart", limits={"dept": 3})


@pytest.mark.parametrize("wrong", [{"params": 5}, {"params": "trust=1"}, {"limits": [("depth", 4)]}])
def test_params_and_limits_are_names_with_values(wrong):
    with pytest.raises(TypeError, match=f"{next(iter(wrong))} are names with values"):
        load("smart", **wrong)


def test_yaml_overrides_and_tightens():
    careful = load(
        "smartgen: 1\npolicy: smart\nname: careful\nparams: {trust: 0.9}\nlimit: {nodes: 32}\nsubject_to: [time <= 25 ms]\n"
    )
    rules = careful.program.situations[0].rules
    assert careful.name == "careful"
    assert rules.limits.nodes.value == 32
    assert len(rules.constraints) == 1


def test_positions_in_yaml_are_those_of_the_file(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text("smartgen: 1\npolicy: smart\nsubject_to:\n  - time <= 25 ms\n  - 'tokens  > 3'\n")
    with pytest.raises(RecipeError) as caught:
        load(path)
    span = caught.value.diagnostics[0].span
    assert span.source.position(span.start) == (5, 16)
    assert span.text == "3"
    assert f'"file": "{path}"' in as_json(caught.value.diagnostics)


def test_a_missing_file_and_a_misspelt_name():
    with pytest.raises(RecipeError, match=r"none.smart cannot be read"):
        load("none.smart")
    with pytest.raises(RecipeError, match="did you mean `eagle2`"):
        load("eagle22")


def test_neither_torch_nor_numpy_is_imported():
    code = (
        "import sys, smartgen.recipe; smartgen.recipe.load('smart_yaml'); print({'torch', 'numpy'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
