"""A small walking model and a motion of it, to be spoilt by the tests."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest

from gaitdynamics.columns import FULL_BODY, LUMBAR, PELVIS_ROTATIONS, PELVIS_TRANSLATIONS, leg
from gaitdynamics.files.storage import write_storage
from gaitdynamics.model import Axis, Body, Coordinate, Coupler, Frame, Joint, Linear, Model

X, Y, Z = (1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)
IDENTITY = Linear(1.0)


def _joint(
    name: str,
    parent: str,
    child: str,
    rotations: tuple[str, ...],
    translations: tuple[str, ...] = (),
    extra: tuple[Coordinate, ...] = (),
) -> Joint:
    turning = tuple(Axis(d, IDENTITY, c) for d, c in zip((Z, X, Y), rotations, strict=False))
    moving = tuple(Axis(d, IDENTITY, c) for d, c in zip((X, Y, Z), translations, strict=False))
    coordinates = (
        *(Coordinate(c, range=(-0.17, 2.5) if "knee" in c else (-3.0, 3.0)) for c in rotations),
        *(Coordinate(c, "translational", default=0.94 if c == "pelvis_ty" else 0.0) for c in translations),
        *extra,
    )
    return Joint(name, "CustomJoint", parent, child, Frame(), Frame(), turning, moving, coordinates)


@pytest.fixture(scope="session")
def walker() -> Model:
    """A model of 70 kg with the 23 coordinates, one kneecap on each side and one locked, bent elbow."""
    joints = [
        _joint("ground_pelvis", "ground", "pelvis", PELVIS_ROTATIONS, PELVIS_TRANSLATIONS),
        _joint("back", "pelvis", "torso", LUMBAR),
    ]
    for side in "rl":
        names = leg(side)
        joints += [
            _joint(f"hip_{side}", "pelvis", f"femur_{side}", names[:3]),
            _joint(f"knee_{side}", f"femur_{side}", f"tibia_{side}", names[3:4]),
            _joint(f"ankle_{side}", f"tibia_{side}", f"talus_{side}", names[4:5]),
            _joint(f"subtalar_{side}", f"talus_{side}", f"calcn_{side}", names[5:6]),
            _joint(f"mtp_{side}", f"calcn_{side}", f"toes_{side}", names[6:7]),
            _joint(f"kneecap_{side}", f"femur_{side}", f"patella_{side}", (f"knee_angle_{side}_beta",)),
        ]
    elbow = Coordinate("elbow_flex_r", default=0.3, locked=True)
    joints.append(_joint("elbow_r", "torso", "arm_r", (), extra=(elbow,)))
    mass = 70.0 / len(joints)
    return Model(
        name="walker",
        bodies=tuple(Body(j.child, mass, (0.0, 0.0, 0.0), (1.0, 1.0, 1.0, 0.0, 0.0, 0.0)) for j in joints),
        joints=tuple(joints),
        couplers=tuple(Coupler(f"knee_angle_{s}_beta", f"knee_angle_{s}", IDENTITY) for s in "rl"),
    )


@pytest.fixture
def columns() -> dict[str, np.ndarray]:
    """One second of something like walking at 100 Hz: degrees and metres by column, 'time' first."""
    time = np.arange(101) / 100.0
    phase = 2 * np.pi * time
    made = {"time": time}
    for i, name in enumerate(FULL_BODY):
        made[name] = 4.0 * np.sin(phase + i)
    made["pelvis_tx"] = 1.3 * time
    made["pelvis_ty"] = 0.94 + 0.02 * np.sin(2 * phase)
    made["pelvis_tz"] = 0.1 + 0.03 * np.sin(phase)
    for side, shift in (("r", 0.0), ("l", np.pi)):
        made[f"hip_flexion_{side}"] = 5.0 + 25.0 * np.sin(phase + shift)
        made[f"knee_angle_{side}"] = 30.0 - 28.0 * np.cos(phase + shift)
    return made


WriteMotion = Callable[..., Path]


@pytest.fixture
def write_motion(tmp_path: Path) -> WriteMotion:
    """Write columns to a motion file and give its path."""

    def write(columns: Mapping[str, np.ndarray], *, flag: str = "inDegrees=yes", name: str = "walk.mot") -> Path:
        path = tmp_path / name
        write_storage(path, list(columns), np.column_stack(list(columns.values())), name="x", in_degrees=True)
        path.write_text(path.read_text().replace("inDegrees=yes\n", f"{flag}\n" if flag else ""))
        return path

    return write
