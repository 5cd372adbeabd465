"""The app as a program of its own, one for all tests that want the real thing."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from app_client import Client, started_app

#: Largest upload of that app [MB]: ten minutes of motion go in, and what is larger is soon made.
UPLOAD_MB = 40.0


@pytest.fixture(scope="session")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """The app with one worker, as `gaitdynamics app` starts it."""
    pytest.importorskip("fastapi", reason="the app needs the extra [app]")
    pytest.importorskip("k3d", reason="the app needs the extra [app]")
    with started_app(tmp_path_factory.mktemp("app"), "--max-upload-mb", f"{UPLOAD_MB:g}") as client:
        client.wait_until_ready()
        yield client


def command_line(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run a command as a user does."""
    return subprocess.run(
        [sys.executable, "-m", "gaitdynamics", *map(str, arguments)], capture_output=True, text=True, check=False
    )
