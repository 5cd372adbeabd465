"""What became of each trial of an archive, noted as soon as it is known, so that a run that is stopped can go on."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Final, Literal, Self

from gaitdynamics.errors import FileFormatError

#: One line of JSON for each trial that is finished; of two for the same trial the later one holds.
JOURNAL: Final = "trials.jsonl"


@dataclass(frozen=True)
class Finished:
    """A trial of which there is a result, or a reason why there is none.

    Attributes
    ----------
    label
        Study, subject and trial.
    identity
        SHA-256 over its files, what is told of it, settings and weights.
    status
        'done'; 'failed', because of the trial; 'error', because of this package; 'lost', with its process.
    place
        Folder and stem of the results, seen from that of the archive's results.
    reason, detail
        Why there is no result, and the traceback of an error.
    figures
        What the summary tells of the trial.
    """

    label: str
    identity: str
    status: Literal["done", "failed", "error", "lost"]
    place: str
    reason: str = ""
    detail: str = ""
    figures: Mapping[str, Any] = field(default_factory=dict)

    @property
    def final(self) -> bool:
        """Whether another try would end in the same way."""
        return self.status in ("done", "failed")


class Journal:
    """The notes of a folder of results, open for more.

    Parameters
    ----------
    folder
        Of the results; it exists.

    Attributes
    ----------
    finished
        By the place of their results.

    Raises
    ------
    FileFormatError
        Something else is there under the name of the journal.
    """

    def __init__(self, folder: Path) -> None:
        self.folder, self.path = folder, folder / JOURNAL
        self.finished: dict[str, Finished] = {}
        self._stream: IO[str] | None = None
        whole = 0
        if self.path.is_file():
            content = self.path.read_bytes()
            # A line without an end was being written when the run was killed.
            whole = content.rfind(b"\n") + 1
            for number, line in enumerate(content[:whole].splitlines(), start=1):
                entry = self._entry(number, line)
                self.finished[entry.place] = entry
            if whole < len(content):
                with self.path.open("r+b") as stream:
                    stream.truncate(whole)

    def _entry(self, number: int, line: bytes) -> Finished:
        try:
            return Finished(**json.loads(line))
        except (ValueError, TypeError) as error:
            raise FileFormatError(
                f"this is no journal of results ({error})",
                file=self.path,
                row=number,
                remedy="name another folder with --out, or remove the file: then all is done again",
            ) from error

    def __enter__(self) -> Self:
        self._stream = self.path.open("a", encoding="utf-8")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._stream is not None
        self._stream.close()

    def add(self, entry: Finished) -> None:
        """Note what became of a trial; it is on its way to the disk when this returns."""
        assert self._stream is not None, "a journal is written to inside a with block"
        self._stream.write(json.dumps(asdict(entry), separators=(",", ":")) + "\n")
        self._stream.flush()
        self.finished[entry.place] = entry

    def stands(self, place: str, identity: str) -> bool:
        """Tell whether a trial was finished with these files and settings, and its results are still there."""
        entry = self.finished.get(place)
        if entry is None or entry.identity != identity or not entry.final:
            return False
        home = (self.folder / entry.place).parent
        return all((home / name).is_file() for name in entry.figures.get("files", ()))
