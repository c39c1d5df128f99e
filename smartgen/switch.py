"""Switches that blocks hold together: the first one in turns it on, the last one out turns it back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any


@contextmanager
def shared(
    lock: AbstractContextManager[Any], owner: object, name: str, on: Callable[[], None], off: Callable[[], None]
) -> Iterator[None]:
    """Hold the switch inside the block; blocks nest and may run side by side in threads.

    The attribute `name` of `owner` counts the blocks that are inside, and is there only while there are any. `lock` guards it.
    """
    with lock:
        if not held(owner, name):
            on()
        owner.__dict__[name] = owner.__dict__.get(name, 0) + 1
    try:
        yield
    finally:
        with lock:
            owner.__dict__[name] -= 1
            if owner.__dict__[name] == 0:
                del owner.__dict__[name]
                off()


def held(owner: object, name: str) -> bool:
    """Whether any block is inside."""
    return name in owner.__dict__
