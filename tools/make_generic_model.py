"""Make the generic skeleton `src/gaitdynamics/assets/generic.osim` from published numbers.

Joints are those of Rajagopal et al. (2016), segment masses and inertias those of de Leva (1996), the mean of
women and men. `src/gaitdynamics/assets/SOURCES.md` tells what is from where and how it was checked.

    python tools/make_generic_model.py
"""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np

from gaitdynamics.files.osim_writer import write_osim
from gaitdynamics.model import Axis, Body, Constant, Coordinate, Frame, Joint, Linear, Model, Spline, Vector3
from generic_segments import (
    HEIGHT_M,
    MASS_KG,
    Lump,
    combine,
    segment,
    segment_length,
    segment_mass,
    shoulder_height,
    upright,
)

TARGET = Path(__file__).parents[1] / "src" / "gaitdynamics" / "assets" / "generic.osim"

# --- Joints (Rajagopal et al. 2016); right side, in the frame of the body that is named --------------------
HIP_IN_PELVIS = (-0.056276, -0.07849, 0.07726)
BACK_IN_PELVIS = (-0.1007, 0.0815, 0.0)
KNEE_IN_FEMUR = (-0.00809, -0.40796, -0.00275)
KNEE_IN_TIBIA = (-0.00808954, -0.0035348, -0.00148474)
KNEE_TURN = (-1.64157, 1.44618, 1.5708)
ANKLE_IN_TIBIA = (-0.01, -0.40, 0.0)
ANKLE_TURN = (0.175895, -0.105208, 0.0186622)
SUBTALAR_IN_TALUS = (-0.04877, -0.04195, 0.00792)
SUBTALAR_TURN = (-1.76819, 0.906223, 1.8196)
MTP_IN_CALCN = (0.1788, -0.002, 0.00108)
MTP_TURN = (-3.14159, 0.619901, 0.0)
SHOULDER_IN_TORSO_X = 0.003155
TRUNK_CENTER_IN_TORSO_X = -0.03

#: Sole of the foot below the origin of calcn [m]: skin and fat under the heel bone.
SOLE_M = 0.01

# Knee (Walker et al. 1988): rotations about Z and Y [rad] and shifts along Y and Z [m] over flexion.
KNEE_FLEXION = tuple(math.radians(angle) for angle in range(0, 121, 10))
KNEE_TURN_Z = (0.0, 0.0126809, 0.0226969, 0.0296054, 0.0332049, 0.0335354, 0.0308779,
               0.0257548, 0.0189295, 0.011407, 0.00443314, -0.00050475, -0.0016782)  # fmt: skip
KNEE_TURN_Y = (0.0, 0.059461, 0.109399, 0.150618, 0.18392, 0.210107, 0.229983,
               0.24435, 0.254012, 0.25977, 0.262428, 0.262788, 0.261654)  # fmt: skip
KNEE_SHIFT_Y = (0.0, 0.000479, 0.000835, 0.001086, 0.001251, 0.001346, 0.001391,
                0.001403, 0.0014, 0.0014, 0.001421, 0.001481, 0.001599)  # fmt: skip
KNEE_SHIFT_Z = (0.0, 0.000988, 0.001899, 0.002734, 0.003492, 0.004173, 0.004777,
                0.005305, 0.005756, 0.00613, 0.006427, 0.006648, 0.006792)  # fmt: skip


# --- Shapes that de Leva (1996) does not tell ------------------------------------------------------------
#: Half the shoulder width, share of body height (Drillis and Contini 1966, in Winter 2009).
HALF_SHOULDER_WIDTH = 0.129
#: Shares of the foot's mass in talus and toes (those of the model of Rajagopal et al.).
TALUS_SHARE, TOES_SHARE = 0.1 / 1.5666, 0.2166 / 1.5666
#: Size of the toes as a box [m]: width and height; its length is what lies before the toe joint.
TOES_WIDTH, TOES_HEIGHT = 0.09, 0.02
TALUS_DENSITY = 1100.0  # kg/m^3


def torso() -> Lump:
    """Lump upper and middle trunk, head and hanging arms; origin at the back joint, as high as the navel."""
    middle, upper, head = (segment_length(n) for n in ("middle_trunk", "upper_trunk", "head"))
    x = TRUNK_CENTER_IN_TORSO_X
    lumps = [
        upright("middle_trunk", (x, middle, 0.0)),
        upright("upper_trunk", (x, middle + upper, 0.0)),
        upright("head", (x, middle + upper + head, 0.0)),
    ]
    shoulder = shoulder_height() - (BACK_IN_PELVIS[1] - HIP_IN_PELVIS[1])
    for side in (1.0, -1.0):
        top = shoulder
        for name in ("upper_arm", "forearm", "hand"):
            lumps.append(upright(name, (SHOULDER_IN_TORSO_X, top, side * HALF_SHOULDER_WIDTH * HEIGHT_M)))
            top -= segment_length(name)
    return combine(lumps)


def pelvis() -> Lump:
    """Lower trunk; its centre lies on the line from the back joint to the middle of the hip joints."""
    length = segment_length("lower_trunk")
    lump = upright("lower_trunk", (0.0, HIP_IN_PELVIS[1] + length, 0.0))
    up = (1.0 - segment("lower_trunk").center) * length / (BACK_IN_PELVIS[1] - HIP_IN_PELVIS[1])
    x = HIP_IN_PELVIS[0] + up * (BACK_IN_PELVIS[0] - HIP_IN_PELVIS[0])
    return Lump(lump.mass, np.array([x, lump.center[1], 0.0]), lump.inertia)


def long_bone(name: str, top: Vector3, bottom: Vector3) -> Lump:
    """Thigh or shank between the joint centres of this skeleton."""
    along = np.array(bottom) - np.array(top)
    lump = upright(name, (0.0, 0.0, 0.0), float(np.linalg.norm(along)))
    return Lump(lump.mass, np.array(top) + segment(name).center * along, lump.inertia)


def foot() -> tuple[Lump, Lump, Lump]:
    """Split the foot of de Leva into talus, calcn and toes (each in its own body's frame).

    The heel is at the origin of calcn, the foot lies along its X axis, and its centre is half way between the
    sole and the ankle. Talus is a ball at the ankle, toes a box; calcn is the rest.
    """
    own, mass, length = segment("foot"), segment_mass("foot"), segment_length("foot")
    # The table's axes turn with the foot when it points down: sagittal is up, longitudinal forward.
    up, side, long = (r * length for r in own.radii)
    ankle = -np.array(SUBTALAR_IN_TALUS)
    mtp = np.array(MTP_IN_CALCN)
    center = np.array([own.center * length, ankle[1] / 2, 0.0])
    whole = Lump(mass, center, mass * np.diag([long**2, up**2, side**2]))

    talus_mass = TALUS_SHARE * mass
    radius = (3 * talus_mass / (4 * math.pi * TALUS_DENSITY)) ** (1 / 3)
    talus = Lump(talus_mass, ankle, 0.4 * talus_mass * radius**2 * np.eye(3))
    toes_mass, x = TOES_SHARE * mass, length - mtp[0]
    box = np.array([x, TOES_HEIGHT, TOES_WIDTH]) ** 2
    toes_inertia = toes_mass / 12 * np.diag(box.sum() - box)
    toes = Lump(toes_mass, mtp + np.array([x / 2, 0.0, 0.0]), toes_inertia)
    rest_mass = mass - talus_mass - toes_mass
    rest_center = (mass * center - talus_mass * talus.center - toes_mass * toes.center) / rest_mass
    inertia = whole.about(rest_center) - talus.about(rest_center) - toes.about(rest_center)
    # The products of inertia are below 3 % of the moments and mean nothing at this accuracy.
    rest = Lump(rest_mass, rest_center * [1.0, 1.0, 0.0], np.diag(np.diag(inertia)))
    return (
        Lump(talus_mass, np.zeros(3), talus.inertia),
        rest,
        Lump(toes_mass, (toes.center - mtp) * [1.0, 1.0, 0.0], toes.inertia),
    )


def _tidy(value: float) -> float:
    """Nine significant digits: shorter files, and no trace of the machine's arithmetic."""
    return 0.0 if abs(value) < 1e-12 else float(f"{value:.9g}")


def body(name: str, lump: Lump) -> Body:
    """Turn a lump into a body record."""
    x, y, z = (_tidy(v) for v in lump.center)
    xx, yy, zz, xy, xz, yz = (_tidy(lump.inertia[i, j]) for i, j in ((0, 0), (1, 1), (2, 2), (0, 1), (0, 2), (1, 2)))
    return Body(name, round(lump.mass, 6), (x, y, z), (xx, yy, zz, xy, xz, yz))


def bodies() -> list[Body]:
    """All bodies; the torso takes what rounding leaves of the total mass."""
    found = [body("pelvis", pelvis())]
    thigh = long_bone("thigh", (0.0, 0.0, 0.0), KNEE_IN_FEMUR)
    shank = long_bone("shank", KNEE_IN_TIBIA, ANKLE_IN_TIBIA)
    parts = dict(zip(("femur", "tibia", "talus", "calcn", "toes"), (thigh, shank, *foot()), strict=True))
    for side, sign in (("r", 1.0), ("l", -1.0)):
        for name, lump in parts.items():
            mirrored = Lump(lump.mass, lump.center * [1.0, 1.0, sign], lump.inertia)
            found.append(body(f"{name}_{side}", mirrored))
    trunk = torso()
    rest = MASS_KG - math.fsum(b.mass for b in found)
    found.append(body("torso", Lump(rest, trunk.center, trunk.inertia * rest / trunk.mass)))
    return found


X, Y, Z = (1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)


def _mirror(vector: Vector3, turns: bool, side: float) -> Vector3:
    """Mirror at the sagittal plane when side is -1; rotations change the other two signs."""
    x, y, z = vector
    return (side * x + 0.0, side * y + 0.0, z) if turns else (x, y, side * z + 0.0)


def _frame(at: Vector3, turn: Vector3, side: float) -> Frame:
    return Frame(_mirror(at, False, side), _mirror(turn, True, side))


def _angle(name: str, low: float, high: float, clamped: bool = True) -> Coordinate:
    limits = _tidy(math.radians(low)), _tidy(math.radians(high))
    return Coordinate(name, "rotational", 0.0, limits, False, clamped)


def _fixed(*directions: Vector3) -> tuple[Axis, ...]:
    return tuple(Axis(direction, Constant(0.0), None) for direction in directions)


def _ball(name: str, parent: str, child: str, at: Vector3, turns: list[Coordinate], side: float) -> Joint:
    """Three rotations Z, X, Y about axes that mirror with the side."""
    rotations = tuple(
        Axis(_mirror(direction, True, side), Linear(1.0), c.name) for direction, c in zip((Z, X, Y), turns, strict=True)
    )
    frames = _frame(at, (0.0, 0.0, 0.0), side), Frame()
    return Joint(name, "CustomJoint", parent, child, *frames, rotations, _fixed(X, Y, Z), tuple(turns))


def _pin(name: str, parent: str, child: str, at: Vector3, turn: Vector3, c: Coordinate, side: float) -> Joint:
    """Rotation about the Z axis of two frames that are turned alike."""
    frames = _frame(at, turn, side), _frame((0.0, 0.0, 0.0), turn, side)
    return Joint(name, "PinJoint", parent, child, *frames, (Axis(Z, Linear(1.0), c.name),), (), (c,))


def _knee(name: str, parent: str, child: str, c: Coordinate, side: float) -> Joint:
    def follows(values: tuple[float, ...]) -> Spline:
        return Spline(tuple(_tidy(x) for x in KNEE_FLEXION), values, "simm")

    rotations = (
        Axis(_mirror(X, True, side), Linear(1.0), c.name),
        Axis(_mirror(Z, True, side), follows(KNEE_TURN_Z), c.name),
        Axis(_mirror(Y, True, side), follows(KNEE_TURN_Y), c.name),
    )
    translations = (
        *_fixed(X),
        Axis(Y, follows(KNEE_SHIFT_Y), c.name),
        Axis(_mirror(Z, False, side), follows(KNEE_SHIFT_Z), c.name),
    )
    frames = _frame(KNEE_IN_FEMUR, KNEE_TURN, side), _frame(KNEE_IN_TIBIA, KNEE_TURN, side)
    return Joint(name, "CustomJoint", parent, child, *frames, rotations, translations, (c,))


def ground_joint() -> Joint:
    """Pelvis on the ground: tilt, list, rotation, then three translations; it stands with straight legs."""
    turns = [_angle(f"pelvis_{n}", -180.0, 180.0, False) for n in ("tilt", "list", "rotation")]
    leg = KNEE_IN_FEMUR[1] - KNEE_IN_TIBIA[1] + ANKLE_IN_TIBIA[1] + SUBTALAR_IN_TALUS[1]
    height = _tidy(SOLE_M - (HIP_IN_PELVIS[1] + leg))
    shifts = [
        Coordinate(f"pelvis_t{n}", "translational", default, limits)
        for n, default, limits in (
            ("x", 0.0, (-50.0, 50.0)),
            ("y", height, (-5.0, 5.0)),
            ("z", 0.0, (-50.0, 50.0)),
        )
    ]
    return Joint(
        "ground_pelvis",
        "CustomJoint",
        "ground",
        "pelvis",
        Frame(),
        Frame(),
        tuple(Axis(d, Linear(1.0), c.name) for d, c in zip((Z, X, Y), turns, strict=True)),
        tuple(Axis(d, Linear(1.0), c.name) for d, c in zip((X, Y, Z), shifts, strict=True)),
        (*turns, *shifts),
    )


def leg_joints(s: str) -> list[Joint]:
    """Hip, knee, ankle, subtalar and toe joint of side 'r' or 'l'."""
    side = 1.0 if s == "r" else -1.0
    hip = [
        _angle(f"hip_flexion_{s}", -50.0, 120.0),
        _angle(f"hip_adduction_{s}", -50.0, 45.0),
        _angle(f"hip_rotation_{s}", -60.0, 60.0),
    ]
    knee, ankle = _angle(f"knee_angle_{s}", -10.0, 140.0), _angle(f"ankle_angle_{s}", -60.0, 50.0)
    subtalar, toes = _angle(f"subtalar_angle_{s}", -50.0, 50.0), _angle(f"mtp_angle_{s}", -60.0, 60.0)
    return [
        _ball(f"hip_{s}", "pelvis", f"femur_{s}", HIP_IN_PELVIS, hip, side),
        _knee(f"knee_{s}", f"femur_{s}", f"tibia_{s}", knee, side),
        _pin(f"ankle_{s}", f"tibia_{s}", f"talus_{s}", ANKLE_IN_TIBIA, ANKLE_TURN, ankle, side),
        _pin(f"subtalar_{s}", f"talus_{s}", f"calcn_{s}", SUBTALAR_IN_TALUS, SUBTALAR_TURN, subtalar, side),
        _pin(f"mtp_{s}", f"calcn_{s}", f"toes_{s}", MTP_IN_CALCN, MTP_TURN, toes, side),
    ]


def make_model() -> Model:
    """Assemble the skeleton; coordinates come out in the order of `columns.FULL_BODY`."""
    lumbar = [_angle(f"lumbar_{n}", -90.0, 90.0) for n in ("extension", "bending", "rotation")]
    back = _ball("back", "pelvis", "torso", BACK_IN_PELVIS, lumbar, 1.0)
    joints = (ground_joint(), *leg_joints("r"), *leg_joints("l"), back)
    return Model("generic", tuple(bodies()), joints)


if __name__ == "__main__":
    write_osim(TARGET, make_model())
    print(f"wrote {TARGET}")
