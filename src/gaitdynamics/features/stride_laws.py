"""How people's strides go with speed: how much quicker they are, and how much shorter their contacts.

Logarithms of frequency and contact time over x = log(v / 3.5 m/s) rise by a x + b x^2. Runners' coefficients are those
of the 18 training runners at 2.5, 3.5 and 4.5 m/s (benchmarks/task3_running_speed/strides.py); beyond 4.5 m/s they
are continued.
"""

from __future__ import annotations

from typing import Final

import numpy as np

#: Beyond this speed [m/s] people run.
RUNNING: Final = 2.0

_MIDDLE: Final = 3.5
_RUNNING_FREQUENCY: Final = (0.251, 0.215)
_RUNNING_CONTACT: Final = (-0.558, -0.039)

#: In walking, step length and frequency share a change of speed alike (walk ratio: Sekiya and Nagasaki 1998,
#: doi:10.1016/S0966-6362(98)00009-4), and feet are on the ground for nearly the same share of the stride.
_WALKING_FREQUENCY: Final = (0.5, 0.0)
_WALKING_CONTACT: Final = (-0.5, 0.0)


def frequency_factor(seed: float, target: float) -> float:
    """Tell by which factor strides are quicker at the target speed [m/s] than at the seed speed."""
    return _factor(_RUNNING_FREQUENCY if seed > RUNNING else _WALKING_FREQUENCY, seed, target)


def contact_factor(seed: float, target: float) -> float:
    """Tell by which factor contacts last longer at the target speed [m/s] than at the seed speed."""
    return _factor(_RUNNING_CONTACT if seed > RUNNING else _WALKING_CONTACT, seed, target)


def _factor(law: tuple[float, float], seed: float, target: float) -> float:
    a, b = law
    x0, x1 = np.log(seed / _MIDDLE), np.log(target / _MIDDLE)
    return float(np.exp(a * (x1 - x0) + b * (x1**2 - x0**2)))
