"""Inside a statement: the second word, the name, the sign, the count, the order of statements."""

from __future__ import annotations

import re
from collections.abc import Iterator

from smartgen.language.mistakes.operands import closing, expression_last, statement_last
from smartgen.language.mistakes.spot import Change, Repair, Spot
from smartgen.language.nearest import closest, misspelt
from smartgen.language.words import EXTENTS, KEYWORDS, STATEMENTS, TYPES

_NAMED = ("let", "benefit", "cost", "param")
_USUAL = {
    "let": "gain",
    "benefit": "accepted",
    "cost": "verifying",
    "param": "trust",
}
_EXAMPLE = {
    "let": "1",
    "param": "1",
    "benefit": "node.path",
    "cost": "profile.verify.time",
    "maximize": "tokens / time",
    "to": "time <= 25 ms",
    "while": "layer.depth < 4",
    "when": "batch.size > 8",
    "where": "node.prob > 0.1",
    "by": "node.path",
    "best": "10",
    "depth": "8",
    "width": "10",
    "topk": "10",
    "nodes": "64",
    "maximizing": "tokens / time",
}


def second_word(spot: Spot) -> Iterator[Repair]:
    """`continue while`, `subject to`."""
    before, here = spot.word(-1), spot.near(0)
    if before == "continue" and spot.accepts == {"_WHILE"} and here is not None:
        message = "drafting goes on `while` something holds"
        if here.text == "until":
            last = statement_last(spot.lexemes, spot.at)
            rest = spot.text[here.end : spot.lexemes[last].end].strip()
            change = (here.start, spot.lexemes[last].end, f"while not ({rest})")
            yield Repair("SG006", message, here.start, here.end, f"write `continue while not ({rest})`", (change,))
        if here.text in ("if", "when", "where", "as", "for", "drafting", ":", "=") or misspelt(here.text, ["while"]):
            yield spot.replace("SG006", message, "while", "write `continue while ...`; `when` opens a block for the whole step")
        yield spot.insert("SG006", message, "while", "write `continue while ...`")
    if before == "subject" and spot.accepts == {"_TO"} and here is not None:
        message = "a constraint is `subject to`"
        if here.text in (":", "=", "that", "for", "ot", "too", "t") or misspelt(here.text, ["to"]):
            yield spot.replace("SG006", message, "to", "write `subject to ...`")
        yield spot.insert("SG006", message, "to", "write `subject to ...`")
    if before in ("to", "while", "maximize") and here is not None and here.text in (":", "="):
        yield spot.remove("SG008", f"no `{here.text}` stands behind `{before}`", f"write `{_phrase(before)} ...`")


def _phrase(word: str) -> str:
    return {"to": "subject to", "while": "continue while"}.get(word, word)


def name(spot: Spot) -> Iterator[Repair]:
    """The name of a let, benefit, cost or param, and the sign behind it."""
    here, before = spot.near(0), spot.word(-1)
    if before in _NAMED and spot.accepts == {"NAME"}:
        yield from _no_name(spot, before)
    if spot.word(-2) in ("let", "benefit", "cost") and spot.accepts == {"EQUAL"} and here is not None:
        yield from _no_sign(spot, spot.word(-2), before)
    if spot.statement == "subject" and here is not None and here.text == "," and "AND" in spot.accepts:
        message = "a `subject to` is one constraint"
        yield spot.replace("SG007", message, "\n  subject to", "write a second `subject to`")
    if spot.statement in _NAMED and here is not None and here.text == "," and spot.near(1) is not None:
        following = spot.lexemes[spot.at + 1]
        if following.sort == "name" and spot.word(2) in ("=", ":"):
            message = "a statement names one thing"
            yield spot.replace("SG007", message, f"\n  {spot.statement}", f"write a second `{spot.statement}`")


def _no_name(spot: Spot, statement: str) -> Iterator[Repair]:
    here, usual = spot.near(0), _USUAL[statement]
    if here is None:
        return
    if here.text in (":",) and statement != "param":
        yield spot.replace("SG008", f"a {statement} has a name and `=`", f"{usual} =", f"write `{statement} {usual} = ...`")
    if here.text in ("=", ":"):
        yield spot.insert("SG005", f"this {statement} has no name", usual, f"write `{statement} {usual} {here.text} ...`")
    if here.sort == "keyword":
        written = f"my_{here.text}"
        yield spot.replace("SG106", f"`{here.text}` is a word of the language", written, f"choose another name, for example `{written}`")
    if here.sort == "name" and "." in here.text and spot.word(1) in ("=", ":"):
        written = here.text.replace(".", "_")
        yield spot.replace("SG017", "a name of one's own has no point", written, f"write `{written}`")
    if here.sort == "text":
        written = re.sub(r"\W+", "_", here.text.strip('"')) or usual
        yield spot.replace("SG016", "names stand without quotes", written)
    if here.sort == "number" and spot.word(1) not in ("=", ":"):
        following = spot.near(1)
        if following is not None and following.start == here.end:
            written = f"n{here.text}{following.text}"
            yield spot.replace("SG017", "a name begins with a letter", written, "", 2)
    if statement in ("benefit", "cost", "let"):
        yield spot.insert("SG005", f"this {statement} has no name", f"{usual} =", f"write `{statement} {usual} = ...`")


def _no_sign(spot: Spot, statement: str, written: str) -> Iterator[Repair]:
    here = spot.lexemes[spot.at]
    if here.text in ("==", ":", "is", "as", "be", "to", "<="):
        message = "a name is given its value with one `=`"
        yield spot.replace("SG008", message, "=", "write `=`")
    if here.text == ":" and (spot.word(1) in TYPES or spot.word(2) == "="):
        last = next((i for i in range(spot.at, min(spot.at + 5, len(spot.lexemes))) if spot.lexemes[i].text == "="), None)
        if last is not None:
            count = last - spot.at
            yield spot.remove("SG008", f"a {statement} has no type", f"write `{statement} {written} = ...`", count)
    if here.text == "(":
        close = closing(spot.lexemes, spot.at)
        if close is not None and spot.word(close + 1 - spot.at) == "=":
            yield spot.remove("SG006", "there are no functions of one's own", f"write `{statement} {written} = ...`", close - spot.at + 1)
    yield from _joined_name(spot, "=")
    yield spot.insert("SG008", f"`=` is missing behind `{statement} {written}`", "=", f"write `{statement} {written} = ...`")
    if statement in ("benefit", "cost") and written:
        yield spot.replace("SG005", f"this {statement} has no name", f"{_USUAL[statement]} = {written}", "", 1, -1)


def _joined_name(spot: Spot, sign: str) -> Iterator[Repair]:
    """`my-gain`, up to the sign behind a name."""
    last = next((i for i in range(spot.at, min(spot.at + 8, len(spot.lexemes))) if spot.lexemes[i].text == sign), None)
    if last is not None and spot.here in ("-", "."):
        joined = re.sub(r"\W+", "_", spot.slice(spot.at - 1, last - 1))
        yield spot.replace("SG017", "a name has letters, digits and `_` only", joined, "", last - spot.at + 1, -1)


def param(spot: Spot) -> Iterator[Repair]:
    """`param NAME: TYPE = value`."""
    if spot.statement != "param" or spot.at - spot.begun > 6:
        return
    here, before = spot.near(0), spot.word(-1)
    if spot.accepts == {"COLON"} and here is not None:
        yield from _no_type(spot, before)
    if spot.accepts == {"NAME"} and before == ":" and here is not None and here.word:
        yield spot.replace("SG210", f"there is no type `{here.text}`", closest(here.text, TYPES) or "number")
    if spot.accepts == {"NAME"} and before == ":" and here is not None and here.text == "=":
        kind = _type(spot, spot.at + 1)
        yield spot.insert("SG005", "this param has no type", kind, f"write `: {kind} = ...`")
    if "EQUAL" in spot.accepts:
        yield from _no_value(spot, before)


def _no_type(spot: Spot, written: str) -> Iterator[Repair]:
    here = spot.lexemes[spot.at]
    if written in (*TYPES, "int", "float", "bool", "str") and here.sort == "name" and spot.word(1) == "=":
        kind = {"int": "count", "float": "number", "bool": "flag", "str": "text"}.get(written, written)
        swapped = f"{here.text}: {kind}"
        yield spot.replace("SG005", "the type stands behind the name", swapped, f"write `param {swapped} = ...`", 2, -1)
    yield from _joined_name(spot, ":")
    if here.text in ("=", "=="):
        kind = _type(spot, spot.at + 1)
        change = (here.start, here.end, f": {kind} =")
        help = f"write `param {written}: {kind} = ...`"
        before = spot.lexemes[spot.at - 1]
        changes = ((before.end, here.start, ""), change)
        yield Repair("SG005", f"`{written}` has no type", before.start, before.end, help, changes)
    if here.word and (here.text in TYPES or spot.word(1) in ("=", "/")):
        yield spot.insert("SG005", f"`:` is missing behind `{written}`", ":", f"write `param {written}: {here.text} = ...`")


def _no_value(spot: Spot, before: str) -> Iterator[Repair]:
    here = spot.near(0)
    name = spot.lexemes[spot.begun + 1].text if spot.begun + 1 < len(spot.lexemes) else ""
    if spot.ends or (here is not None and here.first):
        value = {"prob": "1.0", "flag": "false", "text": '""', "count": "1", "number": "1"}.get(before, f"1 {before}")
        last = spot.lexemes[spot.at - 1]
        change = (last.end, last.end, f" = {value}")
        first = spot.lexemes[spot.begun]
        yield Repair("SG009", f"`param {name}` has no value", first.start, last.end, f"write `= {value}` behind it", (change,))
    elif here is not None and here.text in ("==", ":", "is", "default"):
        yield spot.replace("SG008", "a param is given its value with `=`", "=", "write `=`")
    elif here is not None:
        yield spot.insert("SG008", f"`=` is missing behind `param {name}: {before}`", "=", f"write `param {name}: {before} = ...`")


def _type(spot: Spot, index: int) -> str:
    """The type that the value at `index` would have."""
    value = spot.lexemes[index] if index < len(spot.lexemes) else None
    if value is None or value.sort not in ("number", "text", "keyword"):
        return "number"
    if value.sort == "text":
        return "text"
    if value.text in ("true", "false"):
        return "flag"
    number, unit = re.fullmatch(r"([0-9.eE+-]+?)\s*([A-Za-z/]*)", value.text).groups()  # type: ignore[union-attr]
    if unit:
        return str(unit)
    return "count" if "." not in number and number not in ("0", "1") else "prob" if float(number) <= 1 else "number"


def choice(spot: Spot) -> Iterator[Repair]:
    """What stands behind `expand` and `verify`."""
    here, before, statement = spot.near(0), spot.word(-1), spot.statement
    if here is None or statement not in ("expand", "verify"):
        return
    if before == statement:
        yield from _head(spot, statement)
    if before == "best" and here.text in ("=", ":", "of", "top"):
        yield spot.remove("SG008", f"no `{here.text}` stands behind `best`", f"write `{statement} best {spot.word(1)}`")
    if before == "tree" and here.sort in ("number", "name"):
        last = statement_last(spot.lexemes, spot.at)
        written = f'"{spot.slice(spot.at, last)}"'
        yield spot.replace("SG016", "the paths of a tree are a text", written, f"write `verify tree {written}`", last - spot.at + 1)
    if here.text in ("when", "if", "while", "with", "having", "filter", "such", "unless") or misspelt(here.text, ["where"]):
        count = 2 if (here.text, spot.word(1)) == ("such", "that") else 1
        yield spot.replace("SG006", "nodes are filtered with `where`", "where", "write `where`", count)
    if here.text in ("order", "ordered", "sort", "sorted", "ranked", "orderby", "key"):
        count = 2 if spot.word(1) in ("by", "=", ":") else 1
        yield spot.replace("SG006", "the order is given with `by`", "by", "write `by`", count)
    if here.text in ("nodes", "tokens", "node", "candidates", "children", "leaves", "token", "draft", "per", "of", "for", "each", "a"):
        yield from _counted_what(spot)
    if (here.text in ("and", "&") and spot.word(1) in ("node", "where")) or (here.text == "where" and "_WHERE" not in spot.accepts):
        yield spot.replace("SG105", "one `where` filters", "and", "join conditions with `and`")
    if here.text in ("to", "-", ":", "until", "through", "upto", ","):
        yield from _range(spot)
    if here.text in ("maximize", "maximise", "maximising") and "_MAXIMIZING" in spot.accepts:
        yield spot.replace("SG006", "a range of `expand` is searched by `maximizing`", "maximizing", "write `maximizing`")


def _head(spot: Spot, statement: str) -> Iterator[Repair]:
    here = spot.lexemes[spot.at]
    message = f"`{statement}` takes `all` or `best` and a count"
    if here.text in ("=", ":"):
        yield spot.remove("SG008", f"no `{here.text}` stands behind `{statement}`", f"write `{statement} {spot.word(1)} ...`")
    if here.text in ("none", "nothing", "off", "no"):
        yield spot.replace("SG006", message, "best 0", f"write `{statement} best 0`")
    if here.text in ("top", "first", "max", "exactly", "most", "up", "only", "topk") or misspelt(here.text, ["best"]):
        count = 2 if (here.text, spot.word(1)) == ("up", "to") else 1
        yield spot.replace("SG006", message, "best", f"write `{statement} best {spot.word(count)}`", count)
    if here.text in ("every", "any", "everything", "the", "nodes") or misspelt(here.text, ["all"]):
        count = 2 if spot.word(1) in ("nodes", "best", "node") else 1
        yield spot.replace("SG006", message, "all", f"write `{statement} all`", count)
    if here.sort in ("number", "name") or here.text in ("(", "-"):
        count = spot.slice(spot.at, expression_last(spot.lexemes, spot.at))
        yield spot.insert("SG006", message, "best", f"write `{statement} best {count}`")
    if here.sort == "text":
        yield spot.insert("SG006", message, "tree", f"write `{statement} tree {here.text}`")
    if here.text in ("where", "by", "pooled"):
        yield spot.insert("SG006", message, "all", f"write `{statement} all {here.text} ...`")
    if spot.ends or here.first:
        last = spot.lexemes[spot.at - 1]
        yield Repair("SG009", message, last.start, last.end, f"write `{statement} all`", ((last.end, last.end, " all"),))


def _counted_what(spot: Spot) -> Iterator[Repair]:
    """Words behind a count: `10 nodes`, `10 per batch`."""
    here = spot.lexemes[spot.at]
    last = spot.at
    while last + 1 < len(spot.lexemes) and spot.lexemes[last + 1].word and not spot.lexemes[last + 1].first and (
        spot.lexemes[last + 1].text not in KEYWORDS or spot.lexemes[last + 1].text in EXTENTS
    ):
        last += 1
    words = spot.slice(spot.at, last)
    count = last - spot.at + 1
    if re.search(r"\b(batch|all|total|together|step)\b", words):
        yield spot.replace("SG004", f"`{here.text}` is not a word of the language", "pooled", "one count for all rows of the batch is `pooled`", count)
    yield spot.remove("SG004", f"a count has no unit, and `{words}` is no clause", f"remove `{words}`: a count is per row", count)


def _range(spot: Spot) -> Iterator[Repair]:
    here, before, following = spot.lexemes[spot.at], spot.near(-1), spot.near(1)
    if before is not None and following is not None and before.sort == "number" and following.sort in ("number", "name"):
        written = f"{before.text}..{following.text}"
        yield spot.replace("SG007", "a range has two points", "..", f"write `{written}`")


def limit(spot: Spot) -> Iterator[Repair]:
    """`limit EXTENT count, ...`."""
    here, before = spot.near(0), spot.word(-1)
    if spot.statement != "limit" or here is None:
        return
    if before in EXTENTS and here.text in ("=", ":", "<=", "<", "to", "of", "is", "at", "==", "max", "best", "up"):
        count = 2 if (here.text, spot.word(1)) in (("up", "to"), ("at", "most")) else 1
        help = f"write `limit {before} {spot.word(count)}`"
        yield spot.remove("SG008", f"`limit` takes no `{here.text}`", help, count)
    if "DEPTH" in spot.accepts and before in ("limit", ","):
        yield from _extent(spot, before)
    if here.text in EXTENTS and "COMMA" in spot.accepts:
        yield spot.insert("SG005", f"`,` is missing before `{here.text}`", ",", f"write `, {here.text} {spot.word(1)}`")
    if here.text in ("and", "&", "+") and spot.word(1) in EXTENTS:
        yield spot.replace("SG007", "limits are separated by `,`", ",", "write `,`")


def _extent(spot: Spot, before: str) -> Iterator[Repair]:
    here = spot.lexemes[spot.at]
    known = ", ".join(EXTENTS)
    if here.sort == "number" and spot.word(1) in EXTENTS:
        swapped = f"{spot.word(1)} {here.text}"
        yield spot.replace("SG008", "the extent stands before its count", swapped, f"write `limit {swapped}`", 2)
    if here.sort == "number" or here.text == "(":
        yield spot.insert("SG005", "a limit says what it limits", "depth", f"write `limit depth {here.text}`; extents are {known}")
    if here.text in (":", "="):
        yield spot.remove("SG008", f"no `{here.text}` stands behind `limit`", "write `limit depth 8`")
    if here.word:
        meant = _EXTENT_WORDS.get(here.text.lower()) or misspelt(here.text, EXTENTS) or closest(here.text, EXTENTS)
        count = 2 if spot.word(1) in ("=", ":") else 1
        yield spot.replace("SG008", f"there is no extent `{here.text}`", meant or "nodes", f"did you mean `{meant}`?" if meant else f"extents are {known}", count)
    if before == ",":
        yield spot.remove("SG005", "this `,` leads nowhere", "remove it", 1, -1)


_EXTENT_WORDS = {
    "layers": "depth",
    "deep": "depth",
    "height": "depth",
    "length": "depth",
    "steps": "depth",
    "levels": "depth",
    "passes": "depth",
    "tokens": "nodes",
    "token": "nodes",
    "size": "nodes",
    "tree": "nodes",
    "budget": "nodes",
    "draft": "nodes",
    "breadth": "width",
    "wide": "width",
    "beam": "width",
    "frontier": "width",
    "k": "topk",
    "top_k": "topk",
    "top": "topk",
    "branching": "topk",
    "children": "topk",
    "max_depth": "depth",
    "max_nodes": "nodes",
    "max_width": "width",
    "max_tokens": "nodes",
}


def nothing(spot: Spot) -> Iterator[Repair]:
    """A statement, or a sign in it, with nothing behind it."""
    before = spot.word(-1)
    complete = spot.ends or (spot.near(0) is not None and spot.lexemes[spot.at].first)
    if not complete or not spot.at:
        return
    last = spot.lexemes[spot.at - 1]
    key = spot.statement if before == "=" else before
    if spot.wants_operand and key in _EXAMPLE:
        begun = spot.lexemes[max(spot.begun, 0)]
        example = _param_example(spot) if key == "param" else _EXAMPLE[key]
        written = f"{spot.text[begun.start : last.end]} {example}"
        what = " ".join(x.text for x in spot.lexemes[max(spot.begun, 0) : spot.at] if x.text != "=")
        change = (last.end, last.end, f" {example}")
        help = f"write what it is, for example `{' '.join(written.split())}`"
        yield Repair("SG009", f"nothing stands behind `{what}`" if key != spot.statement or before != "=" else f"`{what}` has no expression", begun.start, last.end, help, (change,))
    if spot.wants_operand and before in ("+", "-", "*", "/", "<", ">", "<=", ">=", "==", "!=", "and", "or", "not", ".."):
        change = (last.start, last.end, "")
        yield Repair("SG009", f"nothing stands behind `{before}`", last.start, last.end, f"remove `{before}`, or write what follows it", (change,))
    if before in _NAMED and spot.accepts == {"NAME"}:
        change = (last.start, last.end, "")
        yield Repair("SG009", f"`{before}` has no name and no value", last.start, last.end, f"write `{before} {_USUAL[before]} = {_EXAMPLE[before]}`", (change,))
    if before == "limit" or (before == "," and spot.statement == "limit"):
        change = (last.end, last.end, " depth 8") if before == "limit" else (last.start, last.end, "")
        yield Repair("SG009", f"nothing stands behind `{before}`", last.start, last.end, "write `limit depth 8`" if before == "limit" else "remove it", (change,))


def _param_example(spot: Spot) -> str:
    kind = spot.word(-2)
    return {"prob": "1.0", "flag": "false", "text": '""', "count": "1", "number": "1"}.get(kind, f"1 {kind}")


def order(spot: Spot) -> Iterator[Repair]:
    """Statements where they cannot stand: `use` first, `when` last, no `param` in a block."""
    here = spot.near(0)
    if here is None or here.text not in STATEMENTS or (here.text == "otherwise" and "_OTHERWISE" in spot.accepts):
        return
    if spot.accepts & {"_WHEN", "_OTHERWISE", "RBRACE"} and not spot.accepts & {"_LET", "_LIMIT", "NAME", "QUANTITY"}:
        yield from _behind_the_chain(spot)
    if here.text == "use" and "_LET" in spot.accepts:
        policy = next((i for i in range(spot.at, 0, -1) if spot.lexemes[i].text == "{" and spot.lexemes[i - 2].text == "policy"), None)
        if policy is not None:
            yield _moved(spot, spot.lexemes[policy].end, "`use` stands first in its policy", "move it to the beginning")
        yield _dropped(spot, "a policy uses one other", "keep one `use`")
    if here.text in ("param", "use") and "_LET" in spot.accepts and "_PARAM" not in spot.accepts:
        yield from _out_of_block(spot, here.text)
    if here.text == "when" and "_LET" in spot.accepts and "_WHEN" not in spot.accepts:
        yield from _nested(spot)
    if here.text == "otherwise" and "_LET" in spot.accepts:
        yield from _no_when(spot)


def _behind_the_chain(spot: Spot) -> Iterator[Repair]:
    here = spot.lexemes[spot.at]
    first = _chain_start(spot)
    if first is None:
        return
    if here.text in ("when", "otherwise"):
        otherwise = next((i for i in range(first, spot.at) if spot.lexemes[i].text == "otherwise"), None)
        if otherwise is not None:
            end = _block_end(spot, spot.at)
            moved = spot.text[here.start : end]
            at = spot.lexemes[otherwise].start
            changes: tuple[Change, ...] = ((at, at, f"{moved}\n  "), (here.start, end, ""))
            what = "`otherwise` stands last" if here.text == "when" else "there is one `otherwise`"
            changes = changes if here.text == "when" else ((here.start, end, ""),)
            yield Repair("SG018", what, here.start, here.end, "move it before `otherwise`" if here.text == "when" else "keep one", changes)
        return
    yield _moved(spot, spot.lexemes[first].start, "`when` blocks stand last in their policy", "move this statement before the first `when`", behind=True)


def _chain_start(spot: Spot) -> int | None:
    """Index of the first `when` of the chain that ends before this place."""
    first = None
    for i in range(spot.at - 1, -1, -1):
        if spot.lexemes[i].text in ("when", "otherwise"):
            first = i
        if spot.lexemes[i].text == "policy":
            break
    return first


def _block_end(spot: Spot, index: int) -> int:
    """Characters: the end of the block whose `when` or `otherwise` is at `index`."""
    brace = next((i for i in range(index, len(spot.lexemes)) if spot.lexemes[i].text == "{"), None)
    close = closing(spot.lexemes, brace) if brace is not None else None
    return spot.lexemes[close].end if close is not None else spot.lexemes[-1].end


def _moved(spot: Spot, to: int, message: str, help: str, behind: bool = False) -> Repair:
    here = spot.lexemes[spot.at]
    end = spot.lexemes[statement_last(spot.lexemes, spot.at)].end
    moved = spot.text[here.start : end]
    insert = (to, to, f"{moved}\n  " if behind else f"\n  {moved}")
    return Repair("SG018", message, here.start, here.end, help, (insert, (here.start, end, "")))


def _dropped(spot: Spot, message: str, help: str) -> Repair:
    here = spot.lexemes[spot.at]
    end = spot.lexemes[statement_last(spot.lexemes, spot.at)].end
    return Repair("SG018", message, here.start, here.end, help, ((here.start, end, ""),))


def _out_of_block(spot: Spot, word: str) -> Iterator[Repair]:
    first = _chain_start(spot)
    if first is not None and word == "param":
        yield _moved(spot, spot.lexemes[first].start, "a `param` is the whole policy's, not a block's", "move it before the first `when`", behind=True)
    yield _dropped(spot, f"`{word}` cannot stand in a block", "remove it")


def _nested(spot: Spot) -> Iterator[Repair]:
    """`when a { when b { ... } }`."""
    here = spot.lexemes[spot.at]
    outer = next((i for i in range(spot.at - 1, -1, -1) if spot.lexemes[i].text == "when"), None)
    brace = next((i for i in range(spot.at, len(spot.lexemes)) if spot.lexemes[i].text == "{"), None)
    close = closing(spot.lexemes, brace) if brace is not None else None
    message = "a `when` cannot stand in another"
    if outer is not None and brace is not None and close is not None and spot.word(-1) == "{" and spot.lexemes[close + 1 : close + 2]:
        a = spot.slice(outer + 1, spot.at - 2)
        b = spot.slice(spot.at + 1, brace - 1)
        changes = (
            (spot.lexemes[outer].start, spot.lexemes[brace].end, f"when ({a}) and ({b}) {{"),
            (spot.lexemes[close].start, spot.lexemes[close].end, ""),
        )
        yield Repair("SG018", message, here.start, here.end, f"write `when ({a}) and ({b}) {{ ... }}`", changes)
    end = _block_end(spot, spot.at)
    yield Repair("SG018", message, here.start, here.end, "join the conditions with `and`, one block each", ((here.start, end, ""),))


def _no_when(spot: Spot) -> Iterator[Repair]:
    here = spot.lexemes[spot.at]
    brace = spot.at + 1
    if spot.word(1) != "{":
        return
    close = closing(spot.lexemes, brace)
    if close is not None:
        changes = ((here.start, spot.lexemes[brace].end, ""), (spot.lexemes[close].start, spot.lexemes[close].end, ""))
        yield Repair("SG018", "no `when` stands before this `otherwise`", here.start, here.end, "write its statements without a block", changes)


def use(spot: Spot) -> Iterator[Repair]:
    """`use NAME (param: value)`."""
    here = spot.near(0)
    if spot.statement != "use" or here is None or spot.at - spot.begun > 6:
        return
    if here.text in (":", "=", "policy", "from") and spot.word(-1) == "use":
        yield spot.remove("SG008", f"no `{here.text}` stands behind `use`", f"write `use {spot.word(1)}`")
    if here.text == "{":
        close = closing(spot.lexemes, spot.at)
        if close is not None:
            inside = spot.slice(spot.at, close)[1:-1].strip().replace("=", ":")
            yield spot.replace("SG007", "parameters of a base stand in parentheses", f"({inside})", "", close - spot.at + 1)
    if here.text in ("with", "where", "params"):
        last = statement_last(spot.lexemes, spot.at)
        inside = [x.text for x in spot.lexemes[spot.at + 1 : last + 1] if x.text not in ("=", ":", "(", ")", "and")]
        if len(inside) == 2:
            written = f"({inside[0]}: {inside[1]})"
            yield spot.replace("SG007", "parameters of a base stand in parentheses", written, f"write `use {spot.word(-1)}{written}`", last - spot.at + 1)
    if here.text in (",", "and"):
        last = statement_last(spot.lexemes, spot.at)
        yield spot.remove("SG018", "a policy uses one other", "keep one; that one may use another in turn", last - spot.at + 1)
    if here.text == "as":
        yield spot.remove("SG018", "a base keeps its name", "remove it", 2)


def block(spot: Spot) -> Iterator[Repair]:
    """The braces of `when` and `otherwise`."""
    here = spot.near(0)
    if "LBRACE" not in spot.accepts or here is None or spot.statement not in ("when", "otherwise"):
        return
    message = f"what `{spot.statement}` changes stands in braces"
    begun = spot.lexemes[spot.begun]
    before = next((x.text for x in reversed(spot.lexemes[: spot.begun]) if x.text in STATEMENTS), "")
    if spot.statement == "when" and not begun.first and before in ("expand", "verify"):
        back = spot.begun - spot.at
        yield spot.replace("SG006", "nodes are filtered with `where`", "where", "write `where`", 1, back)
    if here.text == "otherwise" or (spot.statement == "otherwise" and here.text in ("if", "when")):
        back = spot.begun - spot.at
        message = "`otherwise` has no condition"
        yield spot.replace("SG006", message, "when", "write `when ... { ... }`", 1 - back, back)
    if here.text in ("then", ":", "do", "=>", "->") and spot.word(1) == "{":
        yield spot.remove("SG008", f"no `{here.text}` stands before a block", "remove it")
    following = next(
        (i for i in range(spot.at, len(spot.lexemes)) if spot.lexemes[i].text in ("when", "otherwise", "}", "else", "elif", "if", "policy")),
        len(spot.lexemes),
    )
    end = spot.lexemes[following - 1].end
    opens = (here.start, here.end if here.text in ("then", ":", "do") else here.start, "{ ")
    yield Repair("SG002", message, here.start, here.end, f"write `{spot.statement} ... {{ ... }}`", (opens, (end, end, " }")))


RULES = (second_word, name, param, choice, limit, use, block, order, nothing)
