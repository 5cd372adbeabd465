"""Static optimisation: the muscle activations that give the joint moments of one instant at the least effort."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Activations:
    """Solution of one instant.

    Attributes
    ----------
    activation
        (M,) of the muscles.
    reserve
        (J,) moments of the reserve actuators [N.m]: what the muscles leave of the joint moments.
    """

    activation: Array
    reserve: Array


def static_optimisation(
    moments: Array, arms: Array, strength: Array, bounds: Array, *, reserve_strength: float = 1.0
) -> Activations:
    """Share joint moments among muscles with the least sum of squared activations.

    Parameters
    ----------
    moments
        (J,) joint moments [N.m].
    arms
        (M, J) moment arms [m].
    strength
        (M,) force at full activation [N].
    bounds
        (M, 2) smallest and largest activation.
    reserve_strength
        Moment [N.m] of a reserve actuator that costs as much as a muscle at full activation. There is one for each
        coordinate, without bounds.

    Returns
    -------
    Activations
        The minimum, exact to rounding.

    Notes
    -----
    OpenSim's StaticOptimization with activations to the power of two and muscle physiology minimises the sum of
    a_m^2 and (r_j / R)^2 under sum_m arm_mj strength_m a_m + r_j = moment_j. Active force is proportional to
    activation there (the tendon is inextensible, passive force is left out), so this is a bounded linear least-squares
    problem once the r_j are put in. It is solved by an active-set method (Stark and Parker 1995), which ends in the
    minimum instead of near it.
    """
    from scipy.optimize import lsq_linear

    muscles = len(strength)
    effect = (arms * strength[:, None]).T
    matrix = np.vstack([np.eye(muscles), effect / reserve_strength])
    wanted = np.concatenate([np.zeros(muscles), moments / reserve_strength])
    solved = lsq_linear(matrix, wanted, bounds=(bounds[:, 0], bounds[:, 1]), method="bvls", tol=1e-15, max_iter=500)
    activation = np.clip(solved.x, bounds[:, 0], bounds[:, 1])  # rounding
    return Activations(activation, moments - effect @ activation)
