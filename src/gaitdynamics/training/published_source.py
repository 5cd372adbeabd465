"""What a run on the published columns starts from: a data folder, a scale of the columns, and maybe weights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from gaitdynamics.dataset.catalogue import Catalogue
from gaitdynamics.dataset.manifest import MANIFEST
from gaitdynamics.dataset.store_manifest import SampleEntry
from gaitdynamics.dataset.window_store import WindowStore, is_store
from gaitdynamics.errors import UserInputError
from gaitdynamics.features.published.scaler import LIMIT, ColumnScaler
from gaitdynamics.features.published.schema import PUBLISHED_63
from gaitdynamics.files.atomic import file_sha256
from gaitdynamics.inference.checkpoint import MODEL_FILE
from gaitdynamics.training.published_data import PublishedData, fit_scaler, load_published_data
from gaitdynamics.training.published_windows import PublishedWindows, outside_range
from gaitdynamics.training.settings import LoopSettings
from gaitdynamics.training.stored_columns import column_entries, columns_from_store
from gaitdynamics.training.stored_windows import StoredColumnWindows

if TYPE_CHECKING:
    from rich.console import Console

#: Columns of which the record names the share beyond the range.
_NAMED_COLUMNS = 8


@dataclass(frozen=True)
class PublishedSource:
    """Training and validation people, and the scale on which their columns are shown.

    `facts` go into the description of what is trained on them. `store` is the open store that the samples of `train`
    are mapped from, if there is one, and `entries` are theirs.
    """

    train: PublishedData
    val: PublishedData
    scaler: ColumnScaler
    facts: dict[str, Any]
    store: WindowStore | None = None
    entries: tuple[SampleEntry, ...] = ()

    def windows(self, settings: LoopSettings) -> PublishedWindows | StoredColumnWindows:
        """Give the batches of a run: out of memory, or of a store straight from its files."""
        samples = self.train.samples
        if self.store is None:
            return PublishedWindows(samples, self.scaler, settings.batch, settings.seed)
        facts = np.array([sample.facts for sample in samples])
        return StoredColumnWindows(self.store, self.entries, facts, self.scaler, settings.batch, settings.seed)


def read_source(
    folder: Path,
    scaler: ColumnScaler | None,
    *,
    forces: bool,
    tempos: Sequence[float] = (),
    workers: int = 1,
    console: Console | None = None,
) -> PublishedSource:
    """Read the people of splits 'train' and, if there are any, 'val'; no other is opened.

    Parameters
    ----------
    folder
        Data folder with `manifest.csv`, or a store that was prepared (`gaitdynamics prepare --for denoiser`).
    scaler
        Of the weights to continue from; it is kept, for it belongs to them. None fits one to the training people.
    forces
        Leave out trials without trusted forces.
    tempos
        Show the walks of the training people at these tempos too, see `load_published_data`.
    workers
        Processes that share the reading.
    console
        Where progress and doubts are shown; the screen by default.

    Raises
    ------
    UserInputError
        Nothing in the folder can be trained on.
    """
    from rich.console import Console as RichConsole

    console = console or RichConsole(stderr=True)
    store: WindowStore | None = None
    if is_store(folder):
        store = WindowStore.open(folder)
        train, val = _from_store(store, tempos)
        origin = {"store_fingerprint": store.description.fingerprint}
    else:
        train, val = _from_folder(folder, console, tempos, workers)
        origin = {"manifest_sha256": file_sha256(folder / MANIFEST)}
    entries = tuple(column_entries(store, "train")) if store else ()
    if forces:
        entries = tuple(e for e, s in zip(entries, train.samples, strict=False) if s.teaches_forces)
        train, val = train.with_forces(), val.with_forces()
    if not train.samples:
        reasons = "; ".join(f"{label}: {why}" for label, why in list(train.left_out.items())[:3])
        raise UserInputError(
            f"none of the trials of split 'train' can be used ({reasons or 'no walking or running'})", file=folder
        )
    kept = scaler is not None
    scaler = scaler or fit_scaler(train.samples)
    facts = {
        **origin,
        "studies": sorted({sample.study for sample in train.samples}),
        "samples": sum(sample.tempo == 1.0 for sample in train.samples),
        "frames": sum(sample.frames for sample in train.samples if sample.tempo == 1.0),
        "validation_samples": len(val.samples),
        "left_out": train.left_out | val.left_out,
        "height_estimated": sorted(s.label for s in (*train.samples, *val.samples) if s.height_estimated),
    }
    if kept:
        facts["beyond_range"] = _beyond_range(train, scaler)
    _tell(facts, console)
    return PublishedSource(train, val, scaler, facts, store, entries)


def _from_folder(
    folder: Path, console: Console, tempos: Sequence[float], workers: int
) -> tuple[PublishedData, PublishedData]:
    catalogue = Catalogue.read(folder)
    splits = {record.split for record in catalogue}
    if "train" not in splits:
        raise UserInputError(
            f"no trial has split 'train'; there are {', '.join(sorted(splits)) or 'no trials'}",
            file=folder / MANIFEST,
            column="split",
            remedy="write 'train' for the trials to learn from, and 'val' for those of other people to judge by",
        )
    train = load_published_data(catalogue, "train", console, tempos, workers)
    return train, load_published_data(catalogue, "val", console, workers=workers)


def _from_store(store: WindowStore, tempos: Sequence[float]) -> tuple[PublishedData, PublishedData]:
    """Give the samples of a store, whose arrays stay in its files."""
    if tempos:
        raise UserInputError(
            "a store holds its motions at one tempo", file=store.folder, remedy="give the data folder, or no --tempo"
        )
    train, val = (tuple(columns_from_store(store, split)) for split in ("train", "val"))
    return PublishedData(train, store.reasons), PublishedData(val, {})


def check_out(out: Path, *, resume: bool) -> None:
    """Refuse a folder that holds weights already, unless their run is to go on."""
    if (out / MODEL_FILE).exists() and not resume:
        raise UserInputError(
            "holds weights already; they are left as they are",
            file=out,
            remedy="name another folder with --out, or go on with that run with --resume",
        )


def run_facts(settings: LoopSettings, init: dict[str, str], source: PublishedSource) -> dict[str, Any]:
    """Tell how a network was trained: settings, the weights it continues, and the data."""
    return {"settings": settings.model_dump(mode="json"), **({"init": init} if init else {}), **source.facts}


def _beyond_range(data: PublishedData, scaler: ColumnScaler) -> dict[str, float]:
    """Give the share of known cells outside what the kept scale was made for, of the columns with the largest."""
    shares = outside_range(data.samples, scaler, LIMIT)
    order = shares.argsort()[::-1][:_NAMED_COLUMNS]
    return {PUBLISHED_63.names[c]: round(float(shares[c]), 5) for c in order if shares[c] > 0.0}


def _tell(facts: dict[str, Any], console: Console) -> None:
    console.print(f"{facts['samples']} trials to learn from, {facts['frames'] / PUBLISHED_63.rate:.0f} s")
    if facts["left_out"]:
        console.print(f"{len(facts['left_out'])} trials are left out; training.json says why")
    if facts["height_estimated"]:
        console.print(f"body height of {len(facts['height_estimated'])} trials is unknown: estimated from the skeleton")
    if facts.get("beyond_range"):
        worst, share = next(iter(facts["beyond_range"].items()))
        console.print(f"beyond the range that the weights were made for, at most {share:.1%} of a column ({worst})")
