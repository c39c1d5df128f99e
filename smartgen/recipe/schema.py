"""The JSON Schema of the YAML form, from the same tables that read it: for editors, and for whoever writes YAML by program.

A scalar is a text to smartgen whatever YAML makes of it, so where an expression stands a number and a yes/no value may, too.
"""

from __future__ import annotations

import json
from typing import Any

from smartgen.language.functions import FUNCTIONS
from smartgen.language.words import EXTENTS, STATEMENTS
from smartgen.recipe.written import LATEST
from smartgen.recipe.yamlkeys import CASE_KEYS, KEYS

_NAME = "^[A-Za-z_][A-Za-z0-9_]*$"
_INTERPOLATION = r"\$\{.*\}"
_WORDS = {"subject_to": "subject", "cases": "when"}  # keys that are called otherwise in the text form


def schema() -> dict[str, Any]:
    """JSON Schema, draft 2020-12."""
    statements = {key: _key(key) for key in KEYS if key not in ("smartgen", "policy", "params", "profile")}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "smartgen recipe",
        "description": f"A speculation policy in the YAML form of the smartgen language, version {LATEST}.",
        "type": "object",
        "properties": {key: _key(key) for key in KEYS},
        "required": ["smartgen"],
        "additionalProperties": False,
        "$defs": {
            "expression": {"type": ["string", "number", "boolean"], "description": _expressions()},
            "name": {"type": "string", "pattern": f"{_NAME}|{_INTERPOLATION}"},
            "names": {
                "type": "object",
                "propertyNames": {"pattern": _NAME},
                "additionalProperties": {"$ref": "#/$defs/expression"},
            },
            "policy": {
                "type": "object",
                "properties": {"policy": {"$ref": "#/$defs/base"}, **statements},
                "additionalProperties": False,
            },
            "base": {"anyOf": [{"type": ["string", "boolean"]}, {"$ref": "#/$defs/policy"}]},
            "rules": {"type": "object", "properties": _rules(), "additionalProperties": False},
            "case": _case(),
        },
    }


def text() -> str:
    """The schema as it is kept in `grammars/recipe.schema.json`."""
    return json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"


def _rules() -> dict[str, Any]:
    outside = ("smartgen", "policy", "name", "profile", "params", "param", "cases")
    return {key: _key(key) for key in KEYS if key not in outside}


def _key(key: str) -> dict[str, Any]:
    return {"description": _described(key), **_shape(key)}


def _shape(key: str) -> dict[str, Any]:
    if key == "smartgen":
        return {"enum": [LATEST, str(LATEST)]}
    if key == "policy":
        return {"$ref": "#/$defs/base"}
    if key == "name":
        return {"$ref": "#/$defs/name"}
    if key == "profile":
        return {"type": "string"}
    if key in ("params", "param", "let", "cost"):
        return {"$ref": "#/$defs/names"}
    if key == "benefit":
        return {"$ref": "#/$defs/names", "maxProperties": 1}
    if key == "limit":
        extents = {
            extent: {"description": meaning, "$ref": "#/$defs/expression"} for extent, meaning in EXTENTS.items()
        }
        return {"type": "object", "properties": extents, "additionalProperties": False}
    one = {"$ref": "#/$defs/case" if key == "cases" else "#/$defs/expression"}
    if key in ("subject_to", "cases"):
        return {"anyOf": [one, {"type": "array", "items": one}]}
    return one


def _described(key: str) -> str:
    statement = STATEMENTS.get(_WORDS.get(key, key))
    return f"{KEYS[key]}. {statement.form}: {statement.meaning}" if statement else KEYS[key]


def _expressions() -> str:
    return f"an expression of signals, params and names; functions are {', '.join(FUNCTIONS)}"


def _case() -> dict[str, Any]:
    when, then, otherwise = CASE_KEYS
    return {
        "type": "object",
        "properties": {
            when: {"$ref": "#/$defs/expression"},
            then: {"$ref": "#/$defs/rules"},
            otherwise: {"$ref": "#/$defs/rules"},
        },
        "oneOf": [{"required": [when, then]}, {"required": [otherwise]}],
        "additionalProperties": False,
    }
