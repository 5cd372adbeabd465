"""Listening, from the start of the service to its end."""

from __future__ import annotations

import contextlib
import logging
import shutil
import signal
import socket
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Final

import uvicorn

from gaitdynamics.app.limits import Limits
from gaitdynamics.app.server import build_service
from gaitdynamics.errors import UserInputError

#: Open connections are given so long to end [s].
_GRACE: Final = 3

#: Of the folder for all files; one that was left behind is found again by it.
PREFIX: Final = "gaitdynamics-app-"
_LOCK: Final = "running.lock"


def serve(limits: Limits, *, host: str, port: int, hosts: Sequence[str] | None, embed_in: Sequence[str] = ()) -> None:
    """Listen until interrupted (Ctrl-C or SIGTERM), then delete everything.

    Parameters
    ----------
    limits
        What users may take.
    host, port
        Where to listen; port 0 takes any free one.
    hosts
        Names by which the service may be called, None for any.
    embed_in
        Origins of pages that may frame it.

    Raises
    ------
    UserInputError
        The address cannot be had.
    """
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    with _listening(host, port) as listener, _own_folder() as folder:
        config = uvicorn.Config(
            build_service(limits, folder, hosts=hosts, embed_in=embed_in),
            log_level="warning",
            timeout_graceful_shutdown=_GRACE,
            server_header=False,
            # The address in a header of a proxy is of no use here, and forgeable.
            proxy_headers=False,
        )
        shown = "localhost" if host in ("127.0.0.1", "::1", "0.0.0.0") else host  # noqa: S104 (to be shown only)
        print(f"gaitdynamics in the browser: http://{shown}:{listener.getsockname()[1]} (Ctrl-C ends it)", flush=True)
        # The server ends by itself, and then passes the signal on; files are deleted after that.
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        with contextlib.suppress(KeyboardInterrupt):
            uvicorn.Server(config).run(sockets=[listener])
    print("Ended; uploads and results are deleted.", flush=True)


@contextlib.contextmanager
def _listening(host: str, port: int) -> Iterator[socket.socket]:
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listener = socket.socket(family, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        # From now on a browser waits, rather than being refused, until the service has started.
        listener.listen(128)
    except OSError as error:
        listener.close()
        raise UserInputError(
            f"cannot listen at {host}, port {port} ({error.strerror})",
            remedy="choose another one with --port, such as 8001, or an address of this machine with --host",
        ) from error
    with listener:
        yield listener


@contextlib.contextmanager
def _own_folder() -> Iterator[Path]:
    """Lend a folder for all files of this service; those of services that were killed are deleted.

    A running service holds a lock in its folder, which the system takes back when the service dies, however it does.
    """
    remove_left_behind(Path(tempfile.gettempdir()))
    home = Path(tempfile.mkdtemp(prefix=PREFIX))
    try:
        with (home / _LOCK).open("w") as lock:
            lock_file(lock)
            yield home
    finally:
        shutil.rmtree(home, ignore_errors=True)


def remove_left_behind(folder: Path) -> None:
    """Delete what services left in a folder that were killed before they could do so."""
    for home in folder.glob(f"{PREFIX}*"):
        with contextlib.suppress(OSError), (home / _LOCK).open("r+") as lock:
            if lock_file(lock):
                shutil.rmtree(home, ignore_errors=True)


def lock_file(file: IO[str]) -> bool:
    """Lock a file; False where another process has it, or the system has no such locks."""
    try:
        import fcntl
    except ImportError:
        return False
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
