"""Profiles as JSON files, and the place where `generate` finds them again.

{"smartgen_profile": 1, "kind": "measured", "key": {model, drafter, device, dtype}, "provenance": {...},
 "verify": [[batch, context, size, seconds], ...], "draft": [...],
 "host": [...], "catch_up": [...]}; the last two may be missing.
"""

from __future__ import annotations

import hashlib
import json
import reprlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from smartgen.atomic import replacing
from smartgen.cache_folder import cache_folder
from smartgen.profile.errors import ProfileError
from smartgen.profile.profile import KINDS, Key, Profile
from smartgen.profile.rows import read_table

VERSION = 1


def folder() -> Path:
    """Where this user's profiles are remembered. Raises ValueError as `cache_folder` does."""
    return cache_folder() / "profiles"


def save(profile: Profile, path: Path) -> None:
    """Write atomically: a reader sees the old file or the new one."""
    content = json.dumps(_plain(profile), indent=1) + "\n"
    with replacing(path) as file:
        file.write(content.encode())


def load(path: str | Path) -> Profile:
    """Read and check a profile. Raises ProfileError naming the file, the field, what was found and expected."""
    path = Path(path)
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ProfileError(f"there is no profile {path}; measure one with `smartgen profile --out {path}`") from None
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise _unreadable(path, error) from None
    except ValueError:  # what Python says of it is about its own settings
        raise _unreadable(path, "a number has too many digits") from None
    except RecursionError:
        raise _unreadable(path, "brackets are nested too deep") from None
    try:
        return _parsed(data)
    except ProfileError as error:
        raise ProfileError(f"{path}: {error}; measure it anew with `smartgen profile --out {path}`") from None


def _unreadable(path: Path, reason: object) -> ProfileError:
    return ProfileError(f"{path} is not a readable profile ({reason}); measure it anew with `smartgen profile`")


def load_measured(path: str | Path) -> Profile:
    """A profile to decide on: `load`, and a ProfileError for an estimate."""
    profile = load(path)
    if profile.kind == "roofline":
        raise ProfileError(
            f"{path} is an estimate for planning, not a measurement; measure one with `smartgen profile`"
        )
    return profile


def load_of_drafting(path: str | Path) -> Profile:
    """A profile of a model that drafts: `load`, and a ProfileError for one without drafting passes, such as n-grams'."""
    profile = load(path)
    if not profile.draft:
        raise ProfileError(
            f"{path} has no drafting passes, as if measured with n-grams; measure one with `smartgen profile --draft MODEL`"
        )
    return profile


def find(key: Key) -> Profile | None:
    """The remembered profile of this model, drafter, device and dtype; None if there is none. Raises ProfileError."""
    path = place(key)
    try:
        if not path.exists():
            return None
    except OSError as error:  # a folder that this user may not look into
        raise ProfileError(f"{path} cannot be read ({error.strerror})") from None
    profile = load(path)
    return profile if profile.key == key else None


def remembered(left_out: Callable[[ProfileError], object]) -> list[Profile]:
    """Every profile in the cache; `left_out` hears of the files that cannot be read."""
    found: list[Profile] = []
    for path in sorted(folder().glob("*.json")):
        try:
            found.append(load(path))
        except ProfileError as error:
            left_out(error)
    return found


def remember(profile: Profile) -> Path:
    """Merge with what is stored under the same key and store the result."""
    path = place(profile.key)
    try:
        stored = find(profile.key)
    except ProfileError:
        stored = None  # a damaged file is replaced by what was just measured
    save(stored.merged(profile) if stored else profile, path)
    return path


def remember_if_possible(profile: Profile) -> str:
    """`remember` for a caller that goes on without: where the profile is, or why it is nowhere."""
    try:
        return str(remember(profile))
    except OSError as error:
        return f"not kept, since {error}; name another folder in SMARTGEN_CACHE"


def place(key: Key) -> Path:
    """Where a profile of this key is remembered."""
    text = "|".join((key.model, key.drafter, key.device, key.dtype))
    digest = hashlib.sha256(text.encode()).hexdigest()[:12]
    return folder() / f"{_safe(key.model)}-{_safe(key.drafter)}-{_safe(key.dtype)}-{digest}.json"


def _safe(text: str) -> str:
    return "".join(c if c.isalnum() or c in "._" else "_" for c in text)[:40]


def _plain(profile: Profile) -> dict[str, Any]:
    tables = {name: getattr(profile, name) for name in ("verify", "draft", "host", "catch_up")}
    rows = {name: [[p.batch, p.context, p.size, p.seconds] for p in table.points] for name, table in tables.items()}
    return {
        "smartgen_profile": VERSION,
        "kind": profile.kind,
        "key": vars(profile.key),
        "provenance": profile.provenance,
        **rows,
    }


def _parsed(data: Any) -> Profile:
    found = data.get("smartgen_profile") if isinstance(data, dict) else data
    if type(found) is not int or found != VERSION:
        raise ProfileError(f"field 'smartgen_profile' should be {VERSION}, found {reprlib.repr(found)}")
    key = data.get("key")
    names = ("model", "drafter", "device", "dtype")
    if not isinstance(key, dict) or any(not isinstance(key.get(name), str) for name in names):
        raise ProfileError(f"field 'key' should hold the texts {', '.join(names)}, found {reprlib.repr(key)}")
    provenance = data.get("provenance", {})
    if not isinstance(provenance, dict):
        raise ProfileError(f"field 'provenance' should be an object, found {reprlib.repr(provenance)}")
    kind = data.get("kind", "measured")
    if kind not in KINDS:
        raise ProfileError(f"field 'kind' should be {' or '.join(KINDS)}, found {reprlib.repr(kind)}")
    profile = Profile(
        Key(**{name: key[name] for name in names}),
        read_table("verify", data.get("verify")),
        read_table("draft", data.get("draft")),
        kind,
        {str(name): str(value) for name, value in provenance.items()},
        read_table("host", data.get("host", [])),
        read_table("catch_up", data.get("catch_up", [])),
    )
    if not profile.verify:  # without passes of drafting it may be: of n-grams, or of a server that has not drafted yet
        raise ProfileError("field 'verify' has no points")
    return profile
