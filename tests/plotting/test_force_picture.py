from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.image import imread

from gaitdynamics.plotting.forces import plot_forces
from gaitdynamics.plotting.style import BAND_ALPHA, SIDE_COLORS, save_png
from gaitdynamics.stances import Interval, find_stances
from gaitdynamics.tasks.report import measure
from gaitdynamics.tasks.results import ForceEstimate
from gaitdynamics.trial import FootForces
from synthetic_walk import estimate, uncertain


def draw(result: ForceEstimate, measured: FootForces | None = None):
    trial = replace(result.trial, forces=measured)
    return plot_forces(trial, result.forces, result.contact, result.com_velocity, measure(result))


def share_of(color: str | np.ndarray, picture: np.ndarray) -> float:
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


def bands(axes: Axes, foot: int) -> list[np.ndarray]:
    """Outlines (N, 2) of the bands in the colour of a foot."""
    color = mpl.colors.to_rgb(SIDE_COLORS["rl"[foot]])
    found = [c for c in axes.collections if isinstance(c, PolyCollection)]
    return [p.vertices for c in found if np.allclose(c.get_facecolor()[0][:3], color) for p in c.get_paths()]


@pytest.mark.parametrize(("row", "component"), [(0, 1), (1, 0), (2, 2)])
def test_bands_are_95_percent_intervals_in_stance(row: int, component: int) -> None:
    result = uncertain(estimate())
    forces, weight = result.forces, result.trial.body_weight
    axes = draw(result).axes[2 * row]
    for foot in range(2):
        outlines = bands(axes, foot)
        assert len(outlines) == len([s for s in find_stances(result.contact) if s.side == "rl"[foot]])
        seen = np.concatenate(outlines)
        on = np.flatnonzero(result.contact[:, foot])
        assert set(np.round(seen[:, 0], 6)) == set(np.round(forces.time[on], 6))
        for frame in on[:: len(on) // 20]:
            middle, half = (x[frame, foot, component] for x in (forces.force, 1.959964 * forces.force_sd))
            ends = seen[np.isclose(seen[:, 0], forces.time[frame]), 1] * weight / 100.0
            lowest = 0.0 if component == 1 else -np.inf  # the ground never pulls
            assert (ends.min(), ends.max()) == pytest.approx((max(lowest, middle - half), middle + half), abs=1e-3)


def test_band_of_a_stance_follows_the_direction_of_travel() -> None:
    """Walking along Z, what is uncertain along X is uncertain sideways."""
    result = uncertain(estimate())
    turned = replace(result, com_velocity=result.com_velocity[:, [2, 1, 0]])
    for one, foot in ((result, 0), (turned, 2)):
        fore_aft = draw(one).axes[3]
        outline = np.concatenate(bands(fore_aft, 0))
        middle = outline[np.isclose(outline[:, 0], 50.0), 1]
        stances = [s for s in find_stances(one.contact) if s.side == "r" and s.complete]
        deviation = [np.interp(50, np.linspace(0, 100, s.stop - s.start), sd_of(one, s, foot)) for s in stances]
        expected = 2 * 1.959964 * 100.0 * np.mean(deviation) / one.trial.body_weight
        assert np.ptp(middle) == pytest.approx(expected, rel=1e-4)


def sd_of(result: ForceEstimate, stance: Interval, component: int) -> np.ndarray:
    assert result.forces.force_sd is not None
    return result.forces.force_sd[stance.start : stance.stop, 0, component]


def test_area_under_a_foot_reaches_to_the_ends_of_the_interval() -> None:
    result = uncertain(estimate(seconds=1.15))  # one whole stance of the right foot
    constant = np.where(result.contact[..., None], [0.02, 0.0, 0.01], 0.0)
    result = replace(result, forces=replace(result.forces, cop_sd=constant))
    left, right = (axes for axes in draw(result).axes if axes.get_title().endswith("CoP"))
    assert not left.patches
    (area,) = right.patches
    path = np.concatenate([line.get_xydata() for line in right.lines if len(line.get_xydata()) > 2])
    found = area.get_path().vertices
    reach = 1.959964 * np.array([1.0, 2.0])  # to the right and forward [cm]
    np.testing.assert_allclose(found.max(axis=0), path.max(axis=0) + reach, atol=0.01)
    np.testing.assert_allclose(found.min(axis=0), path.min(axis=0) - reach, atol=0.01)
    low, high = np.transpose([right.get_xlim(), right.get_ylim()])
    assert (low <= found.min(axis=0)).all()
    assert (high >= found.max(axis=0)).all()


def test_png_shows_the_areas_under_both_feet(tmp_path: Path) -> None:
    save_png(draw(uncertain(estimate(seconds=2.2))), tmp_path / "walk.png")
    picture = imread(tmp_path / "walk.png")
    for color in SIDE_COLORS.values():
        over_white = 1.0 - BAND_ALPHA + BAND_ALPHA * np.array(mpl.colors.to_rgb(color))
        assert share_of(over_white, picture) > 5e-3


def test_the_legend_tells_of_intervals_only_where_there_are_any() -> None:
    def said(result: ForceEstimate) -> list[str]:
        return [text.get_text() for text in draw(result).axes[0].get_legend().get_texts()]

    assert "95 % interval" in said(uncertain(estimate()))
    assert "95 % interval" not in said(estimate())
    assert not bands(draw(estimate()).axes[0], 0)


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
