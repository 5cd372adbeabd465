"""One run on several devices: who computes which part of a batch, and who writes.

A batch is made of parts that are computed each on its own: with random numbers of its own, and means over its own
frames. Which device computes a part makes no difference, so runs with the same number of parts give the same weights,
up to rounding, on however many devices.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from typing import TypeVar

from gaitdynamics.errors import UserInputError
from gaitdynamics.training.settings import LoopSettings


@dataclass(frozen=True)
class Devices:
    """What a run computes on: `devices` of each of `nodes` machines, GPUs where there are any and processes if not."""

    devices: int = 1
    nodes: int = 1

    def __post_init__(self) -> None:
        for name, value in (("--devices", self.devices), ("--nodes", self.nodes)):
            if value < 1:
                raise UserInputError(f"{name} {value} is not possible", remedy="give a number above zero")

    @property
    def count(self) -> int:
        """Devices of all machines together."""
        return self.devices * self.nodes


ONE_DEVICE = Devices()

SettingsT = TypeVar("SettingsT", bound=LoopSettings)


def divided(settings: SettingsT, devices: Devices) -> SettingsT:
    """Write into the settings how batches are divided, where that follows from the devices; raises as `Shares.plan`."""
    if devices.count == 1 and settings.parts is None:
        return settings
    return settings.model_copy(update={"parts": Shares.plan(settings, devices).parts})


@dataclass(frozen=True)
class Shares:
    """How batches are divided: `parts` of each of `rows` windows, on `ranks` processes."""

    parts: int
    rows: int
    ranks: int

    @classmethod
    def plan(cls, settings: LoopSettings, devices: Devices) -> Shares:
        """Divide the batches of a run.

        Parameters
        ----------
        settings
            `parts` of each batch; None for one per device.
        devices
            What it computes on.

        Raises
        ------
        UserInputError
            The batch cannot be divided evenly.
        """
        parts = settings.parts if settings.parts is not None else devices.count
        if parts < 1 or parts % devices.count:
            raise UserInputError(
                f"{parts} parts of a batch cannot be shared evenly by {devices.count} devices",
                remedy="give a number of parts that is a multiple of the number of devices",
            )
        if settings.batch % parts:
            raise UserInputError(
                f"a batch of {settings.batch} windows cannot be divided evenly into {parts} parts",
                remedy=f"give a multiple of {parts} with --batch",
            )
        return cls(parts, settings.batch // parts, devices.count)

    def of_rank(self, rank: int) -> range:
        """Give the numbers of the parts that a process computes."""
        each = self.parts // self.ranks
        return range(rank * each, (rank + 1) * each)

    def windows(self, part: int) -> slice:
        """Give the windows of the batch that are in a part."""
        return slice(part * self.rows, (part + 1) * self.rows)


def local_rank() -> int:
    """Give the number of this process on its machine: that of its GPU."""
    return int(os.environ.get("LOCAL_RANK", os.environ.get("SLURM_LOCALID", "0")))


def only_first_continues() -> None:
    """End this process here if it only helped another one, which has the same weights and goes on to write them."""
    from torch import distributed

    if not (distributed.is_available() and distributed.is_initialized()):
        return
    if distributed.get_rank() != 0:
        distributed.destroy_process_group()
        sys.exit(0)
