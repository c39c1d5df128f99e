"""The one error of this package."""

from __future__ import annotations


class DrafterError(ValueError):
    """A drafter cannot be loaded or does not fit the target; the text names what and what to do."""
