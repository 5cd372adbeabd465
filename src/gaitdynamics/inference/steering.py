"""Motions sampled near a target that no one may have performed (paper, Downstream Tasks 2 and 3)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gaitdynamics.columns import PELVIS_TRANSLATIONS, canonical
from gaitdynamics.diffusion.guidance import Guidance, share_of_range
from gaitdynamics.diffusion.inpainting import inpaint
from gaitdynamics.diffusion.joint import JointWindows, denoise_jointly
from gaitdynamics.diffusion.sampling import SamplingPlan, WindowNoise, sample
from gaitdynamics.diffusion.schedules import Schedule
from gaitdynamics.features.published.schema import PUBLISHED_63
from gaitdynamics.inference.filling import Facts
from gaitdynamics.inference.motion_network import MotionNetwork
from gaitdynamics.inference.windows import WINDOW
from gaitdynamics.networks.condition import Condition
from gaitdynamics.networks.denoiser import SteppedDenoiser
from gaitdynamics.posture import hold_torso_upright
from gaitdynamics.trial import Trial

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

#: Columns of velocities and angles, which the paper's cost compares; rates and forces are left free (paper, eq. g).
COMPARED: Final = np.array(
    [bool(c.coordinates) and not c.name.endswith("_vel") for c in PUBLISHED_63.columns], dtype=np.bool_
)


@dataclass(frozen=True)
class SteeringPlan:
    """How strongly a sample is steered: solver and steps, gradient steps before each, and their rate."""

    sampling: SamplingPlan
    inner_steps: int = 5
    rate: float = 0.02


#: As the paper has it.
PAPER_STEERING: Final = SteeringPlan(SamplingPlan())

#: An eighth of the work of the paper's, from which peaks of moments on the validation side differ by 0.1 %BW.BH.
FAST_STEERING: Final = SteeringPlan(SamplingPlan("dpm_solver_2m", steps=10), inner_steps=3)


def steer_columns(
    network: MotionNetwork,
    target: Array,
    known: Mask,
    missing: Mask,
    margin: float,
    *,
    seed: int = 0,
    plan: SteeringPlan = FAST_STEERING,
    facts: Facts | None = None,
) -> Array:
    """Sample a motion in which some columns are given and the angles and velocities of others stay near a target.

    Parameters
    ----------
    network
        The diffusion network.
    target
        (N, 63) not scaled: the manipulated motion.
    known
        (63,) columns that are kept as they are in the target.
    missing
        (63,) columns of which the target holds substitutes: they are left free.
    margin
        Share of the range of motion of a column within which leaving the target costs nothing: 0.1 for the trunk sway
        and 0.3 for the running speed of the paper.
    seed
        Of the noise.
    plan
        How to sample and how strongly to steer.
    facts
        What is known of the motion as a whole; only a network that can be told makes use of it.

    Returns
    -------
    (N, 63), not scaled; forces included.

    Notes
    -----
    Differences from the paper: its cost is a sum over one window of 1.5 s; that of a longer motion is one sum too, with
    the same gradient in each frame. Differences from the published code: see `diffusion.guidance`; the range of motion
    is that of this motion, not of all motions of a data set.
    """
    schedule = Schedule(network.schedule)
    kinematic = ~np.isin(np.arange(len(missing)), PUBLISHED_63.kinetic)
    told = torch.from_numpy(network.scaler.to_scaled(target).astype(np.float32))[None]
    given = torch.from_numpy(known & ~missing).expand(told.shape)
    guidance = Guidance(
        target=told,
        tolerance=share_of_range(told, margin),
        weight=torch.from_numpy((COMPARED & ~known & ~missing).astype(np.float32)),
        inner_steps=plan.inner_steps,
        rate=plan.rate,
    )
    windows = JointWindows(len(target), WINDOW)
    noise, times = WindowNoise([seed]), plan.sampling.times(schedule)
    if network.conditional:
        absent = torch.from_numpy(missing & kinematic).expand(told.shape)
        condition = Condition(windows.split(given), windows.split(absent), (facts or Facts()).tensor())
        jointly = denoise_jointly(SteppedDenoiser(network.denoiser, times, condition=condition), windows)

        def denoise(x: Tensor, t: int) -> Tensor:
            return jointly(torch.where(given, told, x), t)

        sampled = sample(denoise, noise, told.shape, schedule, plan.sampling, steering=guidance)
    else:
        jointly = denoise_jointly(SteppedDenoiser(network.denoiser, times), windows)
        sampled = inpaint(jointly, told, given, schedule, noise, plan.sampling, guidance=guidance)
    values = network.scaler.from_scaled(sampled[0].double().numpy())
    return np.asarray(np.where(known & ~missing, target, values))


def with_difference(manipulated: Trial, generated: Trial, control: Trial, margin: float) -> Trial:
    """Take from a pair of samples what a change did, and put it on the manipulated motion.

    A network gives a person back with errors of its own, the same ones for the same noise whether something was changed
    or not. The difference of the pair is what the change calls for; without a change nothing remains but the measured
    motion.

    Parameters
    ----------
    manipulated
        The motion to change, on the frames of both others.
    generated, control
        Samples from the same noise, steered by the manipulated and by the unchanged motion.
    margin
        Share of its range of motion by which an angle may differ at most, infinite for no limit: steering is a price,
        here it is a bound. Without it a network that knows how angles go together in normal gait undoes what was asked
        for: it drops the pelvis when the trunk bends over it, and the trunk stays upright in space.

    Returns
    -------
    Trial
        A path of the pelvis, integrated from velocities, is not let drift away along a straight line. Trunk angles that
        were not measured hold the torso upright again; other substitutes stay.
    """
    change = generated.values - control.values
    change[:, manipulated.missing] = 0.0
    for place, name in enumerate(manipulated.coordinates):
        if canonical(name) in PELVIS_TRANSLATIONS:
            change[:, place] -= straight_line(manipulated.time, change[:, place])
        elif np.isfinite(margin):
            change[:, place] = _limited(change[:, place], margin * np.ptp(control.values[:, place]))
    return upright_again(replace(manipulated, values=manipulated.values + change))


def _limited(values: Array, limit: float) -> Array:
    """Keep values within +-limit without a kink, all scaled alike."""
    largest = float(np.abs(values).max())
    return values if largest <= limit else values * (limit / largest)


def straight_line(time: Array, values: Array) -> Array:
    """Give the straight line (T,) through values (T,) by least squares."""
    return np.asarray(np.polyval(np.polyfit(time - time[0], values, 1), time - time[0]))


def upright_again(trial: Trial) -> Trial:
    """Let trunk angles that were not measured hold the torso upright over a pelvis that moves otherwise now."""
    values = trial.values.copy()
    angles = dict(zip(trial.coordinates, values.T, strict=True))
    upright = hold_torso_upright(trial.subject.model, angles, trial.rate) or {}
    for name, column in upright.items():
        place = trial.coordinates.index(name)
        if trial.missing[place]:
            values[:, place] = column
    return trial.with_values(values)
