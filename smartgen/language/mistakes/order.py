"""Statements where they cannot stand: `use` first, `when` last, blocks in braces."""

from __future__ import annotations

from collections.abc import Iterator

from smartgen.language.mistakes.operands import closing, statement_last
from smartgen.language.mistakes.spot import Change, Repair, Spot, removal
from smartgen.language.words import STATEMENTS


def order(spot: Spot) -> Iterator[Repair]:
    """Statements where they cannot stand: `use` first, `when` last, no `param` in a block."""
    here = spot.near(0)
    if here is None or here.text not in STATEMENTS or (here.text == "otherwise" and "_OTHERWISE" in spot.accepts):
        return
    if spot.accepts & {"_WHEN", "_OTHERWISE", "RBRACE"} and not spot.accepts & {"_LET", "_LIMIT", "NAME", "QUANTITY"}:
        yield from _behind_the_chain(spot)
    if here.text == "use" and "_LET" in spot.accepts:
        policy = next(
            (i for i in range(spot.at, 0, -1) if spot.lexemes[i].text == "{" and spot.lexemes[i - 2].text == "policy"),
            None,
        )
        if policy is not None:
            if spot.word(1) in _OFF:
                yield from _out_of_block(spot, here.text)
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
            yield Repair(
                "SG018",
                what,
                here.start,
                here.end,
                "move it before `otherwise`" if here.text == "when" else "keep one",
                changes,
            )
        return
    yield _moved(
        spot,
        spot.lexemes[first].start,
        "`when` blocks stand last in their policy",
        "move this statement before the first `when`",
        behind=True,
    )


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
    return Repair("SG018", message, here.start, here.end, help, (insert, removal(spot.text, here.start, end)))


def _dropped(spot: Spot, message: str, help: str) -> Repair:
    here = spot.lexemes[spot.at]
    end = spot.lexemes[statement_last(spot.lexemes, spot.at)].end
    return Repair("SG018", message, here.start, here.end, help, (removal(spot.text, here.start, end),))


def _out_of_block(spot: Spot, word: str) -> Iterator[Repair]:
    first = _chain_start(spot)
    if first is not None and word == "param":
        yield _moved(
            spot,
            spot.lexemes[first].start,
            "a `param` is the whole policy's, not a block's",
            "move it before the first `when`",
            behind=True,
        )
    if spot.word(1) in _OFF:
        message, written = f"there is no policy `{spot.word(1)}`: not to draft is a limit", "limit depth 0"
        yield spot.replace("SG018", message, written, "", 2)
    yield _dropped(spot, f"`{word}` cannot stand in a block", "remove it")


def _nested(spot: Spot) -> Iterator[Repair]:
    """`when a { when b { ... } }`."""
    here = spot.lexemes[spot.at]
    outer = next((i for i in range(spot.at - 1, -1, -1) if spot.lexemes[i].text == "when"), None)
    brace = next((i for i in range(spot.at, len(spot.lexemes)) if spot.lexemes[i].text == "{"), None)
    close = closing(spot.lexemes, brace) if brace is not None else None
    message = "a `when` cannot stand in another"
    if (
        outer is not None
        and brace is not None
        and close is not None
        and spot.word(-1) == "{"
        and spot.lexemes[close + 1 : close + 2]
    ):
        a = spot.slice(outer + 1, spot.at - 2)
        b = spot.slice(spot.at + 1, brace - 1)
        changes = (
            (spot.lexemes[outer].start, spot.lexemes[brace].end, f"when ({a}) and ({b}) {{"),
            (spot.lexemes[close].start, spot.lexemes[close].end, ""),
        )
        yield Repair("SG018", message, here.start, here.end, f"write `when ({a}) and ({b}) {{ ... }}`", changes)
    end = _block_end(spot, spot.at)
    yield Repair(
        "SG018",
        message,
        here.start,
        here.end,
        "join the conditions with `and`, one block each",
        ((here.start, end, ""),),
    )


def _no_when(spot: Spot) -> Iterator[Repair]:
    here = spot.lexemes[spot.at]
    brace = spot.at + 1
    if spot.word(1) in ("when", "if"):
        yield spot.replace("SG006", "`otherwise` has no condition", "when", "write `when ... { ... }`", 2)
    if spot.word(1) != "{":
        return
    close = closing(spot.lexemes, brace)
    if close is not None:
        changes = ((here.start, spot.lexemes[brace].end, ""), (spot.lexemes[close].start, spot.lexemes[close].end, ""))
        yield Repair(
            "SG018",
            "no `when` stands before this `otherwise`",
            here.start,
            here.end,
            "write its statements without a block",
            changes,
        )


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
    if here.text in ("then", ":", "do", "=>", "->") and spot.word(1) in _OFF:
        written = "{ limit depth 0 }"
        yield spot.replace("SG002", message, written, f"write `{spot.statement} ... {written}`", 2)
    if here.text in _OFF:
        yield spot.replace("SG002", message, "{ limit depth 0 }")
    if spot.statement == "when" and not begun.first:
        yield from _behind_statement(spot, message)
    if here.text in ("then", ":", "do") and spot.word(1) != "{" and spot.text.count("}") > spot.text.count("{"):
        condition = " ".join(spot.slice(spot.begun, spot.at - 1).split())
        yield spot.replace("SG002", message, "{", f"write `{condition} {{`")
    if here.text in ("then", ":", "do", "=>", "->") and spot.word(1) == "{":
        yield spot.remove("SG008", f"no `{here.text}` stands before a block", "remove it")
    following = next(
        (
            i
            for i in range(spot.at, len(spot.lexemes))
            if spot.lexemes[i].text in ("when", "otherwise", "}", "else", "elif", "if", "policy")
            or (i > spot.at and _as_far_out(spot, i))
        ),
        len(spot.lexemes),
    )
    closes = following < len(spot.lexemes) and spot.lexemes[following].text == "}"
    if closes and spot.text.count("}") > spot.text.count("{"):
        condition = " ".join(spot.slice(spot.begun, spot.at - 1).split())
        yield spot.insert("SG002", message, "{", f"write `{condition} {{`")
    end = spot.lexemes[following - 1].end
    opens = (here.start, here.end if here.text in ("then", ":", "do") else here.start, "{ ")
    yield Repair(
        "SG002", message, here.start, here.end, f"write `{spot.statement} ... {{ ... }}`", (opens, (end, end, " }"))
    )


_OFF = ("off", "disable", "disabled", "skip", "none", "None", "nothing", "stop", "pass", "break")


def _behind_statement(spot: Spot, message: str) -> Iterator[Repair]:
    """`limit depth 5 when batch.size < 4`: the statement belongs in the block."""
    begun = spot.begun
    first = next((i for i in range(begun - 1, -1, -1) if spot.lexemes[i].first), begun)
    if spot.lexemes[first].text not in STATEMENTS or first == begun or spot.at <= begun + 1:
        return
    last = spot.at - 1
    statement, condition = spot.slice(first, begun - 1), spot.slice(begun + 1, last)
    start, end = spot.lexemes[first].start, spot.lexemes[last].end
    written = f"when {condition} {{ {statement} }}"
    yield Repair("SG002", message, start, end, f"write `{written}`", ((start, end, written),))


def _as_far_out(spot: Spot, index: int) -> bool:
    """Whether lexeme `index` begins a line indented no deeper than the `when` whose block is indented, or on its line."""
    margin = spot.column(spot.lexemes[spot.begun].start)
    inside = not spot.lexemes[spot.at].first or spot.column(spot.start) > margin
    return inside and spot.lexemes[index].first and spot.column(spot.lexemes[index].start) <= margin


RULES = (block, order)
