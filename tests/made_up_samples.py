"""Samples made up from the name of a trial, in a module of their own, so that other processes find them."""

from __future__ import annotations

import numpy as np

from gaitdynamics.dataset.preprocessing import Described, Outcome
from gaitdynamics.dataset.records import TrialRecord
from gaitdynamics.dataset.store_parts import Recipe
from gaitdynamics.dataset.window_store import Field

FIELDS = {"x": Field(dtype="float16", shape=(3,)), "flag": Field(dtype="bool")}


def content(record: TrialRecord) -> Outcome:
    """Make two variants of a trial, of other lengths; trial 3 cannot be used."""
    number = int(record.trial.removeprefix("t"))
    if number == 3:
        return Outcome(step="usable", reason="nothing to learn", frames=8, seconds=0.08)
    samples = []
    for variant, frames in (("a", 5 + number), ("b", 2)):
        rng = np.random.default_rng((number, frames))
        samples.append(Described(variant, 0.25, {"x": rng.normal(size=(frames, 3)), "flag": rng.random(frames) < 0.5}))
    return Outcome(samples, frames=9, seconds=0.09, mass_kg=70.0, height_m=1.7)


RECIPE = Recipe("made-up-1", FIELDS, 100.0, {"noise": 0}, content)
