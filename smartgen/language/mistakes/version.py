"""`smartgen 1`, with which a recipe begins: left out, misspelt, moved, or another form or language in its place."""

from __future__ import annotations

import re
from collections.abc import Iterator

from smartgen.language.mistakes.spot import Repair, Spot
from smartgen.language.nearest import misspelt

IMPORTS = ("import", "from", "using", "package", "include", "require", "module", "load", "extends", "use", "library")
_MISSING = "a recipe begins with its language version"
_EMPTY = "smartgen 1\npolicy mine {\n  limit depth 0\n}\n"


def other_form(text: str) -> Repair | None:
    """A recipe in the YAML form, or in JSON, or a program of another language, where the text form is due."""
    spelt = re.match(r"(?:\s|#[^\n]*\n)*((?:def|class|async|export|public|function|new|create)\s+policy)\s+\w+\s*[{:(]", text)
    if spelt is not None:  # `def policy mine {`
        change = (*spelt.span(1), "smartgen 1\npolicy")
        fix = "write `smartgen 1` and then `policy`"
        return Repair("SG001", _MISSING, *spelt.span(1), fix, (change,))
    program = re.match(r"(?:\s|#[^\n]*\n)*(def|class|import|from|function|const|var|package)\b", text)
    if program is not None and not re.search(r"^(?:smartgen[ \t]+\d|policy[ \t]+\w+[ \t]*\{)", text, re.MULTILINE):
        message = f"a recipe begins with its language version, this begins with `{program.group(1)}`"
        fix = "write `smartgen 1` and a policy, `policy mine { ... }`"
        return Repair("SG001", message, program.start(1), program.end(1), fix, ())
    begins = re.match(r"(?:\s|#[^\n]*\n)*(smartgen[ \t]*:|\{|---[ \t]*\n)", text)
    if begins is None or re.search(r"^\s*policy[ \t]+\w+[ \t]*\{", text, re.MULTILINE):
        return None
    fix = "name the file .yaml, or write `smartgen 1` and `policy mine { ... }`"
    return Repair("SG001", "this is the YAML form of a recipe in a text file", begins.start(1), begins.end(1), fix, ())


def header(spot: Spot) -> Iterator[Repair]:
    """`smartgen 1`, which comes first."""
    if not spot.document or spot.accepts - {"_SMARTGEN", "QUANTITY"} or not spot.accepts:
        return
    if not spot.lexemes:
        change = (0, len(spot.text), _EMPTY)
        yield Repair("SG002", "this recipe is empty", 0, 1, "begin with `smartgen 1` and a policy", (change,))
        return
    if spot.at == 0:
        yield from _later(spot)
    if spot.accepts == {"QUANTITY"}:
        yield from _number(spot)
        return
    if spot.at == 0:
        yield from _imports(spot)
        yield from _misspelt(spot)
        yield from _in_comment(spot)
    first = spot.lexemes[0]
    start = 0 if spot.text[: first.start].strip() else first.start  # comments may stand before the first word
    change = (start, start, "smartgen 1\n")
    yield Repair("SG001", _MISSING, start, first.end, "write `smartgen 1` on the first line", (change,))


def _later(spot: Spot) -> Iterator[Repair]:
    """The version inside the policy, or behind something else."""
    later = next((x for x in spot.lexemes[1:] if x.text == "smartgen" and x.first), None)
    if later is None:
        return
    opened = [x.text for x in spot.lexemes[:3]]
    if opened[0] == "policy" and opened[2:] == ["{"] and later is spot.lexemes[3]:
        number = spot.near(4)
        end = number.end if number is not None and number.sort == "number" else later.end
        version = spot.text[later.start : end]
        changes = ((spot.lexemes[0].start, spot.lexemes[0].start, f"{version}\n"), (later.start, end, ""))
        message = f"{_MISSING}, in front of the policy"
        yield Repair("SG001", message, later.start, end, "move it to the first line", changes)
    start, end = spot.lexemes[0].start, spot.text.rfind("\n", 0, later.start)
    shown = " ".join(spot.text[start:end].split())
    fix = f"remove `{shown}`" if len(shown) < 60 else "remove what stands before it"
    change = (start, later.start, "")
    yield Repair("SG001", f"{_MISSING}, and nothing stands before it", start, end, fix, (change,))


def _misspelt(spot: Spot) -> Iterator[Repair]:
    """`smartgne 1`, `version 1`, `smart gen 1`."""
    first = spot.lexemes[0]
    if first.word and (misspelt(first.text, ["smartgen"]) or first.text in ("version", "language")):
        message = f"a recipe begins with `smartgen`, not `{first.text}`"
        yield spot.replace("SG001", message, "smartgen", "write `smartgen 1`")
    if spot.word(1) == "gen":
        yield spot.replace("SG001", "`smartgen` is one word", "smartgen", "write `smartgen 1`", 2)


def _in_comment(spot: Spot) -> Iterator[Repair]:
    """`# smartgen 1`."""
    before = spot.text[: spot.lexemes[0].start]
    comment = re.match(r"(?:\s|#[^\n]*\n)*?(#[ \t]*)(?=smartgen[ \t]+\d+[ \t]*\n)", before)
    if comment is not None:
        change = (comment.start(1), comment.end(1), "")
        end = spot.text.find("\n", comment.end())
        yield Repair("SG001", f"{_MISSING}, not in a comment", comment.start(1), end, "remove the `#`", (change,))


def _imports(spot: Spot) -> Iterator[Repair]:
    """`from recipes import smart` above the policy, in the place of the version."""
    first = spot.lexemes[0]
    policy = next((i for i, x in enumerate(spot.lexemes) if x.text == "policy" and x.first), 0)
    if not policy or not first.word or first.text not in IMPORTS:
        return
    end = spot.lexemes[policy - 1].end
    shown = " ".join(spot.text[first.start : end].split())
    shown = f"`{shown}`" if len(shown) < 60 else "what stands before the policy"
    fix = f"write `smartgen 1` in the place of {shown}: a policy inherits with `use`"
    yield Repair("SG001", _MISSING, first.start, end, fix, ((first.start, end, "smartgen 1"),))


def _number(spot: Spot) -> Iterator[Repair]:
    """What stands for the number behind `smartgen`."""
    here, fix = spot.near(0), "write `smartgen 1`"
    message = "the language version is one number"
    if here is not None and here.text in (":", "=", "version", "v"):
        yield spot.remove("SG001", message, fix)
    if here is not None and re.fullmatch(r"v?[0-9.]+|v|one", here.text):
        yield spot.replace("SG001", message, "1", fix)
    if here is not None and here.sort == "text":
        yield spot.replace("SG001", message, here.text.strip('"') or "1", fix)
    before = spot.near(-1)
    if before is not None:
        change = (before.end, before.end, " 1")
        yield Repair("SG001", _MISSING, before.start, before.end, fix, (change,))
