"""Names that mean nothing, and what they may have meant."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from smartgen.language import syntax as s
from smartgen.language.additions import addition
from smartgen.language.borrowed import part, regrouped, signal
from smartgen.language.functions import AGGREGATES, FUNCTIONS, SCOPES
from smartgen.language.nearest import NUMBER_WORDS, closest, misspelt
from smartgen.language.program import Axis
from smartgen.language.signals import SIGNALS, SOURCES, SYNONYMS
from smartgen.language.source import Edit, Span
from smartgen.language.types import PLACES_OF_NODES, TEXT
from smartgen.language.units import ENERGY, MONEY, SPELT, TIME, TOKEN, UNITS

if TYPE_CHECKING:
    from smartgen.language.expressions import Broken, Typer

_SPELT = {
    "True": "true",
    "False": "false",
    "TRUE": "true",
    "FALSE": "false",
    "yes": "true",
    "no": "false",
    "on": "true",
}
_OF_UNIT = {TIME: "time", TOKEN: "tokens", ENERGY: "energy", MONEY: "money"}
_NOTHING = ("None", "none", "null", "nil", "NULL", "undefined", "nan", "NaN")

_ENDLESS = ("inf", "infinity", "infinite", "unlimited", "unbounded", "max", "none", "null", "nan", "auto", "any")

_THIS_STEP = (
    "target.",
    "node.accepted",
    "node.target",
    "node.token",
    "node.logit",
    "tree.accepted",
    "verified.",
    "output.",
)
_OVER = {"count": "node.kept", "sum": "node.path"}
_OF_TOKENS = ("marginal", "previous")  # functions whose example is a number of tokens
_FOLLOWING = ("pooled", "where", "by", "maximizing", "and", "or", "then", "else", "tok")
_GROUPS = {
    "node": "node.path",
    "layer": "layer.nodes",
    "frontier": "frontier.nodes",
    "batch": "batch.size",
    "request": "request.context",
    "engine": "engine.queue",
    "last": "last.rate",
    "run": "run.rate",
    "profile": "profile.verify.time",
}


def unknown_name(typer: Typer, e: s.Name) -> Broken:
    """A name that is neither declared nor a signal."""
    text = e.text
    if (dashes := _dashes(e.span)) is not None:
        return typer.fail("SG016", "comments begin with `#`", dashes, "write `#`", edits=(Edit(dashes, "#"),))
    if text in FUNCTIONS:
        example = FUNCTIONS[text].example
        return typer.replaced("SG108", f"`{text}` is a function", e.span, example, f"call it: `{example}`")
    if text in UNITS:
        total = _OF_UNIT.get(UNITS[text][0])
        if total is not None:
            return typer.replaced("SG102", f"`{text}` is a unit and no value", e.span, total)
    if text in NUMBER_WORDS:
        return typer.replaced("SG102", f"`{text}` is written in digits", e.span, str(NUMBER_WORDS.index(text)))
    if re.fullmatch(r"[lIO][lIO0-9]*[0-9][lIO0-9]*|[lI]", text) and typer.place.word == "a count":
        digits = text.translate(str.maketrans("lIO", "110"))
        return typer.replaced("SG010", f"`{text}` has letters in the place of digits", e.span, digits)
    if text in SOURCES and typer.place.word.endswith("where`"):
        return typer.replaced("SG102", f"`{text}` is a source of nodes", e.span, f'node.source == "{text}"')
    if text in _SPELT:
        return typer.replaced("SG102", f"`{text}` is not a word of this language", e.span, _SPELT[text])
    priced = re.search(r"([0-9.]+)[ ]*\w+[ ]*/[ ]*$", e.span.source.text[: e.span.start][-60:]) if typer.place.example else None
    if priced is not None and re.fullmatch(r"1 \w+/\w+", typer.place.example):  # `0.31 eur/kW` where `eur/kWh` is declared
        place = Span(e.span.source, e.span.start - len(priced.group()), e.span.end)
        written = f"{priced[1]} {typer.place.example.removeprefix('1 ')}"
        return typer.replaced("SG004", f"there is no unit `{place.text.partition(' ')[2]}`", place, written)
    if typer.place.example:
        written = f'"{text}"' if typer.place.example.startswith('"') else typer.place.example
        return typer.replaced("SG102", f"`{text}` is no value that a param can have", e.span, written)
    if text.startswith(_THIS_STEP) or text in ("target", "accept", "accepted_tokens"):
        fix = (
            "the chance that a node is accepted is `calibrated(node.prob)`; what was accepted before is `last.accepted`"
        )
        message = f"`{text}` would be this step's target output, which no policy can read: it could change the text"
        return typer.fail("SG101", message, e.span, fix, edits=(Edit(_rule(e.span), "calibrated(node.prob)"),))
    if typer.place.word == "a count" and text.rpartition(".")[2].lower() in _ENDLESS:
        fix = "every policy is bounded: write a number, for example `64`"
        return typer.replaced("SG102", f"`{text}` is no number of nodes or layers", e.span, "64", fix)
    if text in _NOTHING:
        fix = "remove the comparison: every signal has a value, and a comparison with one that is absent is false"
        return typer.fail("SG102", f"there is no `{text}`", e.span, fix)
    return _resembling(typer, e)


def _dashes(span: Span) -> Span | None:
    """`8  -- beam`: two minus signs that begin a comment right before an unknown name; None where none do."""
    before = re.search(r"[ \t](--)[ \t]+$", span.source.text[: span.start])
    return None if before is None else Span(span.source, *before.span(1))


def _rule(span: Span) -> Span:
    """The rule of acceptance around the target's chance, `min(1, target.prob / node.prob)`, or the ratio in it."""
    text = span.source.text
    ratio = re.match(r"\s*/\s*[\w.]+", text[span.end :])
    end = span.end + (ratio.end() if ratio is not None else 0)
    before = re.search(r"\bmin\(\s*1(?:\.0)?\s*,\s*$", text[: span.start])
    behind = re.match(r"\s*\)", text[end:])
    if ratio is not None and before is not None and behind is not None:
        return Span(span.source, before.start(), end + behind.end())
    behind = re.match(r"\s*,\s*1(?:\.0)?\s*\)", text[end:])
    before = re.search(r"\bmin\(\s*$", text[: span.start])
    if ratio is not None and before is not None and behind is not None:
        return Span(span.source, before.start(), end + behind.end())
    return Span(span.source, span.start, end)


def _resembling(typer: Typer, e: s.Name) -> Broken:
    """A name that resembles something, or that only its author can explain."""
    text = e.text
    known = [*typer.params, *typer.policy.lets, *SIGNALS, *([typer.benefit[0]] if typer.benefit else [])]
    meant = _same(text, known) or SYNONYMS.get(text) or SYNONYMS.get(text.lower()) or part(text, SIGNALS)
    meant = meant or signal(text) or regrouped(text, SIGNALS)
    meant = meant or _meant(typer, text, known)
    code = "SG101" if "." in text else "SG102"
    if joint := _joint(e.span):
        span, written = joint
        return typer.replaced("SG016", "parts of a name are joined by a point", span, written)
    if glued := _glued(text, known):
        return typer.replaced(code, f"`{text}` is two words", e.span, glued)
    owner, _, method = text.rpartition(".")
    if owner in known and method in ("previous", "forecast", "marginal", "prev"):  # `tree.tokens.previous`
        written = f"{'previous' if method == 'prev' else method}({owner})"
        return typer.replaced("SG108", f"`{method}` is a function", e.span, written)
    message = f"nothing is called `{text}`" if "." in text else f"`{text}` is neither a param, a `let`, nor a signal"
    group, _, last = text.partition(".")
    if group in ("layer", "frontier", "tree") and f"node.{last}" in SIGNALS:
        meant = (
            f"node.{last}" if typer.place.word in PLACES_OF_NODES or typer.place.inside else f"{group}.max(node.{last})"
        )
    if group in FUNCTIONS and last in known:
        return typer.replaced("SG108", f"`{group}` is a function", e.span, f"{group}({last})")
    if group in SCOPES and last in AGGREGATES:
        written = f"{text}({_OVER.get(last, 'node.prob') if group != 'batch' else 'last.accepted'})"
        return typer.replaced("SG108", f"`{text}` is a function", e.span, written, f"call it: `{written}`")
    if typer.place.word == "`maximize`" and "accept" in text:
        meant = "tokens"
    if typer.place.word in ("`maximize`", "`subject to`") and meant == "run.power" and _pays_energy(typer):
        meant = "energy"
    if meant == "tokens / time" and re.search(r"\breward:\s*$", e.span.source.text[: e.span.start]):
        meant = "last.tokens / last.time"
    if typer.place.word == "`subject to`" and meant == "tokens" and re.search(r"\btpot\b", e.span.source.text):
        meant = "tree.tokens"
    sure = meant and (misspelt(text, [meant]) or _counts(meant) or meant in (regrouped(text, SIGNALS), part(text, SIGNALS)))
    if typer.place.word == "a count" and not sure:
        meant = None
    meant = meant and _of_place(typer, meant)
    if meant:
        return typer.replaced(code, message, e.span, meant, f"did you mean `{meant}`?")
    if text in _GROUPS:
        members = ", ".join(name for name in SIGNALS if name.startswith(f"{text}."))
        fix = f"read one of its values: {members}"
        return typer.replaced("SG102", f"`{text}` is no value by itself", e.span, _GROUPS[text], fix)
    if "." in text:
        group = text.split(".")[0]
        there = [name for name in SIGNALS if name.startswith(f"{group}.")]
        fix = f"it is one of {', '.join(there)}" if there else "`smartgen explain signals` lists what can be read"
        return typer.fail(code, message, e.span, fix)
    kind = "count = 8" if typer.place.word == "a count" else "prob = 0.5"
    kind = f"flag = {asked}" if (asked := _asked(e.span)) else kind
    chain = typer.policy.chain[0].span if typer.policy.chain else None
    help, edits = addition(typer.policy.span, f"param {text}: {kind}", chain)
    return typer.fail(code, message, e.span, f"declare it: {help.removeprefix('add ')}", edits=edits)


def _pays_energy(typer: Typer) -> bool:
    return any(".energy" in cost.value.span.text for cost in typer.policy.slots.costs.values())


def _joint(span: Span) -> tuple[Span, str] | None:
    """`layer/depth`, `profile.verify/energy`: what stands there, and the name with a point."""
    other = re.match(r"[/-]([a-z.]+)\b(?![.(])", span.source.text[span.end :])
    written = f"{span.text}.{other.group(1)}" if other is not None else ""
    if other is None or written not in SIGNALS:
        return None
    return Span(span.source, span.start, span.end + other.end()), written


def _glued(text: str, known: list[str]) -> str | None:
    """`batch.sizepooled`: a name with the word that follows it."""
    parts = ((text.removesuffix(word), word) for word in _FOLLOWING if text.endswith(word))
    return next((f"{name} {word}" for name, word in parts if name in known), None)


def _counts(name: str) -> bool:
    """Whether a count may be read from it: anything declared, and signals that are counts."""
    return name not in SIGNALS or SIGNALS[name].kind.whole


def _of_place(typer: Typer, name: str) -> str:
    """The signal as it can be read where the expression stands: of all rows, or of a layer's nodes."""
    found, place = SIGNALS.get(name), typer.place.word
    if found is None or found.kind.base != "number" or typer.place.inside:
        return name
    if place == "`when`" and found.axis is Axis.REQUEST:
        return f"batch.mean({name})"
    return f"layer.max({name})" if place == "`continue while`" and found.axis is Axis.NODE else name


def _same(text: str, known: list[str]) -> str | None:
    """The same letters in another case, or with other joints: `batchSize`, `batch_size`, `node_prob`."""
    plain = text.lower().replace("_", "").replace(".", "")
    return next((name for name in known if name.lower().replace("_", "").replace(".", "") == plain), None)


def _meant(typer: Typer, text: str, known: list[str]) -> str | None:
    if "." not in text:
        short = [name for name in known if "." not in name]
        last = text.rsplit("_", 1)[-1]
        near = closest(text, short, 0.7) or (last if last in short else None)
        return near or closest(text, [n for n in known if "." in n], 0.75) or _tail(text)
    return closest(text, known)


def _tail(text: str) -> str | None:
    """`spine` for `node.spine`."""
    ends = [name for name in SIGNALS if name.rsplit(".", 1)[-1] == text and "." in name]
    return ends[0] if ends else None


def unquoted(typer: Typer, e: s.Binary) -> None:
    """`request.tag == free`, `40 ms/token`: raises Broken for a text that lacks its quotes, and a unit that is none."""
    left, right = e.left, e.right
    if e.op == "/" and isinstance(left, s.Number) and left.unit and isinstance(right, s.Name):
        tight = left.span.end == right.span.start - 1
        spelt = SPELT.get(right.text) or next((u for u in UNITS if u.lower() == right.text.lower()), None)
        known = right.text in UNITS or right.text in typer.params or right.text in typer.policy.lets
        if tight and spelt is not None and not known:
            written = f"{left.unit}/{spelt}"
            raise typer.replaced(
                "SG004",
                f"there is no unit `{left.unit}/{right.text}`",
                right.span,
                spelt,
                f"write `{left.written} {written}`",
            )
    if e.op == "-" and isinstance(left, s.Name) and isinstance(right, s.Name) and right.span.start == left.span.end + 1:
        _hyphenated(typer, e, left.text, right.text)
    if e.op not in ("==", "!="):
        return
    for side in (e.left, e.right):
        if isinstance(side, s.Name) and side.text in _NOTHING and not _known(typer, side.text):
            written = "true" if e.op == "!=" else "false"
            fix = f"every signal has a value: write `{written}`, or leave the comparison out"
            raise typer.fail("SG102", f"there is no `{side.text}`", side.span, fix, edits=(Edit(e.span, written),))
    for side, other in ((e.left, e.right), (e.right, e.left)):
        text = isinstance(other, s.Name) and other.text in SIGNALS and SIGNALS[other.text].kind == TEXT
        if text and isinstance(side, s.Name) and not _known(typer, side.text):
            message = f"`{side.text}` is no name; texts stand in quotes"
            raise typer.replaced("SG102", message, side.span, f'"{side.text}"')


def _hyphenated(typer: Typer, e: s.Binary, left: str, right: str) -> None:
    """Raises Broken for `node-prob`, `my-gain`: a name whose parts a hyphen joins, while they are no names themselves."""
    meant = next((it for it in (f"{left}.{right}", f"{left}_{right}") if _known(typer, it)), None)
    if meant is not None and not (_known(typer, left) and _known(typer, right)):
        message = "parts of a name are joined by a point" if "." in meant else "a name has letters, digits and `_` only"
        raise typer.replaced("SG016" if "." in meant else "SG017", message, e.span, meant)


def uncalled(typer: Typer, e: s.Binary) -> None:
    """`marginal > 0`: raises Broken for a function without its argument, whose unit the number beside it lacks."""
    for side, other in ((e.left, e.right), (e.right, e.left)):
        if not isinstance(side, s.Name) or side.text not in _OF_TOKENS or _known(typer, side.text):
            continue
        if isinstance(other, s.Number) and not other.unit:
            call = FUNCTIONS[side.text].example
            parts = [call, e.op, f"{other.written} tok"]
            written = " ".join(parts if side is e.left else parts[::-1])
            message, edits = f"`{side.text}` is a function", (Edit(e.span, written),)
            raise typer.fail("SG108", message, side.span, f"call it: `{written}`", edits=edits)


def _known(typer: Typer, name: str) -> bool:
    return name in typer.params or name in typer.policy.lets or name in SIGNALS


def _asked(span: Span) -> str:
    """Of a condition by itself (`not x`, `while x`, `a and x`) the flag with which it holds; empty where it is none."""
    text = span.source.text
    before, after = text[max(0, span.start - 40) : span.start].split(), re.match(r"[ \t)]*(\S*)", text[span.end :])
    word, following = before[-1].lstrip("(") if before else "", after.group(1) if after else ""
    if word not in ("not", "and", "or", "while", "when", "where", "if") or following[:1] in tuple("-+*/<>=!,("):
        return ""
    return "false" if word == "not" else "true"
