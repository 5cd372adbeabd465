"""New motions from a diffusion network: of any length, at a given speed, with the forces that it generates along.

Nothing is given to the network but facts: speed, body height, walking or running.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from gaitdynamics.body.generic import scaled_generic
from gaitdynamics.columns import FULL_BODY, canonical
from gaitdynamics.diffusion.sampling import SamplingPlan
from gaitdynamics.features.published.rotations import Alignment
from gaitdynamics.features.published.schema import DROPPED, PUBLISHED_63, RATE
from gaitdynamics.features.published.trial import PublishedColumns, forces_of_columns, trial_of_columns
from gaitdynamics.features.standing import stand_on_floor
from gaitdynamics.inference.filling import Facts, fill_cells, sample_seeds
from gaitdynamics.inference.motion_network import MotionNetwork
from gaitdynamics.inference.planting import plant_feet
from gaitdynamics.trial import Array, FootForces, Subject, Surface, Trial

#: How motions are generated.
GENERATION_PLAN: Final = SamplingPlan("dpm_solver_2m", steps=25)

#: A foot bears weight from this share of body weight on.
_BEARING: Final = 0.1
#: How far the velocity of the pelvis may change to plant the feet [m/s]: little, for a speed was asked for.
_HELD: Final = 0.03

#: Above this speed [body heights / s] people run, if nothing else is told: they change at about 2 m/s.
_RUNNING_SPEED: Final = 1.2


@dataclass(frozen=True)
class Wish:
    """What to generate.

    Attributes
    ----------
    speed_m_s, seconds
        Mean forward speed, and duration.
    running
        Running or walking; None decides by the speed.
    height_m, mass_kg
        Of the person, who has the generic skeleton.
    """

    speed_m_s: float
    seconds: float
    running: bool | None = None
    height_m: float = 1.75
    mass_kg: float = 70.0

    @property
    def runs(self) -> bool:
        """Whether the person runs."""
        return self.speed_m_s / self.height_m > _RUNNING_SPEED if self.running is None else self.running


@dataclass(frozen=True)
class NewMotion:
    """A generated motion over a floor, and the forces that the network generated with it."""

    trial: Trial
    forces: FootForces


def generate(
    network: MotionNetwork, wish: Wish, *, count: int = 1, seed: int = 0, plan: SamplingPlan = GENERATION_PLAN
) -> list[NewMotion]:
    """Generate motions.

    Parameters
    ----------
    network
        The diffusion network.
    wish
        What to generate.
    count
        How many motions.
    seed
        Of the random numbers.
    plan
        How to sample.

    Notes
    -----
    The mean forward velocity is held at the wish in every step, so that it is met in the mean over the motion. The
    height of the pelvis follows from feet that stand on the floor (`features.standing`), and feet that bear weight are
    planted (`inference.planting`), which may change the speed a little.
    """
    frames = round(wish.seconds * RATE) + 1
    nothing = np.zeros((frames, len(PUBLISHED_63.names)))
    facts = Facts(wish.speed_m_s / wish.height_m, wish.height_m, wish.runs)
    unknown = np.ones(nothing.shape, dtype=np.bool_)
    seeds = sample_seeds(seed, count)
    columns = fill_cells(network, nothing, unknown, seeds=seeds, plan=plan, facts=facts, mean_speed=True)
    empty, source = _template(wish, frames)
    return [_motion(values, empty, source, f"{i + 1:02d}") for i, values in enumerate(columns)]


def _template(wish: Wish, frames: int) -> tuple[Trial, PublishedColumns]:
    """Make a person who stands in the default pose, at the origin and facing forward."""
    model = scaled_generic(wish.height_m, wish.mass_kg)
    coupled = {coupler.dependent for coupler in model.couplers}
    names = tuple(name for name in model.coordinates if name not in coupled)
    time = np.arange(frames) / RATE
    default = np.array([model.coordinates[name].default for name in names])
    subject = Subject(model, wish.mass_kg, wish.height_m, generic=True)
    empty = Trial(
        "motion",
        time,
        names,
        np.repeat(default[None], frames, axis=0),
        np.ones(len(names), dtype=np.bool_),
        subject,
        Surface(),
        provenance={"rotation_unit": "degrees", "model": model.name},
    )
    every = np.ones(len(PUBLISHED_63.names), dtype=np.bool_)
    source = PublishedColumns(
        time=time,
        values=np.zeros((frames, len(every))),
        missing=every,
        kinetics_valid=np.ones((frames, 2), dtype=np.bool_),
        alignment=Alignment(0.0, 0.0),
        heading="axis",
        pelvis=np.zeros((frames, 3)),
        height_m=wish.height_m,
        mass_kg=wish.mass_kg,
        belt_speed=0.0,
    )
    return empty, source


def _motion(values: Array, empty: Trial, source: PublishedColumns, name: str) -> NewMotion:
    moved = stand_on_floor(trial_of_columns(values, source, empty))
    rest = np.array([canonical(n) in DROPPED or canonical(n) not in FULL_BODY for n in moved.coordinates])
    bearing = forces_of_columns(values, source, moved, floor_height=0.0).force[..., 1]
    contact = bearing > _BEARING * moved.body_weight
    every = np.repeat(~rest[None], len(moved.time), axis=0)
    planted = plant_feet(moved, every, contact, velocity=_HELD)
    trial = replace(planted, name=name, missing=rest)
    return NewMotion(trial, forces_of_columns(values, source, trial, floor_height=0.0))
