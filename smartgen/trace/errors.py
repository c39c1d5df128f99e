"""The one error of this package."""

from __future__ import annotations


class TraceError(ValueError):
    """A trace cannot be made, read or replayed; the text names the file or field and the way out."""
