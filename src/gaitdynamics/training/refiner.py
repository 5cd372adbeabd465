"""Train the refinement network: one command, reproducible, resumable.

Lightning runs the loop, keeps the exponential moving average of the weights, checkpoints for resuming, and the
record of losses (CSV and TensorBoard). The averaged network of the last step is written as a checkpoint of ours, with
its errors on the validation people.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict
from torch import Tensor

from gaitdynamics.dataset.catalogue import Catalogue
from gaitdynamics.errors import GaitError, MissingExtraError
from gaitdynamics.features.body_state import CUTOFFS
from gaitdynamics.features.foot_frame import OUTLINE
from gaitdynamics.features.refiner_schema import COLUMNS, TOTAL_FORCE
from gaitdynamics.files.atomic import file_sha256, write_text
from gaitdynamics.inference.checkpoint import RefinerDescription, save_refiner
from gaitdynamics.networks.refiner import Refiner, RefinerConfig, RefinerOutput
from gaitdynamics.training.force_windows import Batch, ForceWindows, Sample, samples_of

if TYPE_CHECKING:
    from rich.console import Console

LAST = "last.ckpt"


class RefinerTraining(BaseModel):
    """Settings of a training run; the defaults are those of the packaged weights.

    Losses are absolute errors, the measure by which estimates are judged: force in body weights with a weight per
    axis (forward, up, inward), contact as cross-entropy, centre of pressure in foot coordinates weighted by the
    measured load. The vertical force beyond a share of Newton's total is penalised: where physics suffices it stands.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    steps: int = 2400
    batch: int = 24
    learning_rate: float = 2e-3
    weight_decay: float = 0.05
    clip: float = 1.0
    average: float = 0.998
    width: int = 64
    dilations: tuple[int, ...] = (1, 2, 4, 8, 16)
    dropout: float = 0.1
    feature_noise: float = 0.2
    force_weights: tuple[float, float, float] = (1.5, 1.0, 2.0)
    contact_weight: float = 0.1
    cop_weight: float = 0.15
    extra_weight: float = 1.0
    seed: int = 0


def total_force(features: Tensor) -> Tensor:
    """Cut Newton's total force (..., K, 3) out of features (..., C)."""
    return features[..., TOTAL_FORCE].reshape(*features.shape[:-1], len(CUTOFFS), 3)


def refiner_loss(output: RefinerOutput, batch: Batch, settings: RefinerTraining) -> dict[str, Tensor]:
    """Compute the loss terms; frames without a trusted measurement count nowhere.

    Returns
    -------
    dict
        'force', 'contact', 'cop', 'extra' and their weighted sum 'loss', scalars.
    """
    count = batch.valid.sum().clamp(min=1.0)
    weights = batch.force.new_tensor(settings.force_weights)
    force = (((output.force - batch.force).abs() * weights).sum(-1) * batch.valid).sum() / count
    contact = torch.nn.functional.binary_cross_entropy_with_logits(
        output.contact, batch.contact, weight=batch.valid, reduction="sum"
    )
    load = batch.valid * batch.contact * batch.force[..., 1].clamp(0.0, 1.5)
    cop = ((output.point - batch.cop).abs().sum(-1) * load).sum() / load.sum().clamp(min=1.0)
    extra = (output.extra[..., 1].abs() * batch.valid).sum() / count
    terms = {"force": force, "contact": contact / count, "cop": cop, "extra": extra}
    terms["loss"] = (
        force
        + settings.contact_weight * terms["contact"]
        + settings.cop_weight * cop
        + settings.extra_weight * extra
    )
    return terms


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
            found = samples_of(record.study, record.load())
        except GaitError as error:
            left_out[record.label] = str(error)
            continue
        if not found:
            left_out[record.label] = "too short, or hardly a trusted frame"
        samples += found
    return samples, left_out


def train_refiner(
    data: str | Path,
    out: str | Path,
    settings: RefinerTraining | None = None,
    *,
    resume: bool = False,
    console: Console | None = None,
) -> RefinerDescription:
    """Train a refinement network on the train split of a data folder.

    Parameters
    ----------
    data
        Folder with `manifest.csv`; only splits 'train' and 'val' are ever opened.
    out
        Folder for the checkpoint, the record of losses and the state for resuming.
    settings
        What differs from the packaged weights' settings.
    resume
        Go on from where a run in `out` was interrupted; the result is that of an uninterrupted run.
    console
        Where progress is shown.

    Returns
    -------
    RefinerDescription
        Of the checkpoint in `out`.
    """
    from rich.console import Console as RichConsole

    settings = settings or RefinerTraining()
    console = console or RichConsole(stderr=True)
    out = Path(out)
    data = Path(data)
    catalogue = Catalogue.read(data)
    out.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(settings.seed)
    train, left_out = load_samples(catalogue, "train", console)
    val, left_out_val = load_samples(catalogue, "val", console)
    windows = ForceWindows(train, settings.batch, settings.seed)
    network = Refiner(
        RefinerConfig(
            len(COLUMNS), len(CUTOFFS), settings.width, settings.dilations, dropout=settings.dropout, outline=OUTLINE
        )
    )
    mean, deviation = windows.moments()
    network.mean.copy_(torch.from_numpy(mean))
    network.scale.copy_(torch.from_numpy(deviation))
    network, metrics = _fit(network, windows, val, settings, out, resume)
    description = RefinerDescription(
        name=out.name,
        description="Physics-informed refinement network: Newton's total force divided between the feet",
        architecture=network.config,
        training={
            "settings": settings.model_dump(),
            "manifest_sha256": file_sha256(data / "manifest.csv"),
            "studies": sorted({sample.study for sample in train}),
            "samples": len(train),
            "frames": sum(sample.frames for sample in train),
            "left_out": left_out | left_out_val,
        },
        metrics=metrics,
    )
    written = save_refiner(out, network, description)
    write_text(out / "training.json", json.dumps(written.training, indent=1) + "\n")
    return written


def _fit(
    network: Refiner, windows: ForceWindows, val: list[Sample], settings: RefinerTraining, out: Path, resume: bool
) -> tuple[Refiner, dict[str, Any]]:
    try:
        from gaitdynamics.training.lightning_loop import fit
    except ImportError as error:
        raise MissingExtraError("lightning", "train", "Training") from error
    fit(network, windows, val, settings, out, resume)
    return network.eval(), validate(network, val)


def validate(network: Refiner, samples: list[Sample]) -> dict[str, Any]:
    """Profile errors over trusted frames on whole trials.

    Returns
    -------
    dict
        'studies': study -> mean absolute error [% body weight] of vertical, fore-aft and medio-lateral force; 'mean':
        the same averaged over studies.
    """
    network.eval()
    errors: dict[str, list[NDArray[np.float32]]] = {}
    for sample in samples:
        features = torch.from_numpy(sample.features).transpose(0, 1)[None]
        with torch.inference_mode():
            force = network(features, total_force(features)).force[0].transpose(0, 1).numpy()
        error = 100.0 * np.abs(force - sample.targets.force)[sample.targets.valid > 0]
        errors.setdefault(sample.study, []).append(error)
    studies = {study: np.concatenate(parts).mean(0)[[1, 0, 2]] for study, parts in sorted(errors.items())}
    axes = ("vertical", "fore_aft", "medio_lateral")
    mean = np.mean(list(studies.values()), axis=0) if studies else np.full(3, np.nan)

    def named(values: NDArray[np.floating[Any]]) -> dict[str, float]:
        return {axis: round(float(value), 3) for axis, value in zip(axes, values, strict=True)}

    return {"studies": {study: named(values) for study, values in studies.items()}, "mean": named(mean)}


