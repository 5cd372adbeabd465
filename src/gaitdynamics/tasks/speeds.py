"""What if this person moved faster or slower: the same gait at another speed, with its forces (paper, Task 3)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from gaitdynamics.columns import PELVIS_TRANSLATIONS, canonical
from gaitdynamics.dataset.augmentation import change_rate
from gaitdynamics.errors import UserInputError
from gaitdynamics.evaluation.strides import StrideMeasures, measure_strides
from gaitdynamics.features.body_state import body_state
from gaitdynamics.features.published.schema import PUBLISHED_63
from gaitdynamics.features.published.trial import PublishedColumns, columns_of_trial, trial_of_columns
from gaitdynamics.features.standing import stand_on_floor
from gaitdynamics.features.stride_laws import RUNNING, contact_factor, frequency_factor
from gaitdynamics.inference.filling import Facts
from gaitdynamics.inference.motion_network import MotionNetwork
from gaitdynamics.inference.stance_feet import stand_as_measured
from gaitdynamics.inference.steering import FAST_STEERING, SteeringPlan, steer_columns, with_difference
from gaitdynamics.tasks.generated import GeneratedMotion, generated_motion, measured_motion, with_height
from gaitdynamics.trial import Array, Surface, Trial

#: Share of the range of motion by which angles may leave those of the measured speed at no cost (paper).
MARGIN: Final = 0.30

_FORWARD: Final = PUBLISHED_63.index("pelvis_tx")


@dataclass(frozen=True)
class SpeedVariant:
    """A motion at another speed.

    Attributes
    ----------
    speed
        The speed asked for [m/s], of the pelvis over the surface.
    seed_speed
        That of the measured motion [m/s].
    cadence_factor
        By which strides are quicker.
    motion
        The generated motion with its forces.
    measures
        Of the strides of the right foot, with the forces of the packaged network.
    """

    speed: float
    seed_speed: float
    cadence_factor: float
    motion: GeneratedMotion
    measures: StrideMeasures


@dataclass(frozen=True)
class SpeedChange:
    """A measured motion, and what it becomes at other speeds.

    Attributes
    ----------
    before
        The measured motion with its forces.
    seed_speed
        Its mean speed over the surface [m/s].
    measures
        Of its strides, with the forces of the packaged network.
    variants
        One per speed asked for, in that order.
    margin
        Share of the range of motion that was free.
    network
        Name of the diffusion weights.
    seed
        Of the noise.
    """

    before: GeneratedMotion
    seed_speed: float
    measures: StrideMeasures
    variants: tuple[SpeedVariant, ...]
    margin: float
    network: str
    seed: int


def change_speeds(
    trial: Trial,
    targets: Sequence[float],
    network: MotionNetwork,
    *,
    margin: float = MARGIN,
    seed: int = 0,
    progress: Callable[[float], None] | None = None,
) -> SpeedChange:
    """Let a person walk or run at several other speeds.

    Parameters
    ----------
    trial
        The measured motion.
    targets
        Speeds [m/s].
    network
        The diffusion network.
    margin, seed
        As in `change_speed`; the noise is the same at all speeds.
    progress
        Told of each speed when it is done.

    Raises
    ------
    UserInputError
        As in `change_speed`; all speeds are checked before anything is generated.
    """
    trial = with_height(trial)
    seed_speed = mean_speed(columns_of_trial(replace(trial, forces=None)))
    for target in targets:
        _check_speeds(trial, seed_speed, target)
    before = measured_motion(trial)
    measures = measure_strides(before.trial, before.refiner.forces, body_state(before.trial))
    variants = []
    for target in targets:
        variants.append(change_speed(trial, target, network, margin=margin, seed=seed))
        if progress is not None:
            progress(target)
    return SpeedChange(before, seed_speed, measures, tuple(variants), margin, network.name, seed)


def mean_speed(columns: PublishedColumns) -> float:
    """Give the mean forward speed [m/s] of the pelvis over the surface."""
    return float(columns.values[:, _FORWARD].mean() * columns.height_m)


def change_speed(
    trial: Trial,
    target: float,
    network: MotionNetwork,
    *,
    margin: float = MARGIN,
    cadence: bool = True,
    paired: bool = True,
    settled: bool = True,
    seed: int = 0,
    plan: SteeringPlan = FAST_STEERING,
) -> SpeedVariant:
    """Let a person walk or run at another speed.

    Parameters
    ----------
    trial
        The measured motion, of any length and rate.
    target
        Mean speed of the pelvis over the surface [m/s].
    network
        The diffusion network.
    margin
        Share of the range of motion by which angles may leave the measured ones at no cost.
    cadence
        Whether strides become quicker with speed as people's do (`features.stride_laws`). Otherwise their frequency
        stays, as in the paper.
    paired
        Whether to take what the speed does from a pair of samples (`inference.steering.with_difference`).
    settled
        Whether feet are made to stand on the surface as measured (`inference.stance_feet`), as long as people's do.
    seed
        Of the noise.
    plan
        How to sample.

    Raises
    ------
    UserInputError
        The person hardly moves, or would have to run instead of walk, or the other way round.

    Notes
    -----
    The known part is the scaled forward velocity of the pelvis, calibrated on the speed measured in the motion, not on
    what the treadmill is said to run at. Differences from the paper: `cadence`, `paired`, `settled`; the vertical and
    sideways velocities of the measured speed are not retained but steered as angles are.
    """
    trial = with_height(trial)
    bare = replace(trial, forces=None)
    usual = columns_of_trial(bare)
    seed_speed = mean_speed(usual)
    _check_speeds(trial, seed_speed, target)
    quicker = frequency_factor(seed_speed, target) if cadence else 1.0
    manipulated, source = _manipulated(bare, usual, target, quicker)
    known = PUBLISHED_63.unknown(["pelvis_tx"])
    values = steer_columns(
        network, source.values, known, source.missing, margin, seed=seed, plan=plan, facts=_facts(source, target)
    )
    generated = trial_of_columns(values, source, manipulated, keep_measured=False, keep_pelvis=False)
    if paired:
        facts = _facts(usual, seed_speed)
        control = steer_columns(network, usual.values, known, usual.missing, margin, seed=seed, plan=plan, facts=facts)
        on_clock = _in_phase(control, usual, source, quicker)
        on_clock[:, _FORWARD] = source.values[:, _FORWARD]
        unchanged = trial_of_columns(on_clock, source, manipulated, keep_measured=False, keep_pelvis=False)
        motion = with_difference(manipulated, generated, unchanged, np.inf)
    else:
        motion = generated
    motion = stand_on_floor(motion)
    if settled:
        longer = contact_factor(seed_speed, target) if cadence else 1.0
        motion = stand_as_measured(motion, bare, body_state(bare), quicker=quicker, longer=longer)
    motion = replace(
        motion,
        name=f"{trial.name}_{target:.2f}mps",
        warnings=(*trial.warnings, f"generated, not measured: {target:g} m/s from {seed_speed:.2f} m/s"),
    )
    result = generated_motion(motion, values, source)
    measures = measure_strides(motion, result.refiner.forces, body_state(motion))
    return SpeedVariant(target, seed_speed, quicker, result, measures)


def _check_speeds(trial: Trial, seed: float, target: float) -> None:
    if seed < 0.3:
        raise UserInputError(
            f"{trial.name}: the mean speed over the surface is {seed:.2f} m/s, which is no walking or running",
            remedy="for a treadmill give its speed with --treadmill",
        )
    if not 0.3 <= target <= 10.0:
        raise UserInputError(f"a speed of {target:g} m/s is not possible", remedy="give speeds of 0.3 to 10 m/s")
    if (seed > RUNNING) != (target > RUNNING):
        raise UserInputError(
            f"{trial.name} is {'running' if seed > RUNNING else 'walking'} at {seed:.2f} m/s; at {target:g} m/s people "
            f"{'walk' if seed > RUNNING else 'run'}, which is another gait",
            remedy=f"give speeds {'above' if seed > RUNNING else 'up to'} {RUNNING:g} m/s",
        )


def _facts(columns: PublishedColumns, speed: float) -> Facts:
    return Facts(speed=speed / columns.height_m, height=columns.height_m, running=speed > RUNNING)


def _manipulated(bare: Trial, usual: PublishedColumns, target: float, quicker: float) -> tuple[Trial, PublishedColumns]:
    """Let the motion run quicker, and forward at the target speed; the legs do not know of that yet."""
    seed_speed = mean_speed(usual)
    time = bare.time[0] + (bare.time - bare.time[0]) / quicker
    lacking = target - quicker * seed_speed
    surface, values = bare.surface, bare.values.copy()
    if surface.kind == "treadmill":
        surface = Surface("treadmill", max(0.0, surface.belt_speed * quicker + lacking))
    else:
        forward = usual.alignment.to_ground(np.array([1.0, 0.0, 0.0]))
        for place, name in enumerate(bare.coordinates):
            if canonical(name) in PELVIS_TRANSLATIONS:
                axis = PELVIS_TRANSLATIONS.index(canonical(name))
                values[:, place] += lacking * forward[axis] * (time - time[0])
    motion = change_rate(replace(bare, time=time, values=values, surface=surface), bare.rate)
    source = columns_of_trial(motion)
    columns = source.values.copy()
    forward_velocity = _in_phase(usual.values, usual, source, quicker)[:, _FORWARD]
    columns[:, _FORWARD] = forward_velocity * target / (forward_velocity.mean() * source.height_m)
    return motion, replace(source, values=columns)


def _in_phase(values: Array, usual: PublishedColumns, source: PublishedColumns, quicker: float) -> Array:
    """Bring columns (N, 63) of the measured motion to the clock of the quicker one; velocities rise alike."""
    then = usual.time[0] + (source.time - source.time[0]) * quicker
    result = np.stack([np.interp(then, usual.time, column) for column in values.T], axis=-1)
    places = PUBLISHED_63.indices(PELVIS_TRANSLATIONS)
    result[:, places] *= quicker
    return result
