"""Gait measured in joint positions: of motions whose strides are known, and of degenerate ones."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from gaitdynamics import cli
from gaitdynamics.body.smpl_joints import joint_positions
from gaitdynamics.errors import FileFormatError
from gaitdynamics.evaluation.joint_motion import measure_joint_motions
from gaitdynamics.files.joint_positions import JointMotions, read_joint_positions

FPS = 20.0


@pytest.fixture(scope="module")
def joints(example_trial):
    return joint_positions(example_trial, "humanml22", FPS)


def save(folder, array, name="motion.npy"):
    np.save(folder / name, array)
    return folder / name


def test_strides_of_our_own_walk_are_found(example_trial, joints, tmp_path):
    (gait,) = measure_joint_motions(read_joint_positions(save(tmp_path, joints), "humanml22", FPS))
    way = example_trial.column("pelvis_tx")[-1] - example_trial.column("pelvis_tx")[0]
    speed = way / (example_trial.time[-1] - example_trial.time[0])
    assert gait.failure == ""
    assert gait.speed == pytest.approx(speed, rel=0.02)
    # Strides per second from the knee angle, which rises once per stride.
    knee = example_trial.column("knee_angle_r")
    spectrum = np.abs(np.fft.rfft(knee - knee.mean(), 2**14))
    frequency = np.fft.rfftfreq(2**14, 1.0 / example_trial.rate)[spectrum.argmax()]
    assert gait.stride_length == pytest.approx(speed / frequency, rel=0.03)
    assert gait.cycles == pytest.approx((example_trial.time[-1] - example_trial.time[0]) * frequency, abs=1.5)
    assert gait.knee_flexion == pytest.approx(np.degrees(knee.max()), abs=5.0)


def test_layouts_and_shapes_say_the_same(example_trial, joints, tmp_path):
    smpl = joint_positions(example_trial, "smpl24", FPS)
    assert smpl.shape[1] == 24
    np.testing.assert_array_equal(smpl[:, :22], joints)
    several = np.stack([joints, joints])
    expected = measure_joint_motions(JointMotions("motion", joints[None], FPS))[0]
    for array, layout in ((smpl, "smpl24"), (several, "humanml22"), (np.moveaxis(several, 1, 3), "humanml22")):
        found = measure_joint_motions(read_joint_positions(save(tmp_path, array), layout, FPS))
        assert found[0].stride_length == pytest.approx(expected.stride_length)
        assert len(found) == (1 if array is smpl else 2)


def test_turning_the_path_changes_nothing(joints):
    turn = np.array([[0.6, 0.0, 0.8], [0.0, 1.0, 0.0], [-0.8, 0.0, 0.6]])
    one, turned = (measure_joint_motions(JointMotions("x", x[None], FPS))[0] for x in (joints, joints @ turn.T))
    assert turned.stride_length == pytest.approx(one.stride_length, rel=1e-6)
    assert turned.knee_flexion == pytest.approx(one.knee_flexion, abs=1e-6)


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda x: np.repeat(x[:1], len(x), axis=0), "stands still"),
        (lambda x: np.where(np.arange(len(x))[:, None, None] == 5, np.nan, x), "no numbers"),
        (lambda x: x * 100.0, "not in metres"),
        (lambda x: x[:1] + np.linspace(0.0, 10.0, len(x))[:, None, None] * [1.0, 0.0, 0.0], "no gait cycle"),
    ],
)
def test_degenerate_motions_count_as_failed(joints, spoil, reason):
    (gait,) = measure_joint_motions(JointMotions("x", spoil(joints)[None], FPS))
    assert reason in gait.failure
    assert gait.cycles == 0
    assert np.isnan(gait.stride_length)


def test_a_wrong_layout_names_the_right_one(joints, tmp_path):
    with pytest.raises(FileFormatError, match="--layout humanml22"):
        read_joint_positions(save(tmp_path, joints), "smpl24", FPS)


@pytest.mark.parametrize("array", [np.zeros((100, 7, 3)), np.zeros(5), np.zeros((4, 22, 3))])
def test_other_shapes_are_refused(array, tmp_path):
    with pytest.raises(FileFormatError):
        read_joint_positions(save(tmp_path, array), "humanml22", FPS)


class Trap:
    def __reduce__(self):
        return (pytest.fail, ("a pickle was executed",))


def test_nothing_is_unpickled(tmp_path):
    path = tmp_path / "objects.npy"
    np.save(path, np.array([Trap()], dtype=object), allow_pickle=True)
    with pytest.raises(FileFormatError, match="plain numbers"):
        read_joint_positions(path, "humanml22", FPS)
    path.write_bytes(pickle.dumps(Trap()))
    with pytest.raises(FileFormatError, match="plain numbers"):
        read_joint_positions(path, "humanml22", FPS)


def test_command_writes_one_table(joints, tmp_path, capsys):
    good, still = save(tmp_path, joints, "good.npy"), save(tmp_path, np.repeat(joints[:1], 60, axis=0), "still.npy")
    arguments = ["evaluate", "motion", str(good), str(still), "--layout", "humanml22", "--fps", "20"]
    assert cli.run([*arguments, "--out", str(tmp_path / "out")]) == 0
    page = (tmp_path / "out" / "motions.md").read_text()
    assert "| good | 1 | 0 |" in page
    assert "it stands still (1)" in page
    assert page in capsys.readouterr().out


def test_command_tells_a_missing_file(tmp_path, capsys):
    arguments = ["evaluate", "motion", str(tmp_path / "no.npy"), "--layout", "smpl24", "--fps", "20"]
    assert cli.run([*arguments, "--out", str(tmp_path / "out")]) == 2
    assert "no.npy" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
