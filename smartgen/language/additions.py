"""A statement that is missing: how it is written in the form at hand, and where it goes."""

from __future__ import annotations

import re
from collections.abc import Sequence

from smartgen.language.source import Edit, Source, Span


def addition(policy: Span, statement: str, chain: Span | None = None) -> tuple[str, tuple[Edit, ...]]:
    """(the help, the edits) for adding `statement`, such as `limit depth 8`, to the policy that `policy` covers.

    `chain`: its first `when`, before which the statement has to stand.
    """
    if policy.source.is_yaml:
        return _to_yaml(policy, statement)
    help = f"add `{statement}`"
    if chain is not None and chain.source == policy.source:
        return help, (Edit(Span(policy.source, chain.start, chain.start), f"{statement}\n{_indent(chain)}"),)
    brace = policy.end - 1
    if policy.source.text[brace : brace + 1] != "}":  # it is missing, which is told by itself
        end = policy.end + (policy.source.text[policy.end : policy.end + 1] == "\n")
        before = "" if policy.source.text[:end].endswith("\n") else "\n"
        return help, (Edit(Span(policy.source, end, end), f"{before}  {statement}\n"),)
    line = policy.source.text.rfind("\n", 0, brace) + 1
    if policy.source.text[line:brace].strip():
        return help, (Edit(Span(policy.source, brace, brace), f" {statement} "),)
    return help, (Edit(Span(policy.source, line, line), f"  {statement}\n"),)


def additions(policy: Span, statements: Sequence[str], chain: Span | None = None) -> tuple[str, tuple[Edit, ...]]:
    """The same for several statements, in their order; what goes to one place goes there together."""
    helps, edits = [], dict[Span, str]()
    for statement in statements:
        help, added = addition(policy, statement, chain)
        helps.append(help.removeprefix("add "))
        for edit in added:
            edits[edit.span] = edits.get(edit.span, "") + edit.text
    shown = " and ".join(part for part in (", ".join(helps[:-1]), helps[-1]) if part)
    return f"add {shown}", tuple(Edit(span, text) for span, text in edits.items())


def _indent(span: Span) -> str:
    return " " * (span.source.position(span.start)[1] - 1)


def _to_yaml(policy: Span, statement: str) -> tuple[str, tuple[Edit, ...]]:
    key, inner = as_yaml(statement)
    source = policy.source
    name, _, value = inner.partition(": ")
    written = f"{key}: {{{inner}}}" if key in ("benefit", "cost", "let", "limit", "param") else f"{key}: {inner}"
    help = f"add `{written}`"
    there = re.search(rf"^[ ]*{key}[ ]*:[ ]*(\{{)?[ ]*(\n[ ]+)?", source.text, re.MULTILINE)
    if there is not None and there.start() >= policy.start - 1:
        if there.group(1):
            at = there.end(1)
            return f"add `{name}: {value}` to `{key}`", (Edit(Span(source, at, at), f"{inner}, "),)
        if there.group(2):
            at = there.end()
            return f"add `{name}: {value}` to `{key}`", (Edit(Span(source, at, at), inner + there.group(2)),)
        return help, ()
    return help, (_line(source, policy, written),)


def as_yaml(statement: str) -> tuple[str, str]:
    """(`limit`, `depth: 8`) of `limit depth 8`."""
    word, _, rest = statement.partition(" ")
    if word in ("benefit", "cost", "let"):
        name, _, value = rest.partition(" = ")
        return word, f"{name}: {_scalar(value)}"
    if word == "param":
        return word, rest
    if word == "limit":
        return word, re.sub(r"(\w+) (\w+)", r"\1: \2", rest)
    if word == "subject":
        return "subject_to", _scalar(rest.removeprefix("to "))
    return word, _scalar(rest.removeprefix("while "))


def _scalar(text: str) -> str:
    return f'"{text}"' if re.search(r": |[#{}\[\]]", text) and '"' not in text else text


def _line(source: Source, policy: Span, written: str) -> Edit:
    """A line of its own behind the last, or an entry of the flow mapping that the recipe is."""
    if source.text[policy.start : policy.start + 1] == "{":
        end = source.text.rfind("}", policy.start, policy.end)
        return Edit(Span(source, end, end), f", {written}")
    end = len(source.text)
    before = "" if source.text.endswith("\n") or not source.text else "\n"
    return Edit(Span(source, end, end), f"{before}{_indent(policy)}{written}\n")
