"""Windows are drawn as often as told, from where they may be, the same for the same batch number."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from gaitdynamics.dataset.store_manifest import SampleEntry
from gaitdynamics.dataset.window_sampling import WindowSampler
from gaitdynamics.errors import UserInputError


def entries(*parts: tuple[str, str, str, int]) -> list[SampleEntry]:
    made, row = [], 0
    for study, trial, variant, frames in parts:
        made.append(SampleEntry(study, "p", trial, "train", "walking", variant, 0.0, 100.0, frames, row))
        row += frames
    return made


# Study A: one long trial, and one in two variants of two segments each; study B: one short trial.
SOME = entries(
    ("A", "t1", "as_measured", 2000),
    ("A", "t2", "as_measured", 300),
    ("A", "t2", "as_measured", 160),
    ("A", "t2", "trunk_hidden", 300),
    ("A", "t2", "trunk_hidden", 160),
    ("B", "t1", "as_measured", 155),
)


def shares(sampler: WindowSampler, batches: int = 40) -> np.ndarray:
    drawn = np.concatenate([sampler.draw(k).sample for k in range(batches)])
    return np.bincount(drawn, minlength=len(SOME)) / len(drawn)


def test_studies_then_trials_then_windows_are_alike() -> None:
    found = shares(WindowSampler(SOME, 500, seed=1))
    windows = np.array([151, 11, 151, 11]) / 324
    np.testing.assert_allclose(found, [0.25, *(0.25 * windows), 0.5], atol=0.012)


def test_longer_studies_can_be_drawn_more_often() -> None:
    found = shares(WindowSampler(SOME, 500, seed=1, weighting="root_duration"))
    weight = np.sqrt([2920.0, 155.0])
    np.testing.assert_allclose(found[-1], weight[1] / weight.sum(), atol=0.012)
    np.testing.assert_allclose(found[0], 0.5 * weight[0] / weight.sum(), atol=0.012)


def test_a_batch_depends_on_its_number_and_the_seed_only() -> None:
    sampler, again = WindowSampler(SOME, 32, seed=7), WindowSampler(SOME, 32, seed=7)
    for k in (3, 1, 2):
        again.draw(k)
    for k in (0, 41):
        np.testing.assert_array_equal(sampler.draw(k).rows, again.draw(k).rows)
    assert (sampler.draw(0).rows != sampler.draw(1).rows).any()
    assert (sampler.draw(0).rows != WindowSampler(SOME, 32, seed=8).draw(0).rows).any()


def test_every_window_lies_in_its_sample_and_every_start_occurs() -> None:
    sampler = WindowSampler(SOME, 500, seed=0)
    starts = set()
    for k in range(40):
        draw = sampler.draw(k)
        first = np.array([SOME[i].first_row for i in draw.sample])
        last = np.array([SOME[i].rows.stop for i in draw.sample])
        assert (draw.rows >= first).all()
        assert (draw.rows + draw.length <= last).all()
        starts |= set((draw.rows - first)[draw.sample == 5].tolist())
    assert starts == set(range(6))


def test_windows_lie_where_they_may() -> None:
    available = np.zeros(SOME[-1].rows.stop, dtype=bool)
    available[100:260] = available[1950:2200] = True
    sampler = WindowSampler(SOME, 200, seed=0, lengths={150: 1.0}, available=available)
    rows = np.concatenate([sampler.draw(k).rows for k in range(20)])
    # 1950 to 2200 goes across two samples: 50 frames of the first, 200 of the second.
    assert set(rows.tolist()) == {*range(100, 111), *range(2000, 2051)}


def test_lengths_are_drawn_as_often_as_told_among_those_there_are() -> None:
    sampler = WindowSampler(SOME, 4, seed=2, lengths={60: 0.25, 150: 0.5, 5000: 0.25})
    lengths = np.array([sampler.draw(k).length for k in range(600)])
    assert set(lengths.tolist()) == {60, 150}
    assert (lengths == 60).mean() == pytest.approx(1 / 3, abs=0.06)
    # No window of 157 frames is in study B, which then has no part.
    assert set(shares(WindowSampler(SOME, 50, seed=0, lengths={157: 1.0}))[-1:]) == {0.0}


def test_no_window_at_all_is_said() -> None:
    short = [replace(SOME[0], frames=100)]
    with pytest.raises(UserInputError, match=r"150 frames[\s\S]*shorter windows"):
        WindowSampler(short, 4, seed=0)
