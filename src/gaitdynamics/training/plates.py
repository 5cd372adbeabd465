"""What momentum tells about the plates: by how much they read wrong, and by how much too early."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from gaitdynamics.features.body_state import CUTOFFS, RATE, BodyState
from gaitdynamics.signals import low_pass
from gaitdynamics.trial import FootForces, Trial

#: A part of a stride at either end then changes the mean by less than a percent, and so do a few frames that are not
#: trusted.
_STEADY_SECONDS: Final = 10.0
_STEADY_SHARE: Final = 0.95

#: Bandwidth in which times are compared: index into `CUTOFFS`.
_BAND: Final = 1
#: Longest lead that is looked for [s], and the step.
_LONGEST_LEAD, _STEP = 0.03, 0.001
#: Frames at either end where the filter knows too little.
_EDGE: Final = 50


def plate_gain(trial: Trial) -> float:
    """Find the factor that makes the measured vertical force carry the body over many strides.

    Over whole strides of steady gait the mean vertical force is body weight, whatever the motion (momentum
    balance). Treadmill plates here miss that by up to 6 %, which a network would learn as if it were physics.

    Returns
    -------
    float
        Body weight by mean vertical force where both feet are valid in nearly all of at least ten seconds, and the
        two agree within 10 %; else 1.
    """
    assert trial.forces is not None
    both = _steady(trial.forces)
    if both is None:
        return 1.0
    gain = trial.body_weight / float(trial.forces.force[both, :, 1].sum(1).mean())
    return gain if abs(gain - 1.0) < 0.1 else 1.0


def plate_lead(state: BodyState, forces: FootForces) -> float:
    """Find by how much measured forces come before the accelerations that they cause.

    In most studies Newton's total of the skeleton comes up to 17 ms before the measured force, as soft tissue would
    make it. A measured force that comes first is taken to be on another clock.

    Parameters
    ----------
    state, forces
        Of the same trial.

    Returns
    -------
    float
        [s], from where the vertical forces of both feet together correlate best with Newton's, where both feet are
        valid in nearly all of at least ten seconds; else, and where forces come late, 0.
    """
    both = _steady(forces)
    if both is None:
        return 0.0
    inner = slice(_EDGE, -_EDGE)
    total = np.interp(state.time, forces.time, forces.force[..., 1].sum(1))
    total = low_pass(total, RATE, CUTOFFS[_BAND])[inner]
    leads = np.arange(-_LONGEST_LEAD, _LONGEST_LEAD + _STEP / 2, _STEP)
    fits = [
        np.corrcoef(total, np.interp(state.time + lead, state.time, state.force[:, _BAND, 1])[inner])[0, 1]
        for lead in leads
    ]
    return max(0.0, float(leads[int(np.argmax(fits))]))


def _steady(forces: FootForces) -> NDArray[np.bool_] | None:
    """Tell in which frames (T,) both feet are valid; None where that is not nearly all of a long trial."""
    if forces.valid is None or forces.time[-1] - forces.time[0] < _STEADY_SECONDS:
        return None
    both: NDArray[np.bool_] = np.all(forces.valid, axis=1)
    return both if both.mean() >= _STEADY_SHARE else None
