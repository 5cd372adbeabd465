"""Joints prepared for evaluation: fixed frames on both sides, moving axes between them."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from gaitdynamics.body.functions import Evaluator
from gaitdynamics.model import GROUND, Axis, Frame, Joint, Linear, Vector3

_X: Vector3 = (1.0, 0.0, 0.0)
_Y: Vector3 = (0.0, 1.0, 0.0)
_Z: Vector3 = (0.0, 0.0, 1.0)


class PreparedAxis:
    """One axis of a joint with its function, ready to evaluate.

    Attributes
    ----------
    direction
        (3,) unit vector, in the frame that the axes before it have turned.
    index
        Place of its coordinate among all coordinates of the model; -1 for none.
    """

    def __init__(self, axis: Axis, index: int, dtype: torch.dtype, device: torch.device) -> None:
        self.direction = torch.tensor(axis.direction, dtype=dtype, device=device)
        self.index = index
        self.function = Evaluator(axis.function, dtype, device)
        x, y, z = axis.direction
        skew = torch.tensor([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]], dtype=dtype, device=device)
        self._skew, self._skew2 = skew, skew @ skew
        self._eye = torch.eye(3, dtype=dtype, device=device)

    def value(self, q: Tensor) -> Tensor:
        """Give the angle or shift (...) at the coordinates `q` (..., A)."""
        x = q[..., self.index]
        return x if self.function.is_identity else self.function(x)[0]

    def turn(self, angle: Tensor) -> Tensor:
        """Rotation matrix (..., 3, 3) about the axis (Rodrigues' formula)."""
        angle = angle[..., None, None]
        return self._eye + torch.sin(angle) * self._skew + (1.0 - torch.cos(angle)) * self._skew2


class PreparedJoint:
    """One joint of a model as tensors.

    Attributes
    ----------
    kind
        OpenSim's name of the joint kind.
    parent, child
        Body indices; -1 is the ground.
    parent_rotation, parent_translation
        The joint's frame in the parent body, (3, 3) and (3,).
    child_rotation, child_translation
        The joint's frame in the child body.
    rotations
        Axes in order of application; constant turns as matrices.
    translations, offset
        Moving translations, and the sum (3,) of those that do not move, in the parent's joint frame.
    """

    def __init__(
        self,
        joint: Joint,
        bodies: Mapping[str, int],
        coordinates: Mapping[str, int],
        dtype: torch.dtype,
        device: torch.device,
    ) -> None:
        self.kind = joint.kind
        self.parent = -1 if joint.parent == GROUND else bodies[joint.parent]
        self.child = bodies[joint.child]
        self.parent_rotation, self.parent_translation = _fixed(joint.parent_frame, dtype, device)
        self.child_rotation, self.child_translation = _fixed(joint.child_frame, dtype, device)
        # Constant rotations do not commute with those around them, so they stay in the chain as matrices.
        self.rotations: list[PreparedAxis | Tensor] = []
        for axis in joint.rotations:
            if axis.coordinate is not None:
                self.rotations.append(PreparedAxis(axis, coordinates[axis.coordinate], dtype, device))
            else:
                angle = _constant(axis, dtype, device)
                if float(angle) != 0.0:
                    self.rotations.append(PreparedAxis(axis, -1, dtype, device).turn(angle))
        self.translations: list[PreparedAxis] = []
        self.offset = torch.zeros(3, dtype=dtype, device=device)
        for axis in joint.translations:
            if axis.coordinate is not None:
                self.translations.append(PreparedAxis(axis, coordinates[axis.coordinate], dtype, device))
            else:
                direction = torch.tensor(axis.direction, dtype=dtype, device=device)
                self.offset = self.offset + _constant(axis, dtype, device) * direction

    @property
    def speeds_are_angular_velocity(self) -> bool:
        """True where OpenSim's generalised speeds are not the rates of the coordinates.

        Those of its Ball and Free joints are the components of the angular velocity in the parent frame.
        """
        return self.kind in ("BallJoint", "FreeJoint")


def _constant(axis: Axis, dtype: torch.dtype, device: torch.device) -> Tensor:
    return Evaluator(axis.function, dtype, device)(torch.zeros((), dtype=dtype, device=device))[0]


def _fixed(frame: Frame, dtype: torch.dtype, device: torch.device) -> tuple[Tensor, Tensor]:
    """Rotation matrix (3, 3) and translation (3,) of a frame fixed to a body."""
    rotation = torch.eye(3, dtype=dtype, device=device)
    for direction, angle in zip((_X, _Y, _Z), frame.orientation, strict=True):
        axis = PreparedAxis(Axis(direction, Linear(1.0), None), -1, dtype, device)
        rotation = rotation @ axis.turn(torch.tensor(angle, dtype=dtype, device=device))
    return rotation, torch.tensor(frame.translation, dtype=dtype, device=device)
