"""Tables of generated against measured sway and speed: arithmetic that can be done by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from gaitdynamics.evaluation.knee_adduction import stance_curves
from gaitdynamics.evaluation.speed_report import rises, speed_summary, write_speed
from gaitdynamics.evaluation.sway_report import at_measured_sway, sway_summary, write_sway
from gaitdynamics.evaluation.sway_stances import SwayStance, as_table
from gaitdynamics.stances import Interval

CURVE = np.linspace(0.0, 1.0, 101)


def stance(what, forces, factor, first, sway, method=""):
    return SwayStance("A/1", "t", what, method, forces, factor, "l", first, first / 2, sway, 5.0, CURVE, CURVE)


@pytest.fixture
def stances():
    made = [stance("normal", "plates", 1.0, 3.0, 10.0), stance("normal", "plates", 1.0, 3.4, 10.0)]
    made += [stance("trunk sway", "plates", 1.0, 2.0, 25.0)]
    for factor, first in ((1.0, 3.0), (2.0, 2.2), (3.0, 1.4)):
        made.append(stance("generated", "refiner", factor, first, 10.0 * factor, "ours"))
        made.append(stance("generated", "diffusion", factor, first if factor < 3 else 5.0, 10.0 * factor, "ours"))
    return made


def test_changes_are_against_like(stances, tmp_path):
    page = write_sway(stances, tmp_path, "net", "0" * 64)
    assert len(pd.read_csv(tmp_path / "stances.csv")) == len(stances)
    table = as_table(stances)
    match = at_measured_sway(sway_summary(table, "l")).set_index("forces")
    assert match.loc["refiner", "first_measured"] == pytest.approx(2.0 - 3.2)
    # Half way between factor two and three.
    assert match.loc["refiner", "first_generated"] == pytest.approx(1.8 - 3.0)
    assert match["first_falls"].to_list() == [True, False]
    assert "| ours | refiner | 25.0 | -1.20 | -1.20 | yes |" in page
    assert (tmp_path / "sway.png").stat().st_size > 10_000


def test_stances_are_cut_and_halved():
    moment = np.zeros((100, 2))
    moment[20:60, 1] = np.where(np.arange(40) < 18, 2.0, 1.0)
    whole, part = Interval("l", 20, 60, complete=True), Interval("r", 0, 30, complete=False)
    (curve,) = stance_curves(moment, [whole, part])
    assert (curve.side, curve.start, curve.first, curve.second) == ("l", 20, 2.0, pytest.approx(1.0))


def run(subject, what, forces, asked, length, method=""):
    values = {"knee_flexion": 100.0 + asked, "vertical": 2.0 + 0.1 * asked, "propulsion": 0.1 * asked}
    return {
        "subject": subject,
        "trial": "t",
        "what": what,
        "method": method,
        "forces": forces,
        "asked": asked,
        "cycles": 3,
        "stride_length": length,
        "stride_frequency": 1.5,
        "braking": 0.3,
        "slide": 0.1,
        "speed": asked,
        "newton": 30.0,
        **values,
    }


def test_rises_are_compared_in_the_mean_over_people(tmp_path):
    rows = []
    for subject, extra in (("a", 0.0), ("b", 0.2)):
        rows += [run(subject, "measured", "plates", v, length + extra) for v, length in ((3.0, 2.0), (5.0, 2.8))]
        rows += [
            run(subject, "generated", "refiner", v, length + extra, "ours")
            for v, length in ((3.0, 1.9), (4.2, 2.5), (5.0, 2.4))
        ]
    table = pd.DataFrame(rows)
    summary = speed_summary(table)
    plates = summary[(summary["forces"] == "plates") & (summary["asked"] == 3.0)].iloc[0]
    assert (plates["people"], plates["stride_length_mean"], plates["stride_length_sd"]) == (2, 2.1, pytest.approx(0.1))
    row = rises(table, 3.0, 5.0).set_index("measure").loc["stride_length"]
    assert row["rise"] == pytest.approx(100.0 * (2.5 / 2.0 - 1.0))
    assert row["measured_rise"] == pytest.approx(100.0 * (2.9 / 2.1 - 1.0))
    assert not row["rises"]
    assert bool(row["within"]) == (abs(row["rise"] - row["measured_rise"]) <= row["measured_rise"] / 3.0)
    page = write_speed(table, tmp_path, "net", "0" * 64)
    assert "stride length" in page
    assert (tmp_path / "speed.png").stat().st_size > 10_000
