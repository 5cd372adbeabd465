"""OpenSim as the oracle of the body room: the same quantities from its own multibody engine.

Every test that uses it is skipped where OpenSim is not installed.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

Array = NDArray[np.float64]


def quiet_opensim() -> Any:
    """Give the opensim module, with its log silenced and no log file; skip without OpenSim."""
    opensim = pytest.importorskip("opensim")
    opensim.Logger.removeFileSink()
    opensim.Logger.setLevelString("Off")
    return opensim


def _vector(vector: Any) -> Array:
    return np.array([vector.get(i) for i in range(3)])


class Oracle:
    """A model in OpenSim, every coordinate unlocked and unclamped so that it can be put anywhere.

    Parameters
    ----------
    path
        The model.
    coordinates
        Names in the order in which values are given.
    """

    def __init__(self, path: Path, coordinates: Sequence[str]) -> None:
        opensim = quiet_opensim()
        self.opensim = opensim
        self.model = opensim.Model(str(path))
        held = self.model.updCoordinateSet()
        for i in range(held.getSize()):
            held.get(i).setDefaultLocked(False)
            held.get(i).setDefaultClamped(False)
        for i in range(self.model.getForceSet().getSize()):
            self.model.updForceSet().get(i).set_appliesForce(False)
        self.state = self.model.initSystem()
        self.coordinates = [self.model.getCoordinateSet().get(name) for name in coordinates]
        self.bodies = self.model.getBodySet()

    def place(self, values: Array, speeds: Array | None = None) -> None:
        """Set all coordinates, couplers not enforced, and optionally their rates."""
        for coordinate, value in zip(self.coordinates, values, strict=True):
            coordinate.setValue(self.state, float(value), False)
        if speeds is not None:
            for coordinate, speed in zip(self.coordinates, speeds, strict=True):
                coordinate.setSpeedValue(self.state, float(speed))
            self.model.realizeVelocity(self.state)
        else:
            self.model.realizePosition(self.state)

    def pose(self, names: Sequence[str]) -> tuple[Array, Array]:
        """Body origins (B, 3) and orientations (B, 3, 3) in the ground frame."""
        positions, rotations = [], []
        for name in names:
            transform = self.bodies.get(name).getTransformInGround(self.state)
            rotation = transform.R()
            positions.append(_vector(transform.p()))
            rotations.append([[rotation.get(i, j) for j in range(3)] for i in range(3)])
        return np.array(positions), np.array(rotations)

    def velocities(self, names: Sequence[str]) -> tuple[Array, Array]:
        """Velocities of the body origins (B, 3) and angular velocities (B, 3)."""
        found = [self.bodies.get(name).getVelocityInGround(self.state) for name in names]
        return np.array([_vector(v.get(1)) for v in found]), np.array([_vector(v.get(0)) for v in found])

    def center_of_mass(self) -> Array:
        """Whole-body centre of mass (3,)."""
        return _vector(self.model.calcMassCenterPosition(self.state))

    def speed_order(self) -> list[int]:
        """Places of the coordinates in OpenSim's vector of generalised speeds."""
        marks = np.arange(1.0, len(self.coordinates) + 1)
        for coordinate, mark in zip(self.coordinates, marks, strict=True):
            coordinate.setSpeedValue(self.state, float(mark))
        speeds = self.state.getU()
        held = np.array([speeds.get(i) for i in range(speeds.size())])
        return [int(np.flatnonzero(held == mark)[0]) for mark in marks]

    def generalised_forces(self, accelerations: Array, order: Sequence[int]) -> Array:
        """Inverse dynamics at the present state without external forces, in the order of the coordinates."""
        rates = self.opensim.Vector(len(order), 0.0)
        for place, value in zip(order, accelerations, strict=True):
            rates.set(place, float(value))
        solved = self.opensim.InverseDynamicsSolver(self.model).solve(self.state, rates)
        return np.array([solved.get(place) for place in order])

    def station_bias(self, body: str) -> Array:
        """Acceleration (3,) of a body's origin at zero generalised accelerations, as Simbody computes it."""
        matter = self.model.getMatterSubsystem()
        index = self.bodies.get(body).getMobilizedBodyIndex()
        return _vector(matter.calcBiasForStationJacobian(self.state, index, self.opensim.Vec3(0)))
