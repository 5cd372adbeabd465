"""The mirror image of a trial, as somebody else would have walked it: left and right exchanged."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from gaitdynamics.trial import Trial

#: Coordinates that change their sign; those of the legs are positive alike on both sides and change places.
FLIPPED = ("pelvis_list", "pelvis_rotation", "pelvis_tz", "lumbar_bending", "lumbar_rotation")
ACROSS = np.array([1.0, 1.0, -1.0])


def other_side(name: str) -> str:
    """Name of the same thing on the other side."""
    swapped = {"_r": "_l", "_l": "_r"}
    return name[:-2] + swapped[name[-2:]] if name[-2:] in swapped else name


def mirror_trial(trial: Trial) -> Trial:
    """Reflect at the plane z = 0; the skeleton must be symmetric."""
    order = [trial.coordinates.index(other_side(name)) for name in trial.coordinates]
    signs = np.array([-1.0 if name in FLIPPED else 1.0 for name in trial.coordinates])
    forces = trial.forces
    if forces is not None:
        forces = replace(
            forces,
            force=forces.force[:, ::-1] * ACROSS,
            cop=forces.cop[:, ::-1] * ACROSS,
            free_moment=None if forces.free_moment is None else -forces.free_moment[:, ::-1],
            valid=None if forces.valid is None else forces.valid[:, ::-1],
        )
    return replace(trial, values=trial.values[:, order] * signs, missing=trial.missing[order], forces=forces)
