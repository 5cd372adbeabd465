"""Train the refinement network: one command, reproducible, resumable.

Lightning runs the loop, keeps the exponential moving average of the weights, checkpoints for resuming, and the
record of losses (CSV and TensorBoard). The members of an ensemble are trained one after the other, each in a folder of
its own; what comes out is one checkpoint of ours, with its errors on the validation people.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import fields, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import safetensors.torch
import torch
from numpy.typing import NDArray
from torch import Tensor

from gaitdynamics.features.body_state import CUTOFFS
from gaitdynamics.features.foot_frame import OUTLINE
from gaitdynamics.features.refiner_schema import COLUMNS, PHYSICS
from gaitdynamics.files.atomic import write_bytes, write_text
from gaitdynamics.inference.checkpoint import RefinerDescription, load_refiner, save_refiner
from gaitdynamics.networks.refiner import Refiner, RefinerConfig, RefinerOutput, flight_share
from gaitdynamics.training.devices import ONE_DEVICE, Devices, divided, only_first_continues
from gaitdynamics.training.force_windows import Sample
from gaitdynamics.training.loop import fit
from gaitdynamics.training.refiner_loss import RefinerTraining as RefinerTraining
from gaitdynamics.training.refiner_loss import noisy_loss, total_force
from gaitdynamics.training.refiner_source import RefinerSource, read_source
from gaitdynamics.training.validation import profile_errors
from gaitdynamics.uncertainty import LEVEL, interval_factor

if TYPE_CHECKING:
    from rich.console import Console

#: Errors on studies that training lacked, by those on new people of studies that it had (by leaving studies out).
_ELSEWHERE: Final = 1.3

#: Share of frames without contact above which a trial counts as one with flight.
_FLIES: Final = 0.05

#: A finished member of an ensemble, in its folder.
MEMBER_FILE: Final = "member.safetensors"


def train_refiner(
    data: str | Path,
    out: str | Path,
    settings: RefinerTraining | None = None,
    *,
    init: str | Path | None = None,
    resume: bool = False,
    devices: Devices = ONE_DEVICE,
    console: Console | None = None,
) -> RefinerDescription:
    """Train a refinement network on the train split of a data folder.

    Parameters
    ----------
    data
        Folder with `manifest.csv`, or a store prepared from one; only splits 'train' and 'val' are ever read.
    out
        Folder for the checkpoint, the record of losses and the state for resuming.
    settings
        What differs from the packaged weights' settings.
    init
        Refiner to continue from: name or folder. Its architecture and its scale of the features are kept.
    resume
        Go on from where a run in `out` was interrupted; the result is that of an uninterrupted run.
    devices
        What to compute on, see `training.devices`; of several processes the first alone returns from here.
    console
        Where progress is shown.

    Returns
    -------
    RefinerDescription
        Of the checkpoint in `out`.
    """
    from rich.console import Console as RichConsole

    settings = divided(settings or RefinerTraining(), devices)
    out = Path(out)
    source = read_source(Path(data), settings, console or RichConsole(stderr=True))
    if init is None:
        network, lineage = fresh_refiner(source, settings), dict[str, Any]()
    else:
        network, lineage = _continued(init)
    out.mkdir(parents=True, exist_ok=True)
    for k in range(len(network.members)):
        folder = member_folder(out, k, len(network.members))
        network.members[k] = train_member(network, k, source, settings, folder, resume=resume, devices=devices).members[
            0
        ]
    only_first_continues()
    # Only people as they were measured tell how wide intervals must be, and how good the estimate is.
    network.widening.copy_(widening(network.eval(), source.val))
    description = RefinerDescription(
        name=out.name,
        description="Physics-informed refinement networks: Newton's total force divided between the feet",
        architecture=network.config,
        training={
            "settings": settings.model_dump(),
            **source.facts,
            **lineage,
            "left_out": source.left_out,
        },
        metrics=validate(network, source.val),
    )
    written = save_refiner(out, network, description)
    write_text(out / "training.json", json.dumps(written.training, indent=1) + "\n")
    return written


def member_folder(out: Path, member: int, members: int) -> Path:
    """Folder of the record of a member: that of the whole if it is the only one."""
    return out if members == 1 else out / f"member_{member}"


def train_member(
    whole: Refiner,
    member: int,
    source: RefinerSource,
    settings: RefinerTraining,
    folder: Path,
    *,
    resume: bool = False,
    devices: Devices = ONE_DEVICE,
) -> Refiner:
    """Train one member of an ensemble, or take it from `folder` where a run that is resumed has finished it.

    Parameters
    ----------
    whole
        What the member starts from, with the scale of the features. It stays as it is.
    member
        Which one; its batches, noise and dropout follow the seed of the settings plus this number.
    source, settings
        What to train on, and how.
    folder
        For the record, the state for resuming and the finished member.
    resume
        Go on from where a run in `folder` was interrupted.
    devices
        What to compute on.

    Returns
    -------
    Refiner
        With this member only.
    """
    config = replace(whole.config, members=1)
    done = folder / MEMBER_FILE
    network = Refiner(config)
    network.mean.copy_(whole.mean)
    network.scale.copy_(whole.scale)
    network.members[0].load_state_dict(whole.members[member].state_dict())
    if resume and done.is_file():
        network.load_state_dict(safetensors.torch.load(done.read_bytes()))
        return network
    settings = settings.model_copy(update={"seed": settings.seed + member})
    windows = source.windows(settings)
    fit(
        network,
        windows.draw,
        partial(noisy_loss, settings=settings),
        settings,
        folder,
        resume=resume,
        validate=(lambda refiner: validate(refiner, source.val)["mean"]) if source.val else None,
        devices=devices,
    )
    network = network.cpu()
    write_bytes(done, safetensors.torch.save({name: t.contiguous() for name, t in network.state_dict().items()}))
    return network


def fresh_refiner(source: RefinerSource, settings: RefinerTraining) -> Refiner:
    """Make an untrained ensemble, with the scale of the features of what it is to be trained on."""
    torch.manual_seed(settings.seed)
    network = Refiner(
        RefinerConfig(
            len(COLUMNS),
            len(CUTOFFS),
            settings.width,
            settings.dilations,
            dropout=settings.dropout,
            outline=OUTLINE,
            members=settings.members,
            hidden=() if settings.physics else PHYSICS,
            shares_total=settings.physics,
            sided=settings.sided,
        )
    )
    mean, deviation = source.windows(settings).moments()
    network.mean.copy_(torch.from_numpy(mean))
    network.scale.copy_(torch.from_numpy(deviation))
    return network


def _continued(init: str | Path) -> tuple[Refiner, dict[str, Any]]:
    network, description = load_refiner(init)
    return network, {"init": {"name": description.name, "weights_sha256": description.weights_sha256}}


def validate(network: Refiner, samples: Sequence[Sample]) -> dict[str, Any]:
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
        force = np.asarray(_estimate(network, sample).force.numpy(), dtype=np.float32)
        error = np.float32(100.0) * np.abs(force - sample.targets.force)[sample.targets.valid > 0]
        errors.setdefault(sample.study, []).append(error)
    return profile_errors(errors)


def _estimate(network: Refiner, sample: Sample) -> RefinerOutput:
    """Run the network over a whole trial; results (N, 2, ...) on the CPU."""
    features = torch.from_numpy(sample.features).transpose(0, 1)[None].to(network.mean.device)
    with torch.inference_mode():
        out = network(features, total_force(features))
    return RefinerOutput(*(getattr(out, f.name)[0].transpose(0, 1).cpu() for f in fields(out)))


def widening(network: Refiner, samples: Sequence[Sample]) -> Tensor:
    """Find factors on the standard deviations with which 95 % intervals hold on people who were not trained on.

    The network knows how far off it is on people it has seen; others are harder, and those of other laboratories
    harder still, by `_ELSEWHERE`. Every study counts the same.

    Returns
    -------
    Tensor
        (2, 5) in steady contact and with flight, for the three components of the force and the two of the centre of
        pressure; as they were without samples.
    """
    ratios: tuple[dict[str, list[Tensor]], ...] = ({}, {})
    for sample in samples:
        out, targets = _estimate(network, sample), sample.targets
        flies = float(flight_share(torch.sigmoid(out.contact).T[None])) > _FLIES
        loaded = torch.from_numpy((targets.contact > 0) & (targets.valid > 0))
        force = (out.force - torch.from_numpy(targets.force)).abs() / out.force_scale
        point = (out.point - torch.from_numpy(targets.cop)).abs() / out.point_scale
        ratios[flies].setdefault(sample.study, []).append(torch.cat([force, point], dim=-1)[loaded])
    found = [_factor(of_studies) for of_studies in ratios]
    known = [factor for factor in found if factor is not None]
    if not known:
        return network.widening.clone()
    both = torch.stack([known[0] if factor is None else factor for factor in found])
    return network.widening * _ELSEWHERE * both.to(network.widening.device)


def _factor(ratios: dict[str, list[Tensor]]) -> Tensor | None:
    quantiles = [torch.cat(parts).quantile(LEVEL, dim=0) for parts in ratios.values()]
    return torch.stack(quantiles).mean(0) / interval_factor() if quantiles else None
