"""What frames a policy: its line, its braces, and what stands outside of them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from smartgen.language.mistakes.groups import SECTIONS
from smartgen.language.mistakes.operands import closing
from smartgen.language.mistakes.policy_parameters import parentheses
from smartgen.language.mistakes.spot import Repair, Spot, removal
from smartgen.language.mistakes.version import IMPORTS
from smartgen.language.nearest import misspelt
from smartgen.language.words import EXTENTS, STATEMENTS

_OTHER_WORDS = ("recipe", "strategy", "rule", "def", "class", "function")


def policy_line(spot: Spot) -> Iterator[Repair]:
    """The line `policy NAME {`."""
    if not spot.document:
        return
    if spot.word(-1) == "policy" and spot.accepts == {"NAME"}:
        yield from _name(spot)
    if spot.word(-2) == "policy" and spot.accepts == {"LBRACE"}:
        yield from _brace(spot)


def _name(spot: Spot) -> Iterator[Repair]:
    here = spot.near(0)
    if here is None or here.text == "{":
        yield spot.insert("SG005", "a policy has a name", "mine", "write `policy mine {`")
    elif here.sort == "text":
        name = re.sub(r"\W+", "_", here.text.strip('"')) or "mine"
        yield spot.replace("SG016", "names stand without quotes", name)
    elif here.sort == "keyword":
        yield spot.replace("SG106", f"`{here.text}` is a word of the language", f"my_{here.text}")
    elif here.sort in ("number", "name"):
        last = _name_end(spot)
        written = re.sub(r"\W+", "_", spot.slice(spot.at, last))
        written = written if written[:1].isalpha() else f"p_{written}"
        yield spot.replace(
            "SG017", "a name has letters, digits and `_`, and begins with a letter", written, "", last - spot.at + 1
        )
    elif here.text in (":", "="):
        yield spot.remove("SG008", f"no `{here.text}` stands behind `policy`", "write `policy NAME {`")


def _brace(spot: Spot) -> Iterator[Repair]:
    here, name = spot.near(0), spot.word(-1)
    open_here = f"write `policy {name} {{`"
    if here is None:
        return
    if here.text in (":", "=", ","):
        if spot.word(1) == "{":
            yield spot.remove("SG008", f"no `{here.text}` stands behind a policy's name", open_here)
        elif spot.near(1) is not None and spot.lexemes[spot.at + 1].word and spot.word(2) == "{":
            base = spot.word(1)
            yield spot.replace("SG011", "a policy inherits with `use`", f"{{ use {base}", "", 3)
        else:
            yield _block(spot, here.start, here.end, here.text)
    elif here.text == "(":
        yield from parentheses(spot)
    elif here.text in ("-", ".") or (
        here.sort == "number" and spot.near(-1) and spot.lexemes[spot.at - 1].end == here.start
    ):
        last = _name_end(spot)
        written = re.sub(r"\W+", "_", spot.slice(spot.at - 1, last))
        yield spot.replace("SG017", "a name has letters, digits and `_` only", written, "", last - spot.at + 2, -1)
    elif here.text in ("extends", "uses", "use", "from", "inherits", "is") and spot.word(2) == "{":
        yield spot.replace("SG011", "a policy inherits with `use`", f"{{ use {spot.word(1)}", "", 3)
    elif here.text == "begin":
        yield spot.replace("SG002", "a policy stands in braces", "{", open_here)
    else:
        yield spot.insert("SG002", "a policy stands in braces", "{", open_here)
        yield _block(spot, here.start, here.start, "")


def _block(spot: Spot, start: int, end: int, sign: str) -> Repair:
    """Braces around all that follows, up to the next policy."""
    following = next((x for x in spot.lexemes[spot.at :] if x.text == "policy"), None)
    close = following.start if following else len(spot.text.rstrip())
    message = f"a policy stands in braces, not behind `{sign}`" if sign else "a policy stands in braces"
    pairs = any(x.text == "}" for x in spot.lexemes) and spot.text.count("}") > spot.text.count("{")
    changes: tuple[tuple[int, int, str], ...] = ((start, end, " {"),)
    changes += () if pairs else ((close, close, "\n}\n"),)
    help = "write `{` here" if pairs else "write `{` here and `}` at its end"
    if not sign:
        start = end = spot.lexemes[spot.at - 1].end
    return Repair("SG002", message, start, max(end, start + bool(sign)), help, changes)


def _name_end(spot: Spot) -> int:
    """Index of the last lexeme of something written without a space."""
    last = spot.at
    while (
        last + 1 < len(spot.lexemes)
        and spot.lexemes[last + 1].start == spot.lexemes[last].end
        and spot.lexemes[last + 1].text not in ("{", "(", ":")
    ):
        last += 1
    return last


def outside(spot: Spot) -> Iterator[Repair]:
    """Statements before the first policy, behind the last, and braces that do not pair."""
    if not spot.document or "_POLICY" not in spot.accepts:
        return
    here = spot.near(0)
    if here is None:
        at = max(0, spot.start - 1)
        change = (len(spot.text), len(spot.text), "\npolicy mine {\n  limit depth 0\n}\n")
        yield Repair("SG002", "this recipe has no policy", at, at + 1, "write `policy mine { ... }`", (change,))
        return
    if here.text == "}":
        yield spot.remove("SG015", "this `}` closes nothing", "remove it")
    if here.sort == "name" and here.first and spot.word(1) == "{" and here.text not in (*SECTIONS, *_OTHER_WORDS):
        yield spot.replace("SG005", "`policy` is missing", f"policy {here.text}", f"write `policy {here.text} {{`")
    if here.text in IMPORTS and here.first and spot.word(1) != "{":
        last = next((i for i in range(spot.at + 1, len(spot.lexemes)) if spot.lexemes[i].first), len(spot.lexemes)) - 1
        end = spot.lexemes[last].end
        fix = "remove the line: a policy inherits with `use`, and its file needs no other"
        change = removal(spot.text, here.start, end)
        yield Repair("SG006", "nothing is imported", here.start, end, fix, (change,))
    if here.word and misspelt(here.text, ["policy"]):
        yield spot.replace("SG011", f"there is no word `{here.text}` here", "policy", "did you mean `policy`?")
    if here.text in _OTHER_WORDS:
        yield spot.replace("SG011", f"there is no word `{here.text}` here", "policy", "did you mean `policy`?")
    if spot.word(-1) == "}" and spot.at >= 1 and not any(x.text == "policy" for x in spot.lexemes[spot.at :]):
        brace = spot.lexemes[spot.at - 1]
        end = len(spot.text.rstrip())
        closed = spot.text[here.start : end].rstrip().endswith("}")
        changes: tuple[tuple[int, int, str], ...] = ((brace.start, brace.end, ""),)
        changes += () if closed and spot.text.count("}") > spot.text.count("{") else ((end, end, "\n}\n"),)
        yield Repair(
            "SG015",
            "this policy is closed before its last statement",
            brace.start,
            brace.end,
            "move the `}` to its end",
            changes,
        )
    if spot.word(-1) != "}" and (here.text in STATEMENTS or here.text in EXTENTS or spot.word(1) in ("=", ":")):
        name = "mine"
        end = len(spot.text.rstrip())
        changes = ((here.start, here.start, f"policy {name} {{\n"), (end, end, "\n}\n"))
        yield Repair(
            "SG002",
            "statements stand inside a policy",
            here.start,
            here.end,
            "write `policy mine {` before them and `}` behind",
            changes,
        )


def unclosed_end(spot: Spot) -> Iterator[Repair]:
    """The text, or the policy before the next one, ends without its `}`."""
    here = spot.near(0)
    if not spot.document or "RBRACE" not in spot.accepts or (here is not None and here.text != "policy"):
        return
    at = spot.lexemes[spot.at - 1] if spot.at else None
    opened = next(
        (i for i in range(spot.at - 1, -1, -1) if spot.lexemes[i].text == "{" and closing(spot.lexemes, i) is None),
        None,
    )
    also = ((spot.lexemes[opened].start, spot.lexemes[opened].end, "opened here"),) if opened is not None else ()
    end = at.end if at else 0
    below = spot.text[end : end + 1] == "\n"
    close = (end + 1, end + 1, "}\n") if below else (end, end, "\n}\n" if "\n" in spot.text else " }")
    yield Repair(
        "SG002",
        "the recipe ends before its policy does"
        if here is None
        else "this policy is not closed before the next begins",
        end,
        end + below,
        "close it with `}`",
        (close,),
        also,
    )
