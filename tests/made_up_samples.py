"""Samples made up from the name of a trial, in a module of their own, so that other processes find them."""

from __future__ import annotations

import numpy as np

from gaitdynamics.dataset.records import TrialRecord
from gaitdynamics.dataset.store_building import Described, Recipe
from gaitdynamics.dataset.window_store import Field
from gaitdynamics.errors import UserInputError

FIELDS = {"x": Field(dtype="float16", shape=(3,)), "flag": Field(dtype="bool")}


def content(record: TrialRecord) -> list[Described]:
    """Make two variants of a trial, of other lengths; trial 3 cannot be used."""
    number = int(record.trial.removeprefix("t"))
    if number == 3:
        raise UserInputError("nothing to learn")
    samples = []
    for variant, frames in (("a", 5 + number), ("b", 2)):
        rng = np.random.default_rng((number, frames))
        samples.append(Described(variant, 0.25, {"x": rng.normal(size=(frames, 3)), "flag": rng.random(frames) < 0.5}))
    return samples


RECIPE = Recipe("made-up-1", FIELDS, 100.0, {"noise": 0}, content)
