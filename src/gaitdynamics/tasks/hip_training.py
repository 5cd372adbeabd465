"""The whole protocol of the Gait2Hip-60 benchmark: hold-out, cross-validation, number of epochs, one test."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import nn

from gaitdynamics.dataset.gait2hip import FOLDS, SPLIT_SEED, HipData, folds, hold_out
from gaitdynamics.errors import UserInputError
from gaitdynamics.evaluation.hip_metrics import ALL, METRICS, over_people, person_errors, write_hip_table
from gaitdynamics.features.hip import ANGLES
from gaitdynamics.files.atomic import write_text
from gaitdynamics.inference.hip_checkpoint import HipDescription, HipNetwork, save_hip
from gaitdynamics.inference.network_files import MODEL_FILE
from gaitdynamics.networks.hip import HipConfig, make_hip_network
from gaitdynamics.training.hip import HipTraining, Run, Scale, train_epochs

if TYPE_CHECKING:
    from rich.console import Console


def train_hip(
    data: HipData, out: Path, settings: HipTraining, *, resume: bool = False, console: Console
) -> HipDescription:
    """Train and test a network by the protocol.

    A fifth of the people is held out. On the others five folds by person tell the number of epochs: the median of those
    that were best on the people left out. Then a network is trained on all of them for so many epochs, and tested once
    on the people held out.

    Parameters
    ----------
    data
        One task.
    out
        Folder for the checkpoint, `fold_1.json` and so on, and the tables `cross_validation` and `test`.
    settings
        How to train.
    resume
        Keep the folds that are done, if they are of the same data and settings.
    console
        Where progress is shown.

    Raises
    ------
    UserInputError
        There are too few people, or `out` holds something else.
    """
    _check_out(out, settings, data, resume=resume)
    data = data.resampled(settings.samples)
    tested = hold_out(data.people())
    pool = data.of([person for person in data.people() if person not in tested])
    runs, tables = [], []
    for number, (train, validation) in enumerate(folds(pool.subject), start=1):
        record = _fold(
            pool.take(train), pool.take(validation), out / f"fold_{number}.json", settings, data, resume=resume
        )
        runs.append(record["best_epoch"])
        tables.append({"fold": number, **record["errors"], "best_epoch": record["best_epoch"]})
        console.print(f"fold {number} of {FOLDS}: best epoch {record['best_epoch']}, R2 {record['errors']['R2']:.3f}")
    epochs = round(float(np.median(runs)))
    scale = Scale.of(pool.angles)
    network, _ = _train(pool, None, scale, settings, epochs=epochs)
    model = HipNetwork(network, _description(out, data, settings, scale, tested, epochs))
    test = data.of(tested)
    per_person = person_errors(model.predict(test.angles), test)
    console.print(f"trained on {len(pool.people())} people for {epochs} epochs, tested on {len(tested)}")
    write_text(out / "cross_validation.json", json.dumps(tables, indent=1) + "\n")
    title = f"{settings.network}: {data.target.title} of {len(tested)} people held out"
    write_hip_table(out, "test", title, model.description.unit, per_person)
    metrics = {"test_person_mean": _mean(per_person), "cross_validation": tables}
    return save_hip(out, network, model.description.model_copy(update={"metrics": metrics}))


def _fold(
    train: HipData, validation: HipData, file: Path, settings: HipTraining, data: HipData, *, resume: bool
) -> dict[str, Any]:
    """Train and measure on one fold, or read what was found before."""
    facts = _facts(settings, data)
    if resume and file.is_file():
        known: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        if known.get("facts") == facts:
            return known
    scale = Scale.of(train.angles)
    network, run = _train(train, validation, scale, settings)
    with torch.inference_mode():
        predicted = network(scale.tensor(validation.angles)).double().numpy()
    record = {
        "facts": facts,
        "people": list(validation.people()),
        "errors": _mean(person_errors(predicted, validation)),
        **asdict(run),
    }
    write_text(file, json.dumps(record, indent=1) + "\n")
    return record


def _train(
    train: HipData, validation: HipData | None, scale: Scale, settings: HipTraining, *, epochs: int | None = None
) -> tuple[nn.Module, Run]:
    """Train a new network, on an accelerator if there is one; it comes back to the processor."""
    torch.manual_seed(settings.seed)
    config = _config(settings, train)
    network = make_hip_network(config).to("cuda" if torch.cuda.is_available() else "cpu")

    def outputs(part: HipData) -> torch.Tensor:
        return torch.from_numpy(part.outputs.astype(np.float32))

    known = None if validation is None else (scale.tensor(validation.angles), outputs(validation))
    run = train_epochs(network, scale.tensor(train.angles), outputs(train), settings, validation=known, epochs=epochs)
    return network.cpu(), run


def _config(settings: HipTraining, data: HipData) -> HipConfig:
    return HipConfig(settings.network, len(ANGLES), data.outputs.shape[-1], frames=settings.samples)


def _description(
    out: Path, data: HipData, settings: HipTraining, scale: Scale, tested: tuple[str, ...], epochs: int
) -> HipDescription:
    return HipDescription(
        name=out.resolve().name,
        description=f"{settings.network} for {data.target.title}, trained on {data.file}",
        task=data.target.task,
        unit=f"{data.target.unit}/kg",
        architecture=_config(settings, data),
        outputs=data.target.labels("r"),
        mean=tuple(map(float, scale.mean)),
        sd=tuple(map(float, scale.sd)),
        test_people=tested,
        training={**_facts(settings, data), "epochs": epochs, "split_seed": SPLIT_SEED},
    )


def _facts(settings: HipTraining, data: HipData) -> dict[str, Any]:
    return {"settings": settings.model_dump(mode="json"), "data": data.file, "data_sha256": data.sha256}


def _mean(per_person: Any) -> dict[str, float]:
    table = over_people(per_person)
    row = table[table["cadence"] == ALL].iloc[0]
    return {name: float(row[name]) for name in METRICS}


def _check_out(out: Path, settings: HipTraining, data: HipData, *, resume: bool) -> None:
    """Refuse a folder with weights, or with folds of another run."""
    if (out / MODEL_FILE).exists():
        raise UserInputError("holds weights already", file=out, remedy="name a new folder with --out")
    other = sorted(out.glob("fold_*.json"))
    if other and not resume:
        raise UserInputError(
            "holds a run that was not finished", file=out, remedy="go on with --resume, or name a new folder with --out"
        )
    for file in other:
        try:
            known = json.loads(file.read_text(encoding="utf-8"))["facts"]
        except (OSError, ValueError, LookupError, TypeError):
            known = None
        if known != _facts(settings, data):
            raise UserInputError(
                "is of other data or settings",
                file=file,
                remedy="give those of that run, or name a new folder with --out",
            )
