"""The knee adduction moment over stance: curves, and their two peaks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from gaitdynamics.columns import SIDES
from gaitdynamics.stances import Interval
from gaitdynamics.trial import Array

#: Points of a stance, from contact (0 %) to toe-off (100 %).
POINTS: Final = 101

#: Where the second half of stance begins: the first peak lies before, the second after.
_MIDDLE: Final = 50


@dataclass(frozen=True)
class StanceCurve:
    """External knee adduction moment of one stance, positive adduction on both sides.

    Attributes
    ----------
    side
        'r' or 'l'.
    start
        First frame of the stance.
    curve
        (101,) in the unit of the moment, over 0-100 % of stance.
    first, second
        Largest values of 0-49 % and of 51-100 % of stance, as the published evaluation takes them.
    """

    side: str
    start: int
    curve: Array
    first: float
    second: float


def stance_curves(moment: Array, stances: Sequence[Interval]) -> list[StanceCurve]:
    """Cut a knee adduction moment into its whole stances.

    Parameters
    ----------
    moment
        (T, 2) right and left, in any unit.
    stances
        As `MomentsResult.stances` gives them; those that are not complete are left out.
    """
    curves = []
    for stance in stances:
        if not stance.complete:
            continue
        values = moment[stance.start : stance.stop, SIDES.index(stance.side)]
        curve = np.interp(np.linspace(0.0, len(values) - 1.0, POINTS), np.arange(len(values)), values)
        first, second = float(curve[:_MIDDLE].max()), float(curve[_MIDDLE + 1 :].max())
        curves.append(StanceCurve(stance.side, stance.start, curve, first, second))
    return curves
