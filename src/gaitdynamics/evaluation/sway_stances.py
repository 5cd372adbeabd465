"""What is kept of each stance of measured and of generated trunk sway."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import pandas as pd

from gaitdynamics.trial import Array


@dataclass(frozen=True)
class SwayStance:
    """One stance: who, how, and the curves that the figure shows.

    Attributes
    ----------
    person, trial
        Of the data.
    what
        'normal' or 'trunk sway' as measured, or 'generated'.
    method
        How it was generated; empty for measured motions.
    forces
        'plates', 'refiner' or 'diffusion'.
    factor
        Of the sway; one for measured motions.
    side
        Foot.
    first, second
        Peaks of the knee adduction moment [%BW.BH].
    sway
        Largest lean of the trunk over the pelvis towards that foot in the stance [deg].
    newton
        Residual of the whole motion [%BW].
    moment, lean
        (101,) over stance.
    """

    person: str
    trial: str
    what: str
    method: str
    forces: str
    factor: float
    side: str
    first: float
    second: float
    sway: float
    newton: float
    moment: Array = field(repr=False)
    lean: Array = field(repr=False)


def as_table(stances: Sequence[SwayStance]) -> pd.DataFrame:
    """One row per stance, without its curves."""
    names = [n for n in SwayStance.__dataclass_fields__ if n not in ("moment", "lean")]
    return pd.DataFrame([{name: getattr(s, name) for name in names} for s in stances])
