"""The published pair of networks at work: unknown columns filled by diffusion, forces from the refinement network."""

from __future__ import annotations

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


def fill_columns(
    weights: PublishedWeights,
    values: Array,
    missing: NDArray[np.bool_],
    *,
    seed: int = 0,
    plan: SamplingPlan = FILLING_PLAN,
) -> Array:
    """Fill unknown kinematic columns by the diffusion network.

    Parameters
    ----------
    weights
        The pair.
    values
        (N, 63) columns of a trial, not scaled.
    missing
        (63,) which of them are unknown; to the network kinetic columns are always unknown.
    seed
        Of the noise that filling starts from.
    plan
        How filling samples.

    Returns
    -------
    (N, 63), not scaled. Columns that were known, and kinetic ones, as they were.

    Notes
    -----
    Differences from the published code: windows overlap by half and are faded into each other; the last one is
    shifted back instead of being padded with zeros; dropout is off.
    """
    absent = [c for c in _KINEMATIC if missing[c]]
    complete = np.array(values, dtype=np.float64)
    if absent:
        filled = _fill(weights, weights.diffusion_scaler.to_scaled(values), missing, seed, plan)
        # Overlapping windows fill differently; their mean replaces only what was unknown.
        complete[:, absent] = weights.diffusion_scaler.select(absent).from_scaled(filled[:, absent])
    return complete


def refine_columns(weights: PublishedWeights, values: Array, filled: NDArray[np.bool_] | None = None) -> Array:
    """Estimate the kinetic columns from complete kinematics by the refinement network.

    Parameters
    ----------
    weights
        The pair.
    values
        (N, 63) columns of a trial, not scaled; the kinematic ones are read.
    filled
        (63,) which of them were filled, not measured; None where none was.

    Returns
    -------
    (N, 12) kinetic columns, not scaled.

    Notes
    -----
    Differences from the published code: windows overlap as in `fill_columns`, and the network gets values on its own
    scale, not on that of the other one. One that learnt from motions without some columns gets zeros for those.
    """
    scaled = weights.refinement_scaled(weights.diffusion_scaler.to_scaled(values))
    if filled is not None:
        scaled[:, filled & np.isin(PUBLISHED_63.names, weights.description.refinement.zeroed)] = 0.0

    def forces(columns: Tensor) -> Tensor:
        result: Tensor = weights.refinement(columns)
        return result

    kinetic = stitch(forces, scaled[:, _KINEMATIC].astype(np.float32))
    return weights.refinement_scaler.select(_KINETIC).from_scaled(kinetic)


def _fill(weights: PublishedWeights, scaled: Array, missing: NDArray[np.bool_], seed: int, plan: SamplingPlan) -> Array:
    schedule = Schedule(weights.description.schedule)
    denoise = SteppedDenoiser(weights.denoiser, plan.times(schedule))
    known = torch.from_numpy(~missing)
    known[_KINETIC] = False
    count = iter(range(seed << 20, (seed + 1) << 20))

    def windows(columns: Tensor) -> Tensor:
        noise = WindowNoise([next(count) for _ in range(len(columns))])
        return inpaint(denoise, columns, known.expand(columns.shape), schedule, noise, plan)

    return stitch(windows, scaled.astype(np.float32))
