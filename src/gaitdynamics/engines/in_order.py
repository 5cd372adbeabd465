"""One function on many inputs of which none may fail: results in order, and the first error ends it.

For work that is not to go on without one of its inputs; see `engine` for work of which every item counts by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from rich.console import Console
from rich.progress import track

from gaitdynamics.engines.local import process_pool

Input = TypeVar("Input")
Output = TypeVar("Output")


def run_parallel(
    function: Callable[[Input], Output],
    inputs: Sequence[Input],
    *,
    processes: int,
    title: str,
    console: Console | None = None,
) -> Iterator[Output]:
    """Apply a function to each input, in order, in several processes of one thread each.

    Parameters
    ----------
    function, inputs
        Picklable where there are several processes.
    processes
        With one of them, or one input, everything happens in this process.
    title, console
        Progress is shown under this title; nowhere when the console is None.
    """
    shown = {"description": title, "console": console or Console(quiet=True), "disable": console is None}
    if processes <= 1 or len(inputs) < 2:
        for item in track(inputs, **shown):  # type: ignore[arg-type]
            yield function(item)
        return
    with process_pool(min(processes, len(inputs))) as pool:
        try:
            yield from track(pool.map(function, inputs), total=len(inputs), **shown)  # type: ignore[arg-type]
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
