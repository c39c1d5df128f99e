"""The same function on many inputs, in processes that share the memory of this one."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection
from typing import Any, TypeVar

from smartgen.trace.errors import TraceError

Input = TypeVar("Input")
Output = TypeVar("Output")


def spread(function: Callable[[Input], Output], inputs: Sequence[Input], jobs: int) -> list[Output]:
    """[function(x) for x in inputs], by `jobs` forked processes, each taking the next input when it is done with one; what
    one of them raises is raised here.

    Raises TraceError for more than one job where processes cannot be forked.
    """
    if jobs <= 1 or len(inputs) <= 1:
        return [function(x) for x in inputs]
    if "fork" not in multiprocessing.get_all_start_methods():
        raise TraceError("this system cannot fork processes; replay with one job")
    context = multiprocessing.get_context("fork")
    taken = context.Value("q", 0)
    ends = []
    for _ in range(min(jobs, len(inputs))):
        ours, theirs = context.Pipe(duplex=False)
        worker = context.Process(target=_work, args=(theirs, function, inputs, taken), daemon=True)
        worker.start()
        theirs.close()
        ends.append((ours, worker))
    results: dict[int, Output] = {}
    for ours, worker in ends:
        try:
            found = ours.recv()
        except EOFError:
            found = TraceError("a replaying process ended before its work was done")
        worker.join()
        if isinstance(found, Exception):
            raise found
        results.update(found)
    return [results[place] for place in range(len(inputs))]


def _work(end: Connection, function: Callable[[Input], Output], inputs: Sequence[Input], taken: Any) -> None:
    """`taken`: how many inputs somebody works on already, shared by all processes."""
    done: dict[int, Output] = {}
    try:
        while True:
            with taken.get_lock():
                place = taken.value
                taken.value += 1
            if place >= len(inputs):
                break
            done[place] = function(inputs[place])
        end.send(done)
    except KeyboardInterrupt:  # it goes to all processes, and whoever waits has it, too
        pass
    except Exception as error:  # told to whoever waits
        end.send(error)
