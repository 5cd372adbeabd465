"""What the published columns need of a model's skeleton: the signs of its coordinates, and where its feet are.

In the gait2392 family a bent knee is negative, in the Rajagopal family positive. The names are the same, so the
published columns cannot be filled by name alone.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray

from gaitdynamics.body.generic import generic_model
from gaitdynamics.body.skeleton import skeleton_of
from gaitdynamics.columns import FOOT_BODIES, FULL_BODY, PELVIS_TRANSLATIONS, SIDES, canonical
from gaitdynamics.errors import ConventionError, UserInputError
from gaitdynamics.features.posed import pose_of
from gaitdynamics.model import Model
from gaitdynamics.trial import Trial

Array = NDArray[np.float64]

#: Axes of a coordinate and its namesake may differ by 60 degrees (subtalar axes do differ between families).
_LEAST_COSINE: Final = 0.5


@lru_cache(maxsize=32)
def coordinate_signs(model: Model) -> Array:
    """Compare the axes about which the coordinates of a model turn with those of the published skeleton.

    Returns
    -------
    (23,) +1 or -1 in the order of `FULL_BODY`; multiply coordinates of the model by it to have published ones, and the
    other way round. +1 for translations, for toes, which no column holds, and for what the model does not have.

    Raises
    ------
    ConventionError
        A coordinate turns about quite another axis than its namesake.
    """
    own, reference = _axes(model), _reference_axes()
    signs = np.ones(len(FULL_BODY))
    for index, name in enumerate(FULL_BODY):
        if name in PELVIS_TRANSLATIONS or name.startswith("mtp_angle") or name not in own:
            continue
        cosine = float(own[name] @ reference[name])
        if abs(cosine) < _LEAST_COSINE:
            raise ConventionError(
                f"{name} turns about another axis in this model than in the published skeleton",
                file=model.source,
                column=name,
                remedy="give a motion of a model of the Rajagopal, gait2392 or LaiUhlrich family",
            )
        signs[index] = np.sign(cosine)
    signs.flags.writeable = False
    return signs


def foot_origins(trial: Trial) -> Array:
    """Give the origins of the calcanei, (T, 2, 3) [m] in the ground frame, right and left.

    Raises
    ------
    UserInputError
        The model has no such body.
    """
    skeleton = skeleton_of(trial.subject.model)
    try:
        feet = [skeleton.body_index(FOOT_BODIES[side]) for side in SIDES]
    except KeyError as error:
        raise UserInputError(
            f"the model has no body {error.args[0]}; it has {', '.join(skeleton.body_names)}",
            file=trial.subject.model.source,
            remedy="use a model whose feet are calcn_r and calcn_l",
        ) from None
    return np.asarray(pose_of(trial).position[:, feet].numpy())


@lru_cache(maxsize=1)
def _reference_axes() -> dict[str, Array]:
    return _axes(generic_model())


def _axes(model: Model) -> dict[str, Array]:
    """Find the unit axis in the ground about which each rotation turns the body beyond its joint, at zero."""
    skeleton = skeleton_of(model)
    children = {coordinate.name: joint.child for joint in model.joints for coordinate in joint.coordinates}
    count = len(skeleton.coordinates)
    zero = torch.zeros(count, count, dtype=skeleton.dtype)
    motion = skeleton.motion(zero, torch.eye(count, dtype=skeleton.dtype), zero)
    axes = {}
    for index, name in enumerate(skeleton.coordinates):
        spin = motion.angular_velocity[index, skeleton.body_index(children[name])].numpy()
        if canonical(name) in FULL_BODY and np.linalg.norm(spin) > 0.0:
            axes[canonical(name)] = spin / np.linalg.norm(spin)
    return axes
