"""Files of ground reaction forces: reading the namings in use, writing what OpenSim expects."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from gaitdynamics.columns import FOOT_BODIES, FORCE_NAMINGS, SIDES, ForceColumns
from gaitdynamics.errors import ConventionError, FileFormatError, UserInputError
from gaitdynamics.files.external_loads import read_external_loads
from gaitdynamics.files.storage import TIME, Table, read_storage, write_storage
from gaitdynamics.model import GROUND
from gaitdynamics.trial import FootForces

Array = NDArray[np.float64]

#: Under one foot in one stance, even on a fast belt, the point of application travels less than this [m].
#: Positions themselves tell nothing: who walks over ground for a minute ends 80 m away.
LONGEST_COP_PATH = 10.0
#: Ten times the weight of the heaviest person; a force beyond it [N] is in another unit.
LARGEST_FORCE = 30_000.0

_AXES = "xyz"


def read_forces(path: str | Path, time: Array | None = None) -> FootForces:
    """Read measured forces of both feet.

    Parameters
    ----------
    path
        A `.mot` or `.sto` file whose columns follow one of `columns.FORCE_NAMINGS`; or an ExternalLoads
        `.xml`, which says by itself which columns of which file act on which foot.
    time
        (T,) [s] times to resample to, on the clock of the file. Forces and free moments are interpolated
        linearly; the centre of pressure between frames of contact only.

    Returns
    -------
    FootForces
        The centre of pressure is zero where the force is zero; the free moment is None when the file has no
        torque columns.

    Raises
    ------
    FileFormatError
        As `read_storage`; or the columns are not those of two feet.
    ConventionError
        The numbers cannot be newtons and metres in a ground frame with Y up, acting on the foot.
    UserInputError
        The forces do not cover `time`.
    """
    path = Path(path)
    if path.suffix.lower() == ".xml":
        path, feet = _feet_of_setup(path)
        table = read_storage(path)
    else:
        table = read_storage(path)
        feet = _feet_of_labels(table.labels, path)
    forces = _assemble(table, feet)
    check_force_conventions(forces, path)
    return forces if time is None else _resample(forces, time, path)


def _feet_of_labels(labels: tuple[str, ...], path: Path) -> Mapping[str, ForceColumns]:
    """Find the naming that explains all columns."""
    present = {label.lower() for label in labels}
    for feet in FORCE_NAMINGS.values():
        needed = _expand(template for foot in feet.values() for template in (foot.force, foot.point))
        if not needed <= present:
            continue
        known = needed | _expand(template for foot in feet.values() for template in foot.torque) | {TIME}
        unknown = [label for label in labels if label.lower() not in known]
        if unknown:
            raise FileFormatError(
                f"columns that belong to neither foot: {', '.join(unknown)}",
                file=path,
                remedy="remove them; with more than two plates, add up the forces of each foot first",
            )
        return feet
    example = ", ".join(FORCE_NAMINGS["opencap"][side].force.format("x") for side in SIDES)
    raise FileFormatError(
        f"the columns are not those of the forces of two feet: {', '.join(labels)}",
        file=path,
        remedy="name force and point of application of the right and the left foot, for example "
        f"{example}, or give the ExternalLoads .xml that belongs to the file",
    )


def _expand(templates: Iterable[str]) -> set[str]:
    return {template.format(axis).lower() for template in templates for axis in _AXES}


def _feet_of_setup(path: Path) -> tuple[Path, Mapping[str, ForceColumns]]:
    setup = read_external_loads(path)
    feet = {}
    for side, body in FOOT_BODIES.items():
        loads = [load for load in setup.loads if load.applies and load.applied_to_body == body]
        if len(loads) != 1 or loads[0].point_identifier is None:
            raise FileFormatError(
                f"{len(loads)} external forces with a point act on '{body}', exactly one is needed",
                file=path,
                remedy="define one ExternalForce with force and point identifier for each foot",
            )
        load = loads[0]
        if (load.force_expressed_in_body, load.point_expressed_in_body) != (GROUND, GROUND):
            raise FileFormatError(f"the external force '{load.name}' is not expressed in ground", file=path)
        torque = () if load.torque_identifier is None else (f"{load.torque_identifier}{{}}",)
        feet[side] = ForceColumns(f"{load.force_identifier}{{}}", f"{load.point_identifier}{{}}", torque)
    return setup.datafile, feet


def _assemble(table: Table, feet: Mapping[str, ForceColumns]) -> FootForces:
    index = {label.lower(): i for i, label in enumerate(table.labels)}

    def vectors(template: str) -> Array:
        wanted = [template.format(axis).lower() for axis in _AXES]
        missing = [label for label in wanted if label not in index]
        if missing:
            raise FileFormatError(f"there is no column {', '.join(missing)}", file=table.path)
        return table.data[:, [index[label] for label in wanted]]

    force = np.stack([vectors(feet[side].force) for side in SIDES], axis=1)
    cop = np.stack([vectors(feet[side].point) for side in SIDES], axis=1)
    cop[np.all(force == 0.0, axis=-1)] = 0.0
    vertical = [
        next((label for t in feet[side].torque if (label := t.format("y").lower()) in index), None) for side in SIDES
    ]
    moment = None
    if all(label is not None for label in vertical):
        moment = np.stack([table.data[:, index[label]] for label in vertical if label], axis=1)
    return FootForces(table.time, force, cop, moment)


def check_force_conventions(forces: FootForces, path: Path) -> None:
    """Raise ConventionError when forces cannot be newtons and metres in a frame with Y up, acting on the foot."""
    for side in range(2):
        loaded = np.concatenate([[0], (forces.force[:, side, 1] > 0.0).astype(int), [0]])
        edges = np.flatnonzero(np.diff(loaded))
        for start, stop in zip(edges[::2], edges[1::2], strict=True):
            travel = float(np.ptp(forces.cop[start:stop, side][:, [0, 2]], axis=0).max())
            if travel > LONGEST_COP_PATH:
                raise ConventionError(
                    f"the centre of pressure ({SIDES[side]}) travels {travel:.0f} m in one stance",
                    file=path,
                    row=int(start) + 1,
                    remedy="are these millimetres? Points of application must be in metres",
                )
    strong = np.argwhere(np.abs(forces.force) > LARGEST_FORCE)
    if strong.size:
        frame, side, axis = strong[0]
        raise ConventionError(
            f"a force of {forces.force[frame, side, axis]:.0f} N ({_AXES[axis]}, {SIDES[side]})",
            file=path,
            row=int(frame) + 1,
            remedy="forces must be in newtons, the same as in the laboratory's own software",
        )
    sideways, vertical = np.abs(forces.force[..., [0, 2]]).mean((0, 1)), forces.force[..., 1].mean()
    if sideways.max() > abs(vertical):
        raise ConventionError(
            "the vertical force (Y) is not the largest component",
            file=path,
            remedy="looks like a frame with another axis up: rotate to X forward, Y up, Z right",
        )
    if vertical < 0:
        raise ConventionError(
            "the vertical force is negative on average",
            file=path,
            remedy="write what the ground exerts on the foot (it points up), not the foot on the plate",
        )


def _resample(forces: FootForces, time: Array, path: Path) -> FootForces:
    old = forces.time
    slack = 0.5 * max(np.diff(old).max(), np.diff(time).max() if len(time) > 1 else 0.0)
    if time[0] < old[0] - slack or time[-1] > old[-1] + slack:
        raise UserInputError(
            f"the forces cover {old[0]:g} to {old[-1]:g} s, the motion {time[0]:g} to {time[-1]:g} s",
            file=path,
            remedy="export both over the same time, on the same clock",
        )

    def linear(values: Array) -> Array:
        flat = values.reshape(len(old), -1)
        columns = [np.interp(time, old, column) for column in flat.T]
        return np.stack(columns, axis=1).reshape(len(time), *values.shape[1:])

    force = linear(forces.force)
    # The point of application keeps its last place over swing, so that it is not drawn to the origin of the
    # laboratory at both ends of a contact.
    contact = np.any(forces.force != 0.0, axis=-1)
    held = [_held(forces.cop[:, i], contact[:, i]) for i in range(len(SIDES))]
    cop = linear(np.stack(held, axis=1))
    cop[np.all(force == 0.0, axis=-1)] = 0.0
    return FootForces(time, force, cop, None if forces.free_moment is None else linear(forces.free_moment))


def _held(points: Array, contact: NDArray[np.bool_]) -> Array:
    """Replace each point out of contact by that of the nearest frame in contact."""
    known = np.flatnonzero(contact)
    if not known.size:
        return points
    frames = np.arange(len(points))
    after = np.clip(np.searchsorted(known, frames), 0, len(known) - 1)
    before = np.clip(after - 1, 0, None)
    nearer = np.where(frames - known[before] < known[after] - frames, before, after)
    return points[known[nearer]]


def write_forces(path: str | Path, forces: FootForces, *, naming: Literal["opensim", "opencap"] = "opensim") -> None:
    """Write the forces of both feet as OpenSim's tools read them, atomically.

    Per foot force [N] and point of application [m], right before left, then the torques about the point of
    application [N.m] of which only the vertical one, the free moment, can differ from zero; it is written as
    zero where it is not known. In swing all columns of that foot are zero.

    Parameters
    ----------
    path
        The `.mot` file.
    forces
        Without NaN: what is not known must be decided before.
    naming
        'opensim' for `ground_force_vx` and `1_ground_force_vx`, 'opencap' for `R_` and `L_ground_force_vx`.

    Raises
    ------
    ValueError
        There are NaN or infinite numbers.
    FileFormatError
        The place cannot be written.
    """
    feet = FORCE_NAMINGS[naming]
    contact = np.any(forces.force != 0.0, axis=-1, keepdims=True)
    cop = np.where(contact, forces.cop, 0.0)
    torque = np.zeros_like(forces.force)
    if forces.free_moment is not None:
        torque[..., 1] = np.where(contact[..., 0], forces.free_moment, 0.0)
    labels, blocks = [TIME], [forces.time[:, None]]
    for i, side in enumerate(SIDES):
        for template, values in ((feet[side].force, forces.force), (feet[side].point, cop)):
            labels += [template.format(axis) for axis in _AXES]
            blocks.append(values[:, i])
    for i, side in enumerate(SIDES):
        labels += [feet[side].torque[0].format(axis) for axis in _AXES]
        blocks.append(torque[:, i])
    # Degrees or radians mean nothing to forces, but OpenSim's readers ask for the line.
    write_storage(path, labels, np.hstack(blocks), name="ground_reaction", in_degrees=True)


def write_deviations(
    path: str | Path, forces: FootForces, *, naming: Literal["opensim", "opencap"] = "opensim"
) -> None:
    """Write the standard deviations of estimated forces, atomically.

    Per foot those of force [N] and of point of application [m], in the order and the naming of `write_forces`, each
    column with `_sd` at the end. There are none of the torques, which are not estimated.

    Parameters
    ----------
    path
        The `.sto` file.
    forces
        With standard deviations.
    naming
        As of the force file.

    Raises
    ------
    ValueError
        There are no standard deviations, or NaN or infinite ones.
    FileFormatError
        The place cannot be written.
    """
    if forces.force_sd is None or forces.cop_sd is None:
        raise ValueError("these forces have no standard deviations")
    labels, blocks = [TIME], [forces.time[:, None]]
    for i, side in enumerate(SIDES):
        feet = FORCE_NAMINGS[naming][side]
        for template, values in ((feet.force, forces.force_sd), (feet.point, forces.cop_sd)):
            labels += [f"{template.format(axis)}_sd" for axis in _AXES]
            blocks.append(values[:, i])
    write_storage(path, labels, np.hstack(blocks), name="ground_reaction_standard_deviation", in_degrees=True)
