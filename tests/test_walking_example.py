"""The shipped walk: reproducible from its coefficients, feet on the floor, forces of a walking person."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from gaitdynamics.body.dynamics import total_wrench
from gaitdynamics.body.skeleton import Skeleton
from gaitdynamics.columns import FULL_BODY, SIDES
from gaitdynamics.files.motion import read_trial
from gaitdynamics.signals import differentiate
from gaitdynamics.trial import Surface, Trial

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "examples" / "walking"
RATE = 100.0


@pytest.fixture(scope="module")
def walk() -> Trial:
    return read_trial(FOLDER / "walking.mot", model=FOLDER / "subject.osim", surface=Surface("overground"))


@pytest.fixture(scope="module")
def skeleton(walk: Trial) -> Skeleton:
    return Skeleton(walk.subject.model)


@pytest.fixture(scope="module")
def force(walk: Trial, skeleton: Skeleton) -> NDArray[np.float64]:
    """Total force (T, 3) that the motion demands [body weights], ends left out."""
    motion = skeleton.motion(*(torch.from_numpy(x) for x in differentiate(walk.values, RATE, 15.0)))
    return (total_wrench(skeleton, motion)[0].numpy() / walk.body_weight)[20:-20]


def points(walk: Trial, skeleton: Skeleton, body: str) -> NDArray[np.float64]:
    """Origin of a body of both feet, (T, 2, 3) [m]."""
    position = skeleton.pose(torch.from_numpy(walk.values)).position.numpy()
    return np.stack([position[:, skeleton.body_index(f"{body}_{s}")] for s in SIDES], axis=1)


def test_it_is_ten_seconds_of_walking_of_a_person_of_68_kg(walk: Trial) -> None:
    assert walk.coordinates == FULL_BODY
    assert not walk.missing.any()
    assert walk.subject.mass_kg == pytest.approx(68.0, rel=1e-9)
    assert walk.time[-1] == pytest.approx(10.0)
    distance = walk.column("pelvis_tx")[-1] - walk.column("pelvis_tx")[0]
    assert distance / 10.0 == pytest.approx(1.3, abs=0.03)


def test_stance_feet_neither_slide_nor_sink_nor_float(walk: Trial, skeleton: Skeleton) -> None:
    heel, ball = points(walk, skeleton, "calcn"), points(walk, skeleton, "toes")
    lowest = np.minimum(heel[..., 1], ball[..., 1])
    assert np.abs(lowest.min(axis=1) - 0.01).max() < 0.01  # the sole is 1 cm below heel and ball
    speed = np.linalg.norm(np.gradient(heel, 1.0 / RATE, axis=0)[..., [0, 2]], axis=-1)
    flat = (np.abs(heel[..., 1] - 0.01) < 0.015) & (np.abs(ball[..., 1] - 0.01) < 0.015)
    assert flat.mean() > 0.25
    assert np.median(speed[flat]) < 0.06
    assert np.percentile(speed[flat], 95) < 0.15


def test_forces_are_those_of_walking(force: NDArray[np.float64]) -> None:
    """Whole strides from the middle: one body weight, no net push, two humps a step apart per stride."""
    strides = force[: 9 * 104]
    assert strides.mean(axis=0) == pytest.approx([0.0, 1.0, 0.0], abs=0.01)
    assert 1.1 < force[:, 1].max() < 1.4
    assert 0.6 < force[:, 1].min() < 0.9
    assert 0.1 < np.abs(force[:, 0]).max() < 0.3
    assert np.abs(force[:, 2]).max() < 0.15
    spectrum = np.abs(np.fft.rfft(strides[:, 1] - 1.0))
    assert np.argmax(spectrum) in (17, 18, 19)  # twice per stride


def test_files_are_what_the_script_makes(walk: Trial, skeleton: Skeleton, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(ROOT / "tools")
    import make_example

    time, values = make_example.make_walk(skeleton)
    np.testing.assert_allclose(walk.time, time, atol=1e-9)
    np.testing.assert_allclose(walk.values, values, atol=1e-6)
