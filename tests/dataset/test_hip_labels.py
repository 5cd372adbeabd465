"""Labels of trials: their files, the cycles that are cut from them, and what speaks against a cycle."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from gaitdynamics.dataset.gait2hip import read_gait2hip
from gaitdynamics.dataset.hip_label_quality import judge_cycle, usable_instants
from gaitdynamics.dataset.hip_labels import (
    LegLabels,
    TrialLabels,
    cut_labelled_cycles,
    load_trial_labels,
    save_trial_labels,
    write_gait2hip,
)
from gaitdynamics.errors import FileFormatError


def leg(seconds: float = 3.0, rate: float = 60.0) -> LegLabels:
    """A leg whose values are known functions of time, with one cycle from 0.5 to 1.6 s."""
    time = np.arange(0.0, seconds, 1.0 / rate)
    wave = np.sin(2 * np.pi * time / 1.1)
    moment = np.stack([(k + 1) * 10.0 * wave for k in range(7)], axis=1)
    moment[:, 6] = np.nan
    return LegLabels(
        time=time,
        angles=np.stack([20.0 * wave + k for k in range(10)], axis=1),
        posture=np.zeros((len(time), 7)),
        speed=np.zeros((len(time), 7)),
        moment=moment,
        reserve=0.01 * moment,
        force=np.stack([100.0 * (k + 1) * wave**2 for k in range(14)], axis=1),
        saturation=np.zeros(len(time)),
        residual=np.full(len(time), 0.05),
        cycles=np.array([[0.5, 1.6]]),
    )


def trial(one: LegLabels | None = None, *, activity: str = "walking") -> TrialLabels:
    lengths = (0.41, 0.42, 0.08)
    legs = {"r": one or leg()}
    return TrialLabels("Study", "subject01", "walk1", "train", activity, "normal", 70.0, None, lengths, legs)


def test_a_trial_is_read_as_it_was_written(tmp_path: Path) -> None:
    file = tmp_path / "one.npz"
    save_trial_labels(file, trial(), {"rate": 60.0})
    found = load_trial_labels(file, {"rate": 60.0})
    assert (found.label, found.lengths, found.height_m) == ("Study/subject01/walk1", (0.41, 0.42, 0.08), None)
    for name, values in vars(leg()).items():
        np.testing.assert_array_equal(getattr(found.legs["r"], name), values)
    with pytest.raises(FileFormatError, match="other settings"):
        load_trial_labels(file, {"rate": 50.0})


def test_cycles_are_cut_at_their_ends_and_follow_the_curves() -> None:
    (cycle,) = cut_labelled_cycles([trial()], 180)
    at = np.linspace(0.5, 1.6, 180)
    wave = np.sin(2 * np.pi * at / 1.1)
    np.testing.assert_allclose(cycle.angles[:, 3], 20.0 * wave + 3, atol=2e-3)
    np.testing.assert_allclose(cycle.force[:, 1], 200.0 * wave**2, atol=200.0 * 0.01)
    np.testing.assert_allclose(cycle.moment, np.stack([10 * wave, 20 * wave, 30 * wave], 1), atol=0.1)


def test_the_archive_is_in_the_layout_of_gait2hip_and_holds_no_pickle(tmp_path: Path) -> None:
    cycles = cut_labelled_cycles([trial()], 60)
    for moments, outputs in ((False, 14), (True, 3)):
        file = tmp_path / "labels.npz"
        write_gait2hip(file, cycles, moments=moments)
        with np.load(file, allow_pickle=False) as archive:
            assert {archive[name].dtype.kind for name in archive.files} <= {"f", "U"}
            assert archive["split"].tolist() == ["train"]
        data = read_gait2hip(file)
        assert data.outputs.shape == (1, 60, outputs)
        truth = cycles[0].moment if moments else cycles[0].force
        np.testing.assert_allclose(data.outputs[0], truth / 70.0, rtol=1e-5, atol=1e-6)
        assert (data.subject[0], data.cadence[0]) == ("Study/subject01", "walking")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"reserve": 0.2 * leg().moment}, "reserve actuators give 20 %"),
        ({"residual": np.full(180, 0.4)}, "40 % of body weight"),
        ({"saturation": np.full(180, 0.5)}, "50 % of the muscles"),
        ({"angles": np.where(np.arange(10) == 1, 60.0, leg().angles)}, "hip_adduction_r 60 to 60 degrees"),
    ],
)
def test_a_bad_cycle_is_refused_with_its_reason(change: dict[str, np.ndarray], said: str) -> None:
    (cycle,) = cut_labelled_cycles([trial(replace(leg(), **change))])
    assert said in judge_cycle(cycle)["reason"]


def test_a_good_cycle_passes_even_where_a_residual_is_not_known() -> None:
    for residual in (leg().residual, np.full(180, np.nan)):
        (cycle,) = cut_labelled_cycles([trial(replace(leg(), residual=residual))])
        found = judge_cycle(cycle)
        assert found["reason"] == ""
        assert found["reserve_share"] == pytest.approx(0.01, rel=1e-6)


def test_instants_with_large_reserves_are_not_learnt_from() -> None:
    one = leg()
    reserve = one.reserve.copy()
    reserve[10:20, 0] = 50.0
    usable = usable_instants(trial(), replace(one, reserve=reserve))
    assert not usable[10:20].any()
    assert usable[20:].all()
    assert usable_instants(trial(), replace(one, residual=np.full(180, 0.3))).sum() == 0
    assert usable_instants(trial(activity="running"), replace(one, residual=np.full(180, 0.3))).all()
