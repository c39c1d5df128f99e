"""`load`: a shipped name, a path, recipe text, a mapping or a compiled recipe → `Recipe`."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from smartgen.language import syntax as s
from smartgen.language.diagnostics import Diagnostic, RecipeError
from smartgen.language.findings import Findings
from smartgen.language.lower import lower
from smartgen.language.nearest import closest
from smartgen.language.parse import parse_expression
from smartgen.language.resolve import resolve
from smartgen.language.source import Edit, Excerpt, Source, Span
from smartgen.language.words import EXTENTS
from smartgen.recipe.bases import finder
from smartgen.recipe.completed import completed
from smartgen.recipe.fitting import fitted
from smartgen.recipe.further import behind, further
from smartgen.recipe.read import normal, nowhere, read_file
from smartgen.recipe.recipe import Recipe
from smartgen.recipe.shipped import shipped
from smartgen.recipe.written import Written, written
from smartgen.recipe.yamlquoted import in_quotes

_YAML = re.compile(r"(\s*#[^\n]*\n|\s)*(?:---\s+)?[a-z_]+[ \t]*:")  # the first line that is no comment is `key: ...`


def load(source: Any, params: Mapping[str, Any] | None = None, limits: Mapping[str, int] | None = None) -> Recipe:
    """Read, check and lower a recipe.

    `source`: a shipped name ("smart"), a path (.smart, .yaml, .yml), recipe text, a mapping (also OmegaConf's), or a
    `Recipe`. `params` set declared parameters (text such as "25 ms", or numbers), `limits` lower the recipe's own caps
    (depth, width, topk, nodes). Raises RecipeError with every finding, TypeError for an argument of another kind.
    """
    for name, given, example in (("params", params, '{"trust": 0.9}'), ("limits", limits, '{"depth": 4}')):
        if given is not None and not isinstance(given, Mapping):
            raise TypeError(f"{name} are names with values, such as {example}, not {type(given).__name__}")
    if isinstance(source, Recipe):
        if not params and not limits:
            return source
        return load_source(Source(source.origin, source.text), params, limits)
    if isinstance(source, Mapping) or _is_omegaconf(source):
        from smartgen.recipe.mapping import from_mapping  # YAML is not needed for the text form

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
    """Read, check and lower a text that is at hand; how its name ends decides between the two forms.

    Raises RecipeError with every finding if one of them is an error.
    """
    try:
        return _checked(source, params, limits)
    except RecipeError as error:
        found = error.diagnostics

    def again(text: str) -> Sequence[Diagnostic]:
        try:
            return _checked(Source(source.name, text), params, limits).warnings
        except RecipeError as error:
            return error.diagnostics

    told = completed(source, further(source, found, again), again)
    raise RecipeError(behind(source, fitted(source, told, again), again))


def _checked(source: Source, params: Mapping[str, Any] | None, limits: Mapping[str, int] | None) -> Recipe:
    findings = Findings(in_quotes if source.is_yaml else None)
    read = written(source, findings)
    settings = _settings(params or {}, findings)
    if read is None:
        findings.raise_errors()
        raise AssertionError("a text that cannot be read has a finding")
    itself = () if source.is_yaml else (read.policy,)  # a YAML recipe is named after what it inherits
    find = finder(source, read.others, findings, (str(Path(source.name).resolve()),), itself)
    resolved = resolve(read.policy, find, findings)
    _profile(read, findings)
    lowered = lower(resolved, findings, {**read.params, **settings}, _limits(read.limits, limits or {}))
    program = lowered.program
    profile = read.profile.value if read.profile else None
    return Recipe(program.name, program, source.name, source.text, lowered.facts, profile, tuple(findings.all))


def _profile(read: Written, findings: Findings) -> None:
    """A profile that is not there is a warning: it may be on the machine where the recipe will run."""
    if read.profile is not None and not Path(read.profile.value).is_file():
        name = read.profile.value
        fix = f"write `auto`, or measure it: `smartgen profile --out {name}`"
        span, edits = read.profile.span, (Edit(read.profile.span, "auto"),)
        findings.add("SG601", f"there is no profile {name}", span, fix, warning=True, edits=edits)


def _from_text(text: str) -> Source:
    names = shipped()
    if text in names:
        return read_file(names[text])
    if "\n" in text or "{" in text:
        clean = normal(text)
        return Source("<mapping>.yaml" if looks_like_yaml(clean) else "<text>", clean)
    if text.endswith((".smart", ".yaml", ".yml")) or os.sep in text:
        return read_file(Path(text))
    near = closest(text, names)
    fix = f"did you mean `{near}`?" if near else f"shipped recipes: {', '.join(names)}; a path ends in .smart or .yaml"
    raise nowhere(text, f"there is no recipe `{text}`", fix)


def looks_like_yaml(text: str) -> bool:
    """Whether a text without a file name is in the YAML form."""
    return bool(_YAML.match(text))


def _settings(params: Mapping[str, Any], findings: Findings) -> dict[str, s.Argument]:
    found: dict[str, s.Argument] = {}
    for name, value in params.items():
        text = str(value).lower() if isinstance(value, bool) else str(value)
        source = Source("<param>", f"{name}={text}")
        begins = len(str(name)) + 1
        expression = parse_expression(Excerpt.slice(source, begins, begins + len(text)), findings)
        if expression is not None:
            label = s.Name(str(name), Span(source, 0, begins - 1))
            found[str(name)] = s.Argument(label, expression, Span(source, 0, len(source.text)))
    return found


def _limits(read: Mapping[str, int], given: Mapping[str, int]) -> dict[str, int]:
    limits = dict(read)
    for name, value in given.items():
        if name not in EXTENTS or not isinstance(value, int) or isinstance(value, bool) or value < 0:
            near = closest(str(name), EXTENTS)
            known = f"limits are {', '.join(EXTENTS)} with whole numbers, like nodes=8"
            fix = f"did you mean `{near}`?" if near and name not in EXTENTS else known
            raise nowhere(f"{name}={value}", f"`{name}={value}` is no limit", fix)
        limits[name] = min(value, limits.get(name, value))
    return limits


def _is_omegaconf(source: Any) -> bool:
    return type(source).__module__.startswith("omegaconf.") and hasattr(source, "keys")
