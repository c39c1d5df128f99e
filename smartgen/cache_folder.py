"""The one place where converted models and measured profiles are kept for this user."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def cache_folder() -> Path:
    """`$SMARTGEN_CACHE`, its `~` expanded, or `smartgen` under the platform's cache folder; it need not exist.

    Raises ValueError where there is no such home folder.
    """
    explicit = os.environ.get("SMARTGEN_CACHE")
    try:
        return Path(explicit).expanduser() if explicit else _of_platform() / "smartgen"
    except RuntimeError:
        reason = f"SMARTGEN_CACHE is {explicit!r}, and that home folder" if explicit else "this user's home folder"
        raise ValueError(f"{reason} is not to be found; name a folder in SMARTGEN_CACHE by its whole path") from None


def _of_platform() -> Path:
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
