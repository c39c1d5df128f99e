"""Saying on stderr what is being waited for: a moving line on a terminal, a line a phase anywhere else."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

    from smartgen.models.progress import Progress


@contextmanager
def spinner(text: str) -> Iterator[Callable[[str], None]]:
    """While the block lasts; gives a function that changes the text."""
    console = _console()
    if console.is_terminal:
        with console.status(text) as status:
            yield status.update
    else:
        say = _lines(console)
        say(text)
        yield say


@contextmanager
def bar() -> Iterator[Progress]:
    """The same for work that can be counted: a function of what is being done, how much of it, out of how much."""
    console = _console()
    if not console.is_terminal:
        say = _lines(console)
        yield lambda phase, done, total, /: say(phase)
        return
    from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bar

    with Bar(
        TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), console=console, transient=True
    ) as bar:
        task = bar.add_task("", total=None)
        yield lambda phase, done, total, /: bar.update(task, description=phase, completed=done, total=total or None)


def _console() -> Console:
    from rich.console import Console

    return Console(stderr=True)


def _lines(console: Console) -> Callable[[str], None]:
    """Print a text when it is another one than before."""
    said: list[str] = []

    def say(text: str) -> None:
        if said[-1:] != [text]:
            said.append(text)
            console.print(f"{text} …", highlight=False, markup=False)

    return say
