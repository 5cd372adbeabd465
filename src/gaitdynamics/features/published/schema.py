"""Feature schema "published-63": the columns on which the published GaitDynamics networks were trained.

A frame of a motion is 63 numbers: 51 of the movement, 12 of the forces. They are laid out, signed and scaled as the
published weights expect, oddities included; `docs/published_format.md` has the table and the list of oddities.

Between a trial and these columns stands the *state*: 35 columns, namely the 23 coordinates of the published skeleton
(`columns.FULL_BODY`, [rad, m]) and 12 kinetic columns (per foot the force [N/kg] and the normalised centre of
pressure [N/kg], see `published.forces`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from gaitdynamics.columns import FOOT_BODIES, FULL_BODY, LUMBAR, PELVIS_ROTATIONS, PELVIS_TRANSLATIONS, SIDES, leg
from gaitdynamics.features.published.rotations import (
    angular_velocity,
    euler_to_matrix,
    matrix_to_euler,
    matrix_to_six,
    six_to_matrix,
)
from gaitdynamics.features.published.velocity import angle_rate_per_frame, pelvis_positions, pelvis_velocity

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

#: Name of this schema; checkpoints name the one they were trained with.
NAME: Final = "published-63"

#: Sampling rate [Hz] of all columns.
RATE: Final = 100.0

#: The joints with three rotations, and their coordinates in the order of turning (about Z, X, Y).
BALL_JOINTS: Final[dict[str, tuple[str, ...]]] = {
    "pelvis": PELVIS_ROTATIONS,
    "hip_r": leg("r")[:3],
    "hip_l": leg("l")[:3],
    "lumbar": LUMBAR,
}

#: Knee, ankle and subtalar of both sides: one angle each.
HINGES: Final = (*leg("r")[3:6], *leg("l")[3:6])

#: Coordinates that the schema does not hold; they come back as zero.
DROPPED: Final = ("mtp_angle_r", "mtp_angle_l")

#: Names of the kinetic columns: per foot the force and the normalised centre of pressure.
KINETICS: Final = tuple(
    f"{FOOT_BODIES[side]}_force_{quantity}{axis}"
    for side in SIDES
    for quantity in ("v", "normed_cop_")
    for axis in "xyz"
)

#: Names of the 35 columns of the state.
STATE_COLUMNS: Final = (*FULL_BODY, *KINETICS)


@dataclass(frozen=True)
class Column:
    """One column: its name, its unit, and the coordinates without which it is unknown (none: a kinetic column)."""

    name: str
    unit: str
    coordinates: tuple[str, ...] = ()


@dataclass(frozen=True)
class ColumnSchema:
    """A versioned layout of model columns.

    Attributes
    ----------
    name
        Version name, kept in checkpoints.
    rate
        Sampling rate [Hz].
    columns
        In order.
    """

    name: str
    rate: float
    columns: tuple[Column, ...]

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Names of all columns, in order."""
        return tuple(column.name for column in self.columns)

    @cached_property
    def kinematic(self) -> tuple[int, ...]:
        """Indices of the columns that describe the movement, ascending."""
        return tuple(i for i, column in enumerate(self.columns) if column.coordinates)

    @cached_property
    def kinetic(self) -> tuple[int, ...]:
        """Indices of the columns that describe forces, ascending."""
        return tuple(i for i, column in enumerate(self.columns) if not column.coordinates)

    @cached_property
    def filtered(self) -> tuple[bool, ...]:
        """Whether each column comes from a filter over time: velocities and rates."""
        return tuple(column.unit.endswith(("/s", "/frame")) for column in self.columns)

    def index(self, name: str) -> int:
        """Place of a column; KeyError when there is none of that name."""
        try:
            return self.names.index(name)
        except ValueError:
            raise KeyError(name) from None

    def indices(self, names: Iterable[str]) -> list[int]:
        """Places of several columns, in the order asked for."""
        return [self.index(name) for name in names]

    def unknown(self, missing: Iterable[str]) -> Mask:
        """Mark the kinematic columns that cannot be known without some coordinates.

        Parameters
        ----------
        missing
            Names of the coordinates that were not measured. The toes' do not matter.

        Returns
        -------
        (C,) True where unknown. A joint with three rotations of which any is missing loses its six rotation and three
        velocity columns; a single angle its own and its velocity; a pelvis translation its own.
        """
        absent = set(missing)
        return np.array([bool(absent.intersection(column.coordinates)) for column in self.columns])


def _published_columns() -> tuple[Column, ...]:
    kinetics = [Column(name, "N/kg") for name in KINETICS]
    return (
        *(Column(name, "heights/s", (name,)) for name in PELVIS_TRANSLATIONS),
        *(Column(name, "rad", (name,)) for name in HINGES),
        *kinetics,
        *(Column(f"{joint}_{k}", "1", parts) for joint, parts in BALL_JOINTS.items() for k in range(6)),
        *(
            Column(f"{joint}_{axis}_angular_vel", "rad/s", parts)
            for joint, parts in BALL_JOINTS.items()
            for axis in "xyz"
        ),
        *(Column(f"{name}_vel", "rad/frame", (name,)) for name in HINGES),
    )


PUBLISHED_63: Final = ColumnSchema(NAME, RATE, _published_columns())

_TRANSLATION: Final = [FULL_BODY.index(name) for name in PELVIS_TRANSLATIONS]
_HINGE: Final = [FULL_BODY.index(name) for name in HINGES]
_BALLS: Final = [[FULL_BODY.index(name) for name in parts] for parts in BALL_JOINTS.values()]
_STATE_KINETIC: Final = slice(len(FULL_BODY), len(STATE_COLUMNS))

# Blocks of the 63 columns.
_VELOCITY: Final = slice(0, 3)
_ANGLE: Final = slice(3, 9)
_KINETIC: Final = slice(9, 21)
_SIX: Final = slice(21, 45)
_ANGULAR: Final = slice(45, 57)
_RATE: Final = slice(57, 63)


def features_before_velocity(state: Array) -> tuple[Array, Array]:
    """Convert a state except for the pelvis velocity: columns 0-2 hold the path from the first frame on [m].

    Parameters
    ----------
    state
        (T, 35) at `RATE`, heading aligned (`rotations.align`); at least 16 frames.

    Returns
    -------
    columns
        (T, 63).
    origin
        (3,) [m] position of the pelvis in the first frame.
    """
    rotation = euler_to_matrix(state[:, _BALLS])
    origin = state[0, _TRANSLATION]
    columns = np.empty((len(state), len(PUBLISHED_63.columns)))
    columns[:, _VELOCITY] = state[:, _TRANSLATION] - origin
    columns[:, _ANGLE] = state[:, _HINGE]
    columns[:, _KINETIC] = state[:, _STATE_KINETIC]
    columns[:, _SIX] = matrix_to_six(rotation).reshape(len(state), -1)
    columns[:, _ANGULAR] = angular_velocity(rotation, RATE).reshape(len(state), -1)
    columns[:, _RATE] = angle_rate_per_frame(state[:, _HINGE], RATE)
    return columns, origin


def columns_of_state(state: Array, height_m: float, belt_speed: float | Array = 0.0) -> tuple[Array, Array]:
    """Convert a state to the 63 columns.

    Parameters
    ----------
    state
        (T, 35) at `RATE`, heading aligned; at least 16 frames.
    height_m
        Body height [m].
    belt_speed
        Speed [m/s] at which the belt runs backward, along -X after alignment; one value or (T,).

    Returns
    -------
    columns
        (T, 63), not scaled.
    origin
        (3,) [m] position of the pelvis in the first frame, which the columns do not hold.
    """
    columns, origin = features_before_velocity(state)
    columns[:, _VELOCITY] = pelvis_velocity(columns[:, _VELOCITY], height_m, belt_speed, RATE)
    return columns, origin


def state_of_columns(
    columns: Array,
    height_m: float,
    belt_speed: float | Array = 0.0,
    *,
    origin: Array | None = None,
    pelvis: Array | None = None,
    published: bool = False,
) -> Array:
    """Convert the 63 columns back to a state.

    Parameters
    ----------
    columns
        (T, 63), not scaled. The angular velocities and angle rates are not used.
    height_m, belt_speed
        As in `columns_of_state`.
    origin
        (3,) [m] position of the pelvis in the first frame; zero by default.
    pelvis
        (T, 3) [m] measured pelvis position in the heading-aligned frame, which is then kept as it is; by default the
        velocity is integrated.
    published
        Integrate as the published code does, one frame ahead.

    Returns
    -------
    (T, 35). The toes' angles are zero.

    Notes
    -----
    Differences from the published code: the first frame lies at `origin`. There the first velocity was already added
    to it, so that the pelvis led by one frame: some 12 mm in walking and 40 mm in running at 4 m/s, and with it the
    centre of pressure. Where the pelvis was measured, `pelvis` also avoids drift and the loss by the 10 Hz filter.
    """
    if pelvis is not None and published:
        raise ValueError("the published code cannot keep a measured pelvis")
    state = np.zeros((len(columns), len(STATE_COLUMNS)))
    start = np.zeros(3) if origin is None else origin
    if pelvis is None:
        pelvis = pelvis_positions(columns[:, _VELOCITY], height_m, belt_speed, RATE, start, published=published)
    state[:, _TRANSLATION] = pelvis
    state[:, _HINGE] = columns[:, _ANGLE]
    state[:, _STATE_KINETIC] = columns[:, _KINETIC]
    state[:, _BALLS] = matrix_to_euler(six_to_matrix(columns[:, _SIX].reshape(len(columns), len(_BALLS), 6)))
    return state
