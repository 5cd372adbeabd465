"""What stands for coordinates that were not measured."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gaitdynamics.columns import LUMBAR, canonical
from gaitdynamics.model import Model
from gaitdynamics.posture import hold_torso_upright

Array = NDArray[np.float64]


def substitute_missing(
    model: Model,
    coordinates: tuple[str, ...],
    values: Array,
    missing: NDArray[np.bool_],
    rate: float,
    *,
    keep_measured: bool = False,
    resting: str = "not in the file, the model's default stands for them",
) -> list[str]:
    """Fill in, in place, what stands for coordinates that were not measured.

    The torso is held upright where its angles are not all there (`posture.hold_torso_upright`), and its angles are then
    all marked as missing. Others keep what `values` holds.

    Parameters
    ----------
    model
        The skeleton.
    coordinates
        Names of the C columns.
    values
        (T, C) [rad or m].
    missing
        (C,) what was not measured.
    rate
        Sampling rate [Hz].
    keep_measured
        Whether trunk angles that were measured stay where others of them were not.
    resting
        How to tell of all other coordinates what stands for them.

    Returns
    -------
    list of str
        Warnings on all substitutes.
    """
    lumbar = [i for i, name in enumerate(coordinates) if canonical(name) in LUMBAR]
    partly = bool(missing[lumbar].any() and not missing[lumbar].all())
    if not missing[lumbar].any() or (partly and keep_measured):
        return _tell_resting(coordinates, missing, resting)
    note = _hold_torso(model, coordinates, values, missing, rate, partly=partly)
    others = missing.copy()
    others[lumbar] = False
    return [note, *_tell_resting(coordinates, others, resting)]


def _hold_torso(
    model: Model,
    coordinates: tuple[str, ...],
    values: Array,
    missing: NDArray[np.bool_],
    rate: float,
    *,
    partly: bool,
) -> str:
    upright = hold_torso_upright(model, dict(zip(coordinates, values.T, strict=True)), rate)
    if upright is None:
        return "the torso could not be held upright in this model; its default pose stands for it"
    for name, angle in upright.items():
        values[:, coordinates.index(name)] = angle
        missing[coordinates.index(name)] = True
    return "the torso was held upright: " + (
        "not all of its three angles are in the file" if partly else "its angles are not in the file"
    )


def _tell_resting(coordinates: tuple[str, ...], missing: NDArray[np.bool_], what: str) -> list[str]:
    names = [name for name, gone in zip(coordinates, missing, strict=True) if gone]
    return [f"{what}: {', '.join(names)}"] if names else []
