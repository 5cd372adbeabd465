"""The commands that generate motion: what was not measured, and whole new motions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from gaitdynamics.errors import UserInputError

if TYPE_CHECKING:
    pass

Flag = Annotated[bool, Parameter(negative=())]

#: Most samples of one motion.
_MOST_SAMPLES = 100


def check_samples(samples: int, max_gap: float) -> None:
    """Check what is said about generating; raises UserInputError."""
    if not 1 <= samples <= _MOST_SAMPLES:
        raise UserInputError(f"{samples} samples are not possible", remedy=f"give --samples 1 to {_MOST_SAMPLES}")
    if not 0.0 <= max_gap <= 10.0:
        raise UserInputError(f"a longest gap of {max_gap:g} s is not possible", remedy="give --max-gap 0 to 10 in s")
