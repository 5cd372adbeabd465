"""A worker process without gait: it packs back what was uploaded, after a while, or dies. For tests of the service."""

from __future__ import annotations

import contextlib
import os
import time
import zipfile
from multiprocessing.connection import Connection
from pathlib import Path

from gaitdynamics.app.choices import Contents, Order, Result, ResultFile, Told

#: Masses that ask for something.
DIES, BREAKS = 901.0, 902.0


def serve(connection: Connection, memory_mb: float, folder: str) -> None:
    """Work off orders; `height` is how long each takes [s]."""
    with contextlib.suppress(EOFError, OSError):
        tell(connection, Told(stage="ready"))
        while True:
            tell(connection, answer(Order.model_validate_json(connection.recv_bytes()), connection))


def never_ready(connection: Connection, memory_mb: float, folder: str) -> None:
    """Die at the start."""
    os._exit(1)


def tell(connection: Connection, told: Told) -> None:
    connection.send_bytes(told.model_dump_json().encode())


def answer(order: Order, connection: Connection) -> Told:
    folder = Path(order.folder)
    if order.what == "inspect":
        return Told(contents=Contents(trials=("one", "two"), mass=70.0))
    tell(connection, Told(stage="working", fraction=0.5))
    if order.choices.mass == DIES:
        os._exit(9)
    if order.choices.mass == BREAKS:
        return Told(error="walk.mot, row 3: broken\n  Remedy: mend it")
    time.sleep(order.choices.height or 0.0)
    results = folder / "results"
    results.mkdir(exist_ok=True)
    upload = order.uploads["motion"]
    content = (folder / "uploads" / f"motion{upload.suffix}").read_bytes()
    listed = []
    for name, kind in (("report.html", "report"), ("walk.png", "picture"), ("echo.mot", "other")):
        (results / name).write_bytes(content)
        listed.append(ResultFile.model_validate({"name": name, "size": len(content), "kind": kind}))
    with zipfile.ZipFile(folder / "results.zip", "w") as packed:
        packed.writestr("echo.mot", content)
    return Told(result=Result(headline=f"{upload.stem} {os.getpid()}", files=tuple(listed)))
