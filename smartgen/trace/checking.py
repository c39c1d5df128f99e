"""What a trace can hold and its functions can be given: checked where it comes in, so that nothing behind need ask."""

from __future__ import annotations

import math
from numbers import Integral, Real
from reprlib import repr
from types import UnionType
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from smartgen.trace.errors import TraceError

if TYPE_CHECKING:
    from smartgen.trace.trace import Trace

WRONG = -10  # from here down: ids that no text holds, one a rank; the children of a drafter made useless
SURPLUS = 1e-3  # that a rounded probability may be above 1


def count(name: str, value: Any, least: int = 1, most: float = math.inf) -> None:
    """Raises TraceError unless `value` is a whole number from `least` to `most`."""
    _inside(name, value, Integral, "a whole number", least, most)


def number(name: str, value: Any, most: float = math.inf) -> None:
    """Raises TraceError unless `value` is a finite number from 0 to `most`."""
    _inside(name, value, Real, "a number", 0, most)


def _inside(name: str, value: Any, wanted: type, called: str, least: int, most: float) -> None:
    known = isinstance(value, wanted) and not isinstance(value, bool)
    if not (known and least <= value <= most and value < math.inf):
        limits = f"of at least {least}" if most == math.inf else f"from {least} to {most:g}"
        raise TraceError(f"{name} should be {called} {limits}, found {repr(value)}")


def kind(name: str, value: Any, wanted: type | UnionType, called: str) -> None:
    """Raises TraceError unless `value` is a `wanted`, which the reader knows as `called`."""
    if not isinstance(value, wanted):
        raise TraceError(f"{name} should be {called}, found {repr(value)}")


def check_values(trace: Trace) -> None:
    """Raises TraceError naming the first array that holds what no trace can, and what that is. Shapes are known to fit."""
    header = trace.header
    if trace.requests == 0:
        raise TraceError("field 'text_start' holds no request")
    _check_starts("prompt_start", trace.prompt_start, 1, len(trace.prompt))
    _check_starts("text_start", trace.text_start, 1, header.new_tokens)
    _check_starts("fed_start", trace.fed_start, 0, len(trace.fed_parent))
    for name, tokens in (("prompt", trace.prompt), ("text", trace.text)):
        _refuse(name, tokens, tokens < 0, "a token is 0 or more")
    place = np.arange(len(trace.fed_parent)) - trace.fed_start[trace.position_of]
    parent = trace.fed_parent
    stray = np.where(place == 0, parent != -1, (parent < 0) | (parent >= place))
    _refuse("fed_parent", parent, stray, "a parent is an earlier node of the same position, that of the first is -1")
    topk = header.envelope.topk
    _refuse("fed_rank", trace.fed_rank, trace.fed_rank >= topk, f"a rank is below the envelope's topk, {topk}")
    token, prob = trace.child_token, trace.child_prob
    _refuse("child_token", token, (token < 0) & (token != WRONG - np.arange(topk)), "a token is 0 or more")
    _refuse("child_prob", prob, ~((prob >= 0) & (prob <= 1 + SURPLUS)), "a probability is between 0 and 1")


def _check_starts(name: str, starts: NDArray[np.int64], least: int, most: int) -> None:
    steps = np.diff(starts, prepend=0)
    wrong = (steps < least) | (steps > most)
    wrong[0] = starts[0] != 0
    _refuse(name, starts, wrong, f"it begins with 0, and a step is of {least} to {most}")


def _refuse(name: str, array: NDArray[Any], wrong: NDArray[np.bool_], rule: str) -> None:
    if wrong.any():
        at = tuple(map(int, np.argwhere(wrong)[0]))
        raise TraceError(f"field '{name}' holds {array[at]} at {list(at)}: {rule}")
