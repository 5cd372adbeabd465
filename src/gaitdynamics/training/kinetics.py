"""Train a network from kinematic to kinetic columns: the published refinement network, and the paper's baselines."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

import torch
from torch import nn

from gaitdynamics.diffusion.schedules import PUBLISHED_SCHEDULE
from gaitdynamics.errors import UserInputError
from gaitdynamics.features.published.schema import PUBLISHED_63
from gaitdynamics.files.atomic import write_text
from gaitdynamics.inference.baselines import BASELINES, BaselineDescription, load_baseline, save_baseline
from gaitdynamics.inference.pair_description import PairDescription
from gaitdynamics.inference.pair_parts import load_parts
from gaitdynamics.networks.refinement_encoder import RefinementEncoder
from gaitdynamics.training.devices import ONE_DEVICE, Devices, divided, only_first_continues
from gaitdynamics.training.loop import fit
from gaitdynamics.training.lora import Adapters, adapt, merge
from gaitdynamics.training.pair_record import lineage, save_trained
from gaitdynamics.training.published_losses import kinetics_loss, validate_kinetics
from gaitdynamics.training.published_source import PublishedSource, check_out, read_source, run_facts
from gaitdynamics.training.settings import LoopSettings, checked

if TYPE_CHECKING:
    from rich.console import Console

KineticsNetwork = Literal["published", "groundlink", "sugai"]


class KineticsTraining(LoopSettings):
    """Settings of a run; `kinetics_settings` gives those that the paper and the released code use for each network.

    `measure` of the error: mean squared or absolute. `lora` trains low-rank adapters only, see `training.lora`.
    """

    steps: int = 3000
    batch: int = 32
    learning_rate: float = 4e-4
    weight_decay: float = 0.02
    optimizer: Literal["adamw", "adan", "adam"] = "adan"
    decay: Literal["one_cycle", "cosine", "none"] = "cosine"
    average: float = 0.995
    keep_best: bool = True
    measure: Literal["mse", "l1"] = "mse"
    lora: Adapters | None = None


#: Optimisers of the released code. Its learning rates were constant, over 3e5 steps; here they fall.
_PRESETS: Final[dict[str, dict[str, Any]]] = {
    "published": {},
    "groundlink": {"optimizer": "adam", "learning_rate": 3e-5, "weight_decay": 0.0},
    "sugai": {"optimizer": "adam", "learning_rate": 5e-3, "weight_decay": 0.0, "measure": "l1"},
}


def kinetics_settings(network: KineticsNetwork, **changes: Any) -> KineticsTraining:
    """Give the settings for a network, with some changed."""
    return checked(KineticsTraining, {**_PRESETS[network], **changes})


def train_refinement(
    data: Path,
    out: Path,
    settings: KineticsTraining,
    *,
    init: Path | None = None,
    resume: bool = False,
    devices: Devices = ONE_DEVICE,
    console: Console | None = None,
) -> PairDescription:
    """Train the published refinement network on the train split of a data folder.

    Parameters
    ----------
    data
        Folder with `manifest.csv`; only splits 'train' and 'val' are ever opened.
    out
        Folder for the pair: the trained network, and the diffusion network of `init` if it holds one.
    settings
        How to train.
    init
        Folder of a pair to continue from, or to complete. Its scale of the columns is kept.
    resume
        Go on from where a run in `out` was interrupted; the result is that of an uninterrupted run.
    devices
        What to compute on, see `training.devices`; of several processes the first alone returns from here.
    console
        Where progress is shown; the screen by default.

    Returns
    -------
    PairDescription
        Of the pair in `out`.

    Raises
    ------
    UserInputError
        The data or `init` cannot be used, or `out` holds weights already.
    """
    settings = divided(settings, devices)
    check_out(out, resume=resume)
    start = load_parts(init) if init is not None else None
    known = start.description if start else None
    part = known and (known.refinement or known.diffusion)
    source = read_source(data, part.scaler if part else None, forces=True, console=console)
    torch.manual_seed(settings.seed)
    network = start.refinement if start and start.refinement else RefinementEncoder()
    if settings.lora:
        if known is None or known.refinement is None:
            raise UserInputError(
                "adapters need a refinement network to adapt",
                file=init,
                remedy="name a pair that holds one with --init",
            )
        adapt(network, settings.lora)
    metrics = _train(network, source, settings, out, resume=resume, devices=devices)
    return save_trained(
        out,
        network,
        start,
        scaler=source.scaler,
        schedule=known.schedule if known else PUBLISHED_SCHEDULE,
        training=run_facts(settings, lineage(known), source),
        metrics=metrics,
        zeroed=[
            PUBLISHED_63.names[column]
            for column in PUBLISHED_63.kinematic
            if not all(sample.known[:, column].all() for sample in source.train.samples)
        ],
    )


def train_baseline(
    kind: Literal["groundlink", "sugai"],
    data: Path,
    out: Path,
    settings: KineticsTraining,
    *,
    init: Path | None = None,
    resume: bool = False,
    devices: Devices = ONE_DEVICE,
    console: Console | None = None,
) -> BaselineDescription:
    """Train a baseline of the paper; parameters and errors as for `train_refinement`, without adapters."""
    settings = divided(settings, devices)
    check_out(out, resume=resume)
    if settings.lora:
        raise UserInputError(f"there are no adapters for the network '{kind}'", remedy="leave --lora out")
    torch.manual_seed(settings.seed)
    network: nn.Module = BASELINES[kind]()
    scaler, origin = None, {}
    if init is not None:
        network, known = load_baseline(init)
        if known.network != kind:
            raise UserInputError(
                f"holds the network '{known.network}', not '{kind}'", file=init, remedy="leave --network out"
            )
        scaler, origin = known.scaler, {"name": known.name, "weights_sha256": known.weights_sha256}
    source = read_source(data, scaler, forces=True, console=console)
    metrics = _train(network, source, settings, out, resume=resume, devices=devices)
    description = save_baseline(
        out,
        network,
        BaselineDescription(
            name=out.resolve().name,
            network=kind,
            scaler=source.scaler,
            training=run_facts(settings, origin, source),
            metrics=metrics,
        ),
    )
    write_text(out / "training.json", json.dumps(description.training, indent=1) + "\n")
    return description


def _train(
    network: nn.Module,
    source: PublishedSource,
    settings: KineticsTraining,
    out: Path,
    *,
    resume: bool,
    devices: Devices,
) -> dict[str, Any]:
    """Train in place; give the errors on the validation people."""
    windows = source.windows(settings)
    val = source.val.samples
    fit(
        network,
        windows.draw,
        partial(kinetics_loss, measure=settings.measure),
        settings,
        out,
        resume=resume,
        validate=(lambda net: validate_kinetics(net, val, source.scaler)["mean"]) if val else None,
        devices=devices,
    )
    only_first_continues()
    merge(network)
    return validate_kinetics(network.eval(), val, source.scaler) if val else {}
