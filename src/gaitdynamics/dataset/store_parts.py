"""Parts of a store that is being made: a few trials each, described by one process and kept in one file.

A part is named by the content of what it is made from, so that a run that goes on, or one to which trials were added,
finds what is there already.
"""

from __future__ import annotations

import json
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from gaitdynamics.dataset.identity import identities, json_sha256
from gaitdynamics.dataset.preprocessing import UNFORESEEN, Outcome, finding_row
from gaitdynamics.dataset.recordings import Recording
from gaitdynamics.dataset.store_manifest import LeftOut, SampleEntry
from gaitdynamics.dataset.store_writing import sample_sha256, stored_arrays
from gaitdynamics.dataset.window_store import FORMAT, AnyArray, Field
from gaitdynamics.engines.engine import Engine
from gaitdynamics.errors import GaitError
from gaitdynamics.files.atomic import atomic_path

#: Trials of one person that are described together: enough that reading the model costs little.
TRIALS_PER_PART: Final = 16

_FACTS: Final = "facts"

#: Turns a recording into samples; whatever is wrong with it is told in the outcome. Must be picklable.
Describe = Callable[[Recording], Outcome]


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
        Makes the samples of a recording.
    """

    name: str
    fields: Mapping[str, Field]
    rate_hz: float
    settings: Mapping[str, Any]
    describe: Describe

    def facts(self) -> dict[str, Any]:
        """Give what identifies the recipe, as plain JSON."""
        return {
            "format": FORMAT,
            "name": self.name,
            "fields": {name: field.model_dump() for name, field in self.fields.items()},
            "rate_hz": self.rate_hz,
            "settings": dict(self.settings),
        }


@dataclass(frozen=True)
class Part:
    """Some recordings of one person, and the file that holds what was made of them."""

    path: Path
    recordings: tuple[Recording, ...]

    @property
    def done(self) -> bool:
        """Whether the file is there."""
        return self.path.is_file()


@dataclass(frozen=True)
class TrialFacts:
    """What became of one recording of a part: its entry without place, its samples, and findings as JSON rows."""

    label: str
    entries: tuple[SampleEntry, ...]
    left_out: LeftOut | None
    frames: int
    seconds: float | None
    findings: tuple[tuple[Any, ...], ...]


def plan_parts(
    folder: Path, recipe: Recipe, recordings: Sequence[Recording], engine: Engine | None = None
) -> list[Part]:
    """Put recordings that follow each other and are of one person together, in their order.

    The name of each part is the SHA-256 over recipe, facts of the recordings and content of their files, which an
    engine reads where they are large.
    """
    mark = json_sha256(recipe.facts())
    known = identities(recordings, engine)
    groups: list[list[int]] = []
    for number, recording in enumerate(recordings):
        last = recordings[number - 1] if number else None
        same = last is not None and (last.study, last.subject) == (recording.study, recording.subject)
        if same and len(groups[-1]) < TRIALS_PER_PART:
            groups[-1].append(number)
        else:
            groups.append([number])
    return [
        Part(folder / f"{json_sha256([mark, *(known[n] for n in group)])}.npz", tuple(recordings[n] for n in group))
        for group in groups
    ]


@dataclass(frozen=True)
class PartMaker:
    """Describes the recordings of a part and writes its file; gives the number of recordings."""

    recipe: Recipe

    def __call__(self, part: Part) -> int:
        """Make a part, unless it is there."""
        if part.done:
            return len(part.recordings)
        facts: list[dict[str, Any]] = []
        blocks: dict[str, list[AnyArray]] = {name: [] for name in self.recipe.fields}
        for recording in part.recordings:
            outcome, stored = self._describe(recording)
            facts.append(self._facts(recording, outcome, stored))
            for sample in stored:
                for name, array in sample.items():
                    blocks[name].append(array)
        arrays: dict[str, Any] = {name: np.concatenate(found) for name, found in blocks.items() if found}
        arrays[_FACTS] = np.frombuffer(json.dumps(facts).encode(), dtype=np.uint8)
        with atomic_path(part.path) as temporary, temporary.open("wb") as stream:
            np.savez(stream, **arrays)
        return len(part.recordings)

    def _describe(self, recording: Recording) -> tuple[Outcome, list[dict[str, AnyArray]]]:
        """Describe a recording; a fault of this package in one does not hinder the others, and is told."""
        try:
            outcome = self.recipe.describe(recording)
            fields = self.recipe.fields
            return outcome, [stored_arrays(fields, s.arrays, s.frames, recording.label) for s in outcome.samples]
        except (GaitError, MemoryError, OSError):
            raise  # not of this recording: a package that is missing, a full disk
        except Exception as error:  # noqa: BLE001
            place = traceback.extract_tb(error.__traceback__)[-1]
            where = f"{Path(place.filename).name}, line {place.lineno}"
            return Outcome(step=UNFORESEEN, reason=f"{type(error).__name__}: {error} ({where})"), []

    def _facts(
        self, recording: Recording, outcome: Outcome, stored: Sequence[Mapping[str, AnyArray]]
    ) -> dict[str, Any]:
        return {
            "samples": [
                [s.variant, s.start_s, s.frames, sample_sha256(arrays)]
                for s, arrays in zip(outcome.samples, stored, strict=True)
            ],
            "step": outcome.step,
            "reason": outcome.reason,
            "frames": outcome.frames,
            "seconds": outcome.seconds,
            "findings": [finding_row(finding) for finding in outcome.findings],
            "person": [outcome.mass_kg, outcome.height_m, outcome.height_estimated],
        }


def read_facts(part: Part, recipe: Recipe) -> list[TrialFacts]:
    """Read what became of the recordings of a part, without their arrays."""
    with np.load(part.path, allow_pickle=False) as content:
        facts = json.loads(content[_FACTS].tobytes())
    return [_trial_facts(recording, recipe, of) for recording, of in zip(part.recordings, facts, strict=True)]


def _trial_facts(recording: Recording, recipe: Recipe, facts: Mapping[str, Any]) -> TrialFacts:
    split, activity = side_of(recording)
    mass, height, estimated = facts["person"]
    base = SampleEntry(
        recording.study,
        recording.subject,
        recording.trial,
        split,
        activity,
        "",
        0.0,
        recipe.rate_hz,
        0,
        mass_kg=mass,
        height_m=height,
        height_estimated=estimated,
    )
    entries = tuple(
        replace(base, variant=variant, start_s=start, frames=frames, sha256=sha256)
        for variant, start, frames, sha256 in facts["samples"]
    )
    left_out = None
    if not entries:
        place = (recording.study, recording.subject, recording.trial, split, activity)
        left_out = LeftOut(*place, facts["seconds"], facts["step"], facts["reason"])
    findings = tuple(tuple(row) for row in facts["findings"])
    return TrialFacts(recording.label, entries, left_out, facts["frames"], facts["seconds"], findings)


def side_of(recording: Recording) -> tuple[str, str]:
    """Give the side of the split and the activity of a recording: 'train' and unknown where it does not tell."""
    return getattr(recording, "split", "train"), getattr(recording, "activity", "")


def part_arrays(part: Part, fields: Mapping[str, Field]) -> dict[str, AnyArray]:
    """Read the arrays of all samples of a part, one after the other; it has some."""
    with np.load(part.path, allow_pickle=False) as content:
        return {name: content[name] for name in fields}
