"""What a run on the published columns starts from: a data folder, a scale of the columns, and maybe weights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gaitdynamics.dataset.catalogue import Catalogue
from gaitdynamics.dataset.manifest import MANIFEST
from gaitdynamics.errors import UserInputError
from gaitdynamics.features.published.scaler import LIMIT, ColumnScaler
from gaitdynamics.features.published.schema import PUBLISHED_63
from gaitdynamics.files.atomic import file_sha256
from gaitdynamics.inference.checkpoint import MODEL_FILE
from gaitdynamics.training.published_data import PublishedData, fit_scaler, load_published_data
from gaitdynamics.training.published_windows import outside_range
from gaitdynamics.training.settings import LoopSettings

if TYPE_CHECKING:
    from rich.console import Console

#: Columns of which the record names the share beyond the range.
_NAMED_COLUMNS = 8


@dataclass(frozen=True)
class PublishedSource:
    """Training and validation people, and the scale on which their columns are shown.

    `facts` go into the description of what is trained on them.
    """

    train: PublishedData
    val: PublishedData
    scaler: ColumnScaler
    facts: dict[str, Any]


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
        Data folder with `manifest.csv`.
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
    val = load_published_data(catalogue, "val", console, workers=workers)
    if forces:
        train, val = train.with_forces(), val.with_forces()
    if not train.samples:
        reasons = "; ".join(f"{label}: {why}" for label, why in list(train.left_out.items())[:3])
        raise UserInputError(
            f"none of the trials of split 'train' can be used ({reasons or 'no walking or running'})", file=folder
        )
    kept = scaler is not None
    scaler = scaler or fit_scaler(train.samples)
    facts = {
        "manifest_sha256": file_sha256(folder / MANIFEST),
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
    return PublishedSource(train, val, scaler, facts)


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
