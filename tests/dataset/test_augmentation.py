"""Augmented trials obey Newton's law where the original did; noise and sensors are what they say."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from gaitdynamics.body.generic import generic_model
from gaitdynamics.columns import FULL_BODY, LUMBAR
from gaitdynamics.dataset import Catalogue
from gaitdynamics.dataset.augmentation import (
    add_joint_noise,
    change_rate,
    change_tempo,
    newton_wrench,
    without_coordinates,
)
from gaitdynamics.files.motion import read_trial
from gaitdynamics.files.storage import read_storage, write_storage
from gaitdynamics.trial import FootForces, Subject, Surface, Trial
from walking_with_forces import EXAMPLE, with_forces


def wrench(forces: FootForces) -> np.ndarray:
    """Total force and moment about the origin (T, 6)."""
    moment = np.cross(forces.cop, forces.force).sum(1)
    moment[:, 1] += forces.free_moment.sum(1)
    return np.concatenate([forces.force.sum(1), moment], axis=1)


def newton(trial: Trial, cutoff: float | None) -> np.ndarray:
    force_0, moment_0, force, moment = newton_wrench(trial, cutoff)
    return np.concatenate([force_0 + force, moment_0 + moment], axis=1)


@pytest.fixture(scope="module")
def newtonian(example_trial: Trial) -> Trial:
    """The example walk with forces that obey Newton and Euler exactly, on feet with apart centres of pressure."""
    trial = replace(example_trial, time=example_trial.time[:250], values=example_trial.values[:250])
    demanded = newton(trial, 6.0)
    force, moment = demanded[:, :3], demanded[:, 3:]
    share = 0.5 + 0.4 * np.sin(np.arange(250) / 15.0)
    shares = np.stack([share, 1.0 - share], axis=1)
    # Where the whole force acts on y = 0, and from there the feet apart so that the moments stay the same.
    point = np.stack([moment[:, 2] / force[:, 1], np.zeros(250), -moment[:, 0] / force[:, 1]], axis=1)
    apart = np.array([0.1, 0.0, 0.08])
    cop = point[:, None] + np.stack([shares[:, 1:] * apart, -shares[:, :1] * apart], axis=1)
    feet = shares[..., None] * force[:, None]
    lacking = moment[:, 1] - np.cross(cop, feet).sum(1)[:, 1]
    return replace(trial, forces=FootForces(trial.time, feet, cop, shares * lacking[:, None]))


@pytest.mark.parametrize("factor", [0.85, 1.0, 1.07, 1.3])
def test_a_newtonian_walk_stays_newtonian_at_another_tempo(newtonian: Trial, factor: float) -> None:
    np.testing.assert_allclose(wrench(newtonian.forces), newton(newtonian, 6.0), rtol=1e-9, atol=1e-8)
    changed = change_tempo(newtonian, factor, cutoff=6.0)
    assert changed.time[-1] - changed.time[0] == pytest.approx(factor * (newtonian.time[-1] - newtonian.time[0]))
    np.testing.assert_array_equal(changed.values, newtonian.values)
    # The same band of the slower motion ends at a lower frequency.
    demanded = newton(changed, 6.0 / factor)
    np.testing.assert_allclose(wrench(changed.forces), demanded, rtol=1e-8, atol=1e-6)
    if factor != 1.0:
        assert np.abs(demanded - newton(newtonian, 6.0)).max() > 10.0


def test_no_change_of_tempo_changes_nothing(newtonian: Trial) -> None:
    assert change_tempo(newtonian, 1.0) is newtonian
    same = change_tempo(newtonian, 1.0 + 1e-12)
    np.testing.assert_allclose(same.forces.force, newtonian.forces.force, atol=1e-6)
    np.testing.assert_allclose(same.forces.cop, newtonian.forces.cop, atol=1e-9)
    np.testing.assert_allclose(same.forces.free_moment, newtonian.forces.free_moment, atol=1e-6)


def bouncing(amplitude: float, frequency: float) -> Trial:
    """The whole body up and down as one piece, on both feet alike."""
    model = generic_model()
    time = np.arange(201) / 100.0
    values = np.tile([model.coordinates[name].default for name in FULL_BODY], (201, 1))
    lift = amplitude * np.sin(2 * np.pi * frequency * time)
    values[:, FULL_BODY.index("pelvis_ty")] += lift
    force = np.zeros((201, 2, 3))
    force[..., 1] = 0.5 * model.mass * (9.80665 - (2 * np.pi * frequency) ** 2 * lift)[:, None]
    cop = np.zeros((201, 2, 3))
    cop[..., 2] = [0.08, -0.08]
    return Trial(
        "bounce",
        time,
        FULL_BODY,
        values,
        np.zeros(len(FULL_BODY), dtype=bool),
        Subject(model, model.mass),
        Surface("treadmill", 1.2),
        FootForces(time, force, cop),
    )


def test_gravity_stays_and_inertia_scales_by_the_square() -> None:
    trial = bouncing(0.02, 1.5)
    changed = change_tempo(trial, 1.25, cutoff=None)
    weight = trial.body_weight
    expected = weight + (trial.forces.force[..., 1].sum(1) - weight) / 1.25**2
    np.testing.assert_allclose(changed.forces.force[20:-20, :, 1].sum(1), expected[20:-20], atol=1e-3 * weight)
    assert changed.surface.belt_speed == pytest.approx(1.2 / 1.25)


def test_what_no_ground_can_do_is_marked() -> None:
    # Three bounces of 2 cm in a second take 0.7 g; five of them 2 g, so that the body would have to be pulled down.
    slow, fast = (change_tempo(bouncing(0.02, 3.0), factor) for factor in (1.1, 0.6))
    assert slow.forces.valid.all()
    assert 0.3 < fast.forces.valid.mean() < 0.8
    assert (fast.forces.force[..., 1] >= 0.0).all()


@pytest.mark.parametrize("left", [0.0, 5.0])
def test_flight_cannot_be_stretched(left: float) -> None:
    flying = bouncing(0.02, 1.0)
    force = flying.forces.force.copy()
    force[15:35, :, 1] = left  # newtons of noise are no contact
    changed = change_tempo(replace(flying, forces=replace(flying.forces, force=force)), 1.3)
    assert changed.forces.valid[:14].all()
    assert not changed.forces.valid[15:35].any()


def test_frames_with_a_foot_that_is_not_valid_become_not_valid(newtonian: Trial) -> None:
    valid = np.ones((250, 2), dtype=bool)
    valid[30:60, 1] = False
    changed = change_tempo(replace(newtonian, forces=replace(newtonian.forces, valid=valid)), 1.05)
    assert not changed.forces.valid[30:60].any()


def test_tempo_needs_forces_and_a_positive_factor(newtonian: Trial) -> None:
    with pytest.raises(ValueError, match="positive"):
        change_tempo(newtonian, 0.0)
    with pytest.raises(ValueError, match="forces on the rows"):
        change_tempo(replace(newtonian, forces=None), 1.1)


@pytest.mark.parametrize("label", ["Rajagopal2016/subject01/walk", "Fukuchi2017/subject01/run250"])
def test_a_real_trial_misses_newton_by_no_more_than_before(data_folder, label: str) -> None:
    record = next(r for r in Catalogue.read(data_folder).select(split="train") if r.label == label)
    trial = record.load()
    frames = min(len(trial.time), 400)
    forces = trial.forces
    parts = {"force": forces.force, "cop": forces.cop, "valid": forces.valid, "free_moment": forces.free_moment}
    short = replace(
        trial,
        time=trial.time[:frames],
        values=trial.values[:frames],
        forces=FootForces(forces.time[:frames], **{name: x[:frames] for name, x in parts.items()}),
    )
    changed = change_tempo(short, 1.08)
    good = changed.forces.valid.all(1)
    before = (wrench(short.forces) - newton(short, 10.0))[good]
    after = (wrench(changed.forces) - newton(changed, 10.0 / 1.08))[good]
    np.testing.assert_allclose(after, before, atol=1e-6 * short.body_weight)
    down = short.forces.force[..., 1].sum(1) > 20.0
    flight = (~down & short.forces.valid.all(1)).mean()
    # Walking can be slowed by 8 % in nearly all frames; flight cannot be stretched.
    assert good[short.forces.valid.all(1)].mean() > 0.8 - flight
    assert not good[~down].any()


def test_noise_is_smooth_and_of_the_size_that_was_asked_for(example_trial: Trial) -> None:
    noisy = add_joint_noise(example_trial, 0.5, cutoff=2.0, seed=4)
    added = np.degrees(noisy.values - example_trial.values)
    turning = [name not in ("pelvis_tx", "pelvis_ty", "pelvis_tz") for name in example_trial.coordinates]
    turning &= ~example_trial.missing
    assert not added[:, ~turning].any()
    assert np.sqrt((added[:, turning] ** 2).mean()) == pytest.approx(0.5, rel=0.1)
    window = np.hanning(len(added))[:, None]
    power = np.abs(np.fft.rfft(added[:, turning] * window, axis=0)) ** 2
    frequency = np.fft.rfftfreq(len(added), 1.0 / example_trial.rate)
    assert power[frequency > 2.3].sum() < 1e-5 * power.sum()
    again = add_joint_noise(example_trial, 0.5, cutoff=2.0, seed=4)
    np.testing.assert_array_equal(again.values, noisy.values)
    assert np.abs(add_joint_noise(example_trial, 0.5, cutoff=2.0, seed=5).values - noisy.values).max() > 1e-3


def test_a_slower_sensor_sees_the_same_movement_without_what_it_cannot_carry(example_trial: Trial) -> None:
    time, knee = example_trial.time, example_trial.coordinates.index("knee_angle_r")
    values = example_trial.values.copy()
    values[:, knee] = 0.5 + 0.2 * np.sin(2 * np.pi * 1.0 * time) + 0.1 * np.sin(2 * np.pi * 40.0 * time)
    slow = change_rate(example_trial.with_values(values), 50.0)
    assert slow.rate == pytest.approx(50.0)
    assert slow.time[0] == time[0]
    assert time[-1] - slow.time[-1] < 0.02
    expected = 0.5 + 0.2 * np.sin(2 * np.pi * 1.0 * slow.time)
    np.testing.assert_allclose(slow.values[10:-10, knee], expected[10:-10], atol=2e-3)
    back = change_rate(change_rate(example_trial, 200.0), 100.0)
    np.testing.assert_allclose(back.values[10:-10], example_trial.values[10:-10], atol=2e-3)


def test_a_slower_sensor_does_not_stumble_over_a_full_turn(example_trial: Trial) -> None:
    heading = example_trial.coordinates.index("pelvis_rotation")
    values = example_trial.values.copy()
    values[:, heading] += np.where(np.arange(len(values)) < 500, 0.0, 2 * np.pi)
    turned, plain = (change_rate(example_trial.with_values(v), 60.0) for v in (values, example_trial.values))
    np.testing.assert_allclose(np.cos(turned.values[:, heading]), np.cos(plain.values[:, heading]), atol=1e-9)


def test_forgotten_coordinates_have_the_substitutes_of_reading_without_them(example_trial, tmp_path) -> None:
    table = read_storage(EXAMPLE / "walking.mot")
    kept = [k for k, label in enumerate(table.labels) if label not in (*LUMBAR, "subtalar_angle_r")]
    path = tmp_path / "walking.mot"
    write_storage(path, [table.labels[k] for k in kept], table.data[:, kept], name="walking", in_degrees=True)
    read = read_trial(path, model=EXAMPLE / "subject.osim", surface=Surface())
    forgotten = without_coordinates(example_trial, ["lumbar_bending", "subtalar_r"])
    np.testing.assert_array_equal(forgotten.missing, read.missing)
    np.testing.assert_allclose(forgotten.values, read.values, atol=1e-9)
    with pytest.raises(KeyError):
        without_coordinates(example_trial, ["elbow"])


def test_forces_stay_on_their_own_clock_when_the_sensor_changes(example_trial: Trial) -> None:
    trial = with_forces(example_trial, 120)
    assert change_rate(trial, 50.0).forces is trial.forces
