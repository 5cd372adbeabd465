"""The app: with workers that pack back what they get, and as a program of its own; one of each for many tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

import app_stub_worker as stub
from app_client import UPLOAD_MB, Client, running_service, started_app

Serve = Callable[..., AbstractContextManager[Client]]


@pytest.fixture(scope="session")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """The app with one worker, as `gaitdynamics app` starts it."""
    pytest.importorskip("fastapi", reason="the app needs the extra [app]")
    pytest.importorskip("k3d", reason="the app needs the extra [app]")
    with started_app(tmp_path_factory.mktemp("app"), "--max-upload-mb", f"{UPLOAD_MB:g}") as client:
        client.wait_until_ready()
        yield client


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the service keeps files."""
    path = tmp_path / "service"
    path.mkdir()
    return path


@pytest.fixture
def serve(folder: Path) -> Serve:
    """Start a service with these limits and workers that pack back what they get."""
    pytest.importorskip("fastapi", reason="the app needs the extra [app]")
    from gaitdynamics.app.limits import Limits
    from gaitdynamics.app.server import build_service

    def start(*, worker: Callable[..., None] = stub.serve, **limits: float) -> AbstractContextManager[Client]:
        given = Limits(**limits)  # type: ignore[arg-type]
        return running_service(lambda: build_service(given, folder, hosts=["127.0.0.1"], worker=worker))

    return start


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """One service for the tests that leave it as it was."""
    pytest.importorskip("fastapi", reason="the app needs the extra [app]")
    from gaitdynamics.app.limits import Limits
    from gaitdynamics.app.server import build_service

    folder, limits = tmp_path_factory.mktemp("service"), Limits(upload_mb=0.1, workers=2)
    with running_service(lambda: build_service(limits, folder, hosts=["127.0.0.1"], worker=stub.serve)) as found:
        found.wait_until_ready(2)
        yield found
