"""The published pair of networks at work: unknown columns filled by diffusion, forces from the refinement network."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gaitdynamics.diffusion.inpainting import inpaint
from gaitdynamics.diffusion.sampling import FILLING_PLAN, SamplingPlan, WindowNoise
from gaitdynamics.diffusion.schedules import Schedule
from gaitdynamics.features.published.schema import PUBLISHED_63
from gaitdynamics.inference.published_checkpoint import PublishedWeights
from gaitdynamics.inference.windows import stitch
from gaitdynamics.networks.denoiser import SteppedDenoiser

Array = NDArray[np.float64]

_KINEMATIC, _KINETIC = list(PUBLISHED_63.kinematic), list(PUBLISHED_63.kinetic)


@dataclass(frozen=True)
class PairResult:
    """What the pair gives for a trial: all 63 columns, not scaled, and the names of those that were filled."""

    values: Array
    filled: tuple[str, ...]


def run_pair(
    weights: PublishedWeights,
    values: Array,
    missing: NDArray[np.bool_],
    *,
    seed: int = 0,
    plan: SamplingPlan = FILLING_PLAN,
) -> PairResult:
    """Fill unknown kinematic columns, then refine the forces.

    Parameters
    ----------
    weights
        The pair.
    values
        (N, 63) columns of a trial, not scaled.
    missing
        (63,) which of them are unknown; kinetic columns always count as unknown.
    seed
        Of the noise that filling starts from.
    plan
        How filling samples.

    Notes
    -----
    Differences from the published code: windows overlap by half and are faded into each other; the last one is
    shifted back instead of being padded with zeros; known cells are given back as they were; dropout is off; and the
    two networks each get values on their own scale.
    """
    absent = [c for c in _KINEMATIC if missing[c]]
    scaled = weights.diffusion_scaler.to_scaled(values)
    if absent:
        filled = _fill(weights, scaled, missing, seed, plan)
        # Overlapping windows fill differently; their mean replaces only what was unknown.
        scaled[:, absent] = filled[:, absent]
    refined = weights.refinement_scaled(scaled)

    def forces(columns: Tensor) -> Tensor:
        result: Tensor = weights.refinement(columns)
        return result

    kinetic = stitch(forces, refined[:, _KINEMATIC].astype(np.float32))
    complete = np.array(values, dtype=np.float64)
    complete[:, absent] = weights.diffusion_scaler.from_scaled(scaled)[:, absent]
    complete[:, _KINETIC] = weights.refinement_scaler.select(_KINETIC).from_scaled(kinetic)
    return PairResult(complete, tuple(PUBLISHED_63.names[c] for c in absent))


def _fill(
    weights: PublishedWeights, scaled: Array, missing: NDArray[np.bool_], seed: int, plan: SamplingPlan
) -> Array:
    schedule = Schedule(weights.description.schedule)
    denoise = SteppedDenoiser(weights.denoiser, plan.times(schedule))
    known = torch.from_numpy(~missing)
    known[_KINETIC] = False
    count = iter(range(seed << 20, (seed + 1) << 20))

    def windows(columns: Tensor) -> Tensor:
        noise = WindowNoise([next(count) for _ in range(len(columns))])
        return inpaint(denoise, columns, known.expand(columns.shape), schedule, noise, plan)

    return stitch(windows, scaled.astype(np.float32))
