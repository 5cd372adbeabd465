"""Trials whose forces are known, without any file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from gaitdynamics.columns import FULL_BODY
from gaitdynamics.dataset import Catalogue, TrialRecord
from gaitdynamics.errors import FileFormatError
from gaitdynamics.model import Model
from gaitdynamics.trial import FootForces, Subject, Surface, Trial

RATE = 100.0
#: A mass whose weight is 700 N.
MASS = 700.0 / 9.80665


@dataclass(frozen=True)
class MemoryRecord(TrialRecord):
    """A record whose trial is at hand; without one it cannot be read."""

    held: Trial | None = None

    def load(self) -> Trial:
        if self.held is None:
            raise FileFormatError("cannot be read", file=self.motion_file)
        return self.held


def trial_of(
    force: np.ndarray,
    *,
    name: str = "walk",
    pelvis: tuple[float, float, float] = (0.0, 0.0, 0.0),
    surface: Surface | None = None,
    valid: np.ndarray | None = None,
) -> Trial:
    """Trial with the given forces (T, 2, 3), a pelvis that does not turn, and both CoPs 0.1 m apart."""
    frames = len(force)
    time = np.arange(frames) / RATE
    values = np.zeros((frames, len(FULL_BODY)))
    values[:, :3] = pelvis
    cop = np.zeros((frames, 2, 3))
    cop[:, 0, 2], cop[:, 1, 2] = 0.05, -0.05
    cop *= (force[..., 1] > 0)[..., None]
    return Trial(
        name=name,
        time=time,
        coordinates=FULL_BODY,
        values=values,
        missing=np.zeros(len(FULL_BODY), dtype=bool),
        subject=Subject(Model("none", (), ()), MASS),
        surface=surface or Surface("treadmill", 1.2),
        forces=FootForces(time, force, cop, valid=np.ones((frames, 2), dtype=bool) if valid is None else valid),
    )


def walking_force(cycles: int = 3, stance: int = 60, cycle: int = 100) -> np.ndarray:
    """Both feet half a cycle apart, (T, 2, 3): half sines of 1.1 body weights, with horizontal parts."""
    phase = np.arange(cycles * cycle + stance + 20)
    force = np.zeros((len(phase), 2, 3))
    for foot, shift in enumerate((10, 10 + cycle // 2)):
        share = ((phase - shift) % cycle) / stance
        on = (share < 1) & (phase >= shift)
        force[on, foot, 1] = 770.0 * np.sin(np.pi * share[on])
        force[on, foot, 0] = -140.0 * np.sin(2 * np.pi * share[on])
        force[on, foot, 2] = (-1) ** (foot + 1) * 35.0 * np.sin(np.pi * share[on])
    return force


def record_of(
    trial: Trial | None, *, study: str = "Arc", split: str = "test_unseen_study", **facts: str
) -> MemoryRecord:
    name = trial.name if trial else facts.pop("name", "broken")
    return MemoryRecord(
        study=study,
        subject=facts.get("subject", "s1"),
        trial=name,
        split=split,
        activity=facts.get("activity", "walking"),
        condition="normal",
        surface=trial.surface if trial else Surface(),
        mass_kg=MASS,
        height_m=None,
        speed=None,
        valid_r=(),
        valid_l=(),
        model_file=Path("model.osim"),
        motion_file=Path(f"{name}_ik.mot"),
        forces_file=Path(f"{name}_grf.mot"),
        held=trial,
    )


@pytest.fixture(scope="session")
def make_trial() -> Callable[..., Trial]:
    return trial_of


@pytest.fixture(scope="session")
def make_walking() -> Callable[..., np.ndarray]:
    return walking_force


@pytest.fixture(scope="session")
def make_catalogue() -> Callable[..., Catalogue]:
    """Make a catalogue of (trial or None, facts of the record)."""

    def make(*entries: tuple[Trial | None, dict[str, str]]) -> Catalogue:
        return Catalogue(Path("memory"), tuple(record_of(trial, **facts) for trial, facts in entries))

    return make
