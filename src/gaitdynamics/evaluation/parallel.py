"""One function on many inputs, in several processes of one thread each."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import TypeVar

from rich.console import Console
from rich.progress import track

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
        With one, everything happens in this process.
    title, console
        Progress is shown under this title; nowhere when the console is None.
    """
    shown = {"description": title, "console": console or Console(quiet=True), "disable": console is None}
    if processes <= 1:
        for item in track(inputs, **shown):  # type: ignore[arg-type]
            yield function(item)
        return
    # A forked process may inherit locks of torch's threads; a fresh one does not.
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn"), initializer=_use_one_thread) as pool:
        try:
            yield from track(pool.map(function, inputs), total=len(inputs), **shown)  # type: ignore[arg-type]
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _use_one_thread() -> None:
    """Let torch compute with one thread in this process, whether it is here already or not."""
    os.environ["OMP_NUM_THREADS"] = "1"
    if "torch" in sys.modules:
        import torch

        torch.set_num_threads(1)
