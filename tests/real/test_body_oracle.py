"""Whole trials of real people: kinematics and inverse dynamics against OpenSim on the same model and numbers."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from gaitdynamics.body.dynamics import ExternalForce, inverse_dynamics, total_wrench
from gaitdynamics.body.skeleton import Skeleton
from gaitdynamics.files.osim import read_osim
from gaitdynamics.files.storage import Table, read_storage
from gaitdynamics.signals import differentiate
from opensim_oracle import Oracle, quiet_opensim

Array = NDArray[np.float64]

#: One trial of each study: walking, running, turning; with and without arms, of several scaling programs.
TRIALS = [
    "Arnold2013/subject01/walk2",
    "Hamner2013/subject01/run300",
    "Uhlrich2023/subject04/walking1",
    "Fukuchi2017/subject01/run250",
    "Schreiber2019/subject01/walk_c4_05",
    "ZhejiangIMU/subject01/walk_fast_102",
    "OpenSimGait2354/subject01/walk1",
    "BiomechZooMcGill/subject01/walk_turn",
]
WALKING = [
    "Arnold2013/subject01/walk2",
    "Uhlrich2023/subject04/walking1",
    "Schreiber2019/subject01/walk_c4_05",
    "OpenSimGait2354/subject01/walk1",
    "BiomechZooMcGill/subject01/walk_straight",
]
RUNNING = ["Hamner2013/subject01/run200", "Hamner2013/subject01/run500"]


@dataclass(frozen=True)
class Case:
    """A trial with its skeleton: times (T,), coordinates (T, C), and the table of measured forces."""

    model_file: Path
    skeleton: Skeleton
    time: Array
    q: Array
    forces: Table

    @property
    def rate(self) -> float:
        return float((len(self.time) - 1) / (self.time[-1] - self.time[0]))


def load(data_folder: Path, label: str, model_file: Path | None = None) -> Case:
    """Read a trial; coordinates that were not measured keep the model's default."""
    stem = data_folder / label
    model_file = model_file or stem.parent / "model.osim"
    skeleton = Skeleton(read_osim(model_file))
    table = read_storage(Path(f"{stem}_ik.mot"))
    q = np.zeros((len(table.time), len(skeleton.coordinates)))
    for i, name in enumerate(skeleton.coordinates):
        coordinate = skeleton.model.coordinates[name]
        if name in table.labels:
            q[:, i] = table.column(name)
            if coordinate.motion != "translational":
                q[:, i] = np.radians(q[:, i])
        else:
            q[:, i] = coordinate.default
    # Times in the files are rounded to microseconds; both engines get exactly uniform ones, for OpenSim's
    # splines would see the rounding (0.1 N).
    time = np.linspace(table.time[0], table.time[-1], len(table.time))
    return Case(model_file, skeleton, time, q, read_storage(Path(f"{stem}_grf.mot")))


# Kinematics


@pytest.mark.parametrize("label", TRIALS)
def test_bodies_are_where_opensim_puts_them(data_folder: Path, label: str) -> None:
    """Origins and centres of mass within 1e-9 mm, orientations within 1e-9 degrees, over the whole trial."""
    case = load(data_folder, label)
    skeleton = case.skeleton
    oracle = Oracle(case.model_file, skeleton.all_coordinates)
    pose = skeleton.pose(torch.tensor(case.q))
    center = skeleton.center_of_mass(pose).numpy()
    full = skeleton.with_coupled(torch.tensor(case.q))[0].numpy()
    worst_place = worst_turn = worst_center = 0.0
    for frame, row in enumerate(full):
        oracle.place(row)
        position, rotation = oracle.pose(skeleton.body_names)
        worst_place = max(worst_place, np.abs(pose.position[frame].numpy() - position).max())
        # For a small turn the difference of the matrices is the angle times sqrt(2), in the Frobenius norm.
        turn = np.linalg.norm(pose.rotation[frame].numpy() - rotation, axis=(-1, -2)) / np.sqrt(2.0)
        worst_turn = max(worst_turn, np.degrees(turn.max()))
        worst_center = max(worst_center, np.abs(center[frame] - oracle.center_of_mass()).max())
    assert worst_place < 1e-12
    assert worst_center < 1e-12
    assert worst_turn < 1e-9


# Inverse dynamics


def ours(case: Case, cutoff: float | None) -> tuple[Array, Array, Array]:
    """Generalised forces (T, A), and the total force and moment about the ground's origin (T, 3)."""
    state = differentiate(case.q, case.rate, cutoff)
    motion = case.skeleton.motion(*map(torch.tensor, state))
    loads = []
    for side, body in (("R", "calcn_r"), ("L", "calcn_l")):
        force, point, torque = (
            torch.tensor(np.stack([case.forces.column(f"{side}_ground_{part}{axis}") for axis in "xyz"], axis=-1))
            for part in ("force_v", "force_p", "torque_")
        )
        loads.append(ExternalForce(body, force, point, torque))
    forces = inverse_dynamics(case.skeleton, motion, loads).numpy()
    wrench = total_wrench(case.skeleton, motion)
    return forces, wrench[0].numpy(), wrench[1].numpy()


def opensims(case: Case, cutoff: float | None, folder: Path, loads: bool = True) -> Array:
    """Generalised forces (T, A) of OpenSim's Inverse Dynamics tool on the same coordinates.

    They are written in radians, the coupled ones of the patella included: left out, OpenSim would hold these at
    their defaults.
    """
    opensim = quiet_opensim()
    names = case.skeleton.all_coordinates
    full = case.skeleton.with_coupled(torch.tensor(case.q))[0].numpy()
    motion = write_table(folder / "q.mot", case.time, names, full)
    model = opensim.Model(str(case.model_file))
    coordinates = model.updCoordinateSet()
    for i in range(coordinates.getSize()):
        coordinates.get(i).setDefaultLocked(False)
    model.initSystem()
    tool = opensim.InverseDynamicsTool()
    tool.setModel(model)
    tool.setCoordinatesFileName(str(motion))
    if loads:
        tool.setExternalLoadsFileName(str(external_loads(case, folder)))
    tool.setLowpassCutoffFrequency(-1.0 if cutoff is None else cutoff)
    tool.setStartTime(float(case.time[0]))
    tool.setEndTime(float(case.time[-1]))
    excluded = opensim.ArrayStr()
    excluded.append("Muscles")
    tool.setExcludedForces(excluded)
    tool.setResultsDir(str(folder))
    tool.setOutputGenForceFileName("forces.sto")
    assert tool.run()
    result = read_storage(folder / "forces.sto")
    labels = [next(x for x in (f"{n}_moment", f"{n}_force") if x in result.labels) for n in names]
    return np.stack([result.column(label) for label in labels], axis=-1)


def write_table(path: Path, time: Array, labels: Sequence[str], values: Array) -> Path:
    """Write a .mot file to all digits."""
    rows = ["\t".join(f"{v:.15g}" for v in (t, *row)) for t, row in zip(time, values, strict=True)]
    head = ["x", "version=1", f"nRows={len(rows)}", f"nColumns={1 + len(labels)}", "inDegrees=no", "endheader"]
    path.write_text("\n".join([*head, "\t".join(["time", *labels]), *rows]) + "\n")
    return path


def external_loads(case: Case, folder: Path) -> Path:
    """Write the measured forces of both feet as OpenSim's external loads."""
    labels = case.forces.labels
    columns = np.stack([case.forces.column(label) for label in labels], axis=-1)
    forces = write_table(folder / "grf.mot", case.time, labels, columns)
    one = (
        '<ExternalForce name="{0}"><applied_to_body>{1}</applied_to_body>'
        "<force_expressed_in_body>ground</force_expressed_in_body>"
        "<point_expressed_in_body>ground</point_expressed_in_body>"
        "<force_identifier>{0}_ground_force_v</force_identifier>"
        "<point_identifier>{0}_ground_force_p</point_identifier>"
        "<torque_identifier>{0}_ground_torque_</torque_identifier></ExternalForce>"
    )
    both = "".join(one.format(side, body) for side, body in (("R", "calcn_r"), ("L", "calcn_l")))
    path = folder / "loads.xml"
    path.write_text(
        f'<OpenSimDocument Version="40000"><ExternalLoads name="loads"><objects>{both}</objects>'
        f"<datafile>{forces}</datafile></ExternalLoads></OpenSimDocument>"
    )
    return path


def rms(differences: Array) -> Array:
    return np.sqrt(np.mean(differences**2, axis=0))


def without_third_knee_rotation(model_file: Path, copy: Path) -> Path:
    """Hold the third rotation of the walker knee still; OpenSim's accelerations are then exact."""
    document = ET.parse(model_file)
    changed = 0
    for joint in document.getroot().iter("CustomJoint"):
        if joint.get("name", "").startswith("walker_knee"):
            (axis,) = [a for a in joint.iter("TransformAxis") if a.get("name") == "rotation3"]
            for part in [part for part in axis if part.tag != "axis"]:
                axis.remove(part)
            ET.SubElement(axis, "coordinates")
            still = ET.SubElement(axis, "Constant", name="function")
            ET.SubElement(still, "value").text = "0"
            changed += 1
    assert changed == 2
    document.write(copy)
    return copy


@pytest.mark.parametrize("cutoff", [None, 6.0])
@pytest.mark.parametrize("label", [*WALKING, *RUNNING])
def test_generalised_forces_are_opensims_where_its_knee_is_exact(
    data_folder: Path, tmp_path: Path, label: str, cutoff: float | None
) -> None:
    """The third rotation of the knee is held still in both.

    Unfiltered, every coordinate agrees to 1e-6 N or N.m RMS. With the filter, whose ends differ, to 1e-4 half a
    second from the ends and to 0.01 in all.
    """
    original = (data_folder / label).parent / "model.osim"
    case = load(data_folder, label, without_third_knee_rotation(original, tmp_path / "model.osim"))
    difference = ours(case, cutoff)[0] - opensims(case, cutoff, tmp_path)
    names = case.skeleton.all_coordinates
    assert rms(difference).max() < (1e-6 if cutoff is None else 0.01), dict(zip(names, rms(difference), strict=True))
    ends = int(0.5 * case.rate)
    assert rms(difference[ends:-ends]).max() < 1e-4


@pytest.mark.parametrize("cutoff", [None, 6.0])
@pytest.mark.parametrize("label", [*WALKING, *RUNNING])
def test_generalised_forces_are_near_opensims_on_the_full_model(
    data_folder: Path, tmp_path: Path, label: str, cutoff: float | None
) -> None:
    """0.5 N and N.m RMS in walking, 1 in running; what remains is OpenSim's knee, as the test above shows."""
    case = load(data_folder, label)
    found = rms(ours(case, cutoff)[0] - opensims(case, cutoff, tmp_path))
    bound = 0.5 if label in WALKING else 1.0
    assert found.max() < bound, dict(zip(case.skeleton.all_coordinates, found, strict=True))


@pytest.mark.parametrize("label", WALKING)
def test_total_wrench_is_what_opensim_leaves_at_the_pelvis_without_loads(
    data_folder: Path, tmp_path: Path, label: str
) -> None:
    """Force, and the moment about the axis on which the pelvis tilts."""
    case = load(data_folder, label)
    _, force, moment = ours(case, 6.0)
    theirs = opensims(case, 6.0, tmp_path, loads=False)
    names = case.skeleton.all_coordinates
    translations = [names.index(f"pelvis_t{axis}") for axis in "xyz"]
    assert rms(force - theirs[:, translations]).max() < 0.5
    # The pelvis tilts first, about the ground's Z axis through its origin.
    state = differentiate(case.q, case.rate, 6.0)
    pose = case.skeleton.pose(torch.tensor(state[0]))
    origin = pose.position[:, case.skeleton.body_index("pelvis")].numpy()
    about_pelvis = moment - np.cross(origin, force)
    assert rms(about_pelvis[:, 2] - theirs[:, names.index("pelvis_tilt")]) < 0.5
