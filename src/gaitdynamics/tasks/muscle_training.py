"""Training the network of muscle forces on a folder of labels: fitted to some people, the epoch chosen on others."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from gaitdynamics.dataset.hip_labels import TrialLabels
from gaitdynamics.errors import UserInputError
from gaitdynamics.evaluation.hip_metrics import METRICS, errors
from gaitdynamics.files.atomic import file_sha256
from gaitdynamics.inference.muscle_checkpoint import MuscleDescription, MuscleModel, save_muscles
from gaitdynamics.inference.network_files import MODEL_FILE
from gaitdynamics.tasks.label_store import STORE_FILE, load_labels
from gaitdynamics.training.muscles import MuscleTraining, instants_of, train_muscles

if TYPE_CHECKING:
    from rich.console import Console

#: Sides of the split: for fitting, and for choosing the epoch.
TRAIN: Final = "train"
VALIDATION: Final = "val"


def train_muscle_network(
    store: Path, out: Path, settings: MuscleTraining, *, console: Console | None = None
) -> MuscleDescription:
    """Train on the people of the split 'train', and keep the epoch that is best on those of 'val'.

    Parameters
    ----------
    store
        Folder that 'gaitdynamics labels' made, with measured forces.
    out
        Folder for the checkpoint.
    settings
        How to train.
    console
        Where progress is shown.

    Raises
    ------
    UserInputError
        There are no labels of these splits, or `out` holds weights already.
    """
    if (out / MODEL_FILE).exists():
        raise UserInputError("holds weights already", file=out, remedy="name a new folder with --out")
    trials = load_labels(store)
    parts = {}
    for split in (TRAIN, VALIDATION):
        chosen = [trial for trial in trials if trial.split == split]
        if not chosen:
            raise UserInputError(
                f"no trial in it is of the split '{split}'",
                file=store,
                remedy="label trials of 'train' and 'val': gaitdynamics labels DATA --out STORE",
            )
        parts[split] = chosen
    train, validation = instants_of(parts[TRAIN]), instants_of(parts[VALIDATION])

    def tell(epoch: int, loss: float) -> None:
        if console is not None and (epoch % 10 == 0 or epoch == 1):
            console.print(f"epoch {epoch}: loss on the people of '{VALIDATION}' {loss:.5f}")

    run = train_muscles(train, validation, settings, progress=tell)
    description = MuscleDescription(
        name=out.resolve().name,
        description="Hip muscle forces from posture, speed and joint moments of a leg, learnt from static optimisation",
        architecture=run.network.config,
        mean=tuple(map(float, run.mean)),
        sd=tuple(map(float, run.sd)),
        training={
            "settings": settings.model_dump(mode="json"),
            "labels_sha256": file_sha256(store / STORE_FILE),
            "instants": len(train.inputs),
            "people": len({trial.person for trial in parts[TRAIN]}),
            "studies": _studies(parts[TRAIN]),
            "best_epoch": run.best_epoch,
            "validation_people": sorted({trial.person for trial in parts[VALIDATION]}),
        },
        metrics={"validation_loss": float(np.min(run.losses))},
    )
    model = MuscleModel(run.network, description)
    found = {activity: _errors(model, parts[VALIDATION], activity) for activity in ("walking", "running")}
    metrics = {**description.metrics, "validation": {name: value for name, value in found.items() if value}}
    return save_muscles(out, run.network, description.model_copy(update={"metrics": metrics}))


def _errors(model: MuscleModel, trials: Sequence[TrialLabels], activity: str) -> dict[str, float]:
    """Errors on people left out: per person over all instants and muscles [N/kg], then the mean over people."""
    each = []
    mine = [trial for trial in trials if trial.activity == activity]
    for person in sorted({trial.person for trial in mine}):
        part = instants_of([trial for trial in mine if trial.person == person])
        each.append(errors(model.predict(part.inputs), part.forces))
    return {name: float(np.mean([one[name] for one in each])) for name in METRICS} if each else {}


def _studies(trials: Sequence[TrialLabels]) -> dict[str, int]:
    """People per study, since the studies ask to be cited."""
    return {
        study: len({trial.person for trial in trials if trial.study == study})
        for study in sorted({trial.study for trial in trials})
    }
