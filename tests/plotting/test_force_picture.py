from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.image import imread

from gaitdynamics.plotting.forces import plot_forces
from gaitdynamics.plotting.style import SIDE_COLORS, save_png
from gaitdynamics.tasks.report import measure
from gaitdynamics.tasks.results import ForceEstimate
from gaitdynamics.trial import FootForces
from synthetic_walk import estimate


def draw(result: ForceEstimate, measured: FootForces | None = None):
    trial = replace(result.trial, forces=measured)
    return plot_forces(trial, result.forces, result.contact, result.com_velocity, measure(result))


def share_of(color: str, picture: np.ndarray) -> float:
    return float((np.abs(picture[..., :3] - mpl.colors.to_rgb(color)).max(axis=-1) < 0.02).mean())


def test_png_shows_both_feet_in_their_colours(tmp_path: Path) -> None:
    save_png(draw(estimate()), tmp_path / "walk.png")
    picture = imread(tmp_path / "walk.png")
    assert min(picture.shape[:2]) > 700
    for color in SIDE_COLORS.values():
        assert share_of(color, picture) > 1e-3


def test_curves_are_percent_of_body_weight() -> None:
    result = estimate()
    vertical = draw(result).axes[0]
    drawn = max(float(np.max(line.get_ydata())) for line in vertical.lines)
    assert drawn == pytest.approx(110.0, rel=1e-3)


def test_measured_forces_are_dashed_and_only_where_valid() -> None:
    result = estimate()
    valid = np.zeros((len(result.forces.time), 2), dtype=bool)
    valid[100:200] = True
    figure = draw(result, replace(result.forces, valid=valid))
    dashed = [line for line in figure.axes[0].lines if line.is_dashed()]
    assert len(dashed) == 2
    for line in dashed:
        assert (np.isfinite(np.asarray(line.get_ydata(), dtype=float)) == valid[:, 0]).all()


def test_long_trial_shows_ten_seconds_and_all_stances() -> None:
    result = estimate(seconds=60.2)
    figure = draw(result)
    low, high = figure.axes[0].get_xlim()
    assert high - low == pytest.approx(10.0, abs=0.02)
    assert "60 right" in figure.axes[1].get_title() or "59 right" in figure.axes[1].get_title()


def test_trial_without_a_whole_stance_is_drawn(tmp_path: Path) -> None:
    save_png(draw(estimate(seconds=0.5)), tmp_path / "short.png")
    assert imread(tmp_path / "short.png").std() > 0.01


def test_drawing_leaves_no_pyplot_figures() -> None:
    from matplotlib import pyplot as plt

    before = plt.get_fignums()
    draw(estimate())
    assert plt.get_fignums() == before
