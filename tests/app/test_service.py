"""The service over HTTP, with workers that pack back what they get: limits, queue, cancelling, cleaning up."""

from __future__ import annotations

import io
import socket
import threading
import zipfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

pytest.importorskip("fastapi", reason="the app needs the extra [app]")

import app_stub_worker as stub
from app_client import Answer, Client, eventually, files_below
from gaitdynamics.app import jobs, server

Serve = Callable[..., AbstractContextManager[Client]]


def unpacked(answer: Answer) -> bytes:
    return zipfile.ZipFile(io.BytesIO(answer.body)).read("echo.mot")


def test_from_upload_to_download(client: Client) -> None:
    job = client.create()
    assert client.state(job) == {"state": "open"}
    assert client.upload(job, b"content", "../my walk.mot").json == {"size": 7, "stem": "my_walk"}
    client.run(job)
    result = client.wait(job)["result"]
    assert result["headline"].startswith("my_walk")
    archive = client.call("GET", f"/api/jobs/{job}/results.zip")
    assert unpacked(archive) == b"content"
    assert 'filename="my_walk_gaitdynamics.zip"' in archive.headers["content-disposition"]
    places = {file["kind"]: i for i, file in enumerate(result["files"])}
    assert client.call("GET", f"/api/jobs/{job}/files/{places['picture']}").headers["content-type"] == "image/png"
    # What came from a user is saved, never shown.
    other = client.call("GET", f"/api/jobs/{job}/files/{places['other']}")
    assert other.headers["content-disposition"].startswith("attachment")
    assert other.headers["content-type"] == "application/octet-stream"


def test_what_a_file_holds(client: Client) -> None:
    job = client.create()
    client.upload(job, b"x", "session.zip")
    assert client.call("POST", f"/api/jobs/{job}/inspect").status == 202
    assert client.wait(job)["contents"]["trials"] == ["one", "two"]
    client.run(job)  # the same files, without another upload
    assert client.wait(job)["result"]["files"]


def test_a_mistake_is_told_in_its_own_words(client: Client) -> None:
    job = client.create()
    client.upload(job, b"x")
    client.run(job, mass=stub.BREAKS)
    told = client.wait(job)
    assert told["state"] == "failed"
    assert told["error"] == "walk.mot, row 3: broken\n  Remedy: mend it"


@pytest.mark.parametrize("declared", [True, False])
def test_an_oversized_file_is_refused_while_it_comes(client: Client, declared: bool) -> None:
    job = client.create()
    sent = 0

    def parts() -> Iterator[bytes]:
        nonlocal sent
        for _ in range(2000):
            sent += 10_000
            yield b"x" * 10_000

    body: object = b"x" * 200_000 if declared else parts()
    try:
        answer = client.call("PUT", f"/api/jobs/{job}/uploads/motion?name=w.mot", body)
    except (BrokenPipeError, ConnectionResetError):
        # The service hung up on the flood before all of it was sent.
        assert sent < 20_000_000
    else:
        assert answer.status == 413
        assert "larger than 0.1 MB" in answer.json["error"]
        assert "--max-upload-mb" in answer.json["error"]
    assert client.state(job)["state"] == "open"


def test_other_kinds_are_refused(client: Client) -> None:
    job = client.create()
    answer = client.upload(job, b"MZ", "walk.exe")
    assert answer.status == 400
    assert "walk.exe: this is not a motion" in answer.json["error"]
    assert client.upload(job, b"x", "a.osim", role="weights").status == 422
    assert client.upload(job, b"", "walk.mot").status == 400


def test_users_do_not_get_each_others_results(client: Client) -> None:
    """Eight at once on two workers, each with a content of its own."""
    found: dict[int, bytes] = {}

    def use(number: int) -> None:
        job = client.done(b"content of %d" % number, height=0.05 * (number % 3))
        found[number] = unpacked(client.call("GET", f"/api/jobs/{job}/results.zip"))

    threads = [threading.Thread(target=use, args=(i,)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {i: b"content of %d" % i for i in range(8)}


def test_a_queue_with_places(serve: Serve) -> None:
    with serve(waiting=2) as client:
        client.wait_until_ready()
        mine = [client.create() for _ in range(4)]
        for job in mine:
            client.upload(job, b"x")
        client.run(mine[0], height=60.0)
        client.wait(mine[0], until=lambda told: told["state"] == "running" and told["stage"] == "working")
        client.run(mine[1])
        client.run(mine[2])
        assert [client.state(job).get("ahead") for job in mine[:3]] == [None, 0, 1]
        refused = client.run(mine[3])
        assert refused.status == 503
        assert "2 runs are waiting" in refused.json["error"]
        # One who waits gives up, and those behind move on.
        client.call("POST", f"/api/jobs/{mine[1]}/cancel")
        assert client.state(mine[1])["state"] == "cancelled"
        assert client.state(mine[2])["ahead"] == 0
        # The one that runs is cancelled: the next one begins long before it would have ended.
        client.call("POST", f"/api/jobs/{mine[0]}/cancel")
        assert client.wait(mine[0])["state"] == "cancelled"
        assert client.wait(mine[2])["state"] == "done"


def test_one_run_at_a_time_for_the_same_files(client: Client) -> None:
    job = client.create()
    client.upload(job, b"x")
    client.run(job, height=0.3)
    assert client.run(job).status == 503
    assert client.upload(job, b"y").status == 503
    client.wait(job)
    assert unpacked(client.call("GET", f"/api/jobs/{job}/results.zip")) == b"x"


def test_after_cancelling_the_same_files_can_be_run_at_once(client: Client) -> None:
    job = client.create()
    client.upload(job, b"x")
    client.run(job, height=60.0)
    client.wait(job, until=lambda told: told["state"] == "running" and told["stage"] == "working")
    assert client.call("POST", f"/api/jobs/{job}/cancel").json["state"] == "cancelled"
    assert client.run(job).status == 202
    assert client.wait(job)["state"] == "done"


def test_a_run_that_takes_too_long_is_ended(serve: Serve) -> None:
    with serve(run_seconds=0.3) as client:
        job = client.create()
        client.upload(job, b"x")
        client.run(job, height=60.0)
        told = client.wait(job)
        assert told["state"] == "failed"
        assert "took longer than 0.3 s" in told["error"]
        assert client.run(job).status == 202  # by the worker that took its place
        assert client.wait(job)["state"] == "done"


def test_a_worker_that_dies_is_told_and_replaced(client: Client) -> None:
    job = client.create()
    client.upload(job, b"x")
    client.run(job, mass=stub.DIES)
    told = client.wait(job)
    assert told["state"] == "failed"
    assert "ended without a result" in told["error"]
    client.run(job)
    assert client.wait(job)["state"] == "done"
    client.wait_until_ready(2)


def test_without_workers_nobody_waits_in_vain(serve: Serve) -> None:
    with serve(worker=stub.never_ready) as client:
        job = client.create()
        client.upload(job, b"x")
        client.run(job)
        assert "no worker process could be started" in client.wait(job)["error"]


def test_files_are_deleted_when_asked_for(serve: Serve, folder: Path) -> None:
    with serve() as client:
        job = client.done(b"x")
        assert files_below(folder)
        assert client.call("DELETE", f"/api/jobs/{job}").status == 204
        assert not files_below(folder)
        assert client.call("GET", f"/api/jobs/{job}").status == 404


def test_files_are_deleted_while_their_run_is_under_way(serve: Serve, folder: Path) -> None:
    with serve() as client:
        job = client.create()
        client.upload(job, b"x")
        client.run(job, height=60.0)
        client.wait(job, until=lambda told: told["state"] == "running")
        assert client.call("DELETE", f"/api/jobs/{job}").status == 204
        assert not files_below(folder)


def test_files_are_deleted_when_their_page_is_closed(
    serve: Serve, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "_GOODBYE", 0.2)
    monkeypatch.setattr(server, "_ROUND", 0.05)
    with serve() as client:
        kept, closed = client.done(b"kept"), client.done(b"closed")
        client.call("POST", f"/api/jobs/{closed}/goodbye")
        eventually(lambda: len(list(folder.iterdir())) == 1)
        assert client.call("GET", f"/api/jobs/{closed}").status == 404
        assert client.state(kept)["state"] == "done"
        # A page that is reloaded comes back in time.
        monkeypatch.setattr(jobs, "_GOODBYE", 60.0)
        client.call("POST", f"/api/jobs/{kept}/goodbye")
        assert client.state(kept)["state"] == "done"


def test_files_are_deleted_when_nobody_looks(serve: Serve, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "_ROUND", 0.05)
    with serve(keep_minutes=0.3 / 60.0) as client:
        client.upload(client.create(), b"x")
        assert files_below(folder)
        eventually(lambda: not files_below(folder))


def test_no_more_jobs_than_may_be(serve: Serve) -> None:
    with serve(jobs=2) as client:
        client.create()
        first = client.create()
        assert client.call("POST", "/api/jobs").status == 503
        client.call("DELETE", f"/api/jobs/{first}")
        assert client.call("POST", "/api/jobs").status == 201


def test_an_upload_that_is_broken_off_leaves_nothing(client: Client) -> None:
    job = client.create()
    with socket.create_connection(("127.0.0.1", client.port)) as connection:
        line = f"PUT /api/jobs/{job}/uploads/motion?name=w.mot HTTP/1.1"
        head = "\r\n".join([line, "Host: 127.0.0.1", "Content-Length: 50000", "", ""])
        connection.sendall(head.encode() + b"x" * 1000)
    client.run(job)
    assert client.wait(job)["state"] == "failed"


def test_at_the_end_nothing_is_left(serve: Serve, folder: Path) -> None:
    before = set(threading.enumerate())
    with serve(workers=2) as client:
        client.wait_until_ready(2)
        client.done(b"x")
        running, waiting = client.create(), client.create()
        for job in (running, waiting):
            client.upload(job, b"x")
            client.run(job, height=60.0)
        client.wait(running, until=lambda told: told["state"] == "running")
    assert not list(folder.iterdir())
    left = set(threading.enumerate()) - before
    assert not [thread for thread in left if thread.name.startswith("worker-")]
