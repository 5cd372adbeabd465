"""The data object of the project: one recorded motion in physical units, with its person and its surface.

Frame everywhere: ground, X forward, Y up, Z right; seconds, metres, radians, newtons.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from gaitdynamics.model import Model

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Subject:
    """Who moved: the scaled skeleton, and mass [kg] and height [m] where known.

    `generic` marks a skeleton that was scaled from height and mass alone.
    """

    model: Model
    mass_kg: float
    height_m: float | None = None
    generic: bool = False


@dataclass(frozen=True)
class Surface:
    """What was walked on. `belt_speed` [m/s] is the speed at which a treadmill belt runs backward (>= 0)."""

    kind: Literal["overground", "treadmill"] = "overground"
    belt_speed: float = 0.0

    def __post_init__(self) -> None:
        if self.kind == "overground" and self.belt_speed != 0.0:
            raise ValueError("a floor has no belt speed")


@dataclass(frozen=True)
class FootForces:
    """Forces of the ground on both feet over time, in the ground frame.

    Attributes
    ----------
    time
        (T,) [s], uniform.
    force
        (T, 2, 3) [N]; axis 1 is right, left; what the ground exerts on the foot (vertical positive).
    cop
        (T, 2, 3) [m], point of application; zero where the force is zero.
    free_moment
        (T, 2) [N.m] about the vertical at the centre of pressure; None when it was not measured or predicted.
    valid
        (T, 2), where the value of that foot can be trusted (a foot on a bare floor reads zero on the plate).
    force_sd, cop_sd
        (T, 2, 3) [N] and [m], standard deviations of an estimate along the ground axes; None for a measurement, or
        where none were estimated.
    """

    time: Array
    force: Array
    cop: Array
    free_moment: Array | None = None
    valid: Mask | None = None
    force_sd: Array | None = None
    cop_sd: Array | None = None

    def __post_init__(self) -> None:
        frames = len(self.time)
        if self.force.shape != (frames, 2, 3) or self.cop.shape != (frames, 2, 3):
            raise ValueError("force and cop must both have shape (time, 2, 3)")


@dataclass(frozen=True)
class Trial:
    """One motion of one person.

    Attributes
    ----------
    name
        Short name, the stem of the motion file.
    time
        (T,) [s], uniform, on the clock of the input file.
    coordinates
        Names of the C coordinates of the subject's model that move freely (no coupled ones), in model order.
    values
        (T, C) [rad or m]. Where a coordinate is missing this holds the substitute that was chosen for it.
    missing
        (C,) True where the coordinate was not in the input: its values are a substitute, not a measurement.
    generated
        Names of those missing coordinates whose substitute comes from a generative network (`inference.completion`).
    gaps
        (T, C) True in cells of measured coordinates that were not measured then; their value is an interpolation, or
        comes from a generative network too. None where there are none.
    subject, surface
        Who, and on what.
    forces
        Measured forces, where there are any.
    provenance
        Facts about the origin: files with their SHA-256, units found, warnings given.
    """

    name: str
    time: Array
    coordinates: tuple[str, ...]
    values: Array
    missing: Mask
    subject: Subject
    surface: Surface
    forces: FootForces | None = None
    provenance: Mapping[str, object] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    generated: tuple[str, ...] = ()
    gaps: Mask | None = None

    def __post_init__(self) -> None:
        frames, count = len(self.time), len(self.coordinates)
        if self.values.shape != (frames, count) or self.missing.shape != (count,):
            raise ValueError("values must be (time, coordinate) and missing (coordinate,)")
        if self.gaps is not None and self.gaps.shape != self.values.shape:
            raise ValueError("gaps must be (time, coordinate)")
        if not np.isfinite(self.values).all():
            raise ValueError("a trial holds finite numbers only; mark what is missing instead")

    @property
    def rate(self) -> float:
        """Sampling rate [Hz]."""
        return float((len(self.time) - 1) / (self.time[-1] - self.time[0]))

    @property
    def body_weight(self) -> float:
        """Weight [N] from mass and the model's gravity."""
        return self.subject.mass_kg * float(np.linalg.norm(self.subject.model.gravity))

    def column(self, name: str) -> Array:
        """Give one coordinate over time, (T,) [rad or m]; KeyError when the model does not have it."""
        try:
            return self.values[:, self.coordinates.index(name)]
        except ValueError:
            raise KeyError(name) from None

    def is_missing(self, *names: str) -> bool:
        """Tell whether any of the coordinates is absent from the model or was not measured."""
        return any(n not in self.coordinates or self.missing[self.coordinates.index(n)] for n in names)

    def with_values(self, values: Array) -> Trial:
        """Copy with other coordinate values of the same shape."""
        return replace(self, values=values)
