"""A word that begins no statement: misspelt, glued to the next, borrowed from elsewhere, or left out."""

from __future__ import annotations

import re
from collections.abc import Iterator

from smartgen.language.mistakes.gist import prose
from smartgen.language.mistakes.groups import phases, sections, settings
from smartgen.language.mistakes.idioms import NO_WORDS, foreign_statement, idiom, unnamed
from smartgen.language.mistakes.loops import loop
from smartgen.language.mistakes.operands import statement_last
from smartgen.language.mistakes.spot import Repair, Spot
from smartgen.language.nearest import closest, misspelt
from smartgen.language.words import EXTENTS, KEYWORDS, SECOND_WORDS, STATEMENTS

_FULL = {word: f"{word} {second}" for word, second in SECOND_WORDS.items()}
_CHOICE = r"^(best|all)(?=[0-9])"
_SECOND = {"expand": _CHOICE, "verify": _CHOICE, "limit": rf"^({'|'.join(EXTENTS)})(?=[0-9])"}  # glued in their turn
_FOLLOWS = {"expand": ("best",), "verify": ("best",), "limit": tuple(EXTENTS), "continue": ("while",)}  # by a slip too
_OTHER_WORDS = {
    "optimize": "maximize",
    "optimise": "maximize",
    "objective": "maximize",
    "argmax": "maximize",
    "maximum": "maximize",
    "goal": "maximize",
    "target": "maximize",
    "constraint": "subject to",
    "constrain": "subject to",
    "constraints": "subject to",
    "require": "subject to",
    "requires": "subject to",
    "ensure": "subject to",
    "assert": "subject to",
    "st": "subject to",
    "s.t": "subject to",
    "such": "subject to",
    "having": "subject to",
    "draft": "expand",
    "keep": "expand",
    "grow": "expand",
    "expansion": "expand",
    "propose": "expand",
    "select": "verify",
    "check": "verify",
    "validate": "verify",
    "choose": "verify",
    "accept": "verify",
    "pick": "verify",
    "set": "let",
    "var": "let",
    "val": "let",
    "const": "let",
    "define": "let",
    "def": "let",
    "local": "let",
    **dict.fromkeys(("auto", "int", "float", "double", "bool", "string", "str", "number"), "let"),
    "parameter": "param",
    "params": "param",
    "arg": "param",
    "argument": "param",
    "option": "param",
    "input": "param",
    "extends": "use",
    "extend": "use",
    "inherit": "use",
    "inherits": "use",
    "import": "use",
    "from": "use",
    "include": "use",
    "base": "use",
    "value": "benefit",
    "reward": "benefit",
    "score": "benefit",
    "price": "cost",
    "expense": "cost",
    "utility": "benefit",
    "payoff": "benefit",
    "beam": "expand",
    "branch": "expand",
    "max": "limit",
    "cap": "limit",
    "limits": "limit",
    "bound": "limit",
    "case": "when",
    "if": "when",
    "elif": "when",
    "elseif": "when",
    "unless": "when not",
    "else": "otherwise",
    **dict.fromkeys(("sonst", "ansonsten", "sinon", "sino", "altrimenti", "anders"), "otherwise"),
    **dict.fromkeys(("wenn", "falls", "si", "quand", "cuando", "quando"), "when"),
    **dict.fromkeys(("solange", "mientras"), "continue while"),
    "where": "let",
    "with": "let",
    "given": "let",
    "default": "otherwise",
    "while": "continue while",
    "proceed": "continue while",
    "repeat": "continue while",
}


def opening(spot: Spot) -> Iterator[Repair]:
    """Where a statement should begin and does not."""
    here = spot.near(0)
    if here is None or not here.word or not spot.opens or here.text in STATEMENTS:
        return
    if not {"_LET", "_LIMIT"} & spot.accepts and "_OTHERWISE" not in spot.accepts:
        return
    yield from sections(spot)
    if here.text == "with" and spot.word(2) != "=":
        yield from foreign_statement(spot)
    yield from loop(spot)
    if "_OTHERWISE" in spot.accepts and spot.word(1) == "{":
        yield from _instead(spot, here.text, "otherwise")
    yield from phases(spot)
    yield from settings(spot)
    yield from idiom(spot)
    if here.text in ("best", "all", "tree"):
        yield _choice(spot)
    if "_OTHERWISE" in spot.accepts and misspelt(here.text, ["else"]):
        yield from _instead(spot, here.text, "otherwise")
    if spot.word(1) == "while":
        yield from _instead(spot, here.text, "continue")
    if spot.word(2) == "while" and not spot.lexemes[spot.at + 2].first:  # `go on while`
        words = spot.slice(spot.at, spot.at + 1)
        yield spot.replace("SG011", f"there is no statement `{words}`", "continue", "did you mean `continue`?", 2)
    if here.text == "max" and spot.word(1) not in EXTENTS:
        yield from _instead(spot, here.text, "maximize")
    if here.text in _OTHER_WORDS:
        yield from _instead(spot, here.text, _OTHER_WORDS[here.text])
    yield from _bare(spot)
    near = misspelt(here.text, STATEMENTS)
    if near:
        yield from _instead(spot, here.text, near)
    yield from _named_with_it(spot)
    yield from _glued(spot)
    yield from _misspelt_and_glued(spot)
    yield from unnamed(spot)
    if here.text in NO_WORDS:
        yield from foreign_statement(spot)
    guess = closest(here.text, STATEMENTS)
    if guess and here.text not in NO_WORDS:
        yield from _instead(spot, here.text, guess)
    resembles = near or guess or here.text in (*_OTHER_WORDS, *NO_WORDS) or here.text.startswith(tuple(STATEMENTS))
    if here.first and here.sort == "name" and "." not in here.text and not resembles:
        yield from _unheard_of(spot)


def _instead(spot: Spot, word: str, meant: str) -> Iterator[Repair]:
    full = _FULL.get(meant, meant)
    second = full.partition(" ")[2]
    if second and (misspelt(spot.word(1), [second]) or (word, spot.word(1)) == ("such", "that")):
        full, count = full, 2
    else:
        count = 1
    count += spot.word(count) == ":"
    message = f"there is no statement `{word}`"
    if meant in _FULL and count == 1:
        yield spot.replace("SG011", message, meant, f"did you mean `{meant}`?")
    yield spot.replace("SG011", message, full, f"did you mean `{full}`?", count)


def _bare(spot: Spot) -> Iterator[Repair]:
    """`tokens / time` and, first in its policy, `smart`: an objective and a base without the word before them."""
    here, following = spot.lexemes[spot.at], spot.near(1)
    said = {x.text for x in spot.lexemes}
    if here.text in ("tokens", "progress") and spot.word(1) in ("/", "-", "*") and "maximize" not in said:
        line = " ".join(spot.slice(spot.at, statement_last(spot.lexemes, spot.at)).split())
        yield spot.replace("SG011", f"`{here.text}` begins no statement", f"maximize {here.text}", f"write `maximize {line}`")
    behind = following is None or following.first or (following.text == "(" and spot.word(3) == ":")
    alone = here.sort == "name" and "." not in here.text and behind
    if alone and spot.word(-1) == "{" and spot.word(-3) == "policy" and "use" not in said:
        yield spot.replace("SG011", f"`{here.text}` begins no statement", f"use {here.text}")


def _choice(spot: Spot) -> Repair:
    """`best 8`: of `expand` and `verify` the one that is not said elsewhere."""
    said = {x.text for x in spot.lexemes if x.first}
    meant = "expand" if "expand" not in said and spot.here != "tree" else "verify"
    if (spot.word(1), spot.word(2)) == ("0", "..") or spot.word(-1) == "{":  # what a block changes is what is verified
        meant = "verify"
    help = f"write `{meant} {spot.here} {spot.word(1)}`" if spot.here != "all" else f"write `{meant} all`"
    return spot.replace("SG011", f"`{spot.here}` begins no statement", f"{meant} {spot.here}", help)


def _glued(spot: Spot) -> Iterator[Repair]:
    """`lettuce = 3`, `limitdepth 8`, `continuewhile`."""
    word = spot.here
    for keyword in sorted(STATEMENTS, key=len, reverse=True):
        if not word.lower().startswith(keyword) or len(word) == len(keyword):
            continue
        rest = word[len(keyword) :].removeprefix("_")
        if word[len(keyword)] == "_" and rest not in KEYWORDS:
            continue
        second = SECOND_WORDS.get(keyword)
        if second and rest.startswith(second) and rest != second:
            rest = f"{second} {rest[len(second) :]}"
        rest = re.sub(_SECOND[keyword], r"\1 ", rest) if keyword in _SECOND else rest
        rest = misspelt(rest, _FOLLOWS.get(keyword, ())) or rest
        written = f"{keyword} {rest}"
        yield spot.replace("SG011", f"there is no statement `{word}`", written, f"did you mean `{written}`?")


def _named_with_it(spot: Spot) -> Iterator[Repair]:
    """`benefit_accepted = x`, `maximize_rate = x`: a statement and its name in one word, which stands nowhere else."""
    word, sign = spot.here, spot.word(1)
    keyword, _, name = word.partition("_")
    if sign not in ("=", ":") or not name or sum(x.text == word for x in spot.lexemes) > 1:
        return
    message = f"there is no statement `{word}`"
    if keyword in ("let", "benefit", "cost", "param"):
        written = f"{keyword} {name if name not in KEYWORDS else f'my_{name}'}"
        yield spot.replace("SG011", message, written, f"did you mean `{written}`?")
    if keyword in ("maximize", "maximise"):
        yield spot.replace("SG011", message, "maximize", "write `maximize ...`", 2)


def _misspelt_and_glued(spot: Spot) -> Iterator[Repair]:
    """`exapndbest`: a slip in a keyword that has the next one at its end."""
    for second in ("best", "all", "while", "to", *EXTENTS):
        first = spot.here.removesuffix(second)
        near = misspelt(first, STATEMENTS) if len(first) > 2 and first != spot.here else None
        if near:
            written = f"{near} {second}"
            message = f"there is no statement `{spot.here}`"
            yield spot.replace("SG011", message, written, f"did you mean `{written}`?")


def _unheard_of(spot: Spot) -> Iterator[Repair]:
    """A first word that resembles nothing: what follows tells what the line was to be; at worst the line goes."""
    here, following = spot.lexemes[spot.at], spot.word(1)
    meant = {"while": "continue", "to": "subject", "best": "verify", "all": "verify", "tree": "verify"}.get(following)
    if meant == "verify":
        said = {x.text for x in spot.lexemes if x.text in ("expand", "verify") and x.first}
        meant = "expand" if "verify" in said and "expand" not in said else "verify"
    if following in EXTENTS:
        meant = "limit"
    message = f"there is no statement `{here.text}`"
    if meant is not None:
        yield spot.replace("SG011", message, meant, f"did you mean `{meant}`?")
    last = statement_last(spot.lexemes, spot.at)
    change = (here.start, spot.lexemes[last].end, "")
    line = spot.text[here.start :].partition("\n")[0].strip()
    if meant is None and following not in STATEMENTS and prose(line) and not set("{}") & set(line):
        message, change = "this line is no statement, and comments begin with `#`", (here.start, here.start, "# ")
        yield Repair("SG016", message, here.start, here.start + len(line), f"write `# {line}`", (change,))
    help = f"remove the line, or begin it with one of {', '.join(STATEMENTS)}"
    if following in STATEMENTS:
        help = f"remove `{here.text}`"
    yield Repair("SG011", message, here.start, here.end, help, (change,))
