"""The one error of this package."""

from __future__ import annotations


class ProfileError(ValueError):
    """A cost profile cannot be used; the text names the file or field and the way out."""
