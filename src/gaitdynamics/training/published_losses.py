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
from gaitdynamics.networks.denoiser import Denoiser
from gaitdynamics.training.published_data import PublishedSample
from gaitdynamics.training.published_windows import PublishedBatch, cut_sample, stack
from gaitdynamics.training.validation import profile_errors

KINEMATIC: Final = list(PUBLISHED_63.kinematic)
KINETIC: Final = list(PUBLISHED_63.kinetic)

#: Of the kinetic columns, the forces of the right and the left foot.
_FORCES: Final = ([0, 1, 2], [6, 7, 8])

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
    values, known = batch
    times = torch.randint(schedule.config.steps, (len(values),), device=values.device)
    noisy = schedule.add_noise(values, torch.randn_like(values), times)
    return {"loss": masked_mean((network(noisy, times) - values).square(), known)}


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
    device = next(network.parameters()).device
    errors = {}
    for time in VALIDATION_TIMES:
        noise = torch.Generator().manual_seed(_VALIDATION_SEED)
        total = count = 0.0
        for values, known in windows:
            times = torch.full((len(values),), time)
            noisy = schedule.add_noise(values, torch.randn(values.shape, generator=noise), times)
            with torch.inference_mode():
                clean = network(noisy.to(device), times.to(device)).cpu()
            total += float(((clean - values).square() * known).sum())
            count += float(known.sum())
        errors[f"mse_t{time}"] = round(total / max(count, 1.0), 5)
    return {**errors, "mse": round(float(np.mean(list(errors.values()))), 5)}


def validate_kinetics(network: nn.Module, samples: Sequence[PublishedSample], scaler: ColumnScaler) -> dict[str, Any]:
    """Profile errors of forces over trusted frames on whole trials, see `validation.profile_errors`.

    Unknown kinematics is zero, as in training.
    """
    device = next(network.parameters()).device
    kinetics = scaler.select(KINETIC)
    errors: dict[str, list[NDArray[np.float64]]] = {}
    for sample in samples:
        window = stack([cut_sample(sample, slice(None))], scaler)

        def forces(columns: Tensor) -> Tensor:
            result: Tensor = network(columns.to(device)).cpu()
            return result

        scaled = stitch(forces, window.values[0][:, KINEMATIC].numpy())
        error = 100.0 / STANDARD_GRAVITY * np.abs(kinetics.from_scaled(scaled) - sample.values[:, KINETIC])
        trusted = sample.known[:, KINETIC]
        feet = [error[trusted[:, foot[0]]][:, foot] for foot in _FORCES]
        errors.setdefault(sample.study, []).append(np.concatenate(feet))
    return profile_errors(errors)
