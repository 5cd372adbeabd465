"""A service on a port of its own, and what is needed to talk to it: no browser, no HTTP library."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

#: Largest upload of the app that is started for tests [MB]: ten minutes of motion go in, and more is soon made.
UPLOAD_MB = 40.0


class Answer(NamedTuple):
    """Status, headers and body of an answer."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Client:
    """Talks to a service as its page does."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.address = f"http://127.0.0.1:{port}"
        #: Of the app, where it was started as a program.
        self.process: subprocess.Popen[str] | None = None

    def call(self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None) -> Answer:
        """Send a request; bytes or an iterator of them go as they are, all else as JSON."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        raw = body is None or isinstance(body, bytes) or hasattr(body, "__next__")
        sent = dict(headers or {}) if raw else {"content-type": "application/json", **(headers or {})}
        try:
            connection.request(
                method, path, body if raw else json.dumps(body), sent, encode_chunked=hasattr(body, "__next__")
            )
            answer = connection.getresponse()
            return Answer(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read())
        finally:
            connection.close()

    def create(self) -> str:
        return self.call("POST", "/api/jobs").json["id"]

    def upload(self, job: str, content: bytes, name: str = "walk.mot", role: str = "motion") -> Answer:
        from urllib.parse import quote

        return self.call("PUT", f"/api/jobs/{job}/uploads/{role}?name={quote(name)}", content)

    def run(self, job: str, **choices: Any) -> Answer:
        return self.call("POST", f"/api/jobs/{job}/run", choices)

    def state(self, job: str) -> dict[str, Any]:
        return self.call("GET", f"/api/jobs/{job}").json

    def wait(self, job: str, *, until: Callable[[dict[str, Any]], bool] | None = None, seconds: float = 120.0) -> Any:
        """Wait until a run has ended, or something else is the case."""
        ended = until or (lambda told: told["state"] not in ("waiting", "running"))
        return eventually(lambda: (told := self.state(job)) and ended(told) and told, seconds)

    def done(self, content: bytes, **choices: Any) -> str:
        """Run something to its end; give the id of the job."""
        job = self.create()
        assert self.upload(job, content).status == 200
        assert self.run(job, **choices).status == 202
        assert self.wait(job)["state"] == "done"
        return job

    def wait_until_ready(self, workers: int = 1) -> None:
        eventually(lambda: self.call("GET", "/health").json["ready"] >= workers, 120.0)


def eventually(look: Callable[[], Any], seconds: float = 30.0) -> Any:
    """Give what is looked for as soon as it is there."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = look()
        if found:
            return found
        time.sleep(0.02)
    raise AssertionError(f"it did not happen in {seconds} s")


@contextmanager
def running_service(build: Callable[[], Any]) -> Iterator[Client]:
    """Run a service in a thread, and end it as Ctrl-C does."""
    import uvicorn

    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(build(), log_level="warning", timeout_graceful_shutdown=2)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    try:
        yield Client(listener.getsockname()[1])
    finally:
        server.should_exit = True
        thread.join(20)
        listener.close()
        assert not thread.is_alive(), "the service did not end"


@contextmanager
def started_app(scratch: Path, *options: str) -> Iterator[Client]:
    """Run `gaitdynamics app` on a free port with `scratch` as the folder for temporary files; end it by Ctrl-C."""
    command = [sys.executable, "-m", "gaitdynamics", "app", "--port", "0", *options]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env={**os.environ, "TMPDIR": str(scratch)}, start_new_session=True
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        client = Client(int(line.split("http://localhost:")[1].split()[0]))
        client.process = process
        yield client
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
    assert process.returncode == 0


def files_below(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]
