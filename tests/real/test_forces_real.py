"""The packaged weights on people they never saw: coarse bounds that only a broken estimate misses.

Exact figures are the business of `benchmarks/task1_forces`; here a wrong unit, side, sign or time offset must show.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from gaitdynamics.dataset.catalogue import Catalogue
from gaitdynamics.inference.checkpoint import load_refiner
from gaitdynamics.tasks.forces import estimate_forces, physics_forces
from gaitdynamics.trial import FootForces, Trial

CASES = [("Arnold2013", "walk2", 4.0), ("Hamner2013", "run400", 8.0), ("Uhlrich2023", "walking1", 7.0)]


def vertical_error(trial: Trial, forces: FootForces, shift: int = 0) -> float:
    assert trial.forces is not None
    assert trial.forces.valid is not None
    estimate = np.roll(forces.force[..., 1], shift, axis=0)
    error = np.abs(estimate - trial.forces.force[..., 1])[trial.forces.valid]
    return float(100 * error.mean() / trial.body_weight)


@pytest.fixture(scope="module", params=CASES, ids=lambda case: case[0])
def case(request: pytest.FixtureRequest, data_folder: Path):
    study, name, bound = request.param
    record = next(r for r in Catalogue.read(data_folder).select(study=study) if r.trial == name)
    trial = record.load()
    return trial, estimate_forces(trial).forces, bound


def test_vertical_force_is_near_the_plates(case):
    trial, forces, bound = case
    assert vertical_error(trial, forces) < bound


def test_no_shift_in_time_fits_better(case):
    trial, forces, _ = case
    errors = {shift: vertical_error(trial, forces, shift) for shift in range(-6, 7)}
    assert abs(min(errors, key=lambda s: errors[s])) <= 2


def test_feet_are_not_exchanged(case):
    trial, forces, _ = case
    exchanged = FootForces(forces.time, forces.force[:, ::-1], forces.cop[:, ::-1])
    assert vertical_error(trial, exchanged) > 5 * vertical_error(trial, forces)


@pytest.mark.parametrize("axis", [0, 2], ids=["fore-aft", "medio-lateral"])
def test_horizontal_forces_follow_the_plates(case, axis, request):
    trial, forces, _ = case
    if axis == 2 and trial.surface.belt_speed > 3.0:
        # The sideways force of running is small, and is not followed well: a correlation of 0.50 at 4 m/s.
        request.node.add_marker(pytest.mark.xfail(strict=True, reason="sideways force of running"))
    measured = trial.forces.force[trial.forces.valid][:, axis]
    estimated = forces.force[trial.forces.valid][:, axis]
    assert np.corrcoef(measured, estimated)[0, 1] > 0.7


@pytest.mark.parametrize("axis", [0, 2], ids=["fore-aft", "medio-lateral"])
def test_the_opposite_sign_fits_worse(case, axis):
    trial, forces, _ = case
    measured = trial.forces.force[trial.forces.valid][:, axis]
    estimated = forces.force[trial.forces.valid][:, axis]
    assert np.abs(measured - estimated).mean() < np.abs(measured + estimated).mean()


def test_centre_of_pressure_is_under_the_right_foot(case):
    trial, forces, _ = case
    loaded = trial.forces.valid & (trial.forces.force[..., 1] > 50.0) & (forces.force[..., 1] > 50.0)
    distance = np.linalg.norm((forces.cop - trial.forces.cop)[loaded][:, [0, 2]], axis=-1)
    assert np.median(distance) < 0.06


def test_learning_adds_to_physics_on_unseen_walking(data_folder: Path):
    records = Catalogue.read(data_folder).select(study="Arnold2013")
    trials = [record.load() for record in records]
    learned = np.mean([vertical_error(t, estimate_forces(t).forces) for t in trials])
    ruled = np.mean([vertical_error(t, physics_forces(t)) for t in trials])
    assert learned < ruled


def test_no_test_person_had_a_part_in_training(data_folder: Path):
    training = load_refiner()[1].training
    catalogue = Catalogue.read(data_folder)
    used = set(training["studies"])
    assert used == {r.study for r in catalogue.select(split="train") if r.activity in ("walking", "running")}
    assert not used & {r.study for r in catalogue.select(split="test_unseen_study")}
