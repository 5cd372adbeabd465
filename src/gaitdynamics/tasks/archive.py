"""Estimating the forces of a whole archive: every trial has a result or a reason, and a run that is stopped goes on."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import chain, count
from pathlib import Path
from typing import Any, Final, Literal

from gaitdynamics._version import __version__
from gaitdynamics.dataset.identity import identities, json_sha256
from gaitdynamics.dataset.people_table import NOTHING, Facts, PeopleTable
from gaitdynamics.dataset.recordings import Recording, Source
from gaitdynamics.engines.engine import Engine, Failure
from gaitdynamics.errors import UserInputError
from gaitdynamics.tasks.archive_journal import Finished, Journal
from gaitdynamics.tasks.archive_trials import ArchiveTrial, EstimateSettings, estimate_archive_trials

#: What names of files had better not hold.
_UNSAFE: Final = re.compile(r"[^\w.+=-]+")

#: Trials that are handed out together, where there are so many that each process has several such groups: handing out
#: to a cluster takes longer than the rest of what is done here for a trial.
_GROUP: Final = 8
_FEWEST_GROUPS: Final = 64

_STATUS: Final[dict[str, Literal["failed", "error", "lost"]]] = {"input": "failed", "error": "error", "lost": "lost"}


@dataclass(frozen=True)
class _Inputs:
    """What the result of a trial depends on besides settings and weights."""

    recording: Recording
    facts: Facts
    fallback: Facts


@dataclass(frozen=True)
class ArchiveResult:
    """What became of an archive.

    Attributes
    ----------
    source
        Where the trials come from.
    trials
        In the order of the source; those that were not begun are not among them.
    already
        How many were finished by an earlier run.
    wall_s
        How long this run took [s].
    """

    source: Source
    trials: tuple[Finished, ...]
    already: int
    wall_s: float

    def count(self, *status: str) -> int:
        """Count the trials of some status."""
        return sum(trial.status in status for trial in self.trials)

    @property
    def unfinished(self) -> int:
        """Number of trials that were not begun."""
        return len(self.source.recordings) - len(self.trials)


def plan_archive(
    source: Source,
    folder: Path,
    settings: EstimateSettings,
    *,
    table: PeopleTable | None = None,
    fallback: Facts = NOTHING,
) -> list[ArchiveTrial]:
    """Say of each trial of a source how it is estimated, and where its results go: study/subject/trial.

    Parameters
    ----------
    source
        From `dataset.sources.open_source`.
    folder
        For the results.
    settings
        The same for all trials.
    table
        What is known of the people besides; it stands over what the source says.
    fallback
        What holds where neither says anything.

    Raises
    ------
    UserInputError
        The results would lie in the archive, or a row of the table is of nobody.
    """
    home = source.path.resolve()
    if source.path.is_dir() and (folder.resolve() == home or home in folder.resolve().parents):
        raise UserInputError(
            "the results would lie among the motions of the archive",
            file=folder,
            remedy="name a folder outside it with --out",
        )
    if table is not None:
        table.check_used(source.recordings)
    works: list[ArchiveTrial] = []
    taken: set[tuple[Path, str]] = set()
    for recording in source.recordings:
        parts = [_safe(part) for part in (recording.study, *recording.subject.split("/"))]
        place = folder.joinpath(*parts)
        name = _safe(recording.trial)
        names = chain((name,), (f"{name}_{number}" for number in count(2)))
        # Some file systems do not tell small letters from capitals.
        stem = next(name for name in names if (place, name.lower()) not in taken)
        taken.add((place, stem.lower()))
        works.append(
            ArchiveTrial(
                recording=recording,
                facts=table.of(recording) if table is not None else NOTHING,
                fallback=fallback,
                folder=place,
                stem=stem,
                settings=settings,
            )
        )
    return works


def estimate_archive(
    source: Source,
    works: Sequence[ArchiveTrial],
    folder: Path,
    engine: Engine,
    progress: Callable[[int, int], None] | None = None,
) -> ArchiveResult:
    """Estimate what no earlier run has finished.

    Parameters
    ----------
    source, works
        From `plan_archive`.
    folder
        For the results; it exists.
    engine
        Who works.
    progress
        Told the trials done, and all of them.

    Returns
    -------
    ArchiveResult
        Also after an interruption by Ctrl-C, with what was finished until then.

    Notes
    -----
    A trial is finished when its files are in place, all of them, and the journal says so; a run that is killed between
    the two writes them once more. What no computer can change (a broken file) is not tried again; what might (a lost
    process, an error of this package) is.
    """
    began = time.monotonic()
    marks = _identities(works, engine)
    keys = [_key(work, folder) for work in works]
    journal = Journal(folder)
    left = [number for number, key in enumerate(keys) if not journal.stands(key, marks[number])]
    already = done = len(works) - len(left)
    if progress is not None:
        progress(done, len(works))
    interrupted = False
    with journal:
        try:
            for number, result in _results(engine, works, left):
                journal.add(_finished(works[number], keys[number], marks[number], result))
                done += 1
                if progress is not None:
                    progress(done, len(works))
        except KeyboardInterrupt:
            interrupted = True
    known = (journal.finished.get(key) for key in keys)
    found = [entry for entry, mark in zip(known, marks, strict=True) if entry is not None and entry.identity == mark]
    assert interrupted or len(found) == len(works), "every trial has a result or a reason"
    return ArchiveResult(source, tuple(found), already, time.monotonic() - began)


def _results(
    engine: Engine, works: Sequence[ArchiveTrial], left: Sequence[int]
) -> Iterator[tuple[int, dict[str, Any] | Failure]]:
    """Let an engine work on groups of trials, and again on each of those alone whose group was lost."""
    size = max(1, min(_GROUP, len(left) // _FEWEST_GROUPS))
    groups = [tuple(left[first : first + size]) for first in range(0, len(left), size)]
    lost: list[tuple[int, ...]] = []
    for round_of in (groups, lost):
        if not round_of:  # an engine takes its time to start
            continue
        for numbers, found in engine.run(estimate_archive_trials, ((g, [works[n] for n in g]) for g in round_of)):
            if not isinstance(found, Failure):
                yield from zip(numbers, found, strict=True)
            elif len(numbers) > 1:
                lost.extend((number,) for number in numbers)
            else:
                yield numbers[0], found


def _key(work: ArchiveTrial, folder: Path) -> str:
    return (work.folder / work.stem).relative_to(folder).as_posix()


def _finished(work: ArchiveTrial, key: str, mark: str, result: dict[str, Any] | Failure) -> Finished:
    if isinstance(result, Failure):
        return Finished(work.recording.label, mark, _STATUS[result.kind], key, result.reason, result.detail)
    return Finished(work.recording.label, mark, "done", key, figures=result)


def _identities(works: Sequence[ArchiveTrial], engine: Engine) -> list[str]:
    """Fingerprint what the result of each trial depends on."""
    if not works:
        return []
    from gaitdynamics.tasks.forces import weights_identity

    settings = works[0].settings
    shared = [asdict(settings), weights_identity(settings.weights), __version__]
    inputs = identities([_Inputs(work.recording, work.facts, work.fallback) for work in works], engine)
    return [json_sha256([mark, *shared]) for mark in inputs]


def _safe(name: str) -> str:
    """Make a name of a file or folder of any name."""
    return _UNSAFE.sub("_", name).strip("._") or "_"
