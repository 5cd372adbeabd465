"""What users have going: their files, runs and results, each under an id that cannot be guessed."""

from __future__ import annotations

import logging
import secrets
import shutil
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

from gaitdynamics.app.choices import ARCHIVE, RESULTS, UPLOADS, Choices, Order, Result, ResultFile, Role, Upload
from gaitdynamics.app.limits import Limits
from gaitdynamics.app.pool import BusyError, Pool, Run
from gaitdynamics.errors import GaitError

log = logging.getLogger(__name__)

#: A page that says goodbye may be reloaded: its files stay for so long [s].
_GOODBYE: Final = 60.0
#: How long a cancelled run is waited for [s].
_PATIENCE: Final = 10.0


class NoSuchJobError(GaitError):
    """An id that is not, or no longer, known."""

    def __init__(self) -> None:
        super().__init__("these files are not here any more: they are deleted when their page is closed or left alone")


@dataclass
class Job:
    """Files and runs of one user's page."""

    id: str
    folder: Path
    expires: float
    uploads: dict[Role, Upload] = field(default_factory=dict)
    run: Run | None = None

    @property
    def busy(self) -> bool:
        """Whether a run waits or is under way."""
        return self.run is not None and not self.run.ended.is_set()

    @property
    def result(self) -> Result | None:
        """What the run gave, once it is done."""
        told = self.run.told if self.run is not None else None
        return told.result if told is not None else None

    @property
    def archive(self) -> Path:
        """All files of the result, packed."""
        return self.folder / ARCHIVE

    def upload_path(self, role: Role, suffix: str) -> Path:
        """Name the place of an upload, which has nothing of the name that its owner gave it."""
        return self.folder / UPLOADS / f"{role}{suffix}"

    def result_path(self, file: ResultFile) -> Path:
        """Name the place of a file of the result."""
        return self.folder / RESULTS / file.name


class Jobs:
    """All jobs of a running service. Safe to be used by several threads.

    Parameters
    ----------
    limits
        How many there may be and how long they stay.
    pool
        Who does the work.
    folder
        Where all files are kept.
    """

    def __init__(self, limits: Limits, pool: Pool, folder: Path) -> None:
        self._limits = limits
        self._pool = pool
        self._jobs: dict[str, Job] = {}
        self._lock = threading.Lock()
        self._folder = folder

    def create(self) -> Job:
        """Make a job with a folder of its own; raises BusyError where there are as many as may be."""
        with self._lock:
            if len(self._jobs) >= self._limits.jobs:
                raise BusyError("the app keeps the files of as many people as it may; try again later")
            job = Job(
                id=secrets.token_urlsafe(24),
                folder=Path(tempfile.mkdtemp(dir=self._folder, prefix="job-")),
                expires=time.monotonic() + self._keep,
            )
            (job.folder / UPLOADS).mkdir()
            self._jobs[job.id] = job
        return job

    def get(self, id_: str) -> Job:
        """Find a job, which then stays for a while; raises NoSuchJobError."""
        with self._lock:
            job = self._jobs.get(id_)
            if job is None:
                raise NoSuchJobError
            job.expires = time.monotonic() + self._keep
            return job

    def submit(self, job: Job, what: Literal["inspect", "run"], choices: Choices) -> Run:
        """Put a run of a job into the queue; raises BusyError where one is under way or the queue is full."""
        with self._lock:
            if job.busy:
                raise BusyError("a run of these files is under way already")
            order = Order(
                folder=str(job.folder),
                what=what,
                uploads=dict(job.uploads),
                choices=choices,
                unpacked_bytes=self._limits.unpacked_bytes,
            )
            job.run = self._pool.submit(order)
            return job.run

    def cancel(self, job: Job) -> None:
        """End what runs for a job, and wait until it has ended, so that another can begin; its uploads stay."""
        if job.run is None:
            return
        self._pool.cancel(job.run)
        if not job.run.ended.wait(_PATIENCE):
            log.warning("a run that was cancelled has not ended")

    def goodbye(self, job: Job) -> None:
        """Delete a job soon, unless its page is heard of again."""
        with self._lock:
            job.expires = min(job.expires, time.monotonic() + _GOODBYE)

    def remove(self, job: Job) -> None:
        """End what runs for a job, and delete its files."""
        with self._lock:
            self._jobs.pop(job.id, None)
        self.cancel(job)
        shutil.rmtree(job.folder, ignore_errors=True)

    def expire(self) -> int:
        """Delete the jobs that nobody looks at any more; give their number."""
        now = time.monotonic()
        with self._lock:
            gone = [job for job in self._jobs.values() if job.expires < now]
        for job in gone:
            self.remove(job)
        return len(gone)

    def close(self) -> None:
        """Delete everything, after the pool has stopped."""
        with self._lock:
            jobs, self._jobs = list(self._jobs.values()), {}
        for job in jobs:
            shutil.rmtree(job.folder, ignore_errors=True)

    def describe(self, job: Job) -> dict[str, Any]:
        """Tell a page how its job stands."""
        run = job.run
        if run is None:
            return {"state": "open"}
        told: dict[str, Any] = {"state": run.state, "stage": run.stage, "fraction": run.fraction}
        if run.state == "waiting":
            told |= {"ahead": self._pool.ahead(run), "ready": self._pool.ready > 0}
        if run.error is not None:
            told["error"] = run.error
        if run.state == "done" and run.told is not None:
            for name in ("result", "contents"):
                found = getattr(run.told, name)
                if found is not None:
                    told[name] = found.model_dump()
        return told

    @property
    def _keep(self) -> float:
        return 60.0 * self._limits.keep_minutes
