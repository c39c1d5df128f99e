"""The user's cache of converted models: a folder is there whole or not at all.

A model is made in `NAME.partial` and renamed when it is complete, all of it under a lock. So whatever stops the
making, at any time, leaves the old state, and what it left behind is swept away by the next one that holds the lock.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from smartgen.cache_folder import cache_folder
from smartgen.models.progress import Progress
from smartgen.models.registry import CARD, ModelError, read_card


def cache_root() -> Path:
    """Where this user's converted models lie. Raises ValueError as `cache_folder` does."""
    return cache_folder() / "models"


def fault(folder: Path) -> str | None:
    """What is wrong with a cached model, None if it is whole: every file of its card, each of the size noted there."""
    try:
        files = read_card(folder).get("files")
    except ModelError as error:
        return str(error)
    if not isinstance(files, dict) or not files:
        return f"{folder / CARD} lists no files"
    for name, size in files.items():
        path = folder / name
        found = path.stat().st_size if path.is_file() else None
        if found is None:
            return f"{path} is missing"
        if found != size:
            return f"{path} has {found} bytes instead of {size}"
    return None


def build(name: str, make: Callable[[Path], dict[str, object]], progress: Progress) -> Path:
    """The cached folder of `name`; unless it is there and whole, `make` fills an empty one and returns its card."""
    final = cache_root() / name
    with _lock(name, progress):
        if final.exists() and fault(final) is None:
            return final
        partial = final.with_name(f"{name}.partial")
        _discard(partial)
        partial.mkdir()
        try:
            card = make(partial)
            _seal(partial, card)
            _discard(final)  # only ever a damaged one
            partial.replace(final)
        except OSError as error:
            raise ModelError(f"{name} cannot be written to {final.parent}: {error}") from error
        finally:
            _discard(partial)
    return final


def drop(name: str, progress: Progress) -> bool:
    """Delete the cached folder of `name`. False if there was none."""
    final = cache_root() / name
    if not final.exists():
        return False
    with _lock(name, progress):
        partial = final.with_name(f"{name}.partial")
        _discard(partial)
        if final.exists():
            final.replace(partial)  # a reader sees the whole folder or none
        _discard(partial)
    return True


def _seal(folder: Path, card: dict[str, object]) -> None:
    """Write the card last, with the size of every file, so that damage is found without reading weights."""
    sizes = {path.name: path.stat().st_size for path in sorted(folder.iterdir())}
    (folder / CARD).write_text(json.dumps({**card, "files": sizes}, indent=1) + "\n", encoding="utf-8")


def _discard(place: Path) -> None:
    """Also a file or a link that lies where a folder should."""
    if place.is_dir() and not place.is_symlink():
        shutil.rmtree(place)
    else:
        place.unlink(missing_ok=True)


@contextmanager
def _lock(name: str, progress: Progress) -> Iterator[None]:
    """One process at a time makes or removes a model; the others wait and say so."""
    try:
        import filelock
    except ImportError as error:
        raise ModelError("the model cache needs filelock: `pip install 'smartgen[hf]'`") from error
    root = cache_root()
    lock = filelock.FileLock(root / f"{name}.lock")
    try:
        root.mkdir(parents=True, exist_ok=True)
        lock.acquire(timeout=0)
    except filelock.Timeout:
        progress("waiting for another process that makes it", 0, 0)
        lock.acquire()
    except OSError as error:
        raise ModelError(f"the cache {root} cannot be written ({error}); name another in SMARTGEN_CACHE") from error
    try:
        yield
    finally:
        lock.release()
