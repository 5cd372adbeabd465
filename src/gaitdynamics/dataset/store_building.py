"""Making a store from recordings: by any engine, resumable, and only where something changed.

Trials are described a few at a time into parts, files in a hidden folder beside the store, and these are put together
into shards. A run that was stopped, in whatever way, goes on with the parts that are left. Which trials make a part,
and which parts a shard, depends on the recordings alone, so that every engine makes the same store.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from gaitdynamics.dataset.identity import json_sha256
from gaitdynamics.dataset.preparation_report import PreparationTally
from gaitdynamics.dataset.recordings import Recording
from gaitdynamics.dataset.store_manifest import LeftOut, SampleEntry, load_pyarrow
from gaitdynamics.dataset.store_parts import Part, PartMaker, Recipe, part_arrays, plan_parts, read_facts
from gaitdynamics.dataset.store_writing import (
    SHARD_ROWS,
    check_place,
    finish_store,
    place,
    plan_shards,
    write_shard,
)
from gaitdynamics.dataset.window_store import (
    Field,
    Shard,
    StoreDescription,
    WindowStore,
    is_store,
    read_description,
)
from gaitdynamics.engines.engine import Engine, Failure
from gaitdynamics.engines.local import LocalEngine
from gaitdynamics.errors import GaitError, UserInputError


def fingerprint(recipe: Recipe, recordings: Sequence[Recording]) -> str:
    """Identify what a store would hold.

    Returns
    -------
    str
        SHA-256 over the format of stores, the schema with its fields and settings, and for each trial its facts and
        the SHA-256 of its files. Where the files lie makes no difference.
    """
    return _mark(recipe, plan_parts(Path(), recipe, recordings))


def _mark(recipe: Recipe, parts: Sequence[Part]) -> str:
    return json_sha256([recipe.facts(), *(part.path.stem for part in parts)])


def build_store(
    folder: str | Path,
    recipe: Recipe,
    recordings: Sequence[Recording],
    *,
    engine: Engine | None = None,
    overwrite: bool = False,
    progress: Callable[[int, int], None] | None = None,
    unreadable: Sequence[LeftOut] = (),
    shard_rows: int = SHARD_ROWS,
) -> tuple[WindowStore, bool]:
    """Make a store, or find that it is there already.

    Parameters
    ----------
    folder
        Of the store.
    recipe, recordings
        What to make of which trials.
    engine
        What does the work; this process by default. All processes must reach the files of the recordings, and the
        folder beside the store, under the same paths.
    overwrite
        Replace a store of other data or settings.
    progress
        Told the trials done and all of them.
    unreadable
        What is left out before any trial is known, for manifest and report.
    shard_rows
        Rows at which a shard is closed.

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
    GaitError
        Parts could not be made, for processes were lost or the disk is full; what was made is kept.
    """
    folder = Path(folder)
    engine = engine or LocalEngine()
    home = folder.absolute().with_name(f".{folder.name}.parts")
    parts = plan_parts(home, recipe, recordings, engine)
    mark = _mark(recipe, parts)
    if is_store(folder) and _has_fingerprint(folder, mark):
        return WindowStore.open(folder), False
    check_place(folder, overwrite=overwrite)
    load_pyarrow()  # its absence is told before the work, not after it
    home.mkdir(exist_ok=True)
    for done in _make_parts(engine, recipe, parts):
        if progress is not None:
            progress(done, len(recordings))
    collected = _collect(recipe, parts, unreadable)
    if not collected.entries:
        some = "; ".join(f"{trial.label}: {trial.reason}" for trial in collected.left_out[:3])
        raise UserInputError(
            "no trial can be used", remedy=f"look at the reasons with `gaitdynamics data check`; the first: {some}"
        )
    spans = plan_shards(collected.rows, shard_rows)
    new = home / mark[:16]
    description = StoreDescription(
        name=recipe.name,
        fields=dict(recipe.fields),
        settings=dict(recipe.settings),
        fingerprint=mark,
        shards=_make_shards(engine, new, recipe.fields, collected, spans),
    )
    collected.tally.write(new)
    entries_of = _spans_of_entries(collected, spans)
    finish_store(new, folder, description, place(collected.entries, entries_of), collected.left_out)
    shutil.rmtree(home)
    return WindowStore.open(folder), True


def _has_fingerprint(folder: Path, mark: str) -> bool:
    try:
        return read_description(folder).fingerprint == mark
    except UserInputError:  # of another version
        return False


def _make_parts(engine: Engine, recipe: Recipe, parts: Sequence[Part]) -> Iterator[int]:
    """Make the parts that are not there yet; yields how many trials are done."""
    left = [part for part in parts if not part.done]
    done = sum(len(part.recordings) for part in parts if part.done)
    yield done
    failures: list[tuple[Part, Failure]] = []
    for number, result in engine.run(PartMaker(recipe), enumerate(left)):
        if isinstance(result, Failure):
            failures.append((left[number], result))
        else:
            done += result
            yield done
    _raise_failures([(f"trials of {part.recordings[0].label}", failure) for part, failure in failures], len(left))


def _raise_failures(failures: Sequence[tuple[str, Failure]], count: int) -> None:
    if not failures:
        return
    what, first = failures[0]
    raise GaitError(
        f"{len(failures)} of {count} pieces of work failed; the first, {what}: {first.reason}\n"
        f"{first.detail}  Remedy: run the same command again, which goes on with what is left"
        f"{'; with fewer workers where memory ran out' if first.kind == 'lost' else ''}"
    )


@dataclass(frozen=True)
class _Collected:
    """What all parts hold: parts that have rows, how many rows and samples each, and the samples of all."""

    parts: list[Part]
    rows: list[int]
    counts: list[int]
    entries: list[SampleEntry]
    left_out: list[LeftOut]
    tally: PreparationTally


def _collect(recipe: Recipe, parts: Iterable[Part], unreadable: Sequence[LeftOut]) -> _Collected:
    tally = PreparationTally(recipe.settings)
    found = _Collected([], [], [], [], list(unreadable), tally)
    for trial in unreadable:
        tally.add_unreadable(trial)
    for part in parts:
        entries: list[SampleEntry] = []
        for facts in read_facts(part, recipe):
            tally.add(facts)
            entries += facts.entries
            if facts.left_out is not None:
                found.left_out.append(facts.left_out)
        if entries:
            found.parts.append(part)
            found.rows.append(sum(entry.frames for entry in entries))
            found.counts.append(len(entries))
            found.entries.extend(entries)
    return found


def _spans_of_entries(collected: _Collected, spans: Sequence[range]) -> list[range]:
    first, found = 0, []
    for span in spans:
        count = sum(collected.counts[number] for number in span)
        found.append(range(first, first + count))
        first += count
    return found


@dataclass(frozen=True)
class _ShardItem:
    number: int
    rows: int
    parts: tuple[Part, ...]


@dataclass(frozen=True)
class _ShardMaker:
    folder: Path
    fields: Mapping[str, Field]

    def __call__(self, item: _ShardItem) -> Shard:
        blocks = (part_arrays(part, self.fields) for part in item.parts)
        return write_shard(self.folder, item.number, self.fields, blocks, item.rows)


def _make_shards(
    engine: Engine, new: Path, fields: Mapping[str, Field], collected: _Collected, spans: Sequence[range]
) -> tuple[Shard, ...]:
    items = [
        _ShardItem(number, sum(collected.rows[n] for n in span), tuple(collected.parts[n] for n in span))
        for number, span in enumerate(spans)
    ]
    # Little work is done at once here rather than by processes that have to start.
    worker = LocalEngine() if len(items) == 1 else engine
    found: dict[int, Shard] = {}
    failures: list[tuple[str, Failure]] = []
    for number, result in worker.run(_ShardMaker(new, fields), ((item.number, item) for item in items)):
        if isinstance(result, Failure):
            failures.append((f"shard {number}", result))
        else:
            found[number] = result
    _raise_failures(failures, len(items))
    return tuple(found[number] for number in range(len(items)))
