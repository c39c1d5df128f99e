"""The JSON Schema validates what smartgen reads, and says no where smartgen does for the same reason."""

from __future__ import annotations

from pathlib import Path

import jsonschema
import pytest
import yaml

from smartgen.recipe import load
from smartgen.recipe.schema import schema
from smartgen.recipe.shipped import shipped
from smartgen.recipe.yamlkeys import KEYS

CASES = Path(__file__).parents[1] / "language" / "cases"
VALIDATOR = jsonschema.Draft202012Validator(schema())
RIGHT = [*(p for p in shipped().values() if p.suffix == ".yaml"), *sorted((CASES / "ok").glob("*.yaml"))]
SHAPES = ("SG001", "SG405", "SG406", "SG407")  # what a schema can see


def test_the_schema_is_one():
    jsonschema.Draft202012Validator.check_schema(schema())
    assert set(schema()["properties"]) == set(KEYS)


@pytest.mark.parametrize("path", RIGHT, ids=lambda p: p.name)
def test_every_yaml_recipe_is_valid(path):
    assert list(VALIDATOR.iter_errors(yaml.safe_load(path.read_text(encoding="utf-8")))) == []


@pytest.mark.parametrize(
    "name", ["bad_limit", "unknown_key", "no_version", "limit_scalar", "cost_scalar", "merge", "use_key"]
)
def test_wrong_shapes_are_not(name):
    path = CASES / "recipe" / f"{name}.yaml"
    assert any(code in path.with_suffix(".yaml.out").read_text(encoding="utf-8") for code in SHAPES)
    assert list(VALIDATOR.iter_errors(yaml.safe_load(path.read_text(encoding="utf-8"))))


def test_a_policy_may_be_written_out():
    inner = "  benefit: {accepted: node.path}\n  expand: best 4\n  limit: {depth: 8}\n"
    text = f"smartgen: 1\nname: mine\npolicy:\n{inner}limit: {{depth: 2}}\n"
    assert list(VALIDATOR.iter_errors(yaml.safe_load(text))) == []
    rules = load(text).program.situations[0].rules
    assert (rules.limits.depth.value, rules.expand.high.value) == (2, 4)
