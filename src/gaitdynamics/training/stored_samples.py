"""The refiner's samples in a store of windows: how they are written, and how they come back.

Of the two views of a frame, one from each foot, only that from the right foot is stored: the other one holds the same
numbers in another order, sideways ones with the other sign.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gaitdynamics.dataset.catalogue import Catalogue
from gaitdynamics.dataset.preprocessing import Described, Describer
from gaitdynamics.dataset.quality import choose_rules
from gaitdynamics.dataset.recordings import Recording
from gaitdynamics.dataset.store_building import build_store
from gaitdynamics.dataset.store_manifest import SampleEntry
from gaitdynamics.dataset.store_parts import Recipe
from gaitdynamics.dataset.window_sampling import Draw
from gaitdynamics.dataset.window_store import AnyArray, Field, WindowStore
from gaitdynamics.engines.local import LocalEngine
from gaitdynamics.errors import FileFormatError, UserInputError
from gaitdynamics.features.body_state import RATE
from gaitdynamics.features.refiner_schema import COLUMNS
from gaitdynamics.features.refiner_schema import NAME as FEATURES
from gaitdynamics.features.targets import ForceTargets
from gaitdynamics.training.force_windows import VARIANTS, Batch, Sample, noise_seed, samples_of
from gaitdynamics.trial import Trial

Features = NDArray[np.float32]

#: Version of what is stored: which fields, and what they mean.
NAME: Final = f"refiner-samples-2/{FEATURES}"

#: Half precision rounds to one part in 2048, which is 0.5 mm of a leg, 0.1 % body weight of Newton's total force and
#: 0.1 mm of a centre of pressure: below what the data themselves can tell. Measured forces keep single precision.
FIELDS: Final[dict[str, Field]] = {
    "features": Field(dtype="float16", shape=(len(COLUMNS),)),
    "force": Field(dtype="float32", shape=(2, 3)),
    "cop": Field(dtype="float16", shape=(2, 2)),
    "contact": Field(dtype="bool", shape=(2,)),
    "valid": Field(dtype="bool", shape=(2,)),
}

#: Activities of which the refiner learns.
ACTIVITIES: Final = ("walking", "running")


def _other_foot() -> tuple[Tensor, Tensor]:
    """Find where each column of the view from the other foot comes from, and its sign."""
    swapped = {"this": "other", "other": "this"}
    source, sign = [], []
    for name in COLUMNS:
        foot, _, rest = name.partition("_")
        source.append(COLUMNS.index(f"{swapped[foot]}_{rest}" if foot in swapped else name))
        sign.append(-1.0 if name.endswith("_inward") else 1.0)
    return torch.tensor(source), torch.tensor(sign)


_SOURCE, _SIGN = _other_foot()


def both_views(right: AnyArray) -> Features:
    """Give the views from both feet, (..., 2, C), of features (..., C) seen from the right foot."""
    # torch widens half precision many times faster than NumPy; the copy makes a mapped array writable for it.
    this = torch.from_numpy(np.array(right)).float()
    other = this.index_select(-1, _SOURCE) * _SIGN
    return np.asarray(torch.stack([this, other], dim=-2).numpy())


def refiner_content(recording: Recording, trial: Trial) -> Iterator[Described]:
    """Make the refiner's samples of a piece of a trial, one for each variant."""
    if trial.forces is None or trial.forces.valid is None:
        raise UserInputError("no forces were measured")
    person = f"{recording.study}/{recording.subject}"
    for sample in samples_of(recording.study, trial, person, noise_seed(recording.label)):
        yield Described(sample.variant, float(trial.time[0]), _arrays(sample))


def _arrays(sample: Sample) -> dict[str, AnyArray]:
    right = sample.features[:, 0]
    # What is not stored must come back as it was.
    assert np.array_equal(both_views(right), sample.features), "the two views of the schema are not mirror images"
    targets = sample.targets
    return {
        "features": right,
        "force": targets.force,
        "cop": targets.cop,
        "contact": targets.contact > 0,
        "valid": targets.valid > 0,
    }


def refiner_recipe(rules: str | None = None, without: Sequence[str] = ()) -> Recipe:
    """Say how a store of the refiner's samples is made.

    Parameters
    ----------
    rules, without
        As of `dataset.preprocessing.Describer`.

    Raises
    ------
    UserInputError
        There are no such rules.
    """
    thresholds: dict[str, float] = {}
    if rules is not None:
        thresholds = {rule.name: rule.threshold for rule in choose_rules(rules, without)}
    settings: dict[str, Any] = {
        "features": FEATURES,
        "columns": list(COLUMNS),
        "rules": rules,
        "thresholds": thresholds,
        "variants": list(VARIANTS),
    }
    return Recipe(NAME, FIELDS, RATE, settings, Describer(refiner_content, rules, tuple(without)))


def prepare_refiner_store(
    data: str | Path,
    store: str | Path,
    *,
    splits: Sequence[str] = ("train", "val"),
    rules: str | None = None,
    without: Sequence[str] = (),
    workers: int = 1,
    overwrite: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[WindowStore, bool]:
    """Make a store of the refiner's samples of a data folder.

    Parameters
    ----------
    data
        Folder with `manifest.csv`.
    store
        Folder to make.
    splits
        Sides of the split to read; of these the trials of walking and running.
    rules, without
        As of `dataset.preprocessing.Describer`.
    workers
        Processes of this machine that do the work.
    overwrite, progress
        As of `build_store`.

    Returns
    -------
    store, made
        The open store, and False if it was there already.
    """
    recipe = refiner_recipe(rules, without)
    chosen = Catalogue.read(data).select(split=splits)
    records = [record for record in chosen if record.activity in ACTIVITIES]
    return build_store(store, recipe, records, engine=LocalEngine(workers), overwrite=overwrite, progress=progress)


def samples_from_store(store: WindowStore, split: str) -> list[Sample]:
    """Give the samples of one side of the split, in the order of the store, as `samples_of` gives them.

    Raises
    ------
    FileFormatError
        The store holds other samples than those that this version of the refiner learns from.
    """
    check_refiner_store(store)
    return [sample_from_store(store, entry) for entry in store.select(split)]


def sample_from_store(store: WindowStore, entry: SampleEntry) -> Sample:
    """Give one sample."""
    arrays = store.sample(entry)
    person = f"{entry.study}/{entry.subject}"
    return Sample(entry.study, both_views(arrays["features"]), _targets(arrays), person, entry.variant)


def batch_from_store(store: WindowStore, draw: Draw) -> Batch:
    """Give the windows of a draw as a batch, straight from the mapped arrays."""
    arrays = store.gather(draw.rows, draw.length)
    targets = _targets(arrays)
    features, force, cop, contact, valid = (
        torch.from_numpy(x).transpose(1, 2)
        for x in (both_views(arrays["features"]), targets.force, targets.cop, targets.contact, targets.valid)
    )
    return Batch(features, force, cop, contact, valid)


def check_refiner_store(store: WindowStore) -> None:
    """Check that a store holds the refiner's samples; raises FileFormatError."""
    if store.description.name != NAME or store.description.settings.get("columns") != list(COLUMNS):
        raise FileFormatError(
            f"the store holds {store.description.name}; this version of the refiner needs {NAME}, of "
            f"{len(COLUMNS)} columns",
            file=store.folder,
            remedy="make the store again: gaitdynamics prepare SOURCE --out STORE --for refiner --overwrite",
        )


def _targets(arrays: dict[str, AnyArray]) -> ForceTargets:
    return ForceTargets(*(arrays[name].astype(np.float32) for name in ("force", "cop", "contact", "valid")))
