"""The 63 columns beside numbers that the published code gave, and what must hold for any motion."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.spatial.transform import Rotation

from gaitdynamics.columns import FULL_BODY
from gaitdynamics.features.published.forces import CONTACT_FORCE, normalise_forces, restore_forces
from gaitdynamics.features.published.rotations import (
    Alignment,
    align,
    angular_velocity,
    euler_to_matrix,
    find_alignment,
    matrix_to_euler,
    matrix_to_six,
    six_to_matrix,
    unalign,
)
from gaitdynamics.features.published.scaler import LIMIT, ColumnScaler
from gaitdynamics.features.published.schema import (
    BALL_JOINTS,
    DROPPED,
    HINGES,
    PUBLISHED_63,
    STATE_COLUMNS,
    columns_of_state,
    features_before_velocity,
    state_of_columns,
)
from gaitdynamics.features.published.velocity import SHORTEST, angle_rate_per_frame, published_low_pass

VECTORS = json.loads((Path(__file__).parents[2] / "data" / "published_feature_vectors.json").read_text())
RATE = 100.0
#: The published code works in single precision: values of order one carry some 1e-6 after a difference times 50.
CLOSE = {"rtol": 1e-5, "atol": 2e-6}

column = STATE_COLUMNS.index
inner_angles = st.floats(-3.1, 3.1)
middle_angles = st.floats(-1.5, 1.5)
euler = st.tuples(inner_angles, middle_angles, inner_angles).map(np.array)


@pytest.fixture(scope="module")
def state() -> np.ndarray:
    """The trial of the vectors: 200 frames of sines, the pelvis turned by 40 degrees."""
    time = np.arange(200) / RATE
    wave = 2 * np.pi * time
    state = np.stack(
        [0.2 * np.sin(wave + 0.4 * j) + 0.01 * j for j in range(23)]
        + [np.abs(np.sin(wave + 0.5 * j)) for j in range(23, 35)],
        axis=1,
    )
    state[:, column("pelvis_tx")] = 1.3 * time + 0.02 * np.sin(2 * wave)
    state[:, column("pelvis_ty")] = 0.95 + 0.02 * np.sin(2 * wave)
    state[:, column("pelvis_tz")] = 0.03 * np.sin(wave)
    state[:, column("pelvis_rotation")] += np.radians(40.0)
    return state


@pytest.fixture(scope="module")
def aligned(state: np.ndarray) -> np.ndarray:
    return align(state, find_alignment(state))


def test_the_schema_is_the_published_one():
    assert list(PUBLISHED_63.names) == VECTORS["column_names"]
    assert PUBLISHED_63.kinematic == (*range(9), *range(21, 63))
    assert PUBLISHED_63.kinetic == tuple(range(9, 21))
    assert all("force" in PUBLISHED_63.names[i] for i in PUBLISHED_63.kinetic)
    assert {c.unit for c in PUBLISHED_63.columns if c.name.endswith("angle_r_vel")} == {"rad/frame"}


@pytest.mark.parametrize("published", [False, True])
def test_alignment_agrees_with_the_published_code(state, published):
    alignment = find_alignment(state, published=published)
    np.testing.assert_allclose(alignment.matrix, VECTORS["alignment_matrix"], **CLOSE)
    np.testing.assert_allclose(align(state, alignment)[50], VECTORS["aligned"]["50"], **CLOSE)


@pytest.mark.parametrize("frame", [0, 50, 199])
def test_columns_agree_with_the_published_code(aligned, frame):
    columns, origin = features_before_velocity(aligned)
    np.testing.assert_allclose(columns[frame], VECTORS["columns_before_velocity"][str(frame)], **CLOSE)
    np.testing.assert_allclose(origin, VECTORS["origin"], **CLOSE)


@pytest.mark.parametrize("frame", [0, 50, 199])
def test_pelvis_velocity_agrees_with_the_published_code(aligned, frame):
    columns, _ = columns_of_state(aligned, height_m=1.7, belt_speed=1.0)
    expected = VECTORS["pelvis_velocity_belt_1_height_1.7"][str(frame)]
    # The path of some metres, in single precision, is differentiated at 100 Hz.
    np.testing.assert_allclose(columns[frame, :3], expected, rtol=1e-5)


def test_the_published_inverse_is_reproduced(aligned):
    columns, _ = columns_of_state(aligned, height_m=1.7, belt_speed=1.0)
    back = state_of_columns(columns, height_m=1.7, belt_speed=0.0, published=True)
    np.testing.assert_allclose(back[50], VECTORS["inverse"]["50"], **CLOSE)


def test_the_inverse_gives_back_the_state(aligned):
    columns, origin = columns_of_state(aligned, height_m=1.7, belt_speed=0.4)
    back = state_of_columns(columns, 1.7, 0.4, origin=origin)
    translations = slice(3, 6)
    rest = [i for i, n in enumerate(STATE_COLUMNS) if n not in DROPPED and not 3 <= i < 6]
    np.testing.assert_allclose(back[:, rest], aligned[:, rest], atol=1e-12)
    assert not back[:, [column(name) for name in DROPPED]].any()
    smooth = published_low_pass(aligned[:, translations], RATE, 10.0)
    expected = smooth - smooth[0] + aligned[0, translations]
    # Exact to the filter, but for the last frame, whose velocity is not known.
    np.testing.assert_allclose(back[:-1, translations], expected[:-1], atol=1e-9)
    kept = state_of_columns(columns, 1.7, 0.4, pelvis=aligned[:, translations])
    np.testing.assert_array_equal(kept[:, translations], aligned[:, translations])


def test_the_published_inverse_leads_by_one_frame(aligned):
    columns, origin = columns_of_state(aligned, height_m=1.7)
    own = state_of_columns(columns, 1.7, origin=origin)
    published = state_of_columns(columns, 1.7, origin=origin, published=True)
    np.testing.assert_allclose(published[:-1, 3:6], own[1:, 3:6], atol=1e-12)
    assert np.linalg.norm(published[0, 3:6] - own[0, 3:6]) > 0.01
    with pytest.raises(ValueError, match="measured pelvis"):
        state_of_columns(columns, 1.7, pelvis=own[:, 3:6], published=True)


@given(euler)
def test_angles_and_matrices_agree_with_scipy(angles):
    matrix = euler_to_matrix(angles)
    np.testing.assert_allclose(matrix, Rotation.from_euler("ZXY", angles).as_matrix(), atol=1e-12)
    np.testing.assert_allclose(matrix_to_euler(matrix), angles, atol=1e-9)


@given(euler, st.floats(0.1, 9.0), st.floats(0.1, 9.0), st.floats(-3.0, 3.0))
def test_two_rows_hold_the_rotation_even_when_stretched_and_sheared(angles, first, second, shear):
    matrix = euler_to_matrix(angles)
    six = matrix_to_six(matrix)
    np.testing.assert_array_equal(six, matrix[:2].ravel())
    spoiled = np.concatenate([first * six[:3], second * six[3:] + shear * six[:3]])
    np.testing.assert_allclose(six_to_matrix(spoiled), matrix, atol=1e-9)


@given(arrays(np.float64, 6, elements=st.floats(-2.0, 2.0)))
def test_any_two_rows_that_are_not_parallel_give_a_rotation(six):
    assume(np.linalg.norm(np.cross(six[:3], six[3:])) > 1e-3)
    matrix = six_to_matrix(six)
    np.testing.assert_allclose(matrix @ matrix.T, np.eye(3), atol=1e-9)
    assert np.linalg.det(matrix) == pytest.approx(1.0)


@given(st.floats(-3.1, 3.1), st.integers(0, 2**32 - 1))
def test_alignment_is_undone_exactly(turn, seed):
    random = np.random.default_rng(seed)
    state = random.uniform(-1.2, 1.2, (5, 35))
    alignment = Alignment(turn, 0.0)
    np.testing.assert_allclose(unalign(align(state, alignment), alignment), state, atol=1e-9)
    vectors = random.normal(size=(4, 3))
    np.testing.assert_allclose(alignment.to_ground(alignment.to_aligned(vectors)), vectors, atol=1e-12)


@pytest.mark.parametrize("yaw", [0.0, 0.9, -2.0, np.pi, 3.1])
def test_columns_do_not_depend_on_the_direction_of_walking(aligned, yaw):
    turned = align(aligned, Alignment(yaw, 0.0))
    found = find_alignment(turned)
    assert found.span == pytest.approx(find_alignment(aligned).span, abs=1e-9)
    reference, _ = columns_of_state(align(aligned, find_alignment(aligned)), 1.7)
    columns, _ = columns_of_state(align(turned, found), 1.7)
    np.testing.assert_allclose(columns, reference, atol=1e-9)


def test_facing_backwards_is_no_turn_except_to_the_published_code(aligned):
    backwards = align(aligned, Alignment(np.pi, 0.0))
    assert find_alignment(backwards, published=True).span > np.radians(300)
    assert find_alignment(backwards, published=True).turn == 0.0
    assert find_alignment(backwards).span < np.radians(45)


def test_the_published_angular_velocity_is_minus_the_rate_times_the_cosine():
    theta = 0.4 * np.sin(2 * np.pi * np.arange(300) / RATE)
    rate = np.append(np.diff(np.sin(theta)) * RATE, np.nan)
    for axis, letter in enumerate("xyz"):
        matrix = Rotation.from_euler(letter, theta[:, None]).as_matrix()
        omega = angular_velocity(matrix, RATE)
        inside = slice(30, -30)
        np.testing.assert_allclose(omega[inside, axis], -rate[inside], atol=5e-4 * np.nanmax(rate))
        others = [k for k in range(3) if k != axis]
        assert np.abs(omega[:, others]).max() < 1e-12


def test_hinge_rates_are_per_frame():
    ramp = np.arange(100) / RATE  # 1 rad/s
    per_frame = angle_rate_per_frame(ramp, RATE)
    np.testing.assert_allclose(per_frame[30:-30], 0.01, rtol=1e-6)
    # The published padding is too short for the filter: a steady motion is disturbed at its ends.
    np.testing.assert_allclose(per_frame, 0.01, rtol=0.005)
    with pytest.raises(ValueError, match=str(SHORTEST)):
        angle_rate_per_frame(ramp[: SHORTEST - 1], RATE)
    assert np.isfinite(angle_rate_per_frame(ramp[:SHORTEST], RATE)).all()


@given(st.sets(st.sampled_from(FULL_BODY)))
def test_missing_marks_follow_the_joints(missing):
    unknown = dict(zip(PUBLISHED_63.names, PUBLISHED_63.unknown(missing), strict=True))
    for joint, parts in BALL_JOINTS.items():
        gone = bool(missing.intersection(parts))
        names = [f"{joint}_{k}" for k in range(6)] + [f"{joint}_{axis}_angular_vel" for axis in "xyz"]
        assert [unknown.pop(name) for name in names] == [gone] * 9
    for name in HINGES:
        assert unknown.pop(name) == unknown.pop(f"{name}_vel") == (name in missing)
    for axis in "xyz":
        assert unknown.pop(f"pelvis_t{axis}") == (f"pelvis_t{axis}" in missing)
    assert len(unknown) == 12
    assert not any(unknown.values())


def test_columns_are_found_by_name():
    assert PUBLISHED_63.indices(["pelvis_tx", "subtalar_angle_l_vel"]) == [0, 62]
    with pytest.raises(KeyError):
        PUBLISHED_63.index("pelvis_tx_vel")


forces = arrays(np.float64, (6, 2, 3), elements=st.floats(-900.0, 900.0))
points = arrays(np.float64, (6, 2, 3), elements=st.floats(-0.3, 0.3))


@given(forces, points, points)
def test_forces_come_back_where_the_foot_is_loaded(force, cop, foot):
    kinetics = normalise_forces(force, cop, foot, mass_kg=70.0, height_m=1.8)
    loaded = force[..., 1] > CONTACT_FORCE * 1.001
    back, point = restore_forces(kinetics, foot, 70.0, 1.8)
    np.testing.assert_allclose(back[loaded], force[loaded], rtol=1e-12, atol=1e-9)
    np.testing.assert_allclose(point[loaded], cop[loaded], atol=1e-9)
    off = force[..., 1] < CONTACT_FORCE * 0.999
    assert not back[off].any()
    assert not point[off].any()
    assert not kinetics.reshape(6, 2, 6)[off][:, 3:].any()
    swing, same = restore_forces(kinetics, foot, 70.0, 1.8, published=True)
    np.testing.assert_allclose(swing, force, rtol=1e-12, atol=1e-9)
    np.testing.assert_array_equal(same, point)


def test_kinetic_columns_are_in_newton_per_kilogram_right_foot_first():
    force = np.array([[[0.0, 700.0, 0.0], [35.0, 0.0, 0.0]]])
    cop, foot = np.zeros((1, 2, 3)), np.zeros((1, 2, 3))
    cop[0, 0, 0] = 0.18
    kinetics = normalise_forces(force, cop, foot, mass_kg=70.0, height_m=1.8)
    np.testing.assert_allclose(kinetics[0], [0, 10, 0, 1, 0, 0, 0.5, 0, 0, 0, 0, 0])


def test_the_floor_sets_the_height_of_the_centre_of_pressure():
    kinetics = np.zeros((1, 12))
    kinetics[0, :6] = [0.0, 10.0, 0.0, 1.0, -0.5, 0.2]
    foot = np.full((1, 2, 3), 0.05)
    _, cop = restore_forces(kinetics, foot, 70.0, 1.8, floor_height=0.01)
    np.testing.assert_allclose(cop[0], [[0.05 + 0.18, 0.01, 0.05 + 0.036], [0.0, 0.0, 0.0]])


@given(arrays(np.float64, (8, 4), elements=st.floats(-100, 100, width=32)))
def test_scaled_columns_span_the_range_and_come_back(values):
    values[:, 3] = values[0, 3]
    scaler = ColumnScaler.fit("abcd", values)
    scaled = scaler.to_scaled(values)
    varies = np.ptp(values, axis=0) > 1e-3
    np.testing.assert_allclose(scaled[:, varies].max(axis=0), LIMIT, rtol=1e-6)
    np.testing.assert_allclose(scaled[:, varies].min(axis=0), -LIMIT, rtol=1e-6)
    np.testing.assert_allclose(scaled[:, 3], -LIMIT)
    np.testing.assert_allclose(scaler.from_scaled(scaled), values, atol=1e-9)


def test_a_scaler_survives_json_and_tells_others_apart():
    values = np.random.default_rng(1).normal(size=(50, 63))
    scaler = ColumnScaler.fit(PUBLISHED_63.names, values)
    again = ColumnScaler.from_json(json.loads(json.dumps(scaler.to_json())))
    assert again == scaler
    assert scaler.agrees_with(again)
    assert not scaler.agrees_with(ColumnScaler.fit(PUBLISHED_63.names, 1.001 * values))
    part = scaler.select(PUBLISHED_63.kinetic)
    np.testing.assert_array_equal(part.to_scaled(values[:, 9:21]), scaler.to_scaled(values)[:, 9:21])
    with pytest.raises(ValueError, match="scale"):
        ColumnScaler.from_json({"columns": ["a"], "bias": [0.0]})
    with pytest.raises(ValueError, match="not zero"):
        ColumnScaler(("a",), (0.0,), (0.0,))
