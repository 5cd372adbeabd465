"""Forces against the motion itself: what both feet carry, and mass times (acceleration minus gravity)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from gaitdynamics.features.newton import demanded_force
from gaitdynamics.trial import Array, FootForces, Mask, Trial


@dataclass(frozen=True)
class NewtonScore:
    """Root mean square of what forces and motion leave unexplained.

    Attributes
    ----------
    frames
        Number of frames with complete measured forces of both feet; without any the residuals are NaN.
    vertical, total
        Of the vertical component, and of the vector [%BW].
    """

    frames: int
    vertical: float
    total: float


def newton_score(forces: FootForces, demanded: Array, valid: Mask, body_weight: float) -> NewtonScore:
    """Compare the sum of the forces on both feet with what the motion demands.

    Parameters
    ----------
    forces
        Estimated or measured.
    demanded
        (T, 3) [N], from `features.newton.demanded_force`.
    valid
        (T, 2) where the measured force of that foot is complete; only frames where both are count, so that estimates
        and measurement are compared in the same frames.
    body_weight
        [N].
    """
    both = valid.all(axis=1)
    if not both.any():
        return NewtonScore(0, float("nan"), float("nan"))
    residual = (forces.force.sum(axis=1) - demanded)[both] * (100.0 / body_weight)
    return NewtonScore(
        int(both.sum()),
        float(np.sqrt(np.mean(residual[:, 1] ** 2))),
        float(np.sqrt(np.mean((residual**2).sum(axis=1)))),
    )


@dataclass(frozen=True)
class PlateGain:
    """How much more force plates read than the motion demands: mean and standard deviation over trials."""

    mean: float
    sd: float
    trials: int


def plate_gain(trials: Iterable[Trial]) -> PlateGain:
    """Estimate the gain of force plates from the motion.

    Per trial it is the sum of the measured vertical force of both feet over that of mass times (acceleration minus
    gravity), in the frames in which the measured forces of both feet are complete. A wrong body mass, or a wrong
    motion of the centre of mass, looks the same as a gain of the plates.

    Parameters
    ----------
    trials
        With measured forces.

    Returns
    -------
    PlateGain
        With a mean of 1 where no trial has such frames.
    """
    gains = []
    for trial in trials:
        assert trial.forces is not None
        valid = np.ones((len(trial.time), 2), bool) if trial.forces.valid is None else trial.forces.valid
        both = valid.all(axis=1)
        demanded = float(demanded_force(trial)[both, 1].sum())
        if demanded > 0.0:
            gains.append(float(trial.forces.force[both, :, 1].sum()) / demanded)
    if not gains:
        return PlateGain(1.0, float("nan"), 0)
    return PlateGain(float(np.mean(gains)), float(np.std(gains)), len(gains))
