"""A model's skeleton as tensors: kinematics up to accelerations, batched and differentiable.

Everything is exact: joints are composed of their axes and functions as OpenSim composes them, and derivatives
are carried along analytically, not by differences.
"""

from __future__ import annotations

from functools import lru_cache

import torch
from torch import Tensor

from gaitdynamics.body.functions import Evaluator
from gaitdynamics.body.joints import PreparedJoint
from gaitdynamics.body.motion import JointAxes, Motion, Pose
from gaitdynamics.body.propagation import propagate_motion, propagate_pose
from gaitdynamics.model import Model

__all__ = ["JointAxes", "Motion", "Pose", "Skeleton", "skeleton_of"]


class Skeleton:
    """The skeleton of a model.

    Parameters
    ----------
    model
        Its description.
    dtype, device
        Of all tensors; double precision by default, for accelerations are differences of large numbers.

    Attributes
    ----------
    body_names, joint_names
        In the order of the body and joint axes of results.
    coordinates
        Names of the coordinates that move freely, in model order: the last axis of `q`.
    all_coordinates
        These and the coupled ones, in model order.
    """

    def __init__(self, model: Model, dtype: torch.dtype = torch.float64, device: str | torch.device = "cpu") -> None:
        self.model = model
        self.dtype, self.device = dtype, torch.device(device)
        self.body_names = tuple(body.name for body in model.bodies)
        self.joint_names = tuple(joint.name for joint in model.joints)
        self.all_coordinates = tuple(model.coordinates)
        coupled = {coupler.dependent for coupler in model.couplers}
        self.coordinates = tuple(name for name in self.all_coordinates if name not in coupled)
        bodies = {name: i for i, name in enumerate(self.body_names)}
        indices = {name: i for i, name in enumerate(self.all_coordinates)}
        self._joints = [PreparedJoint(joint, bodies, indices, dtype, self.device) for joint in model.joints]
        computed = set(self.coordinates)
        for coupler in model.couplers:
            assert coupler.independent in computed, "couplers must be in the order of their evaluation"
            computed.add(coupler.dependent)
        self._free = [indices[name] for name in self.coordinates]
        self._couplers = [
            (indices[c.dependent], indices[c.independent], Evaluator(c.function, dtype, self.device))
            for c in model.couplers
        ]

        def tensor(numbers: object) -> Tensor:
            return torch.tensor(numbers, dtype=dtype, device=self.device)

        self.gravity = tensor(model.gravity)
        self.mass = tensor([body.mass for body in model.bodies])
        self.mass_center = tensor([body.mass_center for body in model.bodies])
        xx, yy, zz, xy, xz, yz = tensor([body.inertia for body in model.bodies]).unbind(-1)
        self.inertia = torch.stack([xx, xy, xz, xy, yy, yz, xz, yz, zz], dim=-1).reshape(-1, 3, 3)

    @property
    def joints(self) -> tuple[tuple[int, int], ...]:
        """Parent and child body index of each joint, from the ground (-1) outwards."""
        return tuple((joint.parent, joint.child) for joint in self._joints)

    def body_index(self, name: str) -> int:
        """Position of a body on the body axis; KeyError when the model does not have it."""
        try:
            return self.body_names.index(name)
        except ValueError:
            raise KeyError(name) from None

    def with_coupled(self, q: Tensor, *rates: Tensor) -> tuple[Tensor, ...]:
        """Insert the coupled coordinates.

        Parameters
        ----------
        q, rates
            (..., C) free coordinates, and optionally their first and second time derivatives.

        Returns
        -------
        tuple of Tensor
            The same quantities over all coordinates, (..., A).
        """
        series = [q, *rates]
        shape = (*q.shape[:-1], len(self.all_coordinates))
        filled = [list(torch.zeros(shape, dtype=q.dtype, device=q.device).unbind(-1)) for _ in series]
        for column, index in enumerate(self._free):
            for whole, part in zip(filled, series, strict=True):
                whole[index] = part[..., column]
        for dependent, source, function in self._couplers:
            f, df, ddf = function(filled[0][source])
            filled[0][dependent] = f
            if len(series) > 1:
                filled[1][dependent] = df * filled[1][source]
            if len(series) > 2:
                filled[2][dependent] = df * filled[2][source] + ddf * filled[1][source] ** 2
        return tuple(torch.stack(columns, dim=-1) for columns in filled)

    def pose(self, q: Tensor) -> Pose:
        """Forward kinematics.

        Parameters
        ----------
        q
            (..., C) free coordinates [rad or m].
        """
        (full,) = self.with_coupled(q)
        return propagate_pose(self._joints, len(self.body_names), full)

    def motion(self, q: Tensor, qd: Tensor, qdd: Tensor) -> Motion:
        """Forward kinematics with velocities and accelerations.

        Parameters
        ----------
        q, qd, qdd
            (..., C) free coordinates and their first and second time derivatives.
        """
        return propagate_motion(self._joints, len(self.body_names), self.with_coupled(q, qd, qdd))

    def center_of_mass(self, pose: Pose) -> Tensor:
        """Whole-body centre of mass (..., 3) in the ground frame [m]."""
        centers = self.body_centers(pose)
        return (centers * self.mass[:, None]).sum(-2) / self.mass.sum()

    def body_centers(self, pose: Pose) -> Tensor:
        """Centres of mass of all bodies (..., B, 3) in the ground frame [m]."""
        return pose.position + (pose.rotation @ self.mass_center[..., None])[..., 0]


@lru_cache(maxsize=16)
def skeleton_of(model: Model) -> Skeleton:
    """Give the skeleton of a model in double precision on the processor; the trials of a person share it."""
    return Skeleton(model)
