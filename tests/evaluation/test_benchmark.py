"""The evaluation as a whole on trials held in memory: every trial is scored or left out with a reason."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from gaitdynamics.errors import UserInputError
from gaitdynamics.evaluation.benchmark import LEFT_OUT_COLUMNS, evaluate_forces
from gaitdynamics.evaluation.gait_cycles import CycleRules
from gaitdynamics.trial import FootForces, Surface


class Known:
    """A method that knows the measured forces of trials by name and changes them in a known way."""

    def __init__(self, *trials, change=lambda forces: forces):
        self.forces = {trial.name: trial.forces for trial in trials}
        self.change = change

    def __call__(self, trial):
        assert trial.forces is None, "a method must not see the measured forces"
        return self.change(self.forces[trial.name])


def pushed(offset):
    return lambda forces: replace(forces, force=forces.force + offset)


@pytest.fixture
def walk(make_trial, make_walking):
    return make_trial(make_walking(), name="walk")


def test_one_row_per_trial_foot_and_method(walk, make_catalogue):
    run = replace(walk, name="run")
    catalogue = make_catalogue((walk, {}), (run, {"activity": "running", "study": "Bow"}))
    methods = {"exact": Known(walk, run), "pushed": Known(walk, run, change=pushed([0.0, 14.0, 0.0]))}
    found = evaluate_forces(catalogue, methods, split="test")
    table = found.results.set_index(["trial", "side", "method"])
    assert sorted(table.index) == sorted(
        (trial, side, method) for trial in ("walk", "run") for side in "rl" for method in methods
    )
    exact, offset = table.xs("exact", level="method"), table.xs("pushed", level="method")
    assert (exact[["profile_vertical", "profile_fore_aft", "peak_vertical", "cop"]] == 0.0).all(axis=None)
    np.testing.assert_allclose(offset["profile_vertical"], 2.0)
    np.testing.assert_allclose(offset["peak_vertical"], 2.0)
    assert exact["cycles"].tolist() == [3, 3, 3, 3]
    assert found.left_out.empty
    assert list(found.left_out.columns) == list(LEFT_OUT_COLUMNS)
    assert len(found.curves) == 8


def test_each_trial_left_out_has_its_reason(walk, make_trial, make_catalogue):
    still = make_trial(np.zeros((50, 2, 3)), name="still")

    def short(trial):
        forces = walk.forces
        return FootForces(forces.time[:-1], forces.force[:-1], forces.cop[:-1])

    def gaps(trial):
        return replace(walk.forces, force=np.where(np.arange(3) == 1, np.nan, walk.forces.force))

    def fails(trial):
        raise UserInputError("this motion has no feet")

    catalogue = make_catalogue(
        (walk, {}),
        (still, {}),
        (None, {"name": "broken"}),
        (replace(walk, name="jump"), {"activity": "other"}),
    )
    methods = {"exact": Known(walk), "short": short, "gaps": gaps, "fails": fails}
    found = evaluate_forces(catalogue, methods, split="test")
    reasons = {(r.trial, r.side, r.method): r.reason for r in found.left_out.itertuples()}
    assert set(reasons) == {
        ("still", "r", ""),
        ("still", "l", ""),
        ("broken", "", ""),
        ("jump", "", ""),
        ("walk", "", "short"),
        ("walk", "", "gaps"),
        ("walk", "", "fails"),
    }
    assert "no gait cycle" in reasons["still", "l", ""]
    assert "broken_ik.mot" in reasons["broken", "", ""]
    assert "'other' was not asked for" in reasons["jump", "", ""]
    assert "times" in reasons["walk", "", "short"]
    assert "finite" in reasons["walk", "", "gaps"]
    assert "UserInputError: this motion has no feet" in reasons["walk", "", "fails"]
    assert set(found.results["method"]) == {"exact"}


def test_a_mistake_in_a_method_is_not_hidden(walk, make_catalogue):
    def mistaken(trial):
        return walk.forces.no_such_attribute

    with pytest.raises(AttributeError):
        evaluate_forces(make_catalogue((walk, {})), {"mistaken": mistaken}, split="test")


def test_nothing_to_score_is_told(make_trial, make_catalogue):
    still = make_trial(np.zeros((50, 2, 3)), name="still")
    with pytest.raises(UserInputError, match="not one trial could be scored: no gait cycle"):
        evaluate_forces(make_catalogue((still, {})), {"exact": Known(still)}, split="test")


def test_only_the_split_asked_for_is_touched(walk, make_catalogue):
    catalogue = make_catalogue((walk, {}), (None, {"split": "train", "name": "broken"}))
    found = evaluate_forces(catalogue, {"exact": Known(walk)}, split="test_unseen_study")
    assert found.left_out.empty
    with pytest.raises(UserInputError, match="'val'"):
        evaluate_forces(catalogue, {"exact": Known(walk)}, split="val")


def test_frames_that_are_not_valid_are_never_scored(make_trial, make_walking, make_catalogue):
    force = make_walking()
    valid = np.ones(force.shape[:2], dtype=bool)
    valid[:120, 0] = False
    walk = make_trial(force, valid=valid)
    wrong = Known(walk, change=lambda f: replace(f, force=np.where(valid[..., None], f.force, 9999.0)))
    found = evaluate_forces(make_catalogue((walk, {})), {"wrong": wrong}, split="test")
    table = found.results.set_index("side")
    assert table.loc["r", "cycles"] == 1
    assert table.loc["r", "frames"] == 100
    assert (table["profile_vertical"] == 0.0).all()


def test_single_steps_overground_are_whole_intervals(make_trial, make_walking, make_catalogue):
    force = make_walking(cycles=1)[:100]
    trial = make_trial(force, surface=Surface())
    found = evaluate_forces(make_catalogue((trial, {})), {"exact": Known(trial)}, split="test")
    assert found.results["side"].tolist() == ["r"]
    assert found.results["whole_interval"].tolist() == [True]
    assert found.results["frames"].tolist() == [100]
    with pytest.raises(UserInputError, match="no gait cycle"):
        evaluate_forces(
            make_catalogue((trial, {})), {"exact": Known(trial)}, split="test", rules=CycleRules.paper()
        )


def test_paper_rules_score_the_left_foot_only(walk, make_catalogue):
    found = evaluate_forces(
        make_catalogue((walk, {})), {"exact": Known(walk)}, split="test", rules=CycleRules.paper()
    )
    assert found.results["side"].tolist() == ["l"]


def test_errors_are_told_along_the_walking_direction(make_trial, make_walking, make_catalogue):
    yaw = 1.1
    turn = Rotation.from_euler("Y", yaw).as_matrix()
    walk = make_trial(make_walking() @ turn.T, pelvis=(0.0, 0.0, yaw))
    forward = turn @ [7.0, 0.0, 0.0]
    method = Known(walk, change=pushed(forward))
    found = evaluate_forces(make_catalogue((walk, {})), {"pushed": method}, split="test")
    np.testing.assert_allclose(found.results["profile_fore_aft"], 1.0)
    np.testing.assert_allclose(found.results["profile_medio_lateral"], 0.0, atol=1e-10)
    np.testing.assert_allclose(found.results["heading_deg"], np.rad2deg(yaw))


def test_order_of_trials_changes_nothing_but_the_order(walk, make_catalogue):
    other = replace(walk, name="other")
    methods = {"pushed": Known(walk, other, change=pushed([1.0, 2.0, 3.0]))}
    one = evaluate_forces(make_catalogue((walk, {}), (other, {})), methods, split="test").results
    two = evaluate_forces(make_catalogue((other, {}), (walk, {})), methods, split="test").results
    by = ["trial", "side"]
    assert one.sort_values(by, ignore_index=True).equals(two.sort_values(by, ignore_index=True))
