"""Params that nothing reads: somebody has declared them for the place that lacks one."""

from __future__ import annotations

from collections.abc import Mapping

from smartgen.language.source import mentions
from smartgen.language.syntax import Param


def spare_params(params: Mapping[str, Param]) -> list[str]:
    """Names of those that the text mentions only where it declares them."""
    return [name for name, param in params.items() if mentions(param.span.source.text, name) == 1]


def spare_chance(params: Mapping[str, Param]) -> str:
    """The one of them that is declared as a `prob`; empty without one, and where there are several."""
    found = [name for name in spare_params(params) if params[name].type.text == "prob"]
    return found[0] if len(found) == 1 else ""
