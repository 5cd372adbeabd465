"""Averages worked out by hand, and the files made of them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from gaitdynamics.errors import UserInputError
from gaitdynamics.evaluation.bars import plot_errors
from gaitdynamics.evaluation.benchmark import evaluate_forces
from gaitdynamics.evaluation.figures import plot_curves, write_figures
from gaitdynamics.evaluation.markdown import markdown_table
from gaitdynamics.evaluation.pages import summary_page
from gaitdynamics.evaluation.summary import COUNTS, WEIGHTS, cost, over_studies, overall, per_study
from gaitdynamics.evaluation.tables import write_tables

PARAMETERS = {"pushed": 1234}


def row(
    study, error, weight, *, activity="walking", split="test_unseen_study", method="m", trial="t", cop=1.0, gain=1.0
):
    keys = {
        "study": study,
        "subject": "s",
        "trial": trial,
        "split": split,
        "activity": activity,
        "method": method,
        "protocol": "both_feet",
        "plate_gain": gain,
    }
    return keys | dict.fromkeys(COUNTS, weight) | dict.fromkeys(WEIGHTS, error) | {"cop": cop}


def test_study_mean_is_weighted_by_frames():
    studies = per_study(pd.DataFrame([row("A", 1.0, 300), row("A", 5.0, 100), row("B", 4.0, 10)]))
    assert studies.set_index("study")["profile_vertical"].to_dict() == {"A": 2.0, "B": 4.0}
    assert studies.set_index("study")["frames"].to_dict() == {"A": 400, "B": 10}


def test_each_study_counts_once_in_the_mean():
    studies = per_study(pd.DataFrame([row("A", 1.0, 10_000), row("B", 4.0, 10)]))
    (total,) = over_studies(studies).to_dict("records")
    assert total["profile_vertical_mean"] == 2.5
    assert total["profile_vertical_sd"] == 1.5  # divisor n
    assert total["studies"] == 2


def test_feet_without_centre_of_pressure_do_not_spoil_the_study():
    table = pd.DataFrame([row("A", 1.0, 10, cop=30.0), row("A", 1.0, 0, cop=np.nan), row("B", 1.0, 0, cop=np.nan)])
    studies = per_study(table).set_index("study")
    assert studies.loc["A", "cop"] == 30.0
    assert np.isnan(studies.loc["B", "cop"])
    (total,) = over_studies(studies.reset_index()).to_dict("records")
    assert total["cop_mean"] == 30.0


def test_walking_running_splits_and_methods_are_kept_apart():
    table = pd.DataFrame(
        [
            row("A", 1.0, 1),
            row("B", 3.0, 1, split="test_held_out_subject"),
            row("C", 9.0, 1, activity="running"),
            row("A", 5.0, 1, method="n"),
        ]
    )
    summary = over_studies(per_study(table)).set_index(["activity", "method", "split"])["peak_vertical_mean"]
    assert summary.to_dict() == {
        ("running", "m", "test_unseen_study"): 9.0,
        ("walking", "m", "test_unseen_study"): 1.0,
        ("walking", "m", "test_held_out_subject"): 3.0,
        ("walking", "m", "all"): 2.0,
        ("walking", "n", "test_unseen_study"): 5.0,
    }


def test_root_mean_squares_are_pooled_as_squares():
    table = pd.DataFrame([row("A", 1.0, 30), row("A", 1.0, 10)]).assign(moment_hip_flexion=[1.0, 3.0])
    assert per_study(table)["moment_hip_flexion"].tolist() == [pytest.approx(np.sqrt((30 * 1 + 10 * 9) / 40))]


def test_rows_without_the_gain_of_the_plates_count_in_no_mean():
    table = pd.DataFrame([row("A", 4.0, 10), row("A", 0.5, 10, gain=1.06), row("B", 2.0, 10)])
    assert per_study(table)["profile_vertical"].tolist() == [4.0, 0.5, 2.0]
    (total,) = over_studies(per_study(table)).to_dict("records")
    assert (total["profile_vertical_mean"], total["studies"]) == (3.0, 2)


def test_overall_rows_are_those_of_all_splits_where_there_are_several():
    table = pd.DataFrame(
        [row("A", 1.0, 1), row("B", 3.0, 1, split="test_held_out_subject"), row("A", 5.0, 1, method="n")]
    )
    chosen = overall(over_studies(per_study(table)))
    assert dict(zip(chosen["method"], chosen["split"], strict=True)) == {"m": "all", "n": "test_unseen_study"}


def test_cost_counts_each_trial_once():
    table = pd.DataFrame([row("A", 1.0, 1), row("A", 1.0, 1), row("A", 1.0, 1, trial="u")])
    table = table.assign(work_s=[2.0, 2.0, 1.0], motion_s=[10.0, 10.0, 20.0])
    assert cost(table)["m"] == pytest.approx(0.1)


def test_both_feet_of_a_trial_are_one_trial():
    (study,) = per_study(pd.DataFrame([row("A", 1.0, 1), row("A", 1.0, 1)])).to_dict("records")
    assert (study["trials"], study["subjects"]) == (1, 1)


@pytest.fixture(scope="module")
def evaluation(make_trial, make_walking, make_catalogue):
    walk = make_trial(make_walking(), name="walk")
    run = make_trial(1.5 * make_walking(stance=30, cycle=70), name="run")
    forces = {trial.name: trial.forces for trial in (walk, run)}

    def pushed(trial):
        measured = forces[trial.name]
        return replace(measured, force=measured.force + np.array([7.0, 21.0, -14.0]))

    def fails(trial):
        raise UserInputError("no feet | here\nand there")

    catalogue = make_catalogue(
        (walk, {}), (run, {"study": "Bow", "activity": "running"}), (None, {"study": "Arc", "name": "broken"})
    )
    return evaluate_forces(catalogue, {"pushed": pushed, "fails": fails}, split="test")


def test_files_hold_the_numbers(evaluation, tmp_path):
    files = write_tables(evaluation, tmp_path / "new" / "folder", title="Forces", parameters=PARAMETERS)
    assert {file.name for file in files} == {
        "results.csv",
        "left_out.csv",
        "studies.csv",
        "summary.csv",
        "methods.csv",
        "summary.md",
    }
    assert sorted(file.name for file in (tmp_path / "new" / "folder").iterdir()) == sorted(f.name for f in files)
    results = pd.read_csv(tmp_path / "new/folder/results.csv")
    assert len(results) == 4
    np.testing.assert_allclose(results["profile_medio_lateral"], 2.0)
    left_out = pd.read_csv(tmp_path / "new/folder/left_out.csv")
    assert left_out["trial"].tolist() == ["walk", "run", "broken"]
    summary = pd.read_csv(tmp_path / "new/folder/summary.csv").set_index("activity")
    assert summary.loc["running", "profile_vertical_mean"] == pytest.approx(3.0)
    assert summary.loc["walking", "peak_vertical_mean"] == pytest.approx(3.0)


def test_page_names_the_paper_as_other_data_and_counts_what_is_left_out(evaluation):
    page = summary_page(evaluation, title="Forces", parameters=PARAMETERS)
    paper = next(line for line in page.splitlines() if "Tan et al." in line)
    assert "other data" in paper
    assert [cell.strip() for cell in paper.split("|")][7:11] == ["3.2", "1.2", "0.7", "3.6"]
    assert "| Arc | unseen studies | pushed | 1 | 1 | 6 | 3.0 |" in page
    assert "| Arc | all | all | 1 | broken_ik.mot: cannot be read |" in page
    assert "no feet \\| here and there" in page
    assert "right and left foot" in page
    assert "| pushed | 1,234 |" in page
    # Every table has the same number of cells in all of its lines.
    for block in page.split("\n\n"):
        lines = [line.replace("\\|", "") for line in block.splitlines() if line.startswith("|")]
        assert len({line.count("|") for line in lines}) <= 1


def test_markdown_cells_cannot_break_the_table():
    assert markdown_table(("a", "b"), [("x|y", "1\n2")]) == "| a | b |\n| --- | --- |\n| x\\|y | 1 2 |\n"


def test_bars_show_the_means_over_studies(evaluation):
    figure = plot_errors(evaluation.results)
    walking = figure.axes[0]
    assert walking.get_title().startswith("Walking")
    assert [bar.get_height() for bar in walking.patches] == pytest.approx([3.0, 1.0, 2.0, 3.0])
    levels = {float(line.get_ydata()[0]) for line in walking.lines if line.get_linestyle() == "--"}
    assert levels == {13.0, 10.18, 4.65}


def test_curves_show_measured_and_estimated_means(evaluation):
    figure = plot_curves(evaluation.curves, "pushed")
    vertical = figure.axes[0]
    measured, estimated = vertical.lines[0].get_ydata(), vertical.lines[1].get_ydata()
    np.testing.assert_allclose(estimated - measured, 3.0)
    assert len(figure.axes) == 2 * 3
    with pytest.raises(ValueError, match="no curves"):
        plot_curves(evaluation.curves, "unheard of")


def test_figures_are_written_whole_and_leave_no_global_state(evaluation, tmp_path):
    import matplotlib.pyplot as plt

    files = write_figures(evaluation, tmp_path)
    names = ["curves_pushed.pdf", "curves_pushed.png", "errors.pdf", "errors.png"]
    assert sorted(file.name for file in files) == names
    begins = {".png": b"\x89PNG\r\n\x1a\n", ".pdf": b"%PDF-1.4"}
    assert all(file.read_bytes()[:8] == begins[file.suffix] for file in files)
    assert len(list(tmp_path.iterdir())) == 4
    assert plt.get_fignums() == []
