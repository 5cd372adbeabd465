"""Train the diffusion network on motion windows of the published columns, from scratch or on top of weights."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

import torch

from gaitdynamics.diffusion.schedules import Schedule, ScheduleConfig
from gaitdynamics.errors import UserInputError
from gaitdynamics.inference.pair_description import PairDescription
from gaitdynamics.inference.pair_parts import load_parts
from gaitdynamics.networks.condition import ConditionName
from gaitdynamics.networks.denoiser import LARGE, SMALL, Denoiser
from gaitdynamics.training.devices import ONE_DEVICE, Devices, divided, only_first_continues
from gaitdynamics.training.loop import fit
from gaitdynamics.training.lora import Adapters, adapt, merge
from gaitdynamics.training.pair_record import lineage, save_trained
from gaitdynamics.training.published_losses import (
    conditional_loss,
    denoiser_loss,
    validate_conditional,
    validate_denoiser,
)
from gaitdynamics.training.published_source import check_out, read_source, run_facts
from gaitdynamics.training.published_windows import fixed_windows
from gaitdynamics.training.settings import LoopSettings

if TYPE_CHECKING:
    from rich.console import Console

#: Windows by which a denoiser is judged.
_VALIDATION_WINDOWS: Final = 64

_SIZES: Final = {"small": SMALL, "large": LARGE}


class DenoiserTraining(LoopSettings):
    """Settings of a run.

    `size`, `schedule` and `condition` are of a new network; one that is continued keeps its own, and naming another is
    an error. `condition` "cells-1" makes a network that is told which cells are known (`networks.condition`) and learns
    to fill the others, "none" one of the published format. `tempos` shows walks at these tempos too, as multiples of
    their duration. `half` saves the weights in half precision. `lora` trains low-rank adapters only, see
    `training.lora`.

    Notes
    -----
    Differences from the published code: it trained 1e5 to 3e5 steps of 256 windows, at a constant learning rate, with
    a moving average of 0.999 and no limit of the gradient. The defaults here are for a run without a GPU.
    Differences from the paper: a new network is conditional, and its schedule is the cosine that the paper describes.
    """

    steps: int = 3000
    batch: int = 32
    learning_rate: float = 4e-4
    weight_decay: float = 0.02
    optimizer: Literal["adamw", "adan", "adam"] = "adan"
    decay: Literal["one_cycle", "cosine", "none"] = "cosine"
    average: float = 0.995
    mixed_precision: bool = True
    keep_best: bool = True
    size: Literal["small", "large"] | None = None
    schedule: Literal["scaled_linear", "cosine"] | None = None
    condition: ConditionName | None = None
    tempos: tuple[float, ...] = ()
    half: bool = False
    lora: Adapters | None = None


def train_denoiser(
    data: Path,
    out: Path,
    settings: DenoiserTraining,
    *,
    init: Path | None = None,
    resume: bool = False,
    workers: int = 1,
    devices: Devices = ONE_DEVICE,
    console: Console | None = None,
) -> PairDescription:
    """Train a diffusion network on the train split of a data folder.

    Parameters
    ----------
    data
        Folder with `manifest.csv`; only splits 'train' and 'val' are ever opened.
    out
        Folder for the pair: the trained network, and the refinement network of `init` if it holds one.
    settings
        How to train.
    init
        Folder of a pair to continue from. Its scale of the columns is kept.
    resume
        Go on from where a run in `out` was interrupted; the result is that of an uninterrupted run.
    workers
        Processes that share the reading of the data.
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
        The data, `init`, or their combination cannot be used, or `out` holds weights already.
    """
    settings = divided(settings, devices)
    check_out(out, resume=resume)
    start = load_parts(init) if init is not None else None
    known = start.description if start else None
    part = known and (known.diffusion or known.refinement)
    scaler = part.scaler if part else None
    source = read_source(data, scaler, forces=False, tempos=settings.tempos, workers=workers, console=console)
    torch.manual_seed(settings.seed)
    network = _network(start.denoiser if start else None, settings, init)
    config = _schedule(known, settings, init)
    schedule = Schedule(config)
    windows = source.windows(settings)
    judged = fixed_windows(source.val.samples, source.scaler, _VALIDATION_WINDOWS)
    if settings.lora:
        adapt(network, settings.lora)
    told = network.config.condition != "none"
    loss, judge = (conditional_loss, validate_conditional) if told else (denoiser_loss, validate_denoiser)
    fit(
        network,
        windows.draw,
        partial(loss, schedule=schedule),
        settings,
        out,
        resume=resume,
        validate=(lambda denoiser: judge(denoiser, judged, schedule)) if judged else None,
        devices=devices,
    )
    only_first_continues()
    merge(network)
    if settings.half:
        # What is judged is what is written.
        network = network.half().float()
    return save_trained(
        out,
        network,
        start,
        scaler=source.scaler,
        schedule=config,
        training=run_facts(settings, lineage(known), source),
        metrics=judge(network.eval(), judged, schedule) if judged else {},
        half=settings.half,
    )


def _network(continued: Denoiser | None, settings: DenoiserTraining, init: Path | None) -> Denoiser:
    if continued is None:
        if settings.lora:
            raise UserInputError(
                "adapters need a diffusion network to adapt", file=init, remedy="name a pair that holds one with --init"
            )
        return Denoiser(replace(_SIZES[settings.size or "small"], condition=settings.condition or "cells-1"))
    condition = continued.config.condition
    if settings.condition and condition != settings.condition:
        raise UserInputError(
            f"the diffusion network of this pair has the condition '{condition}'",
            file=init,
            remedy="leave --condition out to continue it as it is",
        )
    if settings.size and continued.config != replace(_SIZES[settings.size], condition=condition):
        raise UserInputError(
            f"the diffusion network of this pair is not of size '{settings.size}'",
            file=init,
            remedy="leave --size out to continue it as it is",
        )
    return continued


def _schedule(known: PairDescription | None, settings: DenoiserTraining, init: Path | None) -> ScheduleConfig:
    """Keep the schedule of a network that is continued: it belongs to its weights."""
    if known is None or known.diffusion is None:
        plain = settings.condition == "none"
        return ScheduleConfig(settings.schedule or ("scaled_linear" if plain else "cosine"))
    if settings.schedule and settings.schedule != known.schedule.name:
        raise UserInputError(
            f"the diffusion network of this pair was trained on the schedule '{known.schedule.name}'",
            file=init,
            remedy="leave --schedule out to continue it",
        )
    return known.schedule
