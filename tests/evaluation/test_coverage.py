"""Coverage of intervals for errors whose distribution is known."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from gaitdynamics.evaluation.coverage import (
    LEVELS,
    Spread,
    coverage_per_study,
    coverage_rows,
    covered,
    spread_of,
)
from gaitdynamics.evaluation.figures import plot_calibration
from gaitdynamics.trial import FootForces

KEYS = {"activity": "walking", "method": "m", "split": "test", "study": "Arc"}


def test_normal_errors_with_their_own_spread_are_covered_as_stated():
    generator = np.random.default_rng(0)
    sd = generator.uniform(1.0, 30.0, 40_000)  # another one in every frame
    share = covered(sd * generator.standard_normal(len(sd)), sd) / len(sd)
    # Three standard errors of a share of 40000.
    np.testing.assert_allclose(share, LEVELS, atol=0.0075)


def test_an_estimate_too_sure_of_itself_covers_less():
    error = np.random.default_rng(1).standard_normal(40_000)
    half, nominal = covered(error, np.full(len(error), 0.5), (0.5, 0.95)) / len(error)
    # P(|z| < 0.5 * 0.6745) and P(|z| < 0.5 * 1.96)
    assert half == pytest.approx(0.2641, abs=0.008)
    assert nominal == pytest.approx(0.6729, abs=0.008)


def test_without_spread_only_exact_estimates_are_covered():
    assert covered(np.array([0.0, 1e-9]), np.zeros(2), (0.95,)).tolist() == [1.0]


@pytest.fixture
def rows():
    generator = np.random.default_rng(2)
    frames = 6000
    force = np.zeros((frames, 3))
    force[: frames // 2, 1] = 600.0
    sd = np.tile([10.0, 20.0, 5.0], (frames, 1)) * (force[:, 1:2] > 0)
    cop_sd = np.tile([0.02, 0.0, 0.01], (frames, 1))
    estimated = force + sd * generator.standard_normal((frames, 3))
    cop = cop_sd * generator.standard_normal((frames, 3))
    found = coverage_rows(force, estimated, np.zeros((frames, 3)), cop, sd, cop_sd, np.ones(frames, bool))
    return pd.DataFrame([KEYS | row for row in found])


def test_swing_does_not_count_and_every_quantity_is_covered(rows):
    table = coverage_per_study(rows)
    assert set(table["quantity"]) == {"vertical", "fore_aft", "medio_lateral", "cop_fore_aft", "cop_medio_lateral"}
    assert (table["frames"] == 3000).all()
    np.testing.assert_allclose(table["coverage"], table["level"], atol=0.03)


def test_feet_are_added_up(rows):
    twice = coverage_per_study(pd.concat([rows, rows.assign(inside=0)]))
    assert (twice["frames"] == 6000).all()
    np.testing.assert_allclose(twice["coverage"], 0.5 * coverage_per_study(rows)["coverage"])


def test_the_figure_has_a_line_per_study_beside_the_diagonal(rows):
    figure = plot_calibration(pd.concat([rows, rows.assign(study="Bow")]), "m")
    assert len(figure.axes) == 5
    diagonal, *lines = figure.axes[0].lines
    np.testing.assert_array_equal(diagonal.get_xdata(), diagonal.get_ydata())
    assert len(lines) == 2
    np.testing.assert_allclose(lines[0].get_ydata(), lines[0].get_xdata(), atol=3.0)


def forces_with(**spread):
    forces = FootForces(np.arange(3.0), np.zeros((3, 2, 3)), np.zeros((3, 2, 3)))
    for name, value in spread.items():
        object.__setattr__(forces, name, value)
    return forces


def test_spread_turns_with_the_walking_direction():
    force_sd = np.tile([3.0, 7.0, 4.0], (3, 2, 1))
    cop_sd = np.tile([0.03, 0.01], (3, 2, 1))
    forces = forces_with(force_sd=force_sd, cop_sd=cop_sd)
    ahead, aside = spread_of(forces, 0.0), spread_of(forces, np.pi / 2)
    assert isinstance(ahead, Spread)
    np.testing.assert_allclose(ahead.force, force_sd)
    np.testing.assert_allclose(ahead.cop[0, 0], [0.03, 0.0, 0.01])
    np.testing.assert_allclose(aside.force[0, 0], [4.0, 7.0, 3.0])
    np.testing.assert_allclose(spread_of(forces, np.pi / 4).force[0, 0], np.sqrt([12.5, 49.0, 12.5]))


def test_an_estimate_without_spread_has_none():
    assert spread_of(forces_with(), 0.0) is None
