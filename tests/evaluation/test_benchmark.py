"""The evaluation as a whole on trials held in memory: every trial is scored or left out with a reason."""

from __future__ import annotations

import pickle
from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from gaitdynamics.engines.in_order import run_parallel
from gaitdynamics.errors import UserInputError
from gaitdynamics.evaluation.benchmark import PROTOCOLS, evaluate_forces
from gaitdynamics.evaluation.gait_cycles import CycleRules
from gaitdynamics.evaluation.moment_metrics import JOINTS, JointMoments
from gaitdynamics.evaluation.scoring import Plan
from gaitdynamics.evaluation.tally import LEFT_OUT_COLUMNS
from gaitdynamics.tasks.force_evaluation import InverseDynamics
from gaitdynamics.tasks.force_methods import PhysicsMethod, WeightsMethod
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
            make_catalogue((trial, {})), {"exact": Known(trial)}, split="test", protocols={"paper": CycleRules.paper()}
        )


def test_paper_rules_score_the_left_foot_only(walk, make_catalogue):
    found = evaluate_forces(make_catalogue((walk, {})), {"exact": Known(walk)}, split="test", protocols=PROTOCOLS)
    feet = {protocol: "".join(rows["side"]) for protocol, rows in found.results.groupby("protocol")}
    assert feet == {"both_feet": "rl", "paper": "l", "published_code": "l"}
    # Curves for the figures are those of one protocol.
    assert len(found.curves) == 2


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
    one = evaluate_forces(make_catalogue((walk, {}), (other, {})), methods, split="test").results.drop(columns="work_s")
    two = evaluate_forces(make_catalogue((other, {}), (walk, {})), methods, split="test").results.drop(columns="work_s")
    by = ["trial", "side"]
    assert one.sort_values(by, ignore_index=True).equals(two.sort_values(by, ignore_index=True))


class Linear:
    """Dynamics of a body whose joint moments are 0.01 m times the vertical force, and that demands a known force."""

    def __init__(self, demanded):
        self.demanded = demanded

    def demanded_force(self, trial):
        return self.demanded

    def joint_moments(self, trial, forces):
        lever = 0.01 * forces.force[..., 1] / trial.subject.mass_kg
        return JointMoments(dict.fromkeys(JOINTS, lever), -lever)


def test_moments_and_residuals_go_with_the_forces_of_each_method(walk, make_catalogue):
    methods = {"exact": Known(walk), "pushed": Known(walk, change=pushed([0.0, 14.0, 0.0]))}
    dynamics = Linear(walk.forces.force.sum(axis=1) + np.array([0.0, 7.0, 21.0]))
    found = evaluate_forces(make_catalogue((walk, {})), methods, split="test", dynamics=dynamics)
    table = found.results.set_index("method")
    moments = [f"moment_{name}" for name in (*JOINTS, "knee_adduction")]
    assert (table.loc["exact", [*moments, "kam_first_peak", "kam_second_peak"]] == 0.0).all(axis=None)
    expected = 0.01 * 14.0 / walk.subject.mass_kg
    np.testing.assert_allclose(table.loc["pushed", [*moments, "kam_first_peak"]].astype(float), expected)
    np.testing.assert_allclose(table.loc["exact", "newton_vertical"], 1.0)
    np.testing.assert_allclose(table.loc["exact", "newton_total"], np.hypot(1.0, 3.0))
    # 14 N more on each of two feet, of which 7 N were missing.
    np.testing.assert_allclose(table.loc["pushed", "newton_vertical"], 3.0)
    np.testing.assert_allclose(table["newton_measured_vertical"], 1.0)


def test_removing_a_gain_adds_rows_and_changes_none(walk, make_catalogue, monkeypatch):
    from gaitdynamics.evaluation import benchmark
    from gaitdynamics.evaluation.newton import PlateGain

    monkeypatch.setattr(benchmark, "plate_gain", lambda trials: PlateGain(1.25, 0.0, len(list(trials))))
    other = replace(walk, name="other")
    catalogue = make_catalogue((walk, {"study": "Arc"}), (other, {"study": "Bow"}))
    gained = Known(walk, other, change=lambda f: replace(f, force=f.force / 1.25))
    plain = evaluate_forces(catalogue, {"gained": gained}, split="test")
    found = evaluate_forces(catalogue, {"gained": gained}, split="test", remove_gain=("Arc", "not here"))
    assert found.gains["Arc"].trials == 1
    assert set(found.gains) == {"Arc"}
    corrected = found.results[found.results["plate_gain"] == 1.25]
    assert set(corrected["study"]) == {"Arc"}
    np.testing.assert_allclose(corrected[["profile_vertical", "peak_vertical"]], 0.0, atol=1e-12)
    recorded = found.results[found.results["plate_gain"] == 1.0]
    assert recorded.drop(columns="work_s").equals(plain.results.drop(columns="work_s"))
    assert len(found.curves) == len(plain.curves)


def test_several_processes_keep_the_order():
    assert list(run_parallel(abs, [-3, 2, -1], processes=2, title="Magnitudes")) == [3, 2, 1]
    assert list(run_parallel(abs, [-3, 2, -1], processes=1, title="Magnitudes")) == [3, 2, 1]


def test_what_the_processes_need_can_be_sent_to_them():
    methods = {"physics": PhysicsMethod(), "mine": WeightsMethod("folder")}
    plan = Plan(methods, dict(PROTOCOLS), InverseDynamics())
    assert pickle.loads(pickle.dumps(plan)) == plan


def test_uncertainties_are_taken_where_an_estimate_has_them(walk, make_catalogue):
    class Uncertain(FootForces):
        pass

    def unsure(forces):
        found = Uncertain(forces.time, forces.force, forces.cop)
        object.__setattr__(found, "force_sd", np.ones_like(forces.force))
        object.__setattr__(found, "cop_sd", 0.01 * np.ones((len(forces.time), 2, 2)))
        return found

    methods = {"sure": Known(walk), "unsure": Known(walk, change=unsure)}
    found = evaluate_forces(make_catalogue((walk, {})), methods, split="test")
    assert set(found.coverage["method"]) == {"unsure"}
    assert (found.coverage["inside"] == found.coverage["frames"]).all()
    assert (found.coverage["frames"] > 0).all()
