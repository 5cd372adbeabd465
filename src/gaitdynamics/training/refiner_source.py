"""What the refiner is trained on: a data folder that is read into memory, or a store that is mapped into it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from gaitdynamics.dataset.catalogue import Catalogue
from gaitdynamics.dataset.store_manifest import SampleEntry
from gaitdynamics.dataset.window_store import WindowStore, is_store
from gaitdynamics.errors import GaitError, UserInputError
from gaitdynamics.files.atomic import file_sha256
from gaitdynamics.training.force_windows import NOISY, Batch, ForceWindows, Sample, noise_seed, samples_of
from gaitdynamics.training.refiner_loss import RefinerTraining
from gaitdynamics.training.stored_samples import check_refiner_store
from gaitdynamics.training.stored_windows import StoredForceWindows, StoredSamples

if TYPE_CHECKING:
    from rich.console import Console

AnySample = TypeVar("AnySample", Sample, SampleEntry)


class RefinerWindows(Protocol):
    """Batches to train on."""

    def draw(self, index: int, windows: slice = slice(None)) -> Batch:
        """Draw batch number `index`, or some windows of it."""
        ...

    def moments(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Mean and standard deviation (C,) of the features."""
        ...


@dataclass(frozen=True)
class RefinerSource:
    """Samples to train and to validate on.

    Attributes
    ----------
    train
        In memory, or entries of `store`.
    val
        Trials of the validation people, without noise.
    facts
        Where they come from, and how many of whom they are.
    left_out
        Trial -> why it is not used.
    store
        The open store, if there is one.
    """

    train: Sequence[Sample] | Sequence[SampleEntry]
    val: Sequence[Sample]
    facts: dict[str, Any]
    left_out: dict[str, str]
    store: WindowStore | None = None

    def windows(self, settings: RefinerTraining) -> RefinerWindows:
        """Give the batches of a run."""
        if self.store is None:
            samples = [sample for sample in self.train if isinstance(sample, Sample)]
            return ForceWindows(samples, settings.batch, settings.seed, settings.noisy_share)
        entries = [entry for entry in self.train if isinstance(entry, SampleEntry)]
        return StoredForceWindows(self.store, entries, settings.batch, settings.seed, settings.noisy_share)


def load_samples(catalogue: Catalogue, split: str, console: Console) -> tuple[list[Sample], dict[str, str]]:
    """Read all walking and running trials of a split.

    Returns
    -------
    samples
        In the order of the catalogue.
    left_out
        Trial -> why it is not used.
    """
    from rich.progress import track

    samples: list[Sample] = []
    left_out: dict[str, str] = {}
    records = [r for r in catalogue.select(split=split) if r.activity in ("walking", "running")]
    for record in track(records, description=f"reading {split}", console=console):
        try:
            found = samples_of(record.study, record.load(), record.person, noise_seed(record.label))
        except GaitError as error:
            left_out[record.label] = str(error)
            continue
        if not found:
            left_out[record.label] = "too short, or hardly a trusted frame"
        samples += found
    return samples, left_out


def read_source(data: Path, settings: RefinerTraining, console: Console) -> RefinerSource:
    """Read a data folder, or open a store that was prepared (`gaitdynamics prepare --for refiner`).

    Raises
    ------
    UserInputError
        Nothing can be trained on.
    """
    if is_store(data):
        store = WindowStore.open(data)
        check_refiner_store(store)
        entries = _some_people(store.select("train"), settings.people, data)
        val = [entry for entry in store.select("val") if entry.variant not in NOISY]
        facts = _facts(entries, store_fingerprint=store.description.fingerprint)
        return RefinerSource(entries, StoredSamples(store, val), facts, store.reasons, store)
    catalogue = Catalogue.read(data)
    train, left_out = load_samples(catalogue, "train", console)
    judged, left_out_val = load_samples(catalogue, "val", console)
    train = _some_people(train, settings.people, data)
    return RefinerSource(
        train,
        [sample for sample in judged if sample.variant not in NOISY],
        _facts(train, manifest_sha256=file_sha256(data / "manifest.csv")),
        left_out | left_out_val,
    )


def _some_people(samples: Sequence[AnySample], share: float, data: Path) -> list[AnySample]:
    """Keep the samples of some of the people."""
    people = sorted({sample.person for sample in samples})
    # Every second person, say, of the list that is sorted by study: all studies stay.
    chosen = {people[int(i)] for i in np.arange(0, len(people), 1.0 / share)}
    kept = [sample for sample in samples if sample.person in chosen]
    if not kept:
        raise UserInputError("no trial of split 'train' can be used", file=data, remedy="see docs/training.md, Data")
    return kept


def _facts(samples: Sequence[Sample] | Sequence[SampleEntry], **origin: str) -> dict[str, Any]:
    return {
        **origin,
        "studies": sorted({sample.study for sample in samples}),
        "people": len({sample.person for sample in samples}),
        "samples": len(samples),
        "frames": sum(sample.frames for sample in samples),
    }
