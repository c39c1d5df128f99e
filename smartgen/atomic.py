"""Files that are written whole or not at all."""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """A file to write to that becomes `path` when the block ends well and vanishes when it does not.

    A reader sees the old content or the new one, never a part. Missing folders are made, a link stays and what it points
    to is replaced. A device or a pipe is written to directly. Raises OSError in a sentence that names `path`.
    """
    with _named(path):
        place = _place(path)
        if place is None:
            with path.open("wb") as file:
                yield file
            return
        part = _part(place)
        try:
            with part.open("xb") as file:
                yield file
            part.replace(place)
        except BaseException:
            part.unlink(missing_ok=True)
            raise


def writable(path: Path) -> None:
    """Raises OSError where `replacing(path)` would: to be asked before the work whose result goes there.

    The sentence names `path`. Missing folders are made, which is the one way to know that they can be.
    """
    with _named(path):
        place = _place(path)
        if place is not None:
            part = _part(place)
            part.open("xb").close()
            part.unlink()


def _place(path: Path) -> Path | None:
    """The regular file behind `path`, its folder made; None for a device or a pipe."""
    try:
        kind = path.stat().st_mode
    except FileNotFoundError:  # nothing yet, or a link to nothing
        place = Path(os.path.realpath(path))
        place.parent.mkdir(parents=True, exist_ok=True)
        return place
    if stat.S_ISDIR(kind):
        raise IsADirectoryError(f"{path} is a folder; name the file to write")
    if not os.access(path, os.W_OK):
        raise PermissionError(f"{path} is protected from writing; change that or name another file")
    return Path(os.path.realpath(path)) if stat.S_ISREG(kind) else None


def _part(place: Path) -> Path:
    # A name of our own: `tempfile` would keep others from reading what was written.
    return place.with_name(f"{place.name}.{secrets.token_hex(4)}.part")


@contextmanager
def _named(path: Path) -> Iterator[None]:
    """An error of the system becomes a sentence about `path` as it was given, whichever file it hit."""
    try:
        yield
    except OSError as error:
        if error.strerror is None:
            raise
        raise type(error)(f"{path} cannot be written: {error.strerror}") from error
