"""What the service refuses, and what every answer of it carries."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("fastapi", reason="the app needs the extra [app]")

from pydantic import ValidationError

import app_stub_worker as stub
from app_client import Client, running_service
from gaitdynamics.app.choices import ResultFile
from gaitdynamics.app.limits import Limits
from gaitdynamics.app.server import build_service


@pytest.mark.parametrize(
    "path",
    [
        "/api/jobs/nobody",
        "/api/jobs/..%2f..%2fetc",
        "/api/jobs/nobody/results.zip",
        "/page/..%2fserver.py",
        "/page/../server.py",
        "/page/%2e%2e/limits.py",
        "/page//etc/passwd",
        "/docs",
        "/openapi.json",
        "/etc/passwd",
    ],
)
def test_there_is_nothing_else_to_read(client: Client, path: str) -> None:
    assert client.call("GET", path).status == 404


def test_files_are_asked_for_by_number_only(client: Client) -> None:
    job = client.done(b"x")
    for index in ("99", "-1"):
        assert client.call("GET", f"/api/jobs/{job}/files/{index}").status == 404
    for index in ("..", "..%2f..%2fresults.zip", "echo.mot"):
        assert client.call("GET", f"/api/jobs/{job}/files/{index}").status in (404, 422)


@pytest.mark.parametrize(
    "choices",
    [
        {"task": "shell"},
        {"mass": "heavy"},
        {"speeds": [1.0] * 7},
        {"trial": -1},
        {"folder": "/etc"},
        {"samples": 100000},
        {"sway": 1e9},
    ],
)
def test_choices_that_are_none_are_refused(client: Client, choices: dict[str, object]) -> None:
    job = client.create()
    answer = client.call("POST", f"/api/jobs/{job}/run", choices)
    assert answer.status == 422
    assert next(iter(choices)) in answer.json["error"]
    assert client.state(job)["state"] == "open"


def test_ids_cannot_be_guessed(client: Client) -> None:
    ids = {client.create() for _ in range(20)}
    assert len(ids) == 20
    assert min(map(len, ids)) >= 32
    assert all(client.call("GET", f"/api/jobs/{one[:-1]}").status == 404 for one in ids)


def test_every_answer_has_manners(client: Client) -> None:
    job = client.done(b"<script>alert(1)</script>")
    for path in ("/", "/page/app.js", "/health", f"/api/jobs/{job}", f"/api/jobs/{job}/files/0", "/nothing"):
        headers = client.call("GET", path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["cache-control"] == "no-store"
        assert "default-src 'none'" in headers["content-security-policy"]
    page = client.call("GET", "/").headers["content-security-policy"]
    assert "script-src 'self';" in page
    assert "frame-ancestors 'none'" in page
    report = client.call("GET", f"/api/jobs/{job}/reports/0").headers["content-security-policy"]
    assert report.startswith("sandbox allow-scripts")
    assert "allow-same-origin" not in report
    assert "default-src 'none'" in report


def test_the_page_loads_nothing_from_elsewhere(client: Client) -> None:
    for path in ("/", "/page/app.js", "/page/app.css"):
        text = client.call("GET", path).body.decode()
        assert "https://" not in text
        assert "http://" not in text


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://elsewhere.example"},
        {"origin": "null"},
        {"sec-fetch-site": "cross-site"},
        {"host": "elsewhere.example"},
    ],
)
def test_pages_of_other_sites_are_refused(client: Client, headers: dict[str, str]) -> None:
    assert client.call("POST", "/api/jobs", headers=headers).status == 403


def test_only_uploads_may_be_large(client: Client) -> None:
    job = client.create()
    path = f"/api/jobs/{job}/run"
    assert client.call("POST", path, {"task": "forces", "speeds": [1.0] * 50_000}).status == 413
    assert client.call("POST", path, iter([b"{}"])).status == 411
    assert client.state(job) == {"state": "open"}


@pytest.mark.parametrize("name", ["../secret", "/etc/passwd", "a/../b", "a/b/c", ".hidden", "a\\b", ""])
def test_a_worker_cannot_name_files_elsewhere(name: str) -> None:
    with pytest.raises(ValidationError):
        ResultFile(name=name, size=1)


def test_our_own_page_is_not_refused(client: Client) -> None:
    assert client.call("POST", "/api/jobs", headers={"origin": client.address}).status == 201
    assert client.call("GET", "/", headers={"host": "elsewhere.example"}).status == 403


def test_a_hosted_space_may_frame_the_app(folder: Path) -> None:
    build = lambda: build_service(Limits(), folder, embed_in=["https://space.example"], worker=stub.serve)  # noqa: E731
    with running_service(build) as client:
        answer = client.call("GET", "/", headers={"host": "any.example"})
        assert answer.status == 200
        assert "frame-ancestors https://space.example" in answer.headers["content-security-policy"]
