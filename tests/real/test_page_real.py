"""The report page of recorded motions: forces act under the feet that are shown."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from gaitdynamics.files.motion import read_trial
from gaitdynamics.report_page.scene import scene_of
from gaitdynamics.tasks.forces import estimate_forces
from gaitdynamics.tasks.html_report import report_page
from gaitdynamics.trial import Surface


def row_of(folder: Path, study: str, activity: str) -> pd.Series:
    table = pd.read_csv(folder / "manifest.csv")
    rows = table[(table["study"] == study) & (table["activity"] == activity) & table["split"].isin(["train", "val"])]
    return rows.sort_values("seconds").iloc[-1]


@pytest.fixture(scope="module", params=[("Fukuchi2017", "running"), ("BiomechZooMcGill", "walking")])
def estimate(request, data_folder):
    row = row_of(data_folder, *request.param)
    folder = data_folder / row["folder"]
    surface = Surface()
    if row["surface"] == "treadmill":
        surface = Surface("treadmill", float(row["belt_speed_m_s"]))
    motion = folder / f"{row['trial']}_ik.mot"
    return estimate_forces(read_trial(motion, model=folder / "model.osim", surface=surface))


def test_arrows_start_under_the_foot_that_is_drawn(estimate) -> None:
    e = estimate
    scene = scene_of(e.trial, e.forces, e.contact, floor_height=e.floor_height)
    for foot, side in enumerate("rl"):
        heel = next(s for s in scene.solids if s.name == f"calcn_{side}")
        loaded = scene.force[:, foot, 1] > 0.2
        away = (scene.cop[loaded, foot] - scene.position[loaded, heel.body])[:, [0, 2]]
        # Heel bones begin at the back of the foot: a foot is less than 30 cm long.
        assert np.linalg.norm(away, axis=1).max() < 0.3


def test_the_page_of_a_recorded_motion_is_small(estimate) -> None:
    seconds = float(np.ptp(estimate.trial.time))
    size = len(report_page(estimate).encode())
    assert size < 12e6
    # 3.4 MB of libraries; what is left grows with the motion, and a minute of it must fit into twelve megabytes.
    assert (size - 3.4e6) * 60.0 / max(seconds, 10.0) < 8.6e6
