"""Where the feet are in a motion."""

from __future__ import annotations

from gaitdynamics.columns import FOOT_BODIES, SIDES
from gaitdynamics.plotting.centre_of_pressure import FootFrames
from gaitdynamics.trial import Trial


def foot_frames(trial: Trial) -> FootFrames:
    """Follow both heel bones through a motion."""
    import torch

    from gaitdynamics.body.skeleton import Skeleton

    skeleton = Skeleton(trial.subject.model)
    pose = skeleton.pose(torch.as_tensor(trial.values))
    feet = [skeleton.body_index(FOOT_BODIES[side]) for side in SIDES]
    return FootFrames(pose.position[:, feet].numpy(), pose.rotation[:, feet, :, 0].numpy())
