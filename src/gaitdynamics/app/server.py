"""The service: pages, uploads, runs and results over HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Final

from fastapi import FastAPI, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, JSONResponse, Response

from gaitdynamics._version import __version__
from gaitdynamics.app.choices import Choices, ResultFile, Role
from gaitdynamics.app.jobs import Job, Jobs, NoSuchJobError
from gaitdynamics.app.limits import Limits
from gaitdynamics.app.manners import REPORT_POLICY, Manners
from gaitdynamics.app.pool import BusyError, Pool, WorkerMain
from gaitdynamics.app.uploads import KINDS, TooLargeError, describe_upload, receive
from gaitdynamics.app.worker import serve
from gaitdynamics.errors import GaitError, UserInputError

#: Files of the page, with their types.
_PAGE: Final = {
    "index.html": "text/html; charset=utf-8",
    "app.css": "text/css; charset=utf-8",
    "app.js": "text/javascript; charset=utf-8",
    "icon.svg": "image/svg+xml",
}

#: How often jobs are looked through for those that nobody needs any more [s].
_ROUND: Final = 5.0


def build_service(
    limits: Limits,
    folder: Path,
    *,
    hosts: Sequence[str] | None = None,
    embed_in: Sequence[str] = (),
    worker: WorkerMain = serve,
) -> Manners:
    """Make the service, an ASGI application; workers start and end with it.

    Parameters
    ----------
    limits
        What users may take.
    folder
        Where files of users are kept; emptied when the service ends.
    hosts
        Names by which it may be called, None for any.
    embed_in
        Origins of pages that may frame it.
    worker
        What a worker process runs.
    """
    pool = Pool(limits, folder, worker)
    jobs = Jobs(limits, pool, folder)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        pool.start()
        rounds = asyncio.create_task(_go_round(jobs))
        try:
            yield
        finally:
            rounds.cancel()
            await asyncio.to_thread(pool.stop)
            jobs.close()

    # Its pages of documentation would load scripts from elsewhere.
    app = FastAPI(title="gaitdynamics", lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None)
    _add_page(app, limits, pool)
    _add_jobs(app, limits, jobs)
    _add_results(app, jobs)
    _add_errors(app)
    return Manners(app, hosts=hosts, embed_in=embed_in)


async def _go_round(jobs: Jobs) -> None:
    while True:
        await asyncio.sleep(_ROUND)
        await asyncio.to_thread(jobs.expire)


def _add_page(app: FastAPI, limits: Limits, pool: Pool) -> None:
    contents = {name: (files("gaitdynamics.app") / "page" / name).read_bytes() for name in _PAGE}

    @app.get("/")
    def page() -> Response:
        return Response(contents["index.html"], media_type=_PAGE["index.html"])

    @app.get("/page/{name}")
    def part(name: str) -> Response:
        if name not in contents:
            return Response(status_code=404)
        return Response(contents[name], media_type=_PAGE[name])

    @app.get("/health")
    def health() -> dict[str, Any]:
        return {"version": __version__, "ready": pool.ready}

    @app.get("/api/limits")
    def told_limits() -> dict[str, Any]:
        kinds = {role: list(endings) for role, endings in KINDS.items()}
        return {
            "version": __version__,
            "upload_bytes": limits.upload_bytes,
            "kinds": kinds,
            "keep_minutes": limits.keep_minutes,
        }


def _add_jobs(app: FastAPI, limits: Limits, jobs: Jobs) -> None:
    @app.post("/api/jobs", status_code=201)
    def create() -> dict[str, str]:
        return {"id": jobs.create().id}

    @app.put("/api/jobs/{id_}/uploads/{role}")
    async def upload(id_: str, role: Role, name: Annotated[str, Query(max_length=500)], request: Request) -> Any:
        job = jobs.get(id_)
        described = describe_upload(role, name)
        if int(request.headers.get("content-length") or 0) > limits.upload_bytes:
            raise TooLargeError(limits.upload_bytes, name)
        if job.busy:
            raise BusyError("a run of these files is under way already")
        path = job.upload_path(role, described.suffix)
        size = await receive(request.stream(), path, limits.upload_bytes, name)
        job.uploads[role] = described
        return {"size": size, "stem": described.stem}

    @app.post("/api/jobs/{id_}/inspect", status_code=202)
    def inspect(id_: str) -> dict[str, Any]:
        job = jobs.get(id_)
        jobs.submit(job, "inspect", Choices())
        return jobs.describe(job)

    @app.post("/api/jobs/{id_}/run", status_code=202)
    def run(id_: str, choices: Choices) -> dict[str, Any]:
        job = jobs.get(id_)
        jobs.submit(job, "run", choices)
        return jobs.describe(job)

    @app.get("/api/jobs/{id_}")
    def state(id_: str) -> dict[str, Any]:
        job = jobs.get(id_)
        return jobs.describe(job)

    @app.post("/api/jobs/{id_}/cancel", status_code=202)
    def cancel(id_: str) -> dict[str, Any]:
        job = jobs.get(id_)
        jobs.cancel(job)
        return jobs.describe(job)

    @app.post("/api/jobs/{id_}/goodbye", status_code=204)
    def goodbye(id_: str) -> None:
        job = jobs.get(id_)
        jobs.goodbye(job)

    @app.delete("/api/jobs/{id_}", status_code=204)
    def delete(id_: str) -> None:
        job = jobs.get(id_)
        jobs.remove(job)


def _add_results(app: FastAPI, jobs: Jobs) -> None:
    def files_of(job: Job) -> tuple[ResultFile, ...]:
        return job.result.files if job.result is not None else ()

    @app.get("/api/jobs/{id_}/results.zip")
    def archive(id_: str) -> Response:
        job = jobs.get(id_)
        if job.result is None:
            return Response(status_code=404)
        return _download(job.archive, f"{_title(job)}_gaitdynamics.zip")

    @app.get("/api/jobs/{id_}/files/{index}")
    def file(id_: str, index: int) -> Response:
        job = jobs.get(id_)
        known = files_of(job)
        if not 0 <= index < len(known):
            return Response(status_code=404)
        path = job.result_path(known[index])
        return FileResponse(path) if known[index].kind == "picture" else _download(path, path.name)

    @app.get("/api/jobs/{id_}/reports/{index}")
    def report(id_: str, index: int) -> Response:
        job = jobs.get(id_)
        known = files_of(job)
        if not 0 <= index < len(known) or known[index].kind != "report":
            return Response(status_code=404)
        headers = {"content-security-policy": REPORT_POLICY}
        return FileResponse(job.result_path(known[index]), media_type="text/html; charset=utf-8", headers=headers)


def _title(job: Job) -> str:
    motion = job.uploads.get("motion")
    return "example" if motion is None else motion.stem


def _download(path: Path, name: str) -> FileResponse:
    """Give a file to be saved, never shown: what a browser makes of it is no matter of ours."""
    return FileResponse(path, filename=name, media_type="application/octet-stream")


def _add_errors(app: FastAPI) -> None:
    statuses = {NoSuchJobError: 404, BusyError: 503, TooLargeError: 413, UserInputError: 400}

    @app.exception_handler(GaitError)
    async def mistake(_: Request, error: GaitError) -> JSONResponse:
        status = next((status for kind, status in statuses.items() if isinstance(error, kind)), 500)
        return JSONResponse({"error": str(error)}, status)

    @app.exception_handler(RequestValidationError)
    async def unreadable(_: Request, error: RequestValidationError) -> JSONResponse:
        first = error.errors()[0]
        place = " ".join(str(part) for part in first["loc"] if part not in ("body", "query", "path"))
        return JSONResponse({"error": f"{place}: {first['msg']}"}, 422)
