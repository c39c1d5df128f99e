"""`load`: a shipped name, a path, recipe text, a mapping or a compiled recipe → `Recipe`."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from smartgen.language import syntax as s
from smartgen.language.diagnostics import Diagnostic, Label, RecipeError
from smartgen.language.findings import Findings
from smartgen.language.lower import lower
from smartgen.language.parse import parse, parse_expression
from smartgen.language.resolve import FindBase, resolve
from smartgen.language.source import Source, Span
from smartgen.language.words import closest
from smartgen.recipe.mapping import from_mapping
from smartgen.recipe.recipe import Recipe
from smartgen.recipe.shipped import shipped
from smartgen.recipe.yamlform import Written, read_yaml

LATEST = 1
_EXTENTS = ("depth", "width", "topk", "nodes")
_YAML = re.compile(r"(\s*#[^\n]*\n|\s)*[a-z_]+[ \t]*:")  # the first line that is no comment is `key: ...`


def load(source: Any, params: Mapping[str, Any] | None = None, limits: Mapping[str, int] | None = None) -> Recipe:
    """Read, check and lower a recipe.

    `source`: a shipped name ("smart"), a path (.smart, .yaml, .yml), recipe text, a mapping (also OmegaConf's), or a
    `Recipe`. `params` set declared parameters (text such as "25 ms", or numbers), `limits` lower the recipe's own caps
    (depth, width, topk, nodes). Raises RecipeError with every finding, TypeError for anything else as `source`.
    """
    if isinstance(source, Recipe):
        if not params and not limits:
            return source
        return load_source(Source(source.origin, source.text), params, limits)
    if isinstance(source, Mapping) or _is_omegaconf(source):
        return load_source(from_mapping(source), params, limits)
    if isinstance(source, os.PathLike):
        return load_source(read_file(Path(source)), params, limits)
    if not isinstance(source, str):
        raise TypeError(
            f"a recipe is a name, a path, text, a mapping or a Recipe, not {type(source).__name__}; "
            f"shipped names: {', '.join(shipped())}"
        )
    return load_source(_from_text(source), params, limits)


def load_source(
    source: Source, params: Mapping[str, Any] | None = None, limits: Mapping[str, int] | None = None
) -> Recipe:
    """Read, check and lower a text that is at hand; how its name ends decides between the two forms."""
    findings = Findings()
    written = _written(source)
    if written.version is not None and written.version.value != LATEST:
        findings.add(
            "SG013",
            f"this is language version {written.version.written}, smartgen reads version {LATEST}",
            written.version.span,
            "write `smartgen 1`",
        )
    policy = written.policy
    resolved = resolve(policy, _finder(source, written.others), findings)
    settings = {**written.params, **_settings(params or {})}
    program, warnings = lower(resolved, findings, settings, _limits(written.limits, limits or {}, source))
    return Recipe(program.name, program, source.name, source.text, written.profile, warnings)


@dataclass(frozen=True)
class _Named:
    """One name in a recipe's `use`, found."""

    policy: s.Policy
    find: FindBase


def _written(source: Source) -> Written:
    if source.name.endswith((".yaml", ".yml")) or source.name.startswith("<mapping"):
        return read_yaml(source)
    document = parse(source)
    *others, last = document.policies
    return Written(last, tuple(others), document.version)


def read_file(path: Path) -> Source:
    """The file's text. Raises RecipeError (SG401) for what cannot be read, SG014 for what is no UTF-8."""
    try:
        return Source(str(path), path.read_bytes().decode("utf-8-sig").replace("\r\n", "\n"))
    except UnicodeDecodeError as error:
        at = Source(str(path), path.read_bytes().decode("latin-1"))
        raise RecipeError(
            [
                Diagnostic(
                    "SG014",
                    f"byte {error.start} of this file is not UTF-8 text",
                    (Label(Span(at, error.start, error.start + 1)),),
                    "save the file as UTF-8",
                )
            ]
        ) from None
    except OSError as error:
        raise RecipeError(
            [
                _nowhere(
                    str(path),
                    f"{path} cannot be read: {error.strerror or error}",
                    "give the path of a .smart or .yaml file",
                )
            ]
        ) from None


def _from_text(text: str) -> Source:
    names = shipped()
    if text in names:
        return read_file(names[text])
    if "\n" in text or "{" in text:
        clean = text.replace("\r\n", "\n").removeprefix("\ufeff")
        return Source("<mapping>.yaml" if _YAML.match(clean) else "<text>", clean)
    if text.endswith((".smart", ".yaml", ".yml")) or os.sep in text:
        return read_file(Path(text))
    near = closest(text, names)
    fix = f"did you mean `{near}`?" if near else f"shipped recipes: {', '.join(names)}; a path ends in .smart or .yaml"
    raise RecipeError([_nowhere(text, f"there is no recipe `{text}`", fix)])


def _nowhere(text: str, message: str, fix: str) -> Diagnostic:
    source = Source("<recipe>", text)
    return Diagnostic("SG401", message, (Label(Span(source, 0, max(1, len(text)))),), fix)


def _finder(source: Source, others: tuple[s.Policy, ...]) -> FindBase:
    """How `use NAME` is looked up: earlier policies of the same text, shipped names, paths beside the file."""

    def find(name: str, span: Span) -> tuple[s.Policy, FindBase]:
        for index, policy in enumerate(others):
            if policy.name.text == name:
                return policy, _finder(source, others[:index])
        names = shipped()
        if name in names:
            return _base(read_file(names[name]))
        if name.endswith((".smart", ".yaml", ".yml")):
            beside = Path(source.name).parent / name
            if beside.is_file():
                return _base(read_file(beside))
        known = [*(policy.name.text for policy in others), *names]
        near = closest(name, known)
        fix = f"did you mean `{near}`?" if near else f"known: {', '.join(known)}; or a path to a .smart file"
        raise RecipeError([Diagnostic("SG103", f"there is no policy `{name}`", (Label(span),), fix)])

    return find


def _base(source: Source) -> tuple[s.Policy, FindBase]:
    written = _written(source)
    return written.policy, _finder(source, written.others)


def _settings(params: Mapping[str, Any]) -> dict[str, s.Expression]:
    found: dict[str, s.Expression] = {}
    for name, value in params.items():
        text = {True: "true", False: "false"}.get(value, str(value)) if isinstance(value, bool) else str(value)
        source = Source(f"<param {name}>", text)
        found[name] = parse_expression(source, 0, len(text))
    return found


def _limits(written: Mapping[str, int], given: Mapping[str, int], source: Source) -> dict[str, int]:
    limits = dict(written)
    for name, value in given.items():
        if name not in _EXTENTS or not isinstance(value, int) or isinstance(value, bool) or value < 0:
            near = closest(str(name), _EXTENTS)
            fix = (
                f"did you mean `{near}`?"
                if near and name not in _EXTENTS
                else f"limits are {', '.join(_EXTENTS)} with whole numbers, like nodes=8"
            )
            raise RecipeError([_nowhere(f"{name}={value}", f"`{name}={value}` is no limit", fix)])
        limits[name] = min(value, limits.get(name, value))
    return limits


def _is_omegaconf(source: Any) -> bool:
    return type(source).__module__.startswith("omegaconf.") and hasattr(source, "keys")
