"""Masses, centres and inertias of body segments after de Leva (1996), and how to lump them.

Statures, lengths and shares are those of his tables 1 and 4; women and men are averaged with equal weight.
Axes of all vectors and matrices: X forward, Y up, Z to the right.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

MASS_KG = 75.0
HEIGHT_M = 1.70

#: Stature of the women and men measured [m].
STATURES = (1.735, 1.741)

# Rows: women, men. Columns: length [m]; share of body mass; centre, from the upper end, as share of length;
# radii of gyration about the sagittal (forward), transverse (to the side) and longitudinal axis, likewise.
TABLE = {
    "head": (  # vertex to C7
        (0.2437, 0.0668, 0.4841, 0.271, 0.295, 0.261),
        (0.2429, 0.0694, 0.5002, 0.303, 0.315, 0.261),
    ),
    "upper_trunk": (  # C7 to the level of the xiphoid
        (0.2280, 0.1545, 0.5050, 0.466, 0.314, 0.449),
        (0.2421, 0.1596, 0.5066, 0.505, 0.320, 0.465),
    ),
    "middle_trunk": (  # xiphoid to navel
        (0.2053, 0.1465, 0.4512, 0.433, 0.354, 0.415),
        (0.2155, 0.1633, 0.4502, 0.482, 0.383, 0.468),
    ),
    "lower_trunk": (  # navel to the middle of the hip joint centres
        (0.1815, 0.1247, 0.4920, 0.433, 0.402, 0.444),
        (0.1457, 0.1117, 0.6115, 0.615, 0.551, 0.587),
    ),
    "upper_arm": (  # shoulder to elbow joint centre
        (0.2751, 0.0255, 0.5754, 0.278, 0.260, 0.148),
        (0.2817, 0.0271, 0.5772, 0.285, 0.269, 0.158),
    ),
    "forearm": (  # elbow to wrist joint centre
        (0.2643, 0.0138, 0.4559, 0.261, 0.257, 0.094),
        (0.2689, 0.0162, 0.4574, 0.276, 0.265, 0.121),
    ),
    "hand": (  # wrist joint centre to the tip of the third finger
        (0.1701, 0.0056, 0.3427, 0.244, 0.208, 0.154),
        (0.1879, 0.0061, 0.3624, 0.288, 0.235, 0.184),
    ),
    "thigh": (  # hip to knee joint centre
        (0.3685, 0.1478, 0.3612, 0.369, 0.364, 0.162),
        (0.4222, 0.1416, 0.4095, 0.329, 0.329, 0.149),
    ),
    "shank": (  # knee to ankle joint centre
        (0.4386, 0.0481, 0.4352, 0.267, 0.263, 0.092),
        (0.4403, 0.0433, 0.4395, 0.251, 0.246, 0.102),
    ),
    "foot": (  # heel to the tip of the longest toe
        (0.2283, 0.0129, 0.4014, 0.299, 0.279, 0.139),
        (0.2581, 0.0137, 0.4415, 0.257, 0.245, 0.124),
    ),
}
PAIRED = ("upper_arm", "forearm", "hand", "thigh", "shank", "foot")
#: Height of the shoulder joint centres above the hip joint centres, women and men [m].
SHOULDERS_ABOVE_HIPS = (0.4979, 0.5155)


@dataclass(frozen=True)
class Segment:
    """An average segment: `length` as share of body height, `mass` of body mass, the rest of the length."""

    length: float
    mass: float
    center: float
    radii: tuple[float, float, float]


def segment(name: str) -> Segment:
    """Average the women's and the men's row of the table.

    Centres and radii are averaged as shares of body height, for the same segment differs in length.
    """
    rows = [np.array(row) for row in TABLE[name]]
    lengths = [row[0] / stature for row, stature in zip(rows, STATURES, strict=True)]
    length = sum(lengths) / 2
    shares = sum(row[2:] * own for row, own in zip(rows, lengths, strict=True)) / (2 * length)
    center, sagittal, transverse, longitudinal = (float(share) for share in shares)
    return Segment(float(length), float(rows[0][1] + rows[1][1]) / 2, center, (sagittal, transverse, longitudinal))


def segment_length(name: str) -> float:
    """Length of a segment of the generic person [m]."""
    return segment(name).length * HEIGHT_M


def segment_mass(name: str) -> float:
    """Mass of a segment [kg]; the published shares add up to 0.99995 and are stretched to one."""
    whole = sum(segment(other).mass * (2 if other in PAIRED else 1) for other in TABLE)
    return MASS_KG * segment(name).mass / whole


def shoulder_height() -> float:
    """Height of the shoulder joint centres above the hip joint centres [m]."""
    shares = [height / stature for height, stature in zip(SHOULDERS_ABOVE_HIPS, STATURES, strict=True)]
    return HEIGHT_M * sum(shares) / 2


@dataclass(frozen=True)
class Lump:
    """A mass with its centre and the inertia (3, 3) about that centre, axes X forward, Y up, Z right."""

    mass: float
    center: Array
    inertia: Array

    def about(self, point: Array) -> Array:
        """Inertia about another point (parallel axis theorem)."""
        r = self.center - point
        return self.inertia + self.mass * (r @ r * np.eye(3) - np.outer(r, r))


def combine(lumps: list[Lump]) -> Lump:
    """Join rigidly connected masses into one."""
    mass = sum(lump.mass for lump in lumps)
    center = sum((lump.mass * lump.center for lump in lumps), np.zeros(3)) / mass
    return Lump(mass, center, sum((lump.about(center) for lump in lumps), np.zeros((3, 3))))


def upright(name: str, top: tuple[float, float, float], length: float | None = None) -> Lump:
    """Place a segment so that it hangs vertically down from a point [m]."""
    own = segment(name)
    length = segment_length(name) if length is None else length
    sagittal, transverse, longitudinal = (radius * length for radius in own.radii)
    mass = segment_mass(name)
    center = np.array(top) - [0.0, own.center * length, 0.0]
    return Lump(mass, center, mass * np.diag([sagittal**2, longitudinal**2, transverse**2]))
