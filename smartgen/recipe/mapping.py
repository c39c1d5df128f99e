"""A recipe given as a mapping (a dict, or OmegaConf's): written out as YAML, so that there is one way in."""

from __future__ import annotations

from typing import Any

import yaml

from smartgen.language.diagnostics import RecipeError, one
from smartgen.language.source import Source, Span


def from_mapping(mapping: Any) -> Source:
    """The same recipe as YAML text. Raises RecipeError (SG402) for values that are no plain data."""
    plain = mapping
    if type(mapping).__module__.startswith("omegaconf."):
        from omegaconf import OmegaConf
        from omegaconf.errors import OmegaConfBaseException

        try:
            plain = OmegaConf.to_container(mapping, resolve=True)
        except OmegaConfBaseException as error:
            raise _wrong(f"this configuration does not resolve: {str(error).splitlines()[0]}") from None
    try:
        text = yaml.safe_dump(plain, sort_keys=False, allow_unicode=True, width=10_000)
    except yaml.YAMLError:
        raise _wrong("a recipe mapping holds texts, numbers, lists and mappings only") from None
    return Source("<mapping>.yaml", text)


def _wrong(message: str) -> RecipeError:
    span = Span(Source("<mapping>", message), 0, 1)
    return one("SG402", message, span, "see docs/language/reference.md, section YAML")
