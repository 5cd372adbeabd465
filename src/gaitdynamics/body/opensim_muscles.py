"""What OpenSim knows of a model's muscles in a posture: moment arms, and the force of full activation.

Needs the extra `[opensim]`; nothing is imported before a model is opened.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from gaitdynamics.errors import FileFormatError, MissingExtraError

Array = NDArray[np.float64]

#: Postures in which a muscle shows which coordinates it acts on, as shares of a quarter turn.
_PROBES: Final = (0.07, 0.23, 0.41)
#: Moment arms below this [m] in all of these postures are none.
_NO_ARM: Final = 1e-7


def load_opensim(purpose: str) -> Any:
    """Import OpenSim with its log silenced, so that it leaves no file in the folder it is used in.

    Raises
    ------
    MissingExtraError
        It is not installed.
    """
    try:
        import opensim
    except ImportError:
        raise MissingExtraError("opensim", "opensim", purpose) from None
    opensim.Logger.removeFileSink()
    opensim.Logger.setLevelString("Off")
    return opensim


class OpenSimMuscles:
    """Muscles of a model that act on some of its coordinates.

    Parameters
    ----------
    model_file
        The `.osim` model.
    coordinates
        Names of the coordinates in question, as spelt in the model.

    Attributes
    ----------
    coordinates
        The same, (J,).
    locked
        Those that the model holds: no muscle is needed where the joint itself does.
    names
        The muscles that act on any coordinate, (M,), in the order of the model.
    bounds
        (M, 2) smallest and largest activation.

    Raises
    ------
    MissingExtraError
        OpenSim is not installed.
    FileFormatError
        OpenSim cannot read the model, or no muscle acts on these coordinates.
    """

    def __init__(self, model_file: str | Path, coordinates: tuple[str, ...]) -> None:
        self._opensim = load_opensim("the geometry of muscles")
        try:
            # A reference to the model has to live as long as anything that was taken from it.
            self._model = self._opensim.Model(str(model_file))
        except RuntimeError as error:
            raise FileFormatError(f"OpenSim cannot read the model ({error})", file=model_file) from error
        held = self._model.updCoordinateSet()
        locked = {held.get(i).getName() for i in range(held.getSize()) if held.get(i).getDefaultLocked()}
        for i in range(held.getSize()):
            held.get(i).setDefaultLocked(False)
            held.get(i).setDefaultClamped(False)
        self._state = self._model.initSystem()
        every = self._model.getCoordinateSet()
        self._all = {every.get(i).getName(): every.get(i) for i in range(every.getSize())}
        self.coordinates = coordinates
        self.locked = tuple(name for name in coordinates if name in locked)
        self._order = self._speed_order()
        bodies = self._model.getBodySet()
        self._bodies = 1 + max(bodies.get(i).getMobilizedBodyIndex() for i in range(bodies.getSize()))
        there = [self._model.getMuscles().get(i) for i in range(self._model.getMuscles().getSize())]
        self._muscles = [muscle for muscle in there if muscle.get_appliesForce()]
        acts = np.zeros((len(self._muscles), len(coordinates)), dtype=np.bool_)
        for share in _PROBES:
            self._place(dict.fromkeys(coordinates, share * np.pi / 2), {})
            acts |= np.abs(self._arms().reshape(acts.shape)) > _NO_ARM
        self._muscles = [self._muscles[i] for i in np.flatnonzero(acts.any(axis=1))]
        if not self._muscles:
            raise FileFormatError(
                f"no muscle acts on {', '.join(coordinates)}",
                file=model_file,
                remedy="give a model with muscles, such as the Rajagopal model scaled to the person",
            )
        self.names = tuple(muscle.getName() for muscle in self._muscles)
        self.bounds = np.array([(m.getMinControl(), m.getMaxControl()) for m in self._muscles])

    def at(self, values: Mapping[str, float], speeds: Mapping[str, float]) -> tuple[Array, Array]:
        """Look at the muscles in one posture.

        Parameters
        ----------
        values, speeds
            Of all coordinates, the coupled ones too [rad or m, and per s]; those that are absent keep the model's
            default and do not move.

        Returns
        -------
        arms
            (M, J) moment arms [m]: the moment [N.m] that a muscle force of 1 N gives each coordinate by itself, were
            it not coupled to any other.
        strength
            (M,) active force [N] along the tendon at full activation at this length and velocity, the tendon
            inextensible and without passive force, as OpenSim's static optimisation has it.
        """
        self._place(values, speeds)
        strength = [muscle.calcInextensibleTendonActiveFiberForce(self._state, 1.0) for muscle in self._muscles]
        return self._arms(), np.array(strength)

    def _place(self, values: Mapping[str, float], speeds: Mapping[str, float]) -> None:
        for name, coordinate in self._all.items():
            coordinate.setValue(self._state, float(values.get(name, coordinate.getDefaultValue())), False)
            coordinate.setSpeedValue(self._state, float(speeds.get(name, 0.0)))
        self._model.realizeVelocity(self._state)

    def _arms(self) -> Array:
        """Moment arms (M, J) at the present state.

        By the transposed Jacobian on the forces of a path under unit tension: the same as computeMomentArm, which
        takes fifteen times as long.
        """
        opensim, state, rows = self._opensim, self._state, []
        matter = self._model.getMatterSubsystem()
        zero = opensim.SpatialVec(opensim.Vec3(0), opensim.Vec3(0))
        for muscle in self._muscles:
            on_bodies = opensim.VectorOfSpatialVec(self._bodies, zero)
            on_speeds, projected = opensim.Vector(state.getNU(), 0.0), opensim.Vector()
            muscle.getGeometryPath().addInEquivalentForces(state, 1.0, on_bodies, on_speeds)
            matter.multiplyBySystemJacobianTranspose(state, on_bodies, projected)
            rows.append((projected.to_numpy() + on_speeds.to_numpy())[self._order])
        return np.array(rows)

    def _speed_order(self) -> list[int]:
        """Places of the coordinates in OpenSim's vector of generalised speeds."""
        marks = {name: mark for mark, name in enumerate(self._all, start=1)}
        for name, coordinate in self._all.items():
            coordinate.setSpeedValue(self._state, float(marks[name]))
        held = np.round(self._state.getU().to_numpy()).astype(int).tolist()
        return [held.index(marks[name]) for name in self.coordinates]
