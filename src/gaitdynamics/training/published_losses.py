"""Losses and validation of the networks that see the published columns. What is unknown counts nowhere."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from gaitdynamics.diffusion.schedules import Schedule
from gaitdynamics.features.published.scaler import ColumnScaler
from gaitdynamics.features.published.schema import PUBLISHED_63
from gaitdynamics.inference.windows import stitch
from gaitdynamics.model import STANDARD_GRAVITY
from gaitdynamics.networks.condition import Condition
from gaitdynamics.networks.denoiser import Denoiser
from gaitdynamics.training.known_cells import GROUPS, draw_condition
from gaitdynamics.training.published_data import PublishedSample
from gaitdynamics.training.published_windows import PublishedBatch, stack
from gaitdynamics.training.validation import profile_errors

KINEMATIC: Final = list(PUBLISHED_63.kinematic)
KINETIC: Final = list(PUBLISHED_63.kinetic)

#: Of the kinetic columns, the forces of the right and the left foot.
_FORCES: Final = ([0, 1, 2], [6, 7, 8])

#: Standard deviation, at most, of the offset of columns that are given [scaled], see `refiner_loss.noisy_loss`.
_OFFSET: Final = 0.3

#: Weight of the change of errors from frame to frame (as in other diffusion models of motion, such as EDGE).
_ROUGHNESS_WEIGHT: Final = 3.0

#: Weight of cells that are given.
_GIVEN_WEIGHT: Final = 0.1

#: What is hidden when a conditional denoiser is judged: joints; of none of them, the middle third of the window; and
#: of all kinematic cells none, so that the forces are judged.
VALIDATION_GAPS: Final[dict[str, tuple[str, ...]]] = {
    "hips": ("hip_r", "hip_l"),
    "knees": ("knee_angle_r", "knee_angle_l"),
    "ankles": ("ankle_angle_r", "ankle_angle_l", "subtalar_angle_r", "subtalar_angle_l"),
    "pelvis": ("pelvis_tx", "pelvis_ty", "pelvis_tz", "pelvis"),
    "trunk": ("lumbar",),
    "leg": ("hip_r", "knee_angle_r", "ankle_angle_r", "subtalar_angle_r"),
    "gap": (),
    "forces": ("force_r", "force_l"),
}

#: Diffusion times at which it is judged then.
CONDITIONAL_TIMES: Final = (300, 800)

#: Diffusion times at which a denoiser is judged, and the seed of the noise it then sees.
VALIDATION_TIMES: Final = (50, 200, 400, 600, 800)
_VALIDATION_SEED: Final = 1


def denoiser_loss(network: Denoiser, batch: PublishedBatch, schedule: Schedule) -> dict[str, Tensor]:
    """Mean squared error of the clean window, estimated at a random diffusion time (Ho et al. 2020; Tan et al. 2026).

    Notes
    -----
    Differences from the published code: only known cells count; unknown ones are zero before noise is added, so that
    the network sees there what it sees when it samples.
    """
    values, known, _ = batch
    times = torch.randint(schedule.config.steps, (len(values),), device=values.device)
    noisy = schedule.add_noise(values, torch.randn_like(values), times)
    return {"loss": masked_mean((network(noisy, times) - values).square(), known)}


def conditional_loss(network: Denoiser, batch: PublishedBatch, schedule: Schedule) -> dict[str, Tensor]:
    """Mean squared error of the cells that a conditional network is to fill, at a random diffusion time.

    Each window counts the same however few of its cells are missing. Cells that are given count a little, so that the
    estimate of a window has no seams between what is given and what is filled. They are off by a constant per column,
    as from one laboratory to the next. Errors that change from frame to frame count more than those that last, because
    forces follow from accelerations.
    """
    values, known, _ = batch
    condition = draw_condition(batch)
    offset = _OFFSET * torch.rand(len(values), 1, 1, device=values.device) * torch.randn_like(values[:, :1])
    values = torch.where(condition.given, values + offset, values)
    times = torch.randint(schedule.config.steps, (len(values),), device=values.device)
    noisy = schedule.add_noise(values, torch.randn_like(values), times)
    off = network(torch.where(condition.given, values, noisy), times, condition) - values
    given = condition.given.float()
    filled = known * (~condition.given & ~condition.absent)
    seen = filled + given
    # From one frame to the next, where at least one of the two is filled.
    pairs = seen[:, 1:] * seen[:, :-1] * torch.maximum(filled[:, 1:], filled[:, :-1])
    missed, kept, rough = (
        ((error.square() * cells).sum((1, 2)) / cells.sum((1, 2)).clamp(min=1.0)).mean()
        for error, cells in ((off, filled), (off, given), (off.diff(dim=1), pairs))
    )
    loss = missed + _GIVEN_WEIGHT * kept + _ROUGHNESS_WEIGHT * rough
    return {"loss": loss, "filled": missed, "given": kept, "rough": rough}


def kinetics_loss(network: nn.Module, batch: PublishedBatch, measure: Literal["mse", "l1"]) -> dict[str, Tensor]:
    """Error of the kinetic columns from the kinematic ones; unknown kinematics is zero.

    Notes
    -----
    Differences from the published code: there the trunk is always known, filled by diffusion where need be, and the
    mean runs over 63 columns instead of 12.
    """
    error = network(batch.values[..., KINEMATIC]) - batch.values[..., KINETIC]
    error = error.square() if measure == "mse" else error.abs()
    return {"loss": masked_mean(error, batch.known[..., KINETIC])}


def masked_mean(values: Tensor, weights: Tensor) -> Tensor:
    """Mean over the cells whose weight is one; zero if there is none."""
    return (values * weights).sum() / weights.sum().clamp(min=1.0)


def validate_denoiser(network: Denoiser, windows: Sequence[PublishedBatch], schedule: Schedule) -> dict[str, float]:
    """Mean squared error over known cells, scaled, at fixed diffusion times and with fixed noise.

    Returns
    -------
    dict
        'mse_t50', ...: of one time each, and 'mse', their mean.
    """
    errors = {f"mse_t{time}": _error_at(network, windows, schedule, time, None) for time in VALIDATION_TIMES}
    return {**errors, "mse": round(float(np.mean(list(errors.values()))), 5)}


def validate_conditional(network: Denoiser, windows: Sequence[PublishedBatch], schedule: Schedule) -> dict[str, float]:
    """As `validate_denoiser`, and with parts of the windows given.

    Returns
    -------
    dict
        Further, 'mse_hips', ...: of the cells of these joints, all other kinematic ones being given, averaged over
        `CONDITIONAL_TIMES`; 'mse_gap' of a gap in the middle third; and 'score', the mean of the square roots of these
        and of 'mse': the root keeps the hardest part from drowning the others.
    """
    found = validate_denoiser(network, windows, schedule)
    for name, hidden in VALIDATION_GAPS.items():
        parts = [_error_at(network, windows, schedule, time, hidden) for time in CONDITIONAL_TIMES]
        found[f"mse_{name}"] = round(float(np.mean(parts)), 5)
    names = ["mse", *(f"mse_{name}" for name in VALIDATION_GAPS)]
    return {**found, "score": round(float(np.mean([found[name] ** 0.5 for name in names])), 5)}


def _told(batch: PublishedBatch, hidden: tuple[str, ...]) -> Condition:
    """Give all kinematic cells that are known but those of joints; of no joint: but those of the middle third."""
    known = batch.known.bool()
    wanted = torch.zeros_like(known)
    wanted[..., KINETIC] = True
    for name in hidden:
        wanted[..., PUBLISHED_63.indices(GROUPS[name])] = True
    if not hidden:
        third = known.shape[1] // 3
        wanted[:, third : 2 * third] = True
    return Condition(known & ~wanted, ~known, torch.full_like(batch.facts, torch.nan))


def _error_at(
    network: Denoiser,
    windows: Sequence[PublishedBatch],
    schedule: Schedule,
    time: int,
    hidden: tuple[str, ...] | None,
) -> float:
    """Mean squared error at one diffusion time, of all known cells (None) or of those that are hidden."""
    device = next(network.parameters()).device
    noise = torch.Generator().manual_seed(_VALIDATION_SEED)
    total = count = 0.0
    for batch in windows:
        values, judged = batch.values, batch.known
        times = torch.full((len(values),), time)
        noisy = schedule.add_noise(values, torch.randn(values.shape, generator=noise), times)
        with torch.inference_mode():
            if hidden is None:
                clean = network(noisy.to(device), times.to(device))
            else:
                condition = _told(batch, hidden)
                judged = judged * ~condition.given
                judged[..., KINEMATIC if hidden[:1] == ("force_r",) else KINETIC] = 0.0
                noisy = torch.where(condition.given, values, noisy)
                told = Condition(*(part.to(device) for part in condition))
                clean = network(noisy.to(device), times.to(device), told)
        total += float(((clean.cpu() - values).square() * judged).sum())
        count += float(judged.sum())
    return round(total / max(count, 1.0), 5)


def validate_kinetics(network: nn.Module, samples: Sequence[PublishedSample], scaler: ColumnScaler) -> dict[str, Any]:
    """Profile errors of forces over trusted frames on whole trials, see `validation.profile_errors`.

    Unknown kinematics is zero, as in training.
    """
    device = next(network.parameters()).device
    kinetics = scaler.select(KINETIC)
    errors: dict[str, list[NDArray[np.float64]]] = {}
    for sample in samples:
        window = stack([sample], scaler)

        def forces(columns: Tensor) -> Tensor:
            result: Tensor = network(columns.to(device)).cpu()
            return result

        scaled = stitch(forces, window.values[0][:, KINEMATIC].numpy())
        error = 100.0 / STANDARD_GRAVITY * np.abs(kinetics.from_scaled(scaled) - sample.values[:, KINETIC])
        trusted = sample.known[:, KINETIC]
        feet = [error[trusted[:, foot[0]]][:, foot] for foot in _FORCES]
        errors.setdefault(sample.study, []).append(np.concatenate(feet))
    return profile_errors(errors)
