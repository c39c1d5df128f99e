"""Points of a profile's file, checked one by one: every error names the table, the point, and what is wrong with it."""

from __future__ import annotations

import reprlib
from typing import Any

from smartgen.profile.errors import ProfileError
from smartgen.profile.table import CostTable, Point

MOST = 10**9  # of a batch, context or size
_LEAST = {"batch": 1, "context": 0, "size": 0}


def read_table(name: str, rows: Any) -> CostTable:
    """[[batch, context, size, seconds], ...] as JSON gives them. Raises ProfileError."""
    if not isinstance(rows, list):
        raise ProfileError(f"field '{name}' should be a list of [batch, context, size, seconds], found {reprlib.repr(rows)}")
    seen: dict[tuple[int, int, int], int] = {}
    points = []
    for index, row in enumerate(rows):
        try:
            point = _point(row)
        except ProfileError as error:
            raise ProfileError(f"field '{name}[{index}]' {error}, found {reprlib.repr(row)}") from None
        first = seen.setdefault((point.batch, point.context, point.size), index)
        if first != index:
            raise ProfileError(f"field '{name}[{index}]' is the point of '{name}[{first}]' again: {reprlib.repr(row)}")
        points.append(point)
    return CostTable(points)


def _point(row: Any) -> Point:
    if not isinstance(row, list) or len(row) != 4:
        raise ProfileError("should be [batch, context, size, seconds]")
    for (name, least), number in zip(_LEAST.items(), row, strict=False):
        if type(number) is not int or not least <= number <= MOST:  # True is no number here
            raise ProfileError(f"should have a whole number from {least} to {MOST} as its {name}")
    seconds = row[3]
    if type(seconds) not in (int, float) or not 0 < seconds < MOST:  # NaN is in no range
        raise ProfileError("should have a positive number of seconds")
    return Point(row[0], row[1], row[2], float(seconds))
