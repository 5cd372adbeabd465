"""A written motion is the motion that was read, bit by bit."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from gaitdynamics.files.coordinates import exact_degrees, write_motion
from gaitdynamics.files.motion import read_trial
from gaitdynamics.files.storage import read_storage
from gaitdynamics.trial import Trial

EXAMPLE = Path(__file__).parents[2] / "examples" / "walking"


def test_numbers_in_degrees_come_back() -> None:
    draw = np.random.default_rng(0)
    full = 60.0 * draw.normal(size=10_000)
    assert (np.radians(np.degrees(np.radians(full))) != np.radians(full)).any()
    np.testing.assert_array_equal(np.radians(exact_degrees(np.radians(full))), np.radians(full))
    for decimals in (4, 8):
        written = np.round(full, decimals)
        np.testing.assert_array_equal(exact_degrees(np.radians(written)), written)
    # Radians that are no conversion of any number in degrees.
    np.testing.assert_allclose(exact_degrees(full), np.degrees(full), rtol=1e-15)


@pytest.mark.parametrize("unit", ["degrees", "radians"])
def test_a_motion_is_written_as_it_was_read(example_trial: Trial, tmp_path: Path, unit: str) -> None:
    trial = replace(example_trial, provenance={**example_trial.provenance, "rotation_unit": unit})
    write_motion(tmp_path / "again.mot", trial)
    table = read_storage(tmp_path / "again.mot")
    assert table.in_degrees == (unit == "degrees")
    again = read_trial(tmp_path / "again.mot", model=EXAMPLE / "subject.osim", surface=trial.surface)
    np.testing.assert_array_equal(again.values, trial.values)
    np.testing.assert_array_equal(again.time, trial.time)
    if unit == "degrees":
        given = read_storage(EXAMPLE / "walking.mot")
        assert table.labels == given.labels
        np.testing.assert_array_equal(table.data, given.data)
