"""Work for engines, in a module of its own, so that other processes find it."""

from __future__ import annotations

import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path

from gaitdynamics.dataset.preprocessing import Outcome
from gaitdynamics.dataset.recordings import Recording
from gaitdynamics.dataset.store_parts import Describe
from gaitdynamics.errors import MissingExtraError, UserInputError


def square(number: int) -> int:
    """Square a number; some cannot be used."""
    if number == 3:
        raise UserInputError("three is none", file="numbers.txt")
    if number == 4:
        raise ZeroDivisionError("nobody foresaw this")
    if number == 5:
        raise MemoryError
    if number == 6:
        raise MissingExtraError("six", "numbers", "Squaring six")
    return number**2


def where(_: int) -> int:
    """Give the number of this process."""
    return os.getpid()


def die_once(item: tuple[int, Path]) -> int:
    """End this process by force, but for the second time that the item is tried."""
    number, folder = item
    mark = folder / f"{number}.tried"
    if not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def die_on_seven(number: int) -> int:
    """End this process by force at number 7, always."""
    if number == 7:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def slowly(item: tuple[int, Path]) -> int:
    """Note that the item was begun, and take a while."""
    number, folder = item
    (folder / f"{number}.{os.getpid()}").touch()
    time.sleep(0.2)
    return number


@dataclass(frozen=True)
class Slowed:
    """Describes as another describer, notes by a file which process does, and takes its time."""

    inner: Describe
    marks: Path
    seconds: float

    def __call__(self, recording: Recording) -> Outcome:
        """Describe a recording."""
        (self.marks / f"{recording.trial}.{os.getpid()}.{os.getppid()}.{time.monotonic_ns()}").touch()
        outcome = self.inner(recording)
        time.sleep(self.seconds)
        return outcome
