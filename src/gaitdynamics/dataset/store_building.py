"""Making a store from the trials of a data folder: in parallel, resumable, and only where something changed.

Each trial is described on its own and kept in a file beside the store until all are there. A run that was stopped goes
on with the trials that are left.
"""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass, replace
from functools import cache, partial
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch

from gaitdynamics.dataset.records import TrialRecord
from gaitdynamics.dataset.store_writing import check_place, write_store
from gaitdynamics.dataset.window_store import (
    FORMAT,
    AnyArray,
    Field,
    SampleEntry,
    StoreDescription,
    WindowStore,
    is_store,
    load_pyarrow,
    read_description,
)
from gaitdynamics.errors import GaitError, UserInputError
from gaitdynamics.files.atomic import atomic_path, file_sha256, write_text

_FACTS: Final = "facts"


@dataclass(frozen=True)
class Described:
    """A sample as it comes from a trial: what was done to it, time of its first frame [s], and its fields."""

    variant: str
    start_s: float
    arrays: Mapping[str, AnyArray]

    @property
    def frames(self) -> int:
        """Number of frames."""
        return len(next(iter(self.arrays.values())))


#: Turns a trial into samples; raises GaitError, saying why, where it gives none. Must be picklable.
Describe = Callable[[TrialRecord], Sequence[Described]]


@dataclass(frozen=True)
class Recipe:
    """How samples are made.

    Attributes
    ----------
    name
        Name and version of the schema.
    fields
        What is stored of each frame.
    rate_hz
        Sampling rate of the samples [Hz].
    settings
        Everything else that the samples depend on, as plain JSON: versions and columns of features, rules.
    describe
        Makes the samples of a trial.
    """

    name: str
    fields: Mapping[str, Field]
    rate_hz: float
    settings: Mapping[str, Any]
    describe: Describe


def fingerprint(recipe: Recipe, records: Sequence[TrialRecord]) -> str:
    """Identify what a store would hold.

    Returns
    -------
    str
        SHA-256 over the format of stores, the schema with its fields and settings, and for each trial its facts from
        the manifest and the SHA-256 of its files. Where the files lie makes no difference.
    """
    digest = cache(file_sha256)  # trials of a person share the model
    trials = []
    for record in records:
        facts = asdict(record)
        trials.append([facts, [digest(facts.pop(name)) for name in ("model_file", "motion_file", "forces_file")]])
    content = {
        "format": FORMAT,
        "name": recipe.name,
        "fields": {name: field.model_dump() for name, field in recipe.fields.items()},
        "rate_hz": recipe.rate_hz,
        "settings": recipe.settings,
        "trials": trials,
    }
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def build_store(
    folder: str | Path,
    recipe: Recipe,
    records: Sequence[TrialRecord],
    *,
    workers: int = 1,
    overwrite: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[WindowStore, bool]:
    """Make a store, or find that it is there already.

    Parameters
    ----------
    folder
        Of the store.
    recipe, records
        What to make of which trials.
    workers
        Processes that describe trials; one works without starting any.
    overwrite
        Replace a store of other data or settings.
    progress
        Told the trials done and all of them.

    Returns
    -------
    store, made
        The open store, and False if one with the same fingerprint was there.

    Raises
    ------
    UserInputError
        A store of other data or settings, or something else, is there; or no trial can be used.
    MissingExtraError
        pyarrow is not installed.
    """
    folder = Path(folder)
    mark = fingerprint(recipe, records)
    if is_store(folder) and read_description(folder).fingerprint == mark:
        return WindowStore.open(folder), False
    check_place(folder, overwrite=overwrite)
    load_pyarrow()  # its absence is told before the work, not after it
    parts = folder.with_name(f".{folder.name}.parts")
    _open_parts(parts, mark)
    for done in _describe_all(parts, recipe, records, workers):
        if progress is not None:
            progress(done, len(records))
    entries, places, left_out = _collect(parts, recipe, records)
    if not entries:
        some = "; ".join(f"{label}: {why}" for label, why in list(left_out.items())[:3])
        raise UserInputError(
            "no trial can be used", remedy=f"look at the reasons of `gaitdynamics data report`; the first: {some}"
        )
    description = StoreDescription(
        name=recipe.name,
        fields=dict(recipe.fields),
        settings=dict(recipe.settings),
        fingerprint=mark,
        left_out=left_out,
    )

    def arrays(number: int) -> Mapping[str, AnyArray]:
        path, sample = places[number]
        with np.load(path, allow_pickle=False) as part:
            return {name: part[f"{sample}/{name}"] for name in recipe.fields}

    store = write_store(folder, description, entries, arrays, overwrite=overwrite)
    shutil.rmtree(parts)
    return store, True


def _open_parts(parts: Path, mark: str) -> None:
    """Keep what an interrupted run of the same recipe left, and nothing else."""
    note = parts / "fingerprint"
    if parts.is_dir() and (not note.is_file() or note.read_text(encoding="utf-8").strip() != mark):
        shutil.rmtree(parts)
    if not parts.is_dir():
        parts.mkdir()
        write_text(note, mark + "\n")


def _part(parts: Path, number: int) -> Path:
    return parts / f"{number}.npz"


def _describe_all(parts: Path, recipe: Recipe, records: Sequence[TrialRecord], workers: int) -> Iterator[int]:
    """Describe the trials of which there is no part yet; yields how many are done."""
    left = [number for number in range(len(records)) if not _part(parts, number).is_file()]
    done = len(records) - len(left)
    yield done
    work = partial(_describe_one, recipe.describe)
    if workers == 1 or len(left) < 2:
        for number in left:
            work(records[number], _part(parts, number))
            done += 1
            yield done
        return
    # A forked process would inherit the threads' locks of torch.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(
        min(workers, len(left)), context, initializer=torch.set_num_threads, initargs=(1,)
    ) as pool:
        try:
            for future in as_completed([pool.submit(work, records[n], _part(parts, n)) for n in left]):
                future.result()
                done += 1
                yield done
        finally:
            pool.shutdown(cancel_futures=True)


def _describe_one(describe: Describe, record: TrialRecord, path: Path) -> None:
    try:
        samples, reason = list(describe(record)), ""
    except GaitError as error:
        samples, reason = [], error.problem if isinstance(error, UserInputError) else str(error)
    facts = {"reason": reason, "samples": [[s.variant, s.start_s, s.frames] for s in samples]}
    arrays: dict[str, Any] = {_FACTS: np.frombuffer(json.dumps(facts).encode(), dtype=np.uint8)}
    arrays |= {f"{number}/{name}": array for number, s in enumerate(samples) for name, array in s.arrays.items()}
    with atomic_path(path) as temporary, temporary.open("wb") as stream:
        np.savez(stream, **arrays)


def _collect(
    parts: Path, recipe: Recipe, records: Sequence[TrialRecord]
) -> tuple[list[SampleEntry], list[tuple[Path, int]], dict[str, str]]:
    """List the samples in the order of the trials, where each is, and the trials that gave none."""
    entries: list[SampleEntry] = []
    places: list[tuple[Path, int]] = []
    left_out: dict[str, str] = {}
    for number, record in enumerate(records):
        path = _part(parts, number)
        with np.load(path, allow_pickle=False) as part:
            facts = json.loads(part[_FACTS].tobytes())
        if not facts["samples"]:
            left_out[record.label] = facts["reason"]
        base = SampleEntry(
            record.study, record.subject, record.trial, record.split, record.activity, "", 0.0, recipe.rate_hz, 0
        )
        for sample, (variant, start, frames) in enumerate(facts["samples"]):
            entries.append(replace(base, variant=variant, start_s=start, frames=frames))
            places.append((path, sample))
    return entries, places, left_out
