"""Interpolations `${...}`: what OmegaConf makes of them, and what is told of one that it does not resolve."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import yaml

from smartgen.language.diagnostics import Diagnostic, Label
from smartgen.language.findings import Findings
from smartgen.language.nearest import closest
from smartgen.language.source import Edit, Source, Span


def interpolated(
    root: yaml.MappingNode, source: Source, span: Callable[[yaml.Node], Span], findings: Findings
) -> dict[int, str | None]:
    """The values of scalars with an interpolation, by the id of their node; None where one does not resolve, which is
    recorded."""
    if "${" not in source.text:
        return {}
    from omegaconf import OmegaConf
    from omegaconf.errors import OmegaConfBaseException

    scalars = [(path, node) for path, node in _scalars(root, ()) if "${" in node.value]
    if not scalars:
        return {}
    names = [".".join(map(str, path)) for path, _ in _scalars(root, ())]
    values: dict[int, str | None] = {}

    def unresolved(path: tuple[Any, ...], node: yaml.ScalarNode, error: BaseException) -> None:
        values[id(node)] = None
        known = [name for name in names if name != ".".join(map(str, path))]
        findings.take(_told(error, span(node), known))

    try:
        whole = OmegaConf.create(_plain(root))
    except (OmegaConfBaseException, ValueError, TypeError) as error:
        unresolved(*scalars[0], error)
        return values
    for path, node in scalars:
        if (hollow := _hollow(span(node), "auto" if path[-1] == "profile" else "10")) is not None:
            values[id(node)] = None
            findings.take(hollow)
            continue
        if (own := _own_param(span(node), names)) is not None:
            values[id(node)] = None
            findings.take(own)
            continue
        try:
            found: Any = whole
            for step in path:
                found = found[step]
            values[id(node)] = str(found)
        except (RecursionError, OmegaConfBaseException, ValueError, TypeError, KeyError, AttributeError) as error:
            unresolved(path, node, error)
    return values


def _own_param(span: Span, names: list[str]) -> Diagnostic | None:
    """`best ${param.beam}`: what stands there is a type and a value, `count = 8`."""
    found = re.search(r"\$\{(param\.(\w+))\}", span.text)
    if found is None or found.group(1) not in names:
        return None
    at = Span(span.source, span.start + found.start(), span.start + found.end())
    message = "a param is read by its bare name; `${...}` names keys of the file"
    return _interpolation(message, at, f"write `{found.group(2)}`", (Edit(at, found.group(2)),))


def _hollow(span: Span, example: str) -> Diagnostic | None:
    """`${oc.env:NODES,}`: nothing stands behind the comma; `example`: what could."""
    found = re.search(r"\$\{(oc\.env:\w+)(\s*,\s*)\}", span.text)
    if found is None:
        return None
    at = Span(span.source, span.start + found.start(2), span.start + found.end(2))
    message = "this interpolation has no default behind its comma"
    written = f"${{{found.group(1)},{example}}}"
    return _interpolation(message, at, f"write for example `{written}`", (Edit(at, f",{example}"),))


def _told(error: BaseException, span: Span, known: list[str]) -> Diagnostic:
    """An interpolation that OmegaConf does not resolve; `known`: what it could name."""
    said, raw = str(error), span.text
    found = re.search(r"\$\{([^}]*)", raw)
    inside = found.group(1) if found else ""
    start = span.start + (found.start(1) if found else 0)
    at = Span(span.source, start, start + len(inside))
    if "}" not in raw[found.start() if found else 0 :]:
        closed = inside.rstrip("\"'")
        end = start + len(closed)
        edits = (Edit(Span(span.source, end, end), "}"),)
        return _interpolation("this interpolation is not closed", span, f"write `${{{closed}}}`", edits)
    if inside.startswith("oc.env:"):
        variable = inside.removeprefix("oc.env:")
        edits = (Edit(Span(span.source, at.end, at.end), ",auto"),)
        fix = f"set it, or give a default: `${{{inside},auto}}`"
        return _interpolation(f"the environment has no variable `{variable}`", span, fix, edits)
    resolver, colon, rest = inside.partition(":")
    if colon and "nsupported interpolation" in said:
        edits = (Edit(at, f"oc.env:{rest}"),)
        return _interpolation(f"there is no resolver `{resolver}`", span, f"did you mean `${{oc.env:{rest}}}`?", edits)
    if isinstance(error, RecursionError) or "ecursive" in said:
        return _interpolation("this interpolation refers to itself", span, "write the value out", (Edit(span, "mine"),))
    variable = re.fullmatch(r"([A-Z][A-Z0-9_]*)(?::?-(.*))?", inside)
    if variable is not None:
        written = f"oc.env:{variable.group(1)},{variable.group(2) or 'auto'}"
        message = f"`{inside}` is no key of this recipe; the environment is read by `oc.env`"
        return _interpolation(message, span, f"write `${{{written}}}`", (Edit(at, written),))
    if {f"param.{inside}", f"params.{inside}"} & set(known) and raw.strip("\"'") == f"${{{inside}}}":
        message = "a param is read by its bare name; `${...}` names keys of the file"
        return _interpolation(message, span, f"write `{inside}`", (Edit(span, inside),))
    near = closest(inside, [name for name in known if name != inside])
    if near:
        fix = f"did you mean `${{{near}}}`?"
        return _interpolation(f"nothing is called `{inside}`", span, fix, (Edit(at, near),))
    return _interpolation(
        f"`{raw}` does not resolve", span, "write the value out, or give a default: `${oc.env:NAME,default}`", ()
    )


def _interpolation(message: str, span: Span, fix: str, edits: tuple[Edit, ...]) -> Diagnostic:
    return Diagnostic("SG404", message, (Label(span),), fix, "error", edits)


def _plain(node: yaml.Node) -> Any:
    if isinstance(node, yaml.MappingNode):
        return {str(k.value): _plain(v) for k, v in node.value}
    if isinstance(node, yaml.SequenceNode):
        return [_plain(v) for v in node.value]
    return node.value


def _scalars(node: yaml.Node, path: tuple[Any, ...]) -> Iterator[tuple[tuple[Any, ...], yaml.ScalarNode]]:
    if isinstance(node, yaml.ScalarNode):
        yield path, node
    elif isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield from _scalars(value, (*path, str(key.value)))
    else:
        for place, value in enumerate(node.value):
            yield from _scalars(value, (*path, place))
