"""`use NAME (param: value)`: bases in other words, with other signs."""

from __future__ import annotations

import re
from collections.abc import Iterator

from smartgen.language.mistakes.operands import closing, statement_last
from smartgen.language.mistakes.spot import Repair, Spot

_PATH = r"[\"'<]?(?:[./]*(?P<module>[\w.:/]*?)[./:]+)?(?P<base>[A-Za-z_]\w*)(?:\.(?P<ending>smart|yaml))?[\"'>]?"
_ENDS = r"[ ]*;?(?=[ ]*(?:\n|$|\#))"
_FROM = re.compile(rf"from\s+{_PATH}\s+import\s+(?P<name>\*|[A-Za-z_]\w*)(?:\s+as\s+\w+)?{_ENDS}")
_NAME_FROM = re.compile(rf"import\s+(?P<name>[A-Za-z_]\w*)\s+from\s+{_PATH}{_ENDS}")
_LOADED = re.compile(
    r"(?:base\s*[=:]\s*)?"
    r"(?:import|include|require|load|using|source|super|with|inherits?(?:\s+from)?|extends?|use|base\s*[=:])"
    rf"\s*\(?\s*{_PATH}\s*\)?{_ENDS}"
)
_SHELVES = frozenset({"recipes", "smartgen", "policies", "crate", "lib", "shared"})  # where recipes are kept


def imported(spot: Spot) -> Iterator[Repair]:
    """`from recipes import smart`, `import recipes.smart`, `use recipes/smart`, `include("smart")` in a policy."""
    index = spot.at if spot.opens else spot.begun
    if not 0 < index < len(spot.lexemes) or spot.at - index > 6:
        return
    here = spot.lexemes[index]
    if not (here.first or spot.lexemes[index - 1].text == "{") or any(x.text == "use" for x in spot.lexemes[:index]):
        return
    found = next((m for pattern in (_FROM, _NAME_FROM, _LOADED) if (m := pattern.match(spot.text, here.start))), None)
    if found is None:
        return
    module, said = found["module"] or "", found.groupdict().get("name")
    kept = module == "" or _SHELVES & set(re.split(r"[./:]+", module))
    if found.re is _LOADED and (not kept or re.fullmatch(r"(?:use|extends?|import|include)\s+\w+[ ;]*", found.group())):
        return
    base = found["base"]
    if said not in (None, "*") and base in _SHELVES:  # `from recipes import smart`
        base = said
    if base in _SHELVES and found["ending"]:  # `recipes.smart`
        base = found["ending"]
    message, written = "a policy inherits with `use` and the name of its base", f"use {base}"
    yield Repair("SG011", message, found.start(), found.end(), f"write `{written}`", ((*found.span(), written),))


def use(spot: Spot) -> Iterator[Repair]:
    """`use NAME (param: value)`."""
    here = spot.near(0)
    if spot.statement != "use" or here is None or spot.at - spot.begun > 6:
        return
    if here.text in (":", "=", "policy", "from") and spot.word(-1) == "use":
        yield spot.remove("SG008", f"no `{here.text}` stands behind `use`", f"write `use {spot.word(1)}`")
    if here.text == "-" and spot.word(-2) == "use":
        yield from _hyphen(spot)
    base = spot.lexemes[spot.at]
    if base.sort == "name" and "." in base.text and spot.word(-1) == "use":
        yield spot.replace("SG016", "the path of a base is a text", f'"{base.text}"', f'write `use "{base.text}"`')
    inner, value = spot.near(-1), spot.near(0)
    if inner is not None and value is not None and inner.sort == "name" and spot.word(-2) in ("(", ","):
        written = f"{inner.text}: {value.text}"
        yield spot.insert("SG008", "arguments are named with `:`", ":", f"write `{written}`")
    if here.text == "{":
        close = closing(spot.lexemes, spot.at)
        if close is not None:
            inside = spot.slice(spot.at, close)[1:-1].strip().replace("=", ":")
            yield spot.replace(
                "SG007", "parameters of a base stand in parentheses", f"({inside})", "", close - spot.at + 1
            )
    if here.text in ("with", "where", "params"):
        last = statement_last(spot.lexemes, spot.at)
        pair = [x.text for x in spot.lexemes[spot.at + 1 : last + 1] if x.text not in ("=", ":", "(", ")", "and")]
        if len(pair) == 2:
            written = f"({pair[0]}: {pair[1]})"
            yield spot.replace(
                "SG007",
                "parameters of a base stand in parentheses",
                written,
                f"write `use {spot.word(-1)}{written}`",
                last - spot.at + 1,
            )
    if here.text in (",", "and"):
        last = statement_last(spot.lexemes, spot.at)
        if spot.word(2) == "(" and spot.word(-1) != ")":  # the one with settings is meant
            kept = spot.slice(spot.at + 1, last)
            yield spot.remove("SG018", "a policy uses one other", f"keep `use {kept}`", 2, -1)
        yield spot.remove(
            "SG018", "a policy uses one other", "keep one; that one may use another in turn", last - spot.at + 1
        )
    if here.text == "as":
        yield spot.remove("SG018", "a base keeps its name", "remove it", 2)


def _hyphen(spot: Spot) -> Iterator[Repair]:
    """`use eagle-2`, `use smart-run`."""
    before, here, behind = spot.lexemes[spot.at - 1], spot.lexemes[spot.at], spot.near(1)
    if behind is not None and before.end == here.start and here.end == behind.start:
        written = f"{before.text}{'' if behind.sort == 'number' else '_'}{behind.text}"
        yield spot.replace("SG017", "a name has letters, digits and `_` only", written, "", 3, -1)
