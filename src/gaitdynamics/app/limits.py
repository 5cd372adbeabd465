"""How much the service lets its users take."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

MEGABYTE: Final = 1_000_000


@dataclass(frozen=True)
class Limits:
    """What one user, one run and all together may take.

    Attributes
    ----------
    upload_mb
        Largest file [MB], and largest content of an archive once unpacked is four times this.
    workers
        Runs at the same time, each in a process of its own.
    run_seconds
        Longest run [s]; what takes longer is ended.
    run_memory_mb
        Memory that a run may take beyond what the loaded package takes [MB].
    waiting
        Most runs that wait; further ones are refused.
    jobs
        Most jobs kept at the same time, finished ones included.
    keep_minutes
        Files of a job whose page has not been heard of for so long are deleted [min].
    """

    upload_mb: float = 100.0
    workers: int = 1
    run_seconds: float = 900.0
    run_memory_mb: float = 4000.0
    waiting: int = 20
    jobs: int = 200
    keep_minutes: float = 30.0

    @property
    def upload_bytes(self) -> int:
        """Largest file [bytes]."""
        return int(self.upload_mb * MEGABYTE)

    @property
    def unpacked_bytes(self) -> int:
        """Largest content of an archive [bytes]."""
        return 4 * self.upload_bytes
