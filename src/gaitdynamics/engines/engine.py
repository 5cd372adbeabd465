"""What all engines have in common: a function over items that are known by keys, and what becomes of each."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Literal, Protocol, TypeVar

from gaitdynamics.errors import GaitError, UserInputError

Key = TypeVar("Key")
Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(frozen=True)
class Failure:
    """Why an item has no result.

    Attributes
    ----------
    kind
        'input': the item cannot be used, which is told on purpose (GaitError). 'error': an exception that nobody
        foresaw. 'lost': the process that worked on it was lost, or ran out of memory, as often as it was tried; on
        another day it may go well.
    reason
        A sentence for people.
    detail
        The traceback of an error; empty otherwise.
    """

    kind: Literal["input", "error", "lost"]
    reason: str
    detail: str = ""


class Engine(Protocol):
    """Runs a function over items."""

    def run(
        self, function: Callable[[Item], Result], items: Iterable[tuple[Key, Item]]
    ) -> Iterator[tuple[Key, Result | Failure]]:
        """Apply a function to each item.

        Parameters
        ----------
        function
            Picklable. What is costly and the same for all items (weights, say) it keeps for itself in a cache of its
            module: a process works on many items.
        items
            Keys and items, both picklable. They are taken from the iterable only as fast as they are worked on, a few
            for each process, so that there may be more than memory would hold.

        Yields
        ------
        key, result
            As they finish, in any order; every key once. A lost process loses no other item, and its own is tried
            again. Where the caller stops, or is interrupted, what is being worked on may still finish, and no more is
            begun.
        """
        ...


def attempt(function: Callable[[Item], Result], item: Item) -> Result | Failure:
    """Apply a function to an item, whatever it raises."""
    try:
        return function(item)
    except UserInputError as error:
        return Failure("input", error.problem)
    except GaitError as error:
        return Failure("input", str(error))
    except MemoryError:
        return Failure("lost", "memory ran out")
    except Exception as error:  # noqa: BLE001 - told as it is, and the other items go on
        return Failure("error", f"{type(error).__name__}: {error}", traceback.format_exc())


def use_one_thread() -> None:
    """Let this process compute with one thread: there are as many processes as there are cores."""
    os.environ["OMP_NUM_THREADS"] = "1"
    if "torch" in sys.modules:
        import torch

        torch.set_num_threads(1)
