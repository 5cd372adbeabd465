"""The process in which files of strangers are parsed and computed with: warm, limited, and ended when it misbehaves."""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import sys
import tempfile
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Final

from gaitdynamics.app.choices import Order, Told
from gaitdynamics.app.limits import MEGABYTE
from gaitdynamics.errors import GaitError

log = logging.getLogger(__name__)

#: What torch says when it gets no memory.
_NO_MEMORY: Final = ("can't allocate memory", "not enough memory", "cannot allocate memory", "std::bad_alloc")

READY: Final = "ready"


def serve(connection: Connection, memory_mb: float, folder: str) -> None:
    """Work off orders until the service closes the connection.

    Messages are JSON text: nothing that a worker sends can be more than data.

    Parameters
    ----------
    connection
        To the service.
    memory_mb
        Memory that a run may take beyond what the loaded package takes [MB].
    folder
        Where the worker may write while it gets ready.
    """
    # Ctrl-C reaches the whole group; the service then ends its workers itself.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with contextlib.suppress(EOFError, OSError):
        _warm_up(folder)
        _limit(memory_mb)
        _tell(connection, Told(stage=READY))
        while True:
            told = _carry_out(Order.model_validate_json(connection.recv_bytes()), connection)
            _tell(connection, told)
            if not told.fit:
                return


def _warm_up(place: str) -> None:
    from gaitdynamics.app.work import warm_up

    with tempfile.TemporaryDirectory(prefix="warm-", dir=place) as folder:
        warm_up(Path(folder))


def _limit(memory_mb: float) -> None:
    """Limit memory, and write no memory images of crashes; where the system cannot, limits are those of the machine."""
    try:
        import resource
    except ImportError:
        return
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
        most = pages * os.sysconf("SC_PAGE_SIZE") + int(memory_mb * MEGABYTE)
        resource.setrlimit(resource.RLIMIT_AS, (most, most))


def _tell(connection: Connection, told: Told) -> None:
    connection.send_bytes(told.model_dump_json(exclude_none=True).encode())


def _carry_out(order: Order, connection: Connection) -> Told:
    from gaitdynamics.app import work

    def tell(stage: str, fraction: float | None) -> None:
        _tell(connection, Told(stage=stage, fraction=fraction))

    try:
        if order.what == "inspect":
            return Told(contents=work.inspect(order))
        return Told(result=work.run(order, tell))
    except GaitError as error:
        return Told(error=without_folders(str(error), order.folder))
    except MemoryError:
        return _out_of_memory()
    except (EOFError, BrokenPipeError):
        raise  # the service is gone
    except Exception as error:
        if isinstance(error, RuntimeError) and any(text in str(error).lower() for text in _NO_MEMORY):
            return _out_of_memory()
        log.exception("a run failed")
        return Told(
            error=f"the run failed in a way that was not foreseen ({type(error).__name__})\n"
            "  Remedy: this is a fault of the program; please report it with the file that caused it",
            fit=False,
        )


def _out_of_memory() -> Told:
    return Told(
        error="the run needs more memory than the app allows\n"
        "  Remedy: give a shorter motion, or start the app with a larger --max-memory-mb",
        fit=False,
    )


def without_folders(message: str, folder: str) -> str:
    """Leave the folders of a job out of a message, so that files bear the names that their owner knows."""
    for place in sorted(_places(Path(folder)), key=len, reverse=True):
        message = message.replace(place + os.sep, "")
    return message


def _places(folder: Path) -> set[str]:
    inside = [folder, *(path for path in folder.rglob("*") if path.is_dir())]
    return {str(path) for path in (*inside, *(path.resolve() for path in inside))}
