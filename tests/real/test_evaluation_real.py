"""Catalogue, gait cycles and errors on recorded gait, against numbers found another way."""

from __future__ import annotations

import csv
from dataclasses import replace

import numpy as np
import pytest
from scipy.signal import find_peaks

from gaitdynamics.dataset import Catalogue
from gaitdynamics.evaluation.benchmark import evaluate_forces
from gaitdynamics.evaluation.gait_cycles import CycleRules, gait_cycles, stance_intervals
from gaitdynamics.evaluation.heading import heading
from gaitdynamics.evaluation.metrics import FORE_AFT, MEDIO_LATERAL, VERTICAL

ERRORS = (
    "profile_vertical",
    "profile_fore_aft",
    "profile_medio_lateral",
    "peak_vertical",
    "impulse_vertical",
)


@pytest.fixture(scope="module")
def catalogue(data_folder):
    return Catalogue.read(data_folder)


def first(catalogue, study, count=1, **criteria):
    """Take the first trials of a study, each of another person where there are several."""
    chosen = {}
    for record in catalogue.select(study=study, **criteria):
        chosen.setdefault(record.person, record)
    return list(chosen.values())[:count]


def test_every_row_of_the_manifest_is_a_record(catalogue, data_folder):
    with (data_folder / "manifest.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert len(catalogue) == len(rows)
    for record, row in zip(catalogue, rows, strict=True):
        assert (record.label, record.split) == (
            f"{row['study']}/{row['subject']}/{row['trial']}",
            row["split"],
        )
        assert record.mass_kg == pytest.approx(float(row["mass_kg"]))
        assert record.surface.kind == row["surface"]
        if row["belt_speed_m_s"]:
            assert record.surface.belt_speed == pytest.approx(float(row["belt_speed_m_s"]))


def test_people_with_two_names_are_known_and_on_one_side(catalogue):
    assert ("Hamner2013/subject01", "Arnold2013/subject01") in catalogue.same_person
    catalogue.check_people()


def test_valid_frames_add_up_to_the_seconds_of_the_manifest(catalogue, data_folder):
    with (data_folder / "manifest.csv").open(newline="") as stream:
        rows = {f"{r['study']}/{r['subject']}/{r['trial']}": r for r in csv.DictReader(stream)}
    for study in ("GaitEventsMoissenet", "BiomechZooMcGill", "Arnold2013"):
        for record in first(catalogue, study, 2):
            trial = record.load()
            seconds = trial.forces.valid.sum(axis=0) / trial.rate
            pieces = max(len(record.valid_r), len(record.valid_l))
            for found, name in zip(seconds, ("valid_r_s", "valid_l_s"), strict=True):
                # Each interval has one frame more than steps, and ends rounded to hundredths.
                assert found == pytest.approx(float(rows[record.label][name]), abs=2.5 * pieces / trial.rate)


@pytest.mark.parametrize(
    ("study", "activity"), [("Arnold2013", "walking"), ("Hamner2013", "running"), ("Fukuchi2017", "running")]
)
def test_gait_cycles_last_as_long_as_those_of_the_hip(catalogue, study, activity):
    for record in first(catalogue, study, 2, activity=activity):
        trial = record.load()
        hip = trial.column("hip_flexion_r") - trial.column("hip_flexion_r").mean()
        correlation = np.correlate(hip, hip, mode="full")[len(hip) - 1 :]
        lags = find_peaks(correlation, prominence=0.3 * correlation[0])[0]
        stride = lags[0] / trial.rate
        cycles = gait_cycles(
            trial.forces.force[:, 0, 1],
            trial.forces.valid[:, 0],
            trial.rate,
            trial.body_weight,
            CycleRules(),
            overground=False,
        )
        lengths = np.array([c.stop - c.start for c in cycles]) / trial.rate
        assert lengths.mean() == pytest.approx(stride, rel=0.04)
        seconds = trial.forces.valid[:, 0].sum() / trial.rate
        # The strides at both ends are not whole; at most one and a bit is lost at each.
        assert seconds / stride - 2.5 <= len(cycles) <= seconds / stride


def test_stance_takes_the_share_of_the_stride_known_of_walking_and_running(catalogue):
    for study, low, high in (("Arnold2013", 0.55, 0.70), ("Fukuchi2017", 0.20, 0.45)):
        (record,) = first(catalogue, study)
        trial = record.load()
        for foot in (0, 1):
            vertical = trial.forces.force[:, foot, 1]
            stances = stance_intervals(vertical, 0.1 * trial.body_weight)
            stride = np.median(np.diff(stances[:, 0]))
            assert low < np.median(stances[:, 1] - stances[:, 0]) / stride < high


def test_pelvis_faces_where_it_goes(catalogue):
    checked = 0
    for study in ("Schreiber2019", "GaitEventsMoissenet", "Uhlrich2023", "ZhejiangIMU", "BiomechZooMcGill"):
        for record in first(catalogue, study, 2, activity="walking"):
            trial = record.load()
            travel = [trial.column(f"pelvis_t{axis}")[[0, -1]] for axis in "xz"]
            along_x, along_z = (float(end - start) for start, end in travel)
            direction = np.arctan2(-along_z, along_x)
            assert np.angle(np.exp(1j * (heading(trial) - direction))) == pytest.approx(0.0, abs=np.deg2rad(15))
            checked += 1
    assert checked >= 6


@pytest.fixture(scope="module")
def some_trials(catalogue):
    """Records of several studies, and their measured forces by the fingerprint of the motion file."""
    studies = ("Arnold2013", "Hamner2013", "Uhlrich2023", "Schreiber2019", "ZhejiangIMU")
    records = [r for study in studies for r in first(catalogue, study, 2, split="test") if r.activity != "other"]
    trials = [record.load() for record in records]
    measured = {trial.provenance["motion_sha256"]: trial.forces for trial in trials}
    return replace(catalogue, records=tuple(records)), measured


def test_the_measurement_itself_has_no_error_and_a_gain_has_its_size(some_trials):
    catalogue, measured = some_trials

    def exact(trial):
        return measured[trial.provenance["motion_sha256"]]

    def gained(trial):
        forces = exact(trial)
        return replace(forces, force=1.05 * forces.force, cop=forces.cop + np.array([0.0, 0.0, 0.012]))

    found = evaluate_forces(catalogue, {"exact": exact, "gained": gained}, split="test")
    table = found.results.set_index("method")
    assert (table.loc["exact", [*ERRORS, "cop"]] == 0.0).all(axis=None)
    np.testing.assert_allclose(table.loc["gained", "cop"], 12.0)
    assert (table["cop_frames"] > 0).all()
    assert (table["cop_frames_without_estimate"] == 0).all()

    records = {record.label: record for record in catalogue}
    treadmill = found.results.query("method == 'gained' and surface == 'treadmill'")
    assert len(treadmill) == 8
    for row in treadmill.to_dict("records"):
        trial = records["/".join(row[key] for key in ("study", "subject", "trial"))].load()
        foot = "rl".index(row["side"])
        percent = 100.0 * trial.forces.force[:, foot] / trial.body_weight
        # A whole treadmill trial consists of whole cycles, but for its ends.
        mean = np.abs(percent[trial.forces.valid[:, foot]]).mean(axis=0)
        assert row["profile_vertical"] == pytest.approx(0.05 * mean[VERTICAL], rel=0.12)
        assert row["profile_fore_aft"] == pytest.approx(0.05 * mean[FORE_AFT], rel=0.15, abs=0.02)
        assert row["profile_medio_lateral"] == pytest.approx(0.05 * mean[MEDIO_LATERAL], rel=0.2, abs=0.02)
        gap = int(0.35 * trial.rate)
        peaks = find_peaks(percent[:, 1], height=70.0, distance=gap)[1]["peak_heights"]
        assert row["peak_vertical"] == pytest.approx(0.05 * np.mean(peaks), rel=0.05)


def test_every_walking_and_running_trial_is_scored_or_left_out_with_a_reason(some_trials):
    catalogue, measured = some_trials
    found = evaluate_forces(
        catalogue, {"exact": lambda trial: measured[trial.provenance["motion_sha256"]]}, split="test"
    )
    keys = ["study", "subject", "trial", "side"]
    scored = set(found.results[keys].itertuples(index=False, name=None))
    missing = set(found.left_out[keys].itertuples(index=False, name=None))
    everything = {(r.study, r.subject, r.trial, side) for r in catalogue for side in "rl"}
    assert scored | missing == everything
    assert not scored & missing
    assert found.left_out["reason"].str.len().gt(10).all()
