"""The command `gaitdynamics app`: the app in the browser."""

from __future__ import annotations

import sys
from typing import Annotated

from cyclopts import Parameter

from gaitdynamics.errors import MissingExtraError, UserInputError

#: Names of this machine for itself.
_LOCAL = ("localhost", "127.0.0.1", "::1")


def app_command(
    *,
    host: str = "127.0.0.1",
    port: int = 8000,
    max_upload_mb: float = 100.0,
    workers: int = 1,
    max_seconds: float = 900.0,
    max_memory_mb: float = 4000.0,
    max_waiting: int = 20,
    keep_minutes: float = 30.0,
    allow_host: Annotated[tuple[str, ...], Parameter(negative=())] = (),
    embed_in: Annotated[tuple[str, ...], Parameter(negative=())] = (),
) -> int:
    """Start the app in the browser: upload a motion, see the forces, download files for OpenSim.

    Only this machine can reach it, unless told otherwise with --host. Ctrl-C ends it; uploads and results are deleted
    then, or when their page is closed. docs/hosting.md tells how to run it for others.

    Parameters
    ----------
    host
        Address to listen at: 0.0.0.0 for all of this machine, which others can then reach.
    port
        Port to listen at; 0 takes any free one.
    max_upload_mb
        Largest file that can be uploaded, in MB.
    workers
        Runs at the same time, each in a process of its own of about 0.5 GB; further ones wait.
    max_seconds
        Longest run, in s.
    max_memory_mb
        Memory that one run may take beyond the loaded program, in MB (on Linux).
    max_waiting
        Most runs that wait.
    keep_minutes
        Files of a page that has not been heard of for so long are deleted, in min.
    allow_host
        Further name by which the app may be called, such as that of a proxy in front of it; may be given several times.
    embed_in
        Origin of pages that may show the app in a frame, as hosted spaces do; may be given several times.
    """
    checks = (
        ("port", port, 0, 65535),
        ("max-upload-mb", max_upload_mb, 0.001, 10_000),
        ("workers", workers, 1, 64),
        ("max-seconds", max_seconds, 1, 86_400),
        ("max-memory-mb", max_memory_mb, 100, 1_000_000),
        ("max-waiting", max_waiting, 1, 10_000),
        ("keep-minutes", keep_minutes, 1, 1440),
    )
    for name, value, least, most in checks:
        if not least <= value <= most:
            raise UserInputError(f"--{name} {value:g} is not possible", remedy=f"give {least:g} to {most:g}")
    try:
        from gaitdynamics.app.serving import serve
    except ModuleNotFoundError as error:
        raise MissingExtraError(str(error.name), "app", "the app in the browser") from error
    from gaitdynamics.app.limits import Limits

    limits = Limits(
        upload_mb=max_upload_mb,
        workers=workers,
        run_seconds=max_seconds,
        run_memory_mb=max_memory_mb,
        waiting=max_waiting,
        keep_minutes=keep_minutes,
    )
    hosts = (*_LOCAL, *(name.lower() for name in allow_host)) if host in _LOCAL or allow_host else None
    if host not in _LOCAL:
        print("Others can reach this app: docs/hosting.md tells what to see to.", file=sys.stderr)
    serve(limits, host=host, port=port, hosts=hosts, embed_in=embed_in)
    return 0
