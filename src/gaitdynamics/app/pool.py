"""Warm worker processes, and the queue before them."""

from __future__ import annotations

import logging
import multiprocessing
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Final, Literal

from pydantic import ValidationError

from gaitdynamics.app.choices import Order, Told
from gaitdynamics.app.limits import Limits
from gaitdynamics.app.worker import READY, serve
from gaitdynamics.errors import GaitError

log = logging.getLogger(__name__)

State = Literal["waiting", "running", "done", "failed", "cancelled"]

#: A worker is replaced after so many runs, so that nothing piles up in it.
_RUNS_PER_WORKER: Final = 50
#: How often a waiting thread looks whether its run was cancelled [s].
_GLANCE: Final = 0.1
#: Longest start of a worker [s], and pause after one that failed.
_LONGEST_START: Final = 180.0
_PAUSE: Final = 2.0
#: Longest message of a worker [bytes].
_LONGEST_MESSAGE: Final = 10_000_000


#: What a worker process runs: with its connection, the memory of a run [MB], and a folder for while it gets ready.
WorkerMain = Callable[[Connection, float, str], None]


class BusyError(GaitError):
    """The service has as much to do as it takes."""


@dataclass
class Run:
    """One piece of work on its way. Only the pool changes it; `cancelled` asks the pool to end it."""

    order: Order
    state: State = "waiting"
    stage: str = ""
    fraction: float | None = None
    told: Told | None = None
    error: str | None = None
    cancelled: threading.Event = field(default_factory=threading.Event)
    ended: threading.Event = field(default_factory=threading.Event)


@dataclass(frozen=True)
class _Worker:
    process: BaseProcess
    connection: Connection

    def kill(self) -> None:
        self.process.kill()
        self.process.join()
        self.connection.close()


class Pool:
    """Worker processes that take runs from one queue, first come first served.

    Each worker is attended by a thread, which starts it ahead of time and replaces it when it was killed: because a
    run was cancelled, took too long, took too much memory, or crashed.

    Parameters
    ----------
    limits
        Number of workers, length of the queue, and limits of a run.
    folder
        Where workers may write while they get ready.
    worker
        What a worker process runs.
    """

    def __init__(self, limits: Limits, folder: Path, worker: WorkerMain = serve) -> None:
        self._limits = limits
        self._worker = worker
        self._folder = folder
        self._queue: deque[Run] = deque()
        self._changed = threading.Condition()
        self._stopping = threading.Event()
        self._ready = 0
        self._threads = [
            threading.Thread(target=self._attend, name=f"worker-{i + 1}", daemon=True) for i in range(limits.workers)
        ]

    def start(self) -> None:
        """Start the workers; they get ready in the background."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """End all runs and workers, and wait for it."""
        self._stopping.set()
        with self._changed:
            waiting, self._queue = list(self._queue), deque()
            self._changed.notify_all()
        for run in waiting:
            _end(run, "cancelled")
        for thread in self._threads:
            if thread.is_alive():
                thread.join()

    @property
    def ready(self) -> int:
        """Number of workers that have started."""
        return self._ready

    def submit(self, order: Order) -> Run:
        """Put work into the queue.

        Raises
        ------
        BusyError
            As many wait already as may.
        """
        with self._changed:
            if self._stopping.is_set() or len(self._queue) >= self._limits.waiting:
                raise BusyError(f"{len(self._queue)} runs are waiting already; try again in a few minutes")
            run = Run(order)
            self._queue.append(run)
            self._changed.notify()
        return run

    def ahead(self, run: Run) -> int:
        """Tell how many wait before a run; 0 when it is next or begun."""
        with self._changed:
            return self._queue.index(run) if run in self._queue else 0

    def cancel(self, run: Run) -> None:
        """End a run, whether it waits or runs; no harm where it has ended."""
        run.cancelled.set()
        with self._changed:
            if run in self._queue:
                self._queue.remove(run)
                _end(run, "cancelled")

    def _attend(self) -> None:
        worker: _Worker | None = None
        runs = 0
        while not self._stopping.is_set():
            if worker is None:
                worker, runs = self._start_worker(), 0
                if worker is None:
                    self._refuse_all()
                    self._stopping.wait(_PAUSE)
                    continue
                self._count(1)
            run = self._next()
            if run is None:
                break
            runs += 1
            fit = self._carry_out(run, worker)
            if not fit or runs >= _RUNS_PER_WORKER:
                self._count(-1)
                worker.kill()
                worker = None
        if worker is not None:
            self._count(-1)
            worker.kill()

    def _count(self, step: int) -> None:
        with self._changed:
            self._ready += step

    def _next(self) -> Run | None:
        with self._changed:
            while not self._queue and not self._stopping.is_set():
                self._changed.wait()
            if self._stopping.is_set():
                return None
            run = self._queue.popleft()
            run.state = "running"
            return run

    def _start_worker(self) -> _Worker | None:
        """Start a process and wait until it is warm; None where it does not get there."""
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        arguments = (theirs, self._limits.run_memory_mb, str(self._folder))
        process = context.Process(target=self._worker, args=arguments, daemon=True)
        process.start()
        theirs.close()
        worker = _Worker(process, ours)
        deadline = time.monotonic() + _LONGEST_START
        while not self._stopping.is_set() and time.monotonic() < deadline:
            told = _hear(worker)
            if told is not None and told.stage == READY:
                return worker
            if told is not None and told.ended:
                log.error("a worker process did not start")
                break
        worker.kill()
        return None

    def _refuse_all(self) -> None:
        """Tell those who wait that no worker starts, rather than let them wait."""
        if self._ready or self._stopping.is_set():
            return
        with self._changed:
            waiting, self._queue = list(self._queue), deque()
        for run in waiting:
            run.error = "no worker process could be started\n  Remedy: ask whoever runs the app to look into its log"
            _end(run, "failed")

    def _carry_out(self, run: Run, worker: _Worker) -> bool:
        """See a run through; tell whether the worker can take another one."""
        limit = self._limits.run_seconds
        deadline = time.monotonic() + limit
        try:
            worker.connection.send_bytes(run.order.model_dump_json().encode())
        except OSError:
            # It died while it waited; the run has not begun.
            return self._again(run)
        while True:
            if run.cancelled.is_set() or self._stopping.is_set():
                worker.kill()
                _end(run, "cancelled")
                return False
            if time.monotonic() > deadline:
                worker.kill()
                run.error = (
                    f"the run took longer than {limit:g} s and was ended\n"
                    "  Remedy: give a shorter motion, or start the app with a larger --max-seconds"
                )
                _end(run, "failed")
                return False
            told = _hear(worker)
            if told is None:
                continue
            if not told.ended:
                run.stage, run.fraction = told.stage or run.stage, told.fraction
                continue
            run.told, run.error = told, told.error
            if not told.fit:
                worker.kill()
            _end(run, "done" if told.error is None else "failed")
            return told.fit

    def _again(self, run: Run) -> bool:
        with self._changed:
            run.state = "waiting"
            self._queue.appendleft(run)
        return False


def _hear(worker: _Worker) -> Told | None:
    """Wait a moment for what a worker tells; None if it says nothing."""
    try:
        if not worker.connection.poll(_GLANCE):
            return None
        return Told.model_validate_json(worker.connection.recv_bytes(_LONGEST_MESSAGE))
    except (EOFError, OSError, ValidationError):
        return Told(
            error="the run ended without a result: its process was killed, most likely for lack of memory\n"
            "  Remedy: give a shorter motion",
            fit=False,
        )


def _end(run: Run, state: State) -> None:
    run.state = state
    run.ended.set()
