"""A walk whose forces are known in closed form."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from gaitdynamics.body.generic import generic_model
from gaitdynamics.columns import FULL_BODY
from gaitdynamics.tasks.results import ForceEstimate, WeightsInfo
from gaitdynamics.trial import FootForces, Subject, Surface, Trial

RATE = 1000.0
WEIGHT = 700.0
STANCE, STRIDE = 0.6, 1.0


def walk(
    direction: float = 0.0,
    belt: float = 0.0,
    seconds: float = 5.2,
    weight: float = WEIGHT,
    rate: float = RATE,
) -> tuple[FootForces, np.ndarray, np.ndarray]:
    """Walk at 1.2 m/s along `direction`: half-sine vertical and medial forces, a sine fore-aft.

    The right foot lands at 0.2, 1.2, ... s, the left half a stride later. The centre of pressure moves 0.2 m
    over the stance relative to the surface.
    """
    time = 3.0 + np.arange(round(seconds * rate)) / rate
    force = np.zeros((len(time), 2, 3))
    cop = np.zeros_like(force)
    forward = np.array([np.cos(direction), 0.0, -np.sin(direction)])
    right = np.array([np.sin(direction), 0.0, np.cos(direction)])
    for foot, (first, inward) in enumerate(((0.2, -right), (0.7, right))):
        phase = ((time - 3.0 - first) % STRIDE) / STANCE
        phase[time - 3.0 < first - STRIDE + STANCE] = 2.0
        on = phase < 1.0 - 1e-9
        up = 1.1 * np.sin(np.pi * phase[on])
        along = -0.2 * np.sin(2 * np.pi * phase[on])
        medial = 0.05 * np.sin(np.pi * phase[on])
        force[on, foot] = weight * (up[:, None] * [0, 1, 0] + along[:, None] * forward + medial[:, None] * inward)
        cop[on, foot] = (0.2 - belt * STANCE) * phase[on, None] * forward
    contact = force[..., 1] > 0
    return FootForces(time, force, cop), contact, np.tile(1.2 * forward, (len(time), 1))


def estimate(
    name: str = "walk", *, generic: bool = True, seconds: float = 5.2, folder: Path | None = None
) -> ForceEstimate:
    """Give the closed-form walk as an estimate, with the generic skeleton standing still."""
    model = generic_model()
    weight = model.mass * 9.80665
    forces, contact, velocity = walk(weight=weight, rate=100.0, seconds=seconds)
    values = np.tile([model.coordinates[c].default for c in FULL_BODY], (len(forces.time), 1))
    provenance: dict[str, object] = {"motion_file": f"{name}.mot", "motion_sha256": "ab" * 32}
    if folder is not None:
        provenance |= {"motion_path": str(folder / f"{name}.mot"), "model_path": str(folder / "subject.osim")}
    if not generic:
        provenance |= {"model_file": "subject.osim", "model_sha256": "ef" * 32}
    trial = Trial(
        name=name,
        time=forces.time,
        coordinates=FULL_BODY,
        values=values,
        missing=np.array([c.startswith("mtp") for c in FULL_BODY]),
        subject=Subject(model, model.mass, 1.7, generic=generic),
        surface=Surface(),
        provenance=provenance,
        warnings=("toes were not measured",),
    )
    return ForceEstimate(
        trial=trial,
        forces=forces,
        contact=contact,
        floor_height=0.01,
        floor_note="lowest points of the feet in stance",
        com_velocity=velocity,
        physics_force=forces.force.sum(axis=1) + np.array([0.0, 0.02 * weight, 0.0]),
        weights=WeightsInfo("synthetic", "cd" * 32, "made for a test"),
        warnings=("toes were not measured", "the walk is synthetic"),
        seed=3,
    )


def uncertain(estimate: ForceEstimate) -> ForceEstimate:
    """Give an estimate standard deviations that differ between feet and components, and from frame to frame."""
    forces = estimate.forces
    growing = np.linspace(1.0, 2.0, len(forces.time))[:, None, None]
    force = growing * np.array([[10.0, 40.0, 5.0], [12.0, 48.0, 6.0]])
    cop = np.where(estimate.contact[..., None], growing * np.array([[0.02, 0.0, 0.01], [0.025, 0.0, 0.015]]), 0.0)
    return replace(estimate, forces=replace(forces, force_sd=force, cop_sd=cop))
