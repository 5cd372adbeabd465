"""From a trial to the 63 columns and back, over clocks, headings, belts and models."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from gaitdynamics.columns import FULL_BODY
from gaitdynamics.errors import ConventionError, UserInputError
from gaitdynamics.features.published.clock import model_clock, on_clock
from gaitdynamics.features.published.schema import DROPPED, PUBLISHED_63
from gaitdynamics.features.published.skeleton import coordinate_signs, foot_origins
from gaitdynamics.features.published.trial import columns_of_trial, forces_of_columns, trial_of_columns
from gaitdynamics.model import Axis, Joint, Model
from gaitdynamics.signals import resample
from gaitdynamics.trial import FootForces, Surface, Trial
from transformations import moved

KINETIC = list(PUBLISHED_63.kinetic)
KINEMATIC = list(PUBLISHED_63.kinematic)


@pytest.fixture(scope="module")
def trial(example_trial: Trial) -> Trial:
    """Three seconds of the example walk, with forces made for it: points 5 cm before the heels, feet in turns."""
    frames = slice(100, 400)
    cut = replace(example_trial, time=example_trial.time[frames], values=example_trial.values[frames])
    phase = 2 * np.pi * (cut.time[:, None] - np.array([0.0, 0.5]))
    up = np.maximum(np.sin(phase), 0.0)
    force = 700.0 * up[..., None] * np.array([0.1, 1.0, -0.05])
    force[up * 700.0 < 25.0] = 0.0
    cop = foot_origins(cut) + np.array([0.05, -0.03, 0.01])
    cop[force[..., 1] == 0.0] = 0.0
    return replace(cut, forces=FootForces(cut.time, force, cop))


def at_rate(trial: Trial, rate: float) -> Trial:
    time = trial.time[0] + np.arange(int((trial.time[-1] - trial.time[0]) * rate) + 1) / rate
    return replace(trial, time=time, values=resample(trial.values, trial.time, time))


def without(trial: Trial, *names: str) -> Trial:
    return replace(trial, missing=np.array([name in names for name in trial.coordinates]))


def measured() -> list[int]:
    """Places of the coordinates that the columns hold."""
    return [FULL_BODY.index(name) for name in FULL_BODY if name not in DROPPED]


@pytest.mark.parametrize("yaw", [0.0, 2.0, 3.1])
def test_round_trip_of_motion_and_forces(trial, yaw):
    turned = moved(trial, yaw=yaw, shift=(2.0, 0.0, -1.0))
    c, s = np.cos(yaw), np.sin(yaw)
    turn = np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]])
    force, cop = trial.forces.force @ turn.T, trial.forces.cop @ turn.T + np.array([2.0, 0.0, -1.0])
    cop[force[..., 1] == 0.0] = 0.0
    turned = replace(turned, forces=FootForces(trial.time, force, cop))
    columns = columns_of_trial(turned)
    assert not columns.missing.any()
    np.testing.assert_allclose(columns.values, columns_of_trial(trial).values, atol=1e-6)
    back = trial_of_columns(columns.values, columns, turned, keep_measured=False)
    change = back.values[:, measured()] - turned.values[:, measured()]
    np.testing.assert_allclose(np.angle(np.exp(1j * change)), 0.0, atol=1e-9)
    forces = forces_of_columns(columns.values, columns, turned)
    np.testing.assert_allclose(forces.force, force, atol=1e-9)
    np.testing.assert_allclose(forces.cop, cop, atol=1e-9)


def test_the_integrated_pelvis_stays_within_millimetres(trial):
    columns = columns_of_trial(trial)
    back = trial_of_columns(columns.values, columns, trial, keep_measured=False, keep_pelvis=False)
    error = np.abs(back.values[:, 3:6] - trial.values[:, 3:6]).max(axis=0)
    assert error.max() < 0.005
    published = trial_of_columns(columns.values, columns, trial, published=True)
    lead = published.column("pelvis_tx") - trial.column("pelvis_tx")
    # The published code leads by one frame of a walk at 1.3 m/s.
    assert lead.mean() == pytest.approx(0.013, abs=0.002)
    assert not published.column("mtp_angle_r").any()


def test_a_treadmill_gives_the_columns_of_the_floor(trial):
    values = trial.values.copy()
    values[:, 3] -= 1.25 * (trial.time - trial.time[0])
    belt = replace(trial, values=values, surface=Surface("treadmill", 1.25), forces=None)
    floor = columns_of_trial(replace(trial, forces=None))
    # The belt runs along the median heading of the pelvis, which is not exactly X.
    heading = floor.alignment.turn
    assert abs(heading) < 0.05
    columns = columns_of_trial(belt)
    inside = slice(40, -40)  # the published filter disturbs the ends of a steady motion
    sideways = 1.25 * abs(np.sin(heading)) / trial.subject.height_m
    np.testing.assert_allclose(columns.values[inside], floor.values[inside], atol=1.001 * sideways + 1e-9)
    np.testing.assert_allclose(columns.values[:, 0], floor.values[:, 0], rtol=0.03)
    back = trial_of_columns(columns.values, columns, belt, keep_measured=False, keep_pelvis=False)
    assert np.abs(back.values[:, 3:6] - values[:, 3:6]).max() < 0.005


@pytest.mark.parametrize(
    ("frames", "rate", "expected"), [(300, 200, 150), (240, 120, 200), (600, 250, 240), (150, 60, 249)]
)
def test_the_published_clock(frames, rate, expected):
    time = 4.0 + np.arange(frames) / rate
    clock = model_clock(time, published=True)
    assert len(clock) == expected
    assert clock[-1] < time[-1]
    own = model_clock(time)
    assert own[-1] <= time[-1] + 1e-9 < own[-1] + 0.01 + 2e-9
    np.testing.assert_allclose(np.diff(own), 0.01)
    np.testing.assert_allclose(np.diff(clock), 0.01)


@pytest.mark.parametrize("rate", [60.0, 200.0])
def test_the_rate_of_the_recording_hardly_matters(trial, rate):
    reference, other = columns_of_trial(trial), columns_of_trial(at_rate(trial, rate))
    n = len(other.time)
    inside = slice(20, n - 20)
    # 63 columns have different units; 1e-3 of each column's own range is small in any.
    error = np.abs(other.values[inside] - reference.values[:n][inside])
    span = np.ptp(reference.values, axis=0)
    assert (error[:, KINEMATIC].max(axis=0) < 0.01 * span[KINEMATIC]).all()
    forces = forces_of_columns(reference.values, reference, at_rate(trial, rate))
    assert len(forces.time) == len(at_rate(trial, rate).time)


def test_forces_of_a_faster_plate_land_on_the_same_columns(trial):
    fast = trial.time[0] + np.arange(2991) / 1000.0
    force, cop = (
        np.stack([np.interp(fast, trial.time, x) for x in array.reshape(len(trial.time), -1).T], -1).reshape(-1, 2, 3)
        for array in (trial.forces.force, trial.forces.cop)
    )
    other = columns_of_trial(replace(trial, forces=FootForces(fast, force, cop)))
    np.testing.assert_allclose(other.values[:, 9:12], columns_of_trial(trial).values[:, 9:12], atol=1e-9)
    assert other.kinetics_valid.all()
    short = columns_of_trial(replace(trial, forces=FootForces(fast[:1500], force[:1500], cop[:1500])))
    assert short.kinetics_valid[:150].all()
    assert not short.kinetics_valid[152:].any()


def test_what_was_not_measured_is_marked_and_filled_from_the_columns(trial):
    partial = without(replace(trial, forces=None), "lumbar_bending", "knee_angle_l")
    columns = columns_of_trial(partial)
    gone = {PUBLISHED_63.names[i] for i in np.flatnonzero(columns.missing)}
    assert {n for n in gone if "force" in n} == {PUBLISHED_63.names[i] for i in KINETIC}
    expected = {f"lumbar_{k}" for k in range(6)} | {f"lumbar_{a}_angular_vel" for a in "xyz"}
    assert {n for n in gone if "force" not in n} == expected | {"knee_angle_l", "knee_angle_l_vel"}
    completed = columns.values.copy()
    completed[:, PUBLISHED_63.index("knee_angle_l")] = 0.7
    completed[:, PUBLISHED_63.index("knee_angle_r")] = 0.7  # known: must not be taken
    completed[:, PUBLISHED_63.indices(f"lumbar_{k}" for k in range(6))] = [1, 0, 0, 0, 1, 0]
    filled = trial_of_columns(completed, columns, partial)
    np.testing.assert_allclose(filled.column("knee_angle_l"), 0.7)
    assert np.abs(filled.column("lumbar_bending")).max() < 1e-9
    same = [n for n in trial.coordinates if n not in ("knee_angle_l", "lumbar_bending")]
    for name in same:
        np.testing.assert_array_equal(filled.column(name), trial.column(name))
    np.testing.assert_array_equal(filled.missing, partial.missing)


@pytest.mark.parametrize("yaw", [0.0, 2.0, np.pi])
def test_without_its_yaw_the_path_of_the_pelvis_tells_the_walking_direction(trial, yaw):
    known = columns_of_trial(replace(trial, forces=None))
    turned = without(moved(replace(trial, forces=None), yaw=yaw), "pelvis_rotation")
    # What stands for the yaw must not matter.
    turned.values[:, turned.coordinates.index("pelvis_rotation")] = 1.0
    columns = columns_of_trial(turned)
    assert columns.heading == "path"
    assert not columns.missing[:3].any()
    # The walk of the example leads within half a degree along the median yaw of its pelvis.
    np.testing.assert_allclose(columns.values[:, :3], known.values[:, :3], atol=0.01)
    for partial in (
        replace(turned, surface=Surface("treadmill", 1.3)),
        without(turned, "pelvis_rotation", "pelvis_tz"),
    ):
        columns = columns_of_trial(partial)
        assert columns.heading == "axis"
        assert columns.alignment.turn == 0.0


def test_tilt_and_list_are_not_needed_for_the_walking_direction(trial):
    partial = without(moved(replace(trial, forces=None), yaw=2.0), "pelvis_tilt", "pelvis_list")
    columns = columns_of_trial(partial)
    assert columns.heading == "pelvis"
    assert columns.missing[PUBLISHED_63.index("pelvis_0")]


def test_one_horizontal_translation_is_known_without_the_other_only_along_the_axes(trial):
    along = without(replace(trial, forces=None), "pelvis_tz")
    assert columns_of_trial(along).missing[:3].tolist() == [False, False, True]
    assert columns_of_trial(moved(along, yaw=np.pi)).missing[:3].tolist() == [False, False, True]
    assert columns_of_trial(moved(along, yaw=0.4)).missing[:3].tolist() == [True, False, True]
    assert columns_of_trial(moved(along, yaw=0.4), published=True).missing[:3].tolist() == [False, False, True]


def test_missing_joints_are_zero_in_the_published_way(trial):
    partial = without(replace(trial, forces=None), "hip_rotation_r", "pelvis_tz")
    columns = columns_of_trial(partial, published=True)
    np.testing.assert_allclose(columns.values[:, 27:33], np.tile([1.0, 0, 0, 0, 1, 0], (len(columns.time), 1)))
    np.testing.assert_allclose(columns.missing.nonzero()[0], [2, *KINETIC, *range(27, 33), 48, 49, 50])


def with_reversed_axes(model: Model, coordinate: str) -> Model:
    """The same skeleton, in which one coordinate counts the other way round."""

    def turned(joint: Joint) -> Joint:
        axes = tuple(
            Axis(tuple(-x for x in a.direction), a.function, a.coordinate) if a.coordinate == coordinate else a
            for a in joint.rotations
        )
        return replace(joint, rotations=axes)

    return replace(model, joints=tuple(turned(joint) for joint in model.joints))


def test_a_model_that_counts_an_angle_the_other_way_gives_the_same_columns(trial):
    name = "ankle_angle_r"
    model = with_reversed_axes(trial.subject.model, name)
    assert coordinate_signs(trial.subject.model).tolist() == [1.0] * 23
    assert coordinate_signs(model)[FULL_BODY.index(name)] == -1.0
    values = trial.values.copy()
    values[:, trial.coordinates.index(name)] *= -1.0
    other = replace(trial, values=values, subject=replace(trial.subject, model=model))
    columns = columns_of_trial(other)
    np.testing.assert_allclose(columns.values, columns_of_trial(trial).values, atol=1e-9)
    back = trial_of_columns(columns.values, columns, other, keep_measured=False)
    np.testing.assert_allclose(back.column(name), other.column(name), atol=1e-9)


def test_another_axis_under_a_known_name_is_refused(trial):
    def swapped(joint: Joint) -> Joint:
        if joint.child != "femur_r":
            return joint
        first, second, third = joint.rotations
        exchanged = (replace(first, direction=second.direction), replace(second, direction=first.direction))
        return replace(joint, rotations=(*exchanged, third))

    model = replace(trial.subject.model, joints=tuple(swapped(j) for j in trial.subject.model.joints))
    with pytest.raises(ConventionError, match="hip_flexion_r"):
        coordinate_signs(model)


def test_what_is_needed_is_asked_for(trial):
    unknown = replace(trial, subject=replace(trial.subject, height_m=None))
    with pytest.raises(UserInputError, match="body height"):
        columns_of_trial(unknown)
    with pytest.raises(UserInputError, match="15 frames"):
        columns_of_trial(replace(trial, time=trial.time[:15], values=trial.values[:15], forces=None))


@pytest.mark.parametrize("rate", [60.0, 120.0])
def test_all_coordinates_come_back_on_the_clock_of_the_recording(trial, rate):
    recorded = at_rate(replace(trial, forces=None), rate)
    columns = columns_of_trial(recorded)
    back = trial_of_columns(columns.values, columns, recorded, keep_measured=False)
    error = np.abs(back.values - recorded.values)[:, measured()]
    assert error.max() < 0.005
    np.testing.assert_array_equal(back.time, recorded.time)


def test_a_fast_vibration_does_not_fold_down_except_in_the_published_way():
    time = np.arange(400) / 200.0
    vibration = np.sin(2 * np.pi * 70.0 * time)[:, None]
    clock = model_clock(time)
    own = on_clock(vibration, time, clock, turning=[0])
    published = on_clock(vibration, time, model_clock(time, published=True), turning=[0], published=True)
    assert np.abs(own[20:-20]).max() < 0.1
    assert np.abs(published).max() > 0.9


def test_angles_that_jump_by_a_turn_are_continuous(trial):
    values = trial.values.copy()
    column = trial.coordinates.index("hip_rotation_r")
    values[150:, column] += 2 * np.pi
    jumping = replace(trial, values=values, forces=None)
    reference = columns_of_trial(replace(trial, forces=None))
    np.testing.assert_allclose(columns_of_trial(jumping).values, reference.values, atol=1e-9)
    # Between two frames a jump would be a rotation that never was.
    between = on_clock(values, trial.time, trial.time[:-1] + 0.005, turning=[column])
    assert np.abs(np.diff(between[:, column])).max() < 0.1
