"""Lengths of the leg from a scaled skeleton, by which moment arms of its muscles scale."""

from __future__ import annotations

import numpy as np
import torch

from gaitdynamics.body.skeleton import Skeleton
from gaitdynamics.errors import FileFormatError
from gaitdynamics.model import Model


def leg_lengths(model: Model) -> tuple[float, float, float]:
    """Give thigh, shank and half the distance of the hip joints [m], right leg, all angles zero.

    Raises
    ------
    FileFormatError
        The model has no such bodies.
    """
    skeleton = Skeleton(model)
    position = skeleton.pose(torch.zeros(1, len(skeleton.coordinates), dtype=skeleton.dtype)).position[0].numpy()
    try:
        hip, knee, ankle, other = (
            position[skeleton.body_index(name)] for name in ("femur_r", "tibia_r", "talus_r", "femur_l")
        )
    except KeyError as error:
        raise FileFormatError(f"the model has no body {error.args[0]}", file=model.source) from error
    return (
        float(np.linalg.norm(hip - knee)),
        float(np.linalg.norm(knee - ankle)),
        0.5 * float(np.linalg.norm(hip - other)),
    )
