"""Choosing an engine by what a command is told."""

from __future__ import annotations

import os
from typing import Literal

from gaitdynamics.engines.engine import Engine
from gaitdynamics.errors import UserInputError

EngineName = Literal["local", "ray"]


def choose_engine(name: EngineName = "local", workers: int | None = None, address: str | None = None) -> Engine:
    """Give an engine.

    Parameters
    ----------
    name
        'local' for processes of this machine, 'ray' for tasks of Ray.
    workers
        Processes, or tasks at a time; by default one for each core.
    address
        Of a running cluster of Ray; by default Ray is started on this machine.

    Raises
    ------
    UserInputError
        The number of workers, or an address without a cluster, makes no sense.
    MissingExtraError
        Ray is asked for and not installed.
    """
    if workers is not None and workers < 1:
        raise UserInputError(f"{workers} workers cannot work", remedy="give --workers 1 or more")
    if name == "ray":
        from gaitdynamics.engines.ray_cluster import RayEngine, load_ray

        load_ray()
        return RayEngine(workers, address)
    if address is not None:
        raise UserInputError("the engine 'local' has no address", remedy="add --engine ray, or leave --address out")
    from gaitdynamics.engines.local import LocalEngine

    return LocalEngine(workers or _cores())


def _cores() -> int:
    """Count the cores that this process may use; where that cannot be told, all."""
    allowed = getattr(os, "sched_getaffinity", None)
    return len(allowed(0)) if allowed else os.cpu_count() or 1
