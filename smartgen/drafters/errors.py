"""The one error of this package."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from smartgen.models.registry import ModelError


class DrafterError(ValueError):
    """A drafter cannot be loaded or does not fit the target; the text names what and what to do."""


@contextmanager
def of_drafters() -> Iterator[None]:
    """What the reading of any checkpoint raises, as the error of this package."""
    try:
        yield
    except ModelError as error:
        raise DrafterError(str(error)) from None
