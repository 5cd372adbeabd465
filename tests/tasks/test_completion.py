"""Completing and generating with the packaged network: what was measured stays, seeds repeat, files are whole."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from gaitdynamics import cli
from gaitdynamics.dataset.augmentation import without_coordinates
from gaitdynamics.errors import UserInputError
from gaitdynamics.files.storage import read_storage
from gaitdynamics.inference.generation import Wish
from gaitdynamics.tasks.completion import complete_motion
from gaitdynamics.tasks.completion_methods import ByDiffusion
from gaitdynamics.tasks.forces import estimate_forces
from gaitdynamics.tasks.generation import check_wish, generate_motions

EXAMPLE = Path(__file__).parents[2] / "examples" / "walking"
KNEES = ["knee_angle_r", "knee_angle_l"]


@pytest.fixture(scope="module")
def walk(example_trial):
    """Longer than a window."""
    return replace(example_trial, time=example_trial.time[:220], values=example_trial.values[:220])


def with_gap(trial, name, rows):
    gaps = np.zeros(trial.values.shape, dtype=bool)
    index = trial.coordinates.index(name)
    gaps[rows, index] = True
    values = trial.values.copy()
    there = ~gaps[:, index]
    values[:, index] = np.interp(trial.time, trial.time[there], values[there, index])
    return replace(trial, values=values, gaps=gaps)


def test_knees_come_back_and_all_else_stays(walk):
    hidden = without_coordinates(walk, KNEES)
    one, again, other = (complete_motion(hidden, seed=seed).trial for seed in (1, 1, 2))
    knees = np.isin(walk.coordinates, KNEES)
    np.testing.assert_array_equal(one.values, again.values)
    assert not np.array_equal(one.values[:, knees], other.values[:, knees])
    np.testing.assert_array_equal(one.values[:, ~knees], walk.values[:, ~knees])
    assert one.generated == tuple(np.array(walk.coordinates)[knees])
    off = np.degrees(one.values - walk.values)[:, knees]
    assert np.sqrt(np.mean(off**2)) < 12.0  # their standard deviation over time is 21 degrees


def test_a_gap_is_filled_without_steps_at_its_ends(walk):
    gappy = with_gap(walk, "hip_flexion_l", slice(100, 130))
    filled = complete_motion(gappy).trial
    index = walk.coordinates.index("hip_flexion_l")
    rows = np.zeros(len(walk.time), dtype=bool)
    rows[100:130] = True
    np.testing.assert_array_equal(filled.values[~rows], walk.values[~rows])
    steps = np.abs(np.diff(filled.values[:, index]))
    assert steps[[99, 129]].max() < 2.0 * np.abs(np.diff(walk.values[:, index])).max()
    assert np.degrees(np.abs(filled.values - walk.values)[rows, index]).max() < 10.0
    assert any(w.startswith("gaps in time that were generated") for w in filled.warnings)


def test_planting_touches_long_gaps_only(walk):
    hip = walk.coordinates.index("hip_flexion_l")
    for frames, touched in ((20, False), (60, True)):
        gappy = with_gap(walk, "hip_flexion_l", slice(100, 100 + frames))
        planted, bare = (ByDiffusion(plant=plant)(gappy).values[:, hip] for plant in (True, False))
        assert (np.abs(planted - bare).max() > 1e-6) == touched


def test_samples_spread_and_widen_the_intervals_of_forces(walk):
    hidden = without_coordinates(walk, KNEES)
    result = complete_motion(hidden, samples=3)
    knees = np.isin(walk.coordinates, KNEES)
    assert len(result.samples) == 3
    np.testing.assert_allclose(result.spread[:, ~knees], 0.0, atol=1e-12)
    assert np.degrees(result.spread[:, knees]).mean() > 0.1
    one, several = (estimate_forces(hidden, samples=n) for n in (1, 3))
    assert several.samples == 3
    assert several.generator is not None
    whole = estimate_forces(walk)
    assert whole.generator is None
    assert several.forces.force_sd.mean() > one.forces.force_sd.mean()


def test_the_command_writes_all_and_tells_what_it_did(tmp_path):
    table = read_storage(EXAMPLE / "walking.mot")
    data = table.data[:160].copy()
    data[50:70, table.labels.index("pelvis_list")] = np.nan
    kept = [i for i, name in enumerate(table.labels) if name not in KNEES]
    text = "\n".join(
        ["Coordinates", "version=1", f"nRows={len(data)}", f"nColumns={len(kept)}", "inDegrees=yes", "endheader"]
        + ["\t".join(table.labels[i] for i in kept)]
        + ["\t".join(f"{x:.6f}" for x in row[kept]) for row in data]
    )
    motion = tmp_path / "walk.mot"
    motion.write_text(text + "\n")
    out = tmp_path / "out"
    command = ["complete", str(motion), "--model", str(EXAMPLE / "subject.osim"), "--overground", "--out", str(out)]
    assert cli.run([*command, "--samples", "2"]) == 0
    report = json.loads((out / "walk_completion.json").read_text())
    assert set(report["files"]) == {path.name for path in out.iterdir()}
    assert set(report["generated_coordinates"]) == set(KNEES)
    assert report["gaps_s"] == {"pelvis_list": pytest.approx(0.2, abs=0.01)}
    completed = read_storage(out / "walk_completed.mot")
    assert set(KNEES) <= set(completed.labels)
    assert cli.run([*command, "--samples", "0"]) == cli.MISTAKE
    assert cli.run([*command, "--max-gap", "0.1", "--out", str(tmp_path / "no")]) == cli.MISTAKE


def test_motions_are_generated_at_the_speed_that_was_asked_for():
    wish = Wish(1.3, 2.5)
    one, again = (generate_motions(wish, seed=4)[0] for _ in range(2))
    np.testing.assert_array_equal(one.trial.values, again.trial.values)
    assert len(one.trial.time) == 251
    assert one.quality.speed_m_s == pytest.approx(1.3, abs=0.15)
    assert one.quality.passes
    vertical = one.estimate.forces.force[..., 1].sum(1).mean() / one.trial.body_weight
    assert vertical == pytest.approx(1.0, abs=0.1)
    assert one.generated_forces.force[..., 1].sum(1).mean() / one.trial.body_weight == pytest.approx(1.0, abs=0.15)


@pytest.mark.parametrize("wish", [Wish(9.0, 3.0), Wish(1.3, 0.5), Wish(1.3, 3.0, height_m=3.0)])
def test_what_cannot_be_generated_is_told(wish):
    with pytest.raises(UserInputError, match="is not possible"):
        check_wish(wish, 1)
