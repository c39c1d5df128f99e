"""The tables of the language as pages: what `smartgen explain signals` prints and `docs/language/reference.md` holds."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from smartgen.language.codes import codes
from smartgen.language.functions import AGGREGATES, FUNCTIONS, SCOPES
from smartgen.language.signals import SIGNALS
from smartgen.language.types import AXIS_NAMES
from smartgen.language.units import UNITS
from smartgen.language.words import CLAUSES, EXTENTS, KEYWORDS, STATEMENTS, TYPES

Lines = list[str]


def statements() -> Lines:
    """Statements, clauses and extents."""
    rows = ((_code(s.form), s.per, s.known, s.meaning, _code(s.example)) for s in STATEMENTS.values())
    lines = _table(("statement", "one value per", "known at", "meaning", "example"), rows)
    lines += ["", "Clauses of `expand` and `verify`, in any order, each at most once:", ""]
    lines += [f"- {meaning}" for meaning in CLAUSES.values()]
    lines += ["", "Extents that `limit` caps:", ""]
    return lines + [f"- `{extent}`: {meaning}" for extent, meaning in EXTENTS.items()]


def signals() -> Lines:
    """Everything that an expression may read."""
    rows = (
        (f"`{name}`", str(s.kind), AXIS_NAMES[s.axis], s.phase.name.lower(), s.needs, s.meaning)
        for name, s in SIGNALS.items()
    )
    return [*_table(("signal", "is", "one value per", "known at", "from", "meaning"), rows), "", *_KNOWN]


_KNOWN = (
    "Known at: the first verb in which the value is settled. What is known at select can be read while drafting too, in",
    "`continue while` for example: it then belongs to the tree that `verify` picks at that moment, as `tree.*` does.",
)


def functions() -> Lines:
    """Functions, aggregates and the scopes in front of them."""
    lines = _table(
        ("function", "meaning", "example"), ((_code(f.form), f.meaning, _code(f.example)) for f in FUNCTIONS.values())
    )
    lines += ["", "An aggregate has its scope in front, `layer.max(node.prob)`. Scopes:", ""]
    lines += [f"- `{scope}`: {meaning}" for scope, meaning in SCOPES.items()]
    lines += ["", "Aggregates:", ""]
    lines += [f"- `{name}`: {meaning}" for name, meaning in AGGREGATES.items()]
    profile = "A profile signal is read at the current point; called, it is asked elsewhere or through a fit: "
    asked = '`profile.verify.time(nodes: 0)`, `profile.draft.time(width: 4)`, `profile.verify.time(model: "linear")`.'
    return [*lines, "", profile + asked]


def units() -> Lines:
    """Units and the types of params."""
    rows = ((f"`{unit}`", str(dimension), f"{factor:g}") for unit, (dimension, factor) in UNITS.items())
    lines = _table(("unit", "is", "in SI"), rows)
    lines += ["", "One unit may stand below another: `ms/tok`, `tok/s`, `J/tok`.", "", "Types of params:", ""]
    return [*lines, *(f"- `{name}`: {meaning}" for name, meaning in TYPES.items()), "- a unit: `ms`, `tok`, `ms/tok`"]


SECTIONS: dict[str, Callable[[], Lines]] = {
    "statements": statements,
    "signals": signals,
    "functions": functions,
    "units": units,
}


_WRITING = (
    "Numbers: `8`, `0.05`, `1e-3`, each with a unit behind it if it is one of something (`25 ms`, `25ms`). There is no `.5`, no "
    "`1_000`, no `4k`, no `50%`, no hexadecimal number. A text stands in double quotes on one line.",
    "`if a then b else c` is a whole expression. Inside of another one, and behind a word of a statement, it stands in "
    "parentheses: `limit depth (if batch.size > 4 then 2 else 8)`, `expand best (if batch.size > 4 then 2 else 8)`.",
    "`last.*` has no value in the first step, and a count always needs one: `limit depth last.accepted` is refused, "
    "`limit depth clip(floor(ema(batch.mean(last.accepted), 0.2, start: 3)) + 1, 1, 8)` says what holds until there is one.",
    "A limit and a `when` are settled before drafting, so they read nothing of `node`, `layer`, `frontier` and `tree`.",
    '`verify tree "0 1 00 01"`: one word for each node, one sign for each layer, `0` to `9` and then `a` to `z`: the rank among '
    "its siblings. Each node has its parent in the text, and each rank all that are likelier: `0 2` lacks `1`, `00` lacks `0`.",
    "What differs between the rows of a batch is made one value of the step by `batch.mean(...)`, what differs between nodes one "
    "of the layer by `layer.max(...)`. A service level of `40 ms/tok` is `subject to time <= 40 ms/tok * tree.tokens`.",
)
_IN_YAML = (
    "Keys are statements: `benefit: {accepted: node.path}`, `cost: {...}`, `let: {crowd: batch.size > 16}`, `limit: {depth: 6}`, "
    "`expand: best 8`, `verify: best 24`, `continue: layer.depth < 4` (without `while`), `maximize: tokens / time`, "
    "`subject_to: time <= 25 ms`.",
    "`policy: smart` is `use smart`, and `params: {trust: 0.9}` gives values to the params of what is used. `name: mine` is the "
    "recipe's own name, and `param: {trust: prob = 0.9}` declares a param of its own, with its type.",
    "A chain of `when` is a list, each item with both keys: `cases: [{when: batch.size > 8, then: {verify: best 4}}, "
    "{otherwise: {verify: best 16}}]`.",
    "An expression with `: `, `{` or `[` in it, such as a `table`, stands in quotes, and in `{ }` one with a `,` too.",
)


def page() -> str:
    """`docs/language/reference.md`."""
    lines = [
        "# Reference",
        "",
        "Generated from the tables that the checker reads; `smartgen explain statements`, `signals`, `functions` and "
        "`units` print the same.",
        "",
    ]
    for name, section in SECTIONS.items():
        lines += [f"## {name.capitalize()}", "", *section(), ""]
    lines += ["## Writing values", "", *(f"- {rule}" for rule in _WRITING), ""]
    lines += ["## The YAML form", "", *(f"- {rule}" for rule in _IN_YAML), ""]
    lines += ["## Words", "", "Reserved: " + ", ".join(f"`{word}`" for word in KEYWORDS) + ".", ""]
    lines += ["## Operators", "", "From the loosest to the tightest: `if a then b else c`, `or`, `and`, `not`, one of"]
    lines += ["`< <= > >= == !=` (not chained), `+ -`, `* /`, a leading `-`. A comment begins with `#`.", ""]
    return "\n".join(lines)


def errors() -> str:
    """`docs/language/errors.md`: a page for each code."""
    lines = ["# Diagnostics", "", "Every code that `smartgen check` gives, as `smartgen explain CODE` prints it.", ""]
    for code, entry in codes().items():
        lines += [f"## {code}", "", f"**{entry.title}.** {entry.text.strip()}", ""]
        if entry.wrong:
            lines += [
                "Wrong:",
                "",
                *_block(f"wrong {code}", entry.wrong),
                "",
                "Right:",
                "",
                *_block("", entry.right),
                "",
            ]
    return "\n".join(lines)


def _block(note: str, text: str) -> Lines:
    return [f"```smartgen {note}".rstrip(), *text.rstrip().splitlines(), "```"]


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Lines:
    lines = [f"| {' | '.join(head)} |", "|" + "---|" * len(head)]
    return lines + [f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |" for row in rows]


def _code(text: str) -> str:
    return f"`{text}`"
