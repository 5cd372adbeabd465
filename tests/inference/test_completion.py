"""Completing a motion, with a fill that knows the truth: what must come back, and how near."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from gaitdynamics.columns import LUMBAR, PELVIS_ROTATIONS, PELVIS_TRANSLATIONS, SIDES
from gaitdynamics.dataset.catalogue import Catalogue
from gaitdynamics.errors import UserInputError
from gaitdynamics.features.body_state import body_state
from gaitdynamics.features.floor import estimate_floor
from gaitdynamics.features.published.schema import PUBLISHED_63
from gaitdynamics.features.published.skeleton import foot_origins
from gaitdynamics.features.published.trial import columns_of_trial, forces_of_columns
from gaitdynamics.inference.completion import Fill, complete_trial
from gaitdynamics.trial import Surface, Trial
from transformations import moved

KINEMATIC = list(PUBLISHED_63.kinematic)
HIPS = tuple(f"hip_{part}_{side}" for side in SIDES for part in ("flexion", "adduction", "rotation"))
GROUPS = {
    "knees": ("knee_angle_r", "knee_angle_l"),
    "one knee": ("knee_angle_r",),
    "hips": HIPS,
    "part of a hip": HIPS[2:3],
    "ankles": tuple(f"{name}_angle_{side}" for name in ("ankle", "subtalar") for side in SIDES),
    "trunk": LUMBAR,
    "pelvis rotations": PELVIS_ROTATIONS,
    "pelvis translations": PELVIS_TRANSLATIONS,
    "pelvis": PELVIS_ROTATIONS + PELVIS_TRANSLATIONS,
    "all but the knees": PELVIS_ROTATIONS + PELVIS_TRANSLATIONS + HIPS + LUMBAR,
}


@pytest.fixture(scope="module")
def trial(example_trial: Trial) -> Trial:
    """Three seconds of the example."""
    return replace(example_trial, time=example_trial.time[:301], values=example_trial.values[:301])


def without(trial: Trial, *names: str) -> Trial:
    """Forget coordinates: constants stand for them."""
    gone = np.isin(trial.coordinates, names)
    return replace(trial, values=np.where(gone, 0.1, trial.values), missing=trial.missing | gone)


def truth_about(trial: Trial) -> Fill:
    """Fill with the columns of the whole trial; all that is known must have been handed over right."""
    true = columns_of_trial(replace(trial, forces=None)).values

    def fill(values: np.ndarray, unknown: np.ndarray) -> np.ndarray:
        known = [c for c in KINEMATIC if not unknown[:, c].any()]
        np.testing.assert_allclose(values[:, known], true[:, known], atol=0.02)
        return np.where(unknown, true, values)

    return fill


def test_a_complete_motion_stays_what_it_is(trial: Trial) -> None:
    def never(values: np.ndarray, missing: np.ndarray) -> np.ndarray:
        raise AssertionError

    completion = complete_trial(trial, never)
    assert completion.trial is trial
    np.testing.assert_array_equal(completion.columns.values, columns_of_trial(trial).values)


@pytest.mark.parametrize("names", GROUPS.values(), ids=GROUPS)
def test_the_truth_comes_back_and_the_measured_stays(trial: Trial, names: tuple[str, ...]) -> None:
    completion = complete_trial(without(trial, *names), truth_about(trial))
    completed = completion.trial
    assert set(completed.generated) == set(names)
    assert {n for n, gone in zip(completed.coordinates, completed.missing, strict=True) if gone} == set(names)
    for index, name in enumerate(trial.coordinates):
        if name not in names:
            np.testing.assert_array_equal(completed.values[:, index], trial.values[:, index], err_msg=name)
    told = [w for w in completed.warnings if w.startswith("coordinates that were generated, not measured: ")]
    assert all(name in told[0] for name in names)
    # Rotations exactly; the path of the pelvis but for where it starts, its height but for the thickness of the soles.
    change = completed.values - trial.values
    for name in set(names) - set(PELVIS_TRANSLATIONS):
        np.testing.assert_allclose(change[:, trial.coordinates.index(name)], 0.0, atol=0.01, err_msg=name)
    for name in set(names) & set(PELVIS_TRANSLATIONS):
        # Without its yaw the median heading, a third of a degree here, is lost: 2 cm over 4 m.
        assert np.ptp(change[:, trial.coordinates.index(name)]) < (0.03 if "pelvis_rotation" in names else 0.01), name
    if "pelvis_ty" in names:
        assert estimate_floor(body_state(completed)).from_feet == pytest.approx(0.0, abs=1e-3)
    assert not completion.columns.missing[KINEMATIC].any()
    np.testing.assert_allclose(
        completion.columns.values[:, KINEMATIC[3:]], columns_of_trial(trial).values[:, KINEMATIC[3:]], atol=0.05
    )


@pytest.mark.parametrize("label", ["Rajagopal2016/subject01/walk", "Fukuchi2017/subject01/run250"])
def test_the_path_of_a_real_pelvis_comes_back_from_its_velocities(data_folder, label: str) -> None:
    """Up to where it starts within 2 mm (10 Hz filter), in height within 5 mm up to the level of the feet."""
    (record,) = [r for r in Catalogue.read(data_folder) if r.label == label]
    trial = replace(record.load(), forces=None)
    trial = replace(trial, subject=replace(trial.subject, height_m=1.7))
    frames = min(len(trial.time), round(20 * trial.rate))
    trial = replace(trial, time=trial.time[:frames], values=trial.values[:frames])
    completed = complete_trial(without(trial, *PELVIS_TRANSLATIONS), truth_about(trial)).trial
    x, y, z = (completed.column(name) - trial.column(name) for name in PELVIS_TRANSLATIONS)
    assert np.abs(x - x[0]).max() < 0.002
    assert np.abs(z - z[0]).max() < 0.002
    assert np.abs(y - y.mean()).max() < 0.005
    # The floor rule sets the feet on y = 0; in the recording they seem to stand somewhat above or below.
    level = estimate_floor(body_state(trial)).from_feet
    assert y.mean() == pytest.approx(-level, abs=0.005)
    assert estimate_floor(body_state(completed)).from_feet == pytest.approx(0.0, abs=1e-3)


@pytest.mark.parametrize("yaw", [0.0, 0.7, np.pi])
def test_any_walking_direction_and_belt(trial: Trial, yaw: float) -> None:
    turned = moved(trial, yaw=yaw)
    for gone in (("pelvis_tx",), ("pelvis_tz",), ("pelvis_tx", "pelvis_tz")):
        completed = complete_trial(without(turned, *gone), truth_about(turned)).trial
        for name in gone:
            assert np.ptp(completed.column(name) - turned.column(name)) < 0.03
    values = trial.values.copy()
    values[:, trial.coordinates.index("pelvis_tx")] -= 1.25 * trial.time
    belt = replace(trial, values=values, surface=Surface("treadmill", 1.25))
    completed = complete_trial(without(belt, *PELVIS_ROTATIONS, *PELVIS_TRANSLATIONS), truth_about(belt)).trial
    assert np.ptp(completed.column("pelvis_tx") - belt.column("pelvis_tx")) < 0.01


def test_without_a_known_heading_people_walk_along_x(trial: Trial) -> None:
    turned = moved(trial, yaw=1.0)
    gone = (*PELVIS_ROTATIONS, *PELVIS_TRANSLATIONS)
    completed = complete_trial(without(turned, *gone), truth_about(trial)).trial
    assert np.ptp(completed.column("pelvis_tx") - trial.column("pelvis_tx")) < 0.2
    assert np.ptp(completed.column("pelvis_tz")) < 0.3
    assert "the walking direction is not known: it was taken to be along X" in completed.warnings
    path = complete_trial(without(turned, *PELVIS_ROTATIONS), truth_about(turned)).trial
    assert np.abs(path.column("pelvis_rotation") - turned.column("pelvis_rotation")).max() < 0.05
    assert any("direction of its path" in warning for warning in path.warnings)


def test_forces_belong_to_the_feet_of_the_completed_motion(trial: Trial) -> None:
    completion = complete_trial(without(trial, "knee_angle_r", "pelvis_ty"), truth_about(trial))
    height, load = trial.subject.height_m, 8.0
    kinetics = np.tile([0.0, load, 0.0, 0.05 * load / height, 0.0, 0.01 * load / height] * 2, (301, 1))
    forces = forces_of_columns(kinetics, completion.columns, completion.trial, floor_height=0.0)
    reach = completion.columns.alignment.to_aligned(forces.cop - foot_origins(completion.trial))
    np.testing.assert_allclose(reach[..., [0, 2]], np.broadcast_to([0.05, 0.01], (301, 2, 2)), atol=1e-9)
    # And the height that the rule gave is that of feet on the floor.
    assert foot_origins(completion.trial)[..., 1].min() == pytest.approx(0.03, abs=0.03)


def test_what_was_said_of_substitutes_is_taken_back(trial: Trial) -> None:
    partial = without(trial, *LUMBAR, "mtp_angle_r", "hip_rotation_r")
    partial = replace(
        partial,
        warnings=("the torso was held upright", "something else"),
        provenance={"substitute_warnings": ["the torso was held upright"], "ignored_columns": ["emg"]},
    )
    completed = complete_trial(partial, truth_about(trial)).trial
    assert completed.warnings[0] == "something else"
    said = " ".join(completed.warnings)
    assert "held upright" not in said
    assert "a substitute stands for them: mtp_angle_r" in said
    assert "columns of the file that were not used: emg" in said
    assert "of the same joint: hip_flexion_r, hip_adduction_r" in said
    assert completed.provenance["substituted_coordinates"] == ["mtp_angle_r"]


def test_a_model_without_a_coordinate_is_filled_for_the_networks_only(trial: Trial) -> None:
    kept = [i for i, name in enumerate(trial.coordinates) if not name.startswith("subtalar")]
    joints = tuple(
        replace(
            joint,
            rotations=tuple(replace(a, coordinate=None) for a in joint.rotations),
            translations=tuple(replace(a, coordinate=None) for a in joint.translations),
            coordinates=(),
        )
        if joint.child.startswith("calcn")
        else joint
        for joint in trial.subject.model.joints
    )
    stiff = replace(
        trial,
        subject=replace(trial.subject, model=replace(trial.subject.model, joints=joints)),
        coordinates=tuple(trial.coordinates[i] for i in kept),
        values=trial.values[:, kept],
        missing=trial.missing[kept],
    )
    completion = complete_trial(stiff, truth_about(trial))
    assert completion.trial.generated == ()
    np.testing.assert_array_equal(completion.trial.values, stiff.values)
    assert any("subtalar_angle_r, subtalar_angle_l" in warning for warning in completion.trial.warnings)
    angle = PUBLISHED_63.index("subtalar_angle_r")
    np.testing.assert_allclose(completion.columns.values[:, angle], columns_of_trial(trial).values[:, angle])
    assert not completion.columns.missing[KINEMATIC].any()


def test_from_nothing_nothing_is_made(trial: Trial) -> None:
    with pytest.raises(UserInputError, match="nothing to complete the motion from"):
        complete_trial(without(trial, *trial.coordinates), truth_about(trial))
