"""Files that are written whole or not at all."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """A file to write to that becomes `path` when the block ends well and vanishes when it does not.

    A reader sees the old content or the new one, never a part. Missing folders are made. Raises OSError as `open` does.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    # A name of our own: `tempfile` would keep others from reading what was written.
    part = path.with_name(f"{path.name}.{secrets.token_hex(4)}.part")
    try:
        with part.open("xb") as file:
            yield file
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
