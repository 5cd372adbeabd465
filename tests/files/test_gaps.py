"""Gaps in time of a motion file: found, bridged, and refused where they are too long."""

import numpy as np
import pytest

from gaitdynamics.errors import UserInputError
from gaitdynamics.files.gaps import bridge_gaps, spans
from gaitdynamics.files.storage import Table


def table(*columns: list[float]) -> Table:
    time = np.arange(len(columns[0])) * 0.1
    labels = ("time", *(f"q{i}" for i in range(len(columns))))
    return Table("", labels, np.column_stack([time, *columns]))


NAN = float("nan")


def test_straight_lines_bridge_gaps_and_ends_are_held():
    bridged, gaps = bridge_gaps(table([0.0, NAN, NAN, 3.0, 4.0], [NAN, 1.0, 2.0, 3.0, NAN]), 0.5)
    np.testing.assert_allclose(bridged.column("q0"), [0, 1, 2, 3, 4])
    np.testing.assert_allclose(bridged.column("q1"), [1, 1, 2, 3, 3])
    assert gaps.sum(0).tolist() == [0, 2, 2]


def test_a_column_without_a_number_was_not_measured():
    bridged, gaps = bridge_gaps(table([0.0, 1.0], [NAN, NAN]), 0.5)
    assert bridged.labels == ("time", "q0")
    assert not gaps.any()


def test_a_gap_that_is_too_long_is_told():
    with pytest.raises(UserInputError, match=r"a gap of 0\.30 s, from 0\.10 s on; at most 0\.2 s") as caught:
        bridge_gaps(table([0.0, NAN, NAN, 3.0, 4.0]), 0.2)
    assert (caught.value.row, caught.value.column) == (2, "q0")


def test_spans():
    assert list(spans(np.array([True, False, True, True]))) == [(0, 1), (2, 4)]
    assert list(spans(np.zeros(3, dtype=bool))) == []
