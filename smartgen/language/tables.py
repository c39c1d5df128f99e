"""The parser, from tables that were built once: `grammars/smart.tables.json`, plain JSON beside the grammar.

The tables carry the digest of the grammar they were built from and the major version of lark. Where one differs, or they
cannot be read, the parser is built from the grammar: the same parser, 50 ms later.
"""

from __future__ import annotations

import hashlib
import json
from functools import cache
from typing import Any

import lark
from lark import Lark
from lark.exceptions import LarkError
from lark.grammar import Rule
from lark.lexer import TerminalDef

from smartgen.language.resources import folder

# A whole recipe, an expression, and every statement that the YAML form has as a key.
STATEMENTS = ("param", "let", "benefit", "cost", "maximize", "subject", "expand", "proceed", "verify", "limit")
STARTS = ("start", "expr", *STATEMENTS)
_MAJOR = lark.__version__.split(".")[0]  # tables of 1.2 are those of 1.3
_OPTIONS = {"parser": "lalr", "lexer": "basic", "propagate_positions": True, "maybe_placeholders": False}


@cache
def parser() -> Lark:
    """The parser for all of `STARTS`."""
    path = folder("grammars") / "smart.tables.json"
    try:
        tables = json.loads(path.read_text(encoding="utf-8"))
        if tables["grammar"] == _digest(_grammar()) and tables["lark"] == _MAJOR:
            return _loaded(tables)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, LarkError):
        pass  # tables of another lark or a damaged file; the grammar itself is always there
    return built()


def built() -> Lark:
    """The parser straight from the grammar."""
    return Lark(_grammar(), start=list(STARTS), **_OPTIONS)


def tables() -> str:
    """What belongs into `smart.tables.json`."""
    data, memo = built().memo_serialize([TerminalDef, Rule])
    data["options"] = {**_OPTIONS, "start": list(STARTS)}  # further options differ between versions of lark
    content = {"grammar": _digest(_grammar()), "lark": _MAJOR, "data": data, "memo": memo}
    return json.dumps(content, sort_keys=True, separators=(",", ":")) + "\n"


def _loaded(tables: dict[str, Any]) -> Lark:
    """JSON has texts for keys where the tables have numbers."""
    data = tables["data"]
    table = data["parser"]["parser"]
    table["tokens"] = {int(key): name for key, name in table["tokens"].items()}
    table["states"] = {int(k): {int(t): action for t, action in row.items()} for k, row in table["states"].items()}
    memo = {int(key): thing for key, thing in tables["memo"].items()}
    return Lark.load({"data": data, "memo": memo})  # a mapping is never unpickled


def _grammar() -> str:
    return (folder("grammars") / "smart.lark").read_text(encoding="utf-8")


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
