"""The robustness table on methods whose answer to worse input is known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from gaitdynamics.evaluation.perturbations import NotApplicableError, at_rate
from gaitdynamics.evaluation.robustness import (
    CONDITIONS,
    UNCHANGED,
    Condition,
    compare_with_unchanged,
    evaluate_robustness,
    on_times_of,
)
from gaitdynamics.evaluation.robustness_report import plot_robustness, write_robustness
from gaitdynamics.trial import FootForces


@pytest.fixture
def walks(make_trial, make_walking):
    """Two walks that differ in name only."""
    walk = make_trial(make_walking(), name="walk")
    return walk, replace(walk, name="other")


def lifted(trial):
    return trial.with_values(trial.values + 1.0)


def only_other(trial):
    if trial.name != "other":
        raise NotApplicableError
    return lifted(trial)


CHANGES = (
    UNCHANGED,
    Condition("lift", "a metre", 1.0, lifted),
    Condition("missing", "arms", float("nan"), only_other),
)


@pytest.fixture
def evaluation(walks, make_catalogue):
    """A method that is 7 N off as recorded, 14 N more per metre of height, and knows no lift of 'other'."""

    def method(trial):
        assert trial.forces is None
        measured = walks[0].forces
        height = trial.column("pelvis_ty").mean()
        if trial.name == "walk" and height > 0.5:
            raise ValueError("too high")
        return replace(measured, force=measured.force + np.array([0.0, 7.0 + 14.0 * height, 0.0]))

    catalogue = make_catalogue((walks[0], {}), (walks[1], {"study": "Bow"}))
    return evaluate_robustness(catalogue, {"m": method}, split="test", conditions=CHANGES)


def test_changes_are_told_against_the_same_trials(evaluation):
    table = compare_with_unchanged(evaluation).set_index("condition")
    assert table.loc["as recorded", "profile_vertical"] == pytest.approx(1.0)
    assert table.loc["a metre", ["studies", "trials", "failed"]].tolist() == [1, 1, 1]
    assert table.loc["arms", ["studies", "trials", "failed"]].tolist() == [1, 1, 0]
    for condition in ("a metre", "arms"):
        assert table.loc[condition, "profile_vertical"] == pytest.approx(3.0)
        assert table.loc[condition, "profile_vertical_change"] == pytest.approx(2.0)
        assert table.loc[condition, "cop_change"] == pytest.approx(0.0)


def test_a_failure_has_its_reason(evaluation):
    (failure,) = evaluation.failures.to_dict("records")
    assert (failure["trial"], failure["condition"], failure["reason"]) == ("walk", "a metre", "ValueError: too high")


def test_page_and_figure_show_the_numbers(evaluation, tmp_path):
    files = write_robustness(evaluation, tmp_path, title="Worse input")
    assert {file.name for file in files} == {
        "robustness.csv",
        "robustness_trials.csv",
        "robustness_failures.csv",
        "robustness.md",
        "robustness_m.png",
        "robustness_m.pdf",
    }
    page = (tmp_path / "robustness.md").read_text()
    assert "| lift | a metre | 1 | 1 | 1 | 1 | 3.0 (+2.0) |" in page
    assert "at 100 Hz;" in page
    figure = plot_robustness(compare_with_unchanged(evaluation), "m")
    vertical = figure.axes[0].lines[0]
    assert (vertical.get_xdata()[-1], vertical.get_ydata()[-1]) == (1.0, pytest.approx(3.0))


def test_estimates_of_another_rate_come_back_to_the_times_of_the_forces(walks):
    walk = walks[0]
    other = at_rate(walk, 250.0)
    frames = len(other.time)
    force = np.repeat(other.time[:, None, None], 2, axis=1) * np.ones(3)
    back = on_times_of(FootForces(other.time, force, np.zeros((frames, 2, 3))), walk)
    expected = np.repeat(walk.time[:, None], 2, axis=1)
    np.testing.assert_allclose(back.force[:-1, :, 1], expected[:-1], atol=1e-9)
    # The other clock ends 2 ms before; its last value is held.
    np.testing.assert_allclose(back.force[-1, :, 1], other.time[-1])
    np.testing.assert_array_equal(back.time, walk.time)


def test_every_condition_has_a_name_of_its_own():
    names = [(condition.group, condition.label) for condition in CONDITIONS]
    assert len(set(names)) == len(names)
    assert CONDITIONS[0] is UNCHANGED


def test_a_point_of_application_is_never_between_stance_and_swing(walks):
    walk = walks[0]
    time = walk.time[0] + np.arange(len(walk.time) // 2) / 50.0
    force = np.zeros((len(time), 2, 3))
    cop = np.zeros_like(force)
    force[10:20, 0, 1], cop[10:20, 0, 0] = 600.0, 0.4
    back = on_times_of(FootForces(time, force, cop), walk)
    loaded = back.force[:, 0, 1] > 0.0
    assert loaded.sum() == 21  # with one frame between the samples at both ends
    np.testing.assert_allclose(back.cop[loaded, 0, 0], 0.4)
    assert (back.cop[~loaded] == 0.0).all()
