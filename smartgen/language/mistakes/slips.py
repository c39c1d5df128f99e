"""Slips of the hand: a word twice, a word torn in two, two words without a space, two words the wrong way round."""

from __future__ import annotations

from collections.abc import Iterator

from smartgen.language.functions import AGGREGATES, FUNCTIONS, SCOPES
from smartgen.language.lexemes import Lexeme
from smartgen.language.mistakes.colons import COORDINATES
from smartgen.language.mistakes.naming import USUAL
from smartgen.language.mistakes.spot import Change, Repair, Spot
from smartgen.language.signals import SIGNALS
from smartgen.language.words import EXTENTS, KEYWORDS, STATEMENTS

_RUN_ON = ("if", "then", "else", "and", "or", "not", "where", "by", "maximizing", "while", "best", "to", *EXTENTS)
_PRICES = [name for name in SIGNALS if name.startswith("profile.")]
_FAR = 40  # lexemes back from where reading stops that a slip is looked for
_ARTICLES = ("the", "a", "an", "its", "every", "each")
_PAIRED = ("(", ")", "[", "]", "{", "}", "-", ",")  # signs that may well stand twice, and that other rules know better
_FIXED = ("(", ")", "{", "}", "+", "-", "*", "/")  # signs that nobody writes on the wrong side of a word


def doubled(spot: Spot) -> Iterator[Repair]:
    """`limit limit depth 8`, `tokens tokens`, `node.path path`, `node node.path`, `0.2 0.2`."""
    before, here = spot.near(-1), spot.near(0)
    if before is None or here is None or here.first:
        return
    for count in (3, 2):  # `0..8 0..8`
        first, again = spot.lexemes[max(0, spot.at - count) : spot.at], spot.lexemes[spot.at : spot.at + count]
        if len(again) == count and [x.text for x in first] == [x.text for x in again]:
            message = f"`{spot.slice(spot.at, spot.at + count - 1)}` stands twice"
            yield spot.remove("SG003", message, f"write `{spot.slice(spot.at - count, spot.at - 1)}`", count)
    if before.text == here.text and here.text not in _PAIRED:
        yield _once(spot, here.text)
    if before.sort == "number" and here.text.startswith(f"{before.text} "):  # `40 40 ms`
        yield _once(spot, here.text, before.text)
    if before.sort == "number" and before.text.endswith(f" {here.text}"):  # `40 ms ms`
        yield _once(spot, before.text, here.text)
    if before.sort != "name" or here.sort != "name":
        return
    overlap = next((part for part in _tails(before.text) if here.text.startswith(f"{part}.")), None)
    if overlap is not None:
        yield _once(spot, before.text.removesuffix(overlap) + here.text, overlap)
    elif here.text == before.text.rpartition(".")[2] and (spot.word(1) != "(" or _called(before.text) or before.text in _PRICES):
        yield _once(spot, before.text, here.text)


def _once(spot: Spot, written: str, twice: str = "") -> Repair:
    return spot.replace("SG003", f"`{twice or written}` stands twice", written, "", 2, -1)


def _tails(name: str) -> Iterator[str]:
    """`profile.draft.time`, `draft.time`, `time`."""
    while name:
        yield name
        name = name.partition(".")[2]


def article(spot: Spot) -> Iterator[Repair]:
    """`when the batch.size > 8`, `maximize the tokens / time`."""
    for offset in (-1, 0):
        word, following = spot.near(offset), spot.near(offset + 1)
        if word is not None and following is not None and word.text in _ARTICLES and not spot.declares(word.text):
            yield spot.remove("SG003", f"`{word.text}` cannot stand here", f"remove `{word.text}`", 1, offset)


def torn(spot: Spot) -> Iterator[Repair]:
    """`pro file.verify.time`, `bat ch.mean(...)`, `oth erwise`: two words that are one which is known."""
    for offset in (-1, 0):
        first, second = spot.near(offset), spot.near(offset + 1)
        if first is None or second is None or not first.word or not second.word or second.first:
            continue
        whole = first.text + second.text
        if _known(spot, whole, (first, second)) or spot.word(offset - 1) == "use":
            code = "SG011" if whole in KEYWORDS else "SG017"
            yield spot.replace(code, f"`{whole}` is one word", whole, "", 2, offset)


def glued(spot: Spot) -> Iterator[Repair]:
    """`ortree.tokens`, `thenlast.drafted`, `iflayer.depth`, `while1`: a keyword that runs into what follows it."""
    for at in range(spot.at, max(spot.begun, spot.at - _FAR, 0), -1):
        if at >= len(spot.lexemes) or spot.lexemes[at].sort != "name":
            continue
        x = spot.lexemes[at]
        for keyword in _RUN_ON:
            rest = x.text[len(keyword) :]
            if x.text.startswith(keyword) and rest and (rest.isdigit() or _known(spot, rest, (x,))):
                written = f"{keyword} {rest}"
                yield spot.replace("SG011", f"`{x.text}` is two words", written, "", 1, at - spot.at)
        for keyword in STATEMENTS:  # `energysubject to`
            rest = x.text.removesuffix(keyword)
            if rest != x.text and rest and _known(spot, rest, (x,)):
                yield spot.replace("SG011", f"`{x.text}` is two words", f"{rest} {keyword}", "", 1, at - spot.at)


def unopened(spot: Spot) -> Iterator[Repair]:
    """`clipbatch.mean(x), 0, 1)`, `previoustree.tokens)`, `ucb1, 2)`: a function without its parenthesis."""
    functions = [*FUNCTIONS, *(f"{scope}.{what}" for scope in SCOPES for what in AGGREGATES), *_PRICES]
    for at in range(min(spot.at, len(spot.lexemes) - 1), max(spot.begun, spot.at - _FAR, 0), -1):
        x = spot.lexemes[at]
        for function in functions if x.sort == "name" else ():
            rest = x.text[len(function) :]
            if x.text.startswith(function) and rest and (rest.isdigit() or _known(spot, rest, (x,))):
                written = f"{function}({rest}"
                yield spot.replace("SG015", "arguments stand in parentheses", written, "", 1, at - spot.at)


def _called(name: str) -> bool:
    scope, _, aggregate = name.rpartition(".")
    return name in FUNCTIONS or (scope in SCOPES and aggregate in AGGREGATES)


def _known(spot: Spot, word: str, parts: tuple[Lexeme, ...]) -> bool:
    """A word of the language, or a name that the text has elsewhere."""
    if word in SIGNALS or word in KEYWORDS or _called(word):
        return True
    usual = (*USUAL.values(), "drafting", *COORDINATES, *(name for function in FUNCTIONS.values() for name in function.named))
    return word in usual or any(x.text == word for x in spot.lexemes if x not in parts)


def swapped(spot: Spot) -> Iterator[Repair]:
    """`depth limit 8`, `benefit = accepted node.path`, `time tpot <= 2`. Proposed where nothing else makes sense of a
    statement: any two words can change places."""
    for offset in (0, -1):
        first, second = spot.near(offset), spot.near(offset + 1)
        if first is None or second is None or second.first or {first.text, second.text} & {*_FIXED}:
            continue
        between = spot.text[first.end : second.start]
        written = f"{second.text}{between or ' '}{first.text}"
        change: Change = (first.start, second.end, written)
        message = f"`{first.text}` and `{second.text}` stand the wrong way round"
        yield Repair("SG003", message, first.start, second.end, f"write `{' '.join(written.split())}`", (change,))
