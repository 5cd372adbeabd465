"""`gaitdynamics hip` as a user meets it, with random networks: files, sides, units, and what is doubted."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from gaitdynamics import cli
from gaitdynamics.features.hip import ANGLES, seen_from
from gaitdynamics.files.leg_angles import read_leg_angles
from gaitdynamics.files.storage import TIME, read_storage, write_storage
from gaitdynamics.inference.hip_checkpoint import find_hip
from gaitdynamics.signals import resample
from gaitdynamics.tasks.hip import estimate_hip
from hip_weights import save_checkpoints

WALK = Path(__file__).parents[2] / "examples" / "walking" / "walking.mot"


@pytest.fixture(scope="module")
def weights(tmp_path_factory) -> Path:
    return save_checkpoints(tmp_path_factory.mktemp("hip"))


@pytest.fixture(scope="module")
def networks(weights):
    return find_hip(weights)


@pytest.fixture(scope="module")
def walk(networks):
    return estimate_hip(WALK, networks, mass_kg=70.0)


def run(*arguments: object) -> int:
    return cli.run(["hip", *map(str, arguments)])


def write(path: Path, time: np.ndarray, values: np.ndarray, *, in_degrees: bool = True) -> Path:
    write_storage(path, [TIME, *ANGLES], np.column_stack([time, values]), name="Coordinates", in_degrees=in_degrees)
    return path


def test_all_files_are_written_on_the_clock_of_the_motion(weights, tmp_path, capsys):
    assert run(WALK, "--weights", weights, "--mass", 70, "--out", tmp_path / "o") == 0
    assert {path.name for path in (tmp_path / "o").iterdir()} == {
        *(f"walking_hip_{side}{kind}.sto" for side in "rl" for kind in ("", "_per_kg")),
        *("walking_hip.json", "walking_hip.png"),
    }
    assert "walking: right side" in capsys.readouterr().out
    motion = read_storage(WALK)
    for side in "rl":
        values = read_storage(tmp_path / "o" / f"walking_hip_{side}.sto")
        per_kg = read_storage(tmp_path / "o" / f"walking_hip_{side}_per_kg.sto")
        assert values.labels[1:3] == (f"addbrev_{side}", f"addlong_{side}")
        assert values.labels[-1] == f"hip_rotation_{side}_moment"
        assert len(values.labels) == 18
        assert set(values.time) <= set(motion.time)
        np.testing.assert_allclose(values.data[:, 1:], 70.0 * per_kg.data[:, 1:], rtol=1e-12)
        assert (values.data[:, 1:15] >= 0.0).all(), "muscles cannot push"
    report = json.loads((tmp_path / "o" / "walking_hip.json").read_text())
    assert report["cycles_from"] == "angles of the leg"
    assert [side["side"] for side in report["sides"]] == ["r", "l"]
    assert 90 < report["sides"][0]["cadence_steps_per_min"] < 130
    assert len(report["sides"][0]["inputs"]) == 10


def test_without_mass_there_are_values_per_kg_only(weights, tmp_path):
    assert run(WALK, "--weights", weights, "--side", "left", "--out", tmp_path) == 0
    assert run(WALK, "--weights", weights, "--side", "left", "--out", tmp_path) == 0, "our own files are replaced"
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {"walking_hip_l_per_kg.sto", "walking_hip.json", "walking_hip.png"}


def test_the_left_side_is_the_right_one_of_the_mirrored_motion(walk, networks, tmp_path):
    angles = read_leg_angles(WALK, ANGLES)
    mirrored = estimate_hip(write(tmp_path / "m.mot", angles.time, seen_from(angles.values, "l")), networks)
    # The pelvis' tilt, by which cycles are found, is not in the mirrored file.
    whole = {side.side: side for side in walk.sides}
    for mine, theirs in (("l", 0), ("r", 1)):
        a, b = whole[mine].sequences["joint_moments"].mean(0), mirrored.sides[theirs].sequences["joint_moments"].mean(0)
        np.testing.assert_allclose(a, b, atol=0.1 * np.ptp(a))


@pytest.mark.parametrize("rate", [50.0, 200.0])
def test_the_rate_of_the_motion_does_not_matter(rate, networks, tmp_path):
    angles = read_leg_angles(WALK, ANGLES)
    time = np.arange(angles.time[0], angles.time[-1], 1.0 / rate)
    same = estimate_hip(write(tmp_path / "a.mot", angles.time, angles.values), networks).sides[0]
    other = estimate_hip(write(tmp_path / "b.mot", time, resample(angles.values, angles.time, time)), networks).sides[0]
    a, b = same.sequences["joint_moments"], other.sequences["joint_moments"]
    assert a.shape == b.shape
    np.testing.assert_allclose(a, b, atol=0.02 * np.ptp(a))


def test_radians_are_the_same_motion(networks, tmp_path):
    angles = read_leg_angles(WALK, ANGLES)
    degrees = estimate_hip(write(tmp_path / "d.mot", angles.time, angles.values), networks)
    radians = estimate_hip(
        write(tmp_path / "r.mot", angles.time, np.radians(angles.values), in_degrees=False), networks
    )
    for a, b in zip(degrees.sides, radians.sides, strict=True):
        np.testing.assert_allclose(a.values["muscle_forces"], b.values["muscle_forces"], atol=1e-5)


def test_forces_tell_the_cycles_where_they_are_given(weights, tmp_path, example_trial):
    from gaitdynamics.files.forces import write_forces
    from gaitdynamics.tasks.forces import physics_forces

    write_forces(tmp_path / "grf.mot", physics_forces(example_trial))
    out = tmp_path / "o"
    assert run(WALK, "--weights", weights, "--grf", tmp_path / "grf.mot", "--mass", 70, "--out", out) == 0
    assert json.loads((out / "walking_hip.json").read_text())["cycles_from"] == "vertical force in grf.mot"
    assert run(WALK, WALK, "--weights", weights, "--grf", tmp_path / "grf.mot", "--out", out) == 2


def test_angles_and_cadence_far_from_training_are_doubted(networks, tmp_path):
    angles = read_leg_angles(WALK, ANGLES)
    odd = angles.values.copy()
    odd[:, ANGLES.index("hip_rotation_r")] += 40.0
    quick = angles.time[0] + (angles.time - angles.time[0]) * 0.6
    estimate = estimate_hip(write(tmp_path / "odd.mot", quick, odd), networks, sides=("r",))
    assert any("hip_rotation_r (|z| up to" in note for note in estimate.warnings)
    assert any("steps/min; the networks were trained on walking" in note for note in estimate.warnings)
    assert not any("far from" in note for note in estimate_hip(WALK, networks).warnings)


def test_what_is_wrong_is_told_and_nothing_written(weights, tmp_path, capsys):
    out = tmp_path / "o"
    assert run(WALK, "--out", out) == 2
    assert "gaitdynamics weights import FILE.pt" in capsys.readouterr().err
    assert run(WALK, "--weights", tmp_path, "--out", out) == 2
    assert "no networks for hip muscle forces in it" in capsys.readouterr().err
    assert run(WALK, "--weights", weights, "--network", "lstm", "--out", out) == 2
    assert "no network 'lstm' in it, but mamba" in capsys.readouterr().err
    assert run(WALK, "--weights", weights, "--mass", 7000, "--out", out) == 2
    angles = read_leg_angles(WALK, ANGLES)
    short = write(tmp_path / "short.mot", angles.time[:60], angles.values[:60])
    assert run(short, "--weights", weights, "--out", out) == 2
    assert "no whole gait cycle" in capsys.readouterr().err
    assert not out.exists()


def test_one_bad_motion_leaves_the_others_alone(weights, tmp_path, capsys):
    (tmp_path / "bad.mot").write_text("nothing")
    assert run(tmp_path / "bad.mot", WALK, "--weights", weights, "--out", tmp_path / "o") == 2
    assert (tmp_path / "o" / "walking_hip.json").exists()
    assert "bad.mot" in capsys.readouterr().err


def test_files_of_others_are_left_alone(weights, tmp_path):
    mine = tmp_path / "walking_hip.png"
    mine.write_text("mine")
    assert run(WALK, "--weights", weights, "--out", tmp_path) == 2
    assert mine.read_text() == "mine"
    assert [path.name for path in tmp_path.iterdir()] == ["walking_hip.png"]
