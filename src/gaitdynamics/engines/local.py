"""The engine of this machine: several processes, or none but this one."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing.connection import wait as wait_for_end
from typing import Any, Final

from gaitdynamics.engines.engine import Failure, Item, Key, Result, attempt, use_one_thread

#: Items in flight for each process: one that is worked on, and one that waits.
_AHEAD: Final = 2


@dataclass(frozen=True)
class LocalEngine:
    """Runs a function in processes of this machine.

    Attributes
    ----------
    workers
        Processes of one thread each; with one, everything happens in the process of the caller.
    retries
        How often an item is tried again whose process was lost.
    """

    workers: int = 1
    retries: int = 2

    def run(
        self, function: Callable[[Item], Result], items: Iterable[tuple[Key, Item]]
    ) -> Iterator[tuple[Key, Result | Failure]]:
        """Apply a function to each item, see `Engine.run`.

        When a process is lost, the pool of processes is lost with it, and which item was to blame is not known. All
        that were in flight are then tried again one by one, so that only the one that ends its process when it is
        alone counts as lost.
        """
        if self.workers <= 1:
            for key, item in items:
                yield key, attempt(function, item)
            return
        yield from self._run_in_pool(function, iter(items))

    def _run_in_pool(
        self, function: Callable[[Item], Result], items: Iterator[tuple[Key, Item]]
    ) -> Iterator[tuple[Key, Result | Failure]]:
        pool = process_pool(self.workers)
        flying: dict[Future[Result | Failure], tuple[Key, Item, int]] = {}
        suspects: deque[tuple[Key, Item, int]] = deque()
        try:
            while True:
                alone = bool(suspects)
                while len(flying) < (1 if alone else _AHEAD * self.workers):
                    following = suspects.popleft() if suspects else next(((*pair, 0) for pair in items), None)
                    if following is None:
                        break
                    try:
                        flying[pool.submit(attempt, function, following[1])] = following
                    except BrokenProcessPool:  # a process was lost that had nothing to do
                        suspects.append(following)
                        break
                if flying:
                    done, _ = wait(flying, return_when=FIRST_COMPLETED)
                elif not suspects:
                    return
                else:
                    done = set()
                broken = not done
                for future in done:
                    key, item, losses = flying.pop(future)
                    try:
                        yield key, future.result()
                    except BrokenProcessPool:
                        broken = True
                        losses += int(alone)
                        if losses > self.retries:
                            yield key, Failure("lost", f"its process was lost {losses} times")
                        else:
                            suspects.append((key, item, losses))
                if broken:
                    suspects.extend(flying.values())
                    flying.clear()
                    pool.shutdown(cancel_futures=True)
                    pool = process_pool(self.workers)
        finally:
            pool.shutdown(cancel_futures=True)


def process_pool(workers: int) -> ProcessPoolExecutor:
    """Make a pool of processes of one thread each that end with this one."""
    # A forked process would inherit locks of torch's threads.
    return ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"), initializer=_start_worker)


def _start_worker() -> None:
    """Make a process end quietly with Ctrl-C, and with the one that started it, however that ends."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    use_one_thread()
    parent: Any = multiprocessing.parent_process()

    def follow() -> None:
        wait_for_end([parent.sentinel])
        os._exit(1)

    threading.Thread(target=follow, daemon=True).start()
