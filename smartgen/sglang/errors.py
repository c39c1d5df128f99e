"""The one error of this package."""

from __future__ import annotations


class ServeError(ValueError):
    """A recipe cannot be served as asked; the text names the culprit and the way out."""
