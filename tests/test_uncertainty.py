from __future__ import annotations

import numpy as np
import pytest

from gaitdynamics.uncertainty import interval_factor, turned_deviations


def test_an_interval_is_that_of_the_normal_distribution() -> None:
    assert interval_factor() == pytest.approx(1.959964, abs=1e-6)
    assert interval_factor(0.5) == pytest.approx(0.674490, abs=1e-6)


def test_independent_deviations_turn_as_variances() -> None:
    generator = np.random.default_rng(0)
    deviation, angle = np.array([3.0, 7.0, 4.0]), 0.4
    errors = deviation * generator.standard_normal((200_000, 3))
    forward, right = np.array([np.cos(angle), 0.0, np.sin(angle)]), np.array([-np.sin(angle), 0.0, np.cos(angle)])
    expected = [(errors @ forward).std(), 7.0, (errors @ right).std()]
    np.testing.assert_allclose(turned_deviations(deviation, angle), expected, rtol=0.01)
    np.testing.assert_allclose(turned_deviations(deviation, np.pi / 2), [4.0, 7.0, 3.0])


def test_every_frame_may_turn_by_its_own_angle() -> None:
    deviation = np.tile([3.0, 7.0, 4.0], (2, 2, 1))
    turned = turned_deviations(deviation, np.array([[0.0], [np.pi / 2]]))
    np.testing.assert_allclose(turned[0], deviation[0])
    np.testing.assert_allclose(turned[1], deviation[1][:, [2, 1, 0]])
