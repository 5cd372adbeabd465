"""The engine of a cluster: tasks of Ray, on this machine or on many."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from gaitdynamics.engines.engine import Failure, Item, Key, Result, attempt, use_one_thread
from gaitdynamics.errors import MissingExtraError, UserInputError

#: Tasks in flight for each core of the cluster: one that runs, and one that waits.
_AHEAD: Final = 2

#: Memory [bytes] of Ray's store of objects where it is started here: results are small.
_OBJECT_STORE: Final = 128 * 2**20

#: How long [s] a cluster may take to answer.
_PATIENCE: Final = 20.0


@dataclass(frozen=True)
class RayEngine:
    """Runs a function in tasks of Ray.

    Attributes
    ----------
    workers
        Tasks at a time, of one core each; None for all cores of the cluster.
    address
        'ray://host:port', 'host:port' or 'auto' of a running cluster. None starts Ray on this machine for the time of
        the run, unless this process is connected already.
    retries
        How often a task is tried again whose process or machine was lost.
    memory
        Bytes that a task may take: a machine is given no more tasks than fit into it.
    """

    workers: int | None = None
    address: str | None = None
    retries: int = 2
    memory: int = 2**31

    def run(
        self, function: Callable[[Item], Result], items: Iterable[tuple[Key, Item]]
    ) -> Iterator[tuple[Key, Result | Failure]]:
        """Apply a function to each item, see `Engine.run`.

        All machines need this package, and the same paths to what the function reads and writes.

        Raises
        ------
        MissingExtraError
            Ray is not installed.
        UserInputError
            The cluster cannot be reached.
        """
        ray = load_ray()
        started = self._connect(ray)
        flying: dict[Any, Key] = {}
        try:
            task = ray.remote(num_cpus=1, max_retries=self.retries, memory=self.memory)(_attempt_in_task)
            shared = ray.put(function)
            following = iter(items)
            while True:
                for key, item in following:
                    flying[task.remote(shared, item)] = key
                    if len(flying) >= self._most(ray, started):
                        break
                if not flying:
                    return
                (ref, *_), _ = ray.wait(list(flying), num_returns=1)
                key = flying.pop(ref)
                yield key, _result_of(ray, ref)
        finally:
            for ref in flying:
                ray.cancel(ref)
            if started:
                ray.shutdown()

    def _connect(self, ray: Any) -> bool:
        """Connect to a cluster; tells whether that was done here."""
        if ray.is_initialized():
            return False
        quiet = {"log_to_driver": False, "logging_level": "ERROR"}
        try:
            if self.address is not None:
                _knock(self.address)
            if self.address is None:
                memory = None if self.workers is None else self.workers * self.memory
                ray.init(
                    address="local",
                    num_cpus=self.workers,
                    include_dashboard=False,
                    object_store_memory=_OBJECT_STORE,
                    _memory=memory,
                    **quiet,
                )
            else:
                ray.init(address=self.address, **quiet)
        except (OSError, ValueError, RuntimeError) as error:
            where = f"the cluster at {self.address} cannot be reached" if self.address else "Ray does not start"
            raise UserInputError(
                f"{where} ({error})", remedy="see that it runs (`ray status`), or work without it: --engine local"
            ) from error
        return True

    def _most(self, ray: Any, started: bool) -> int:
        if self.workers is not None and not (started and self.address is None):
            return self.workers
        return _AHEAD * max(1, int(ray.cluster_resources().get("CPU", 1)))


def _knock(address: str) -> None:
    """See that somebody answers at 'host:port' or 'ray://host:port': Ray itself tries that for many minutes."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if host and port.isdigit():
        socket.create_connection((host, int(port)), timeout=_PATIENCE).close()


def load_ray() -> Any:
    """Import Ray; raises MissingExtraError where it is not installed."""
    try:
        import ray
    except ImportError as error:
        raise MissingExtraError("ray", "distributed", "The engine 'ray'") from error
    return ray


def _attempt_in_task(function: Callable[[Item], Result], item: Item) -> Result | Failure:
    use_one_thread()
    return attempt(function, item)


def _result_of(ray: Any, ref: Any) -> Any:
    try:
        return ray.get(ref)
    except ray.exceptions.RayTaskError as error:  # before the function was called: it, or an item, cannot be loaded
        return Failure("error", str(error.cause or error).strip().splitlines()[-1], str(error))
    except ray.exceptions.RayError as error:
        return Failure("lost", f"its process or machine was lost ({type(error).__name__})")
