"""Rigid transformations of whole trials: what physics must not notice, and the mirror."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy.spatial.transform import Rotation

from gaitdynamics.columns import PELVIS_ROTATIONS, PELVIS_TRANSLATIONS
from gaitdynamics.trial import Trial

#: Coordinates of the midline that change sign in a mirror; those of the legs only change sides.
ODD = ("pelvis_list", "pelvis_rotation", "pelvis_tz", "lumbar_bending", "lumbar_rotation")


def _columns(trial: Trial, names: tuple[str, ...]) -> list[int]:
    return [trial.coordinates.index(name) for name in names]


def moved(trial: Trial, yaw: float = 0.0, shift: tuple[float, float, float] = (0.0, 0.0, 0.0)) -> Trial:
    """Turn the whole motion about the vertical through the origin, then shift it."""
    values = trial.values.copy()
    turn = Rotation.from_euler("Y", yaw)
    turned = turn * Rotation.from_euler("ZXY", values[:, _columns(trial, PELVIS_ROTATIONS)])
    values[:, _columns(trial, PELVIS_ROTATIONS)] = turned.as_euler("ZXY")
    translations = _columns(trial, PELVIS_TRANSLATIONS)
    values[:, translations] = turn.apply(values[:, translations]) + np.array(shift)
    return replace(trial, values=values)


def mirrored(trial: Trial) -> Trial:
    """Exchange left and right of a motion of a model that is symmetric itself."""
    values = trial.values.copy()
    for index, name in enumerate(trial.coordinates):
        other = f"{name[:-1]}{'l' if name[-1] == 'r' else 'r'}" if name[-2:] in ("_r", "_l") else name
        values[:, index] = trial.column(other) * (-1.0 if name in ODD else 1.0)
    return replace(trial, values=values)
