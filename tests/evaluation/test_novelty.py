"""How far motions are from each other: cut into windows, and the nearest one found."""

import numpy as np

from gaitdynamics.evaluation.novelty import COLUMNS, FRAMES, STEP, nearest_distances, windows_of
from gaitdynamics.features.published.scaler import ColumnScaler
from gaitdynamics.features.published.schema import PUBLISHED_63

COLUMN_COUNT = len(PUBLISHED_63.names)


def unit_scaler() -> ColumnScaler:
    """Leaves values as they are."""
    return ColumnScaler(columns=PUBLISHED_63.names, scale=(1.0,) * COLUMN_COUNT, bias=(0.0,) * COLUMN_COUNT)


def motion(frames: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).uniform(-1.0, 1.0, (frames, COLUMN_COUNT))


def test_windows_with_unknown_cells_are_left_out():
    frames = FRAMES + 3 * STEP
    known = np.ones((frames, COLUMN_COUNT), dtype=bool)
    assert len(windows_of([motion(frames, 0)], unit_scaler(), [known])) == 4
    known[0, COLUMNS[0]] = False  # in the first window alone
    assert len(windows_of([motion(frames, 0)], unit_scaler(), [known])) == 3
    trunk = [i for i in PUBLISHED_63.kinematic if i not in COLUMNS]
    known[:, trunk] = False
    assert len(windows_of([motion(frames, 0)], unit_scaler(), [known])) == 3


def test_a_copy_is_at_no_distance_and_a_shift_at_its_size():
    windows = windows_of([motion(200, 1), motion(200, 2)], unit_scaler())
    np.testing.assert_allclose(nearest_distances(windows, windows), 0.0, atol=2e-3)
    np.testing.assert_allclose(nearest_distances(windows + 0.5, windows), 0.5, rtol=1e-4)
    # Two uniform numbers between -1 and 1 differ by 0.8 in the root mean square.
    assert (nearest_distances(windows, windows, not_itself=True) > 0.6).all()
