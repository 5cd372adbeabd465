"""Small diffusion networks for tests: one that always gives the same window, and ones with random parameters."""

from __future__ import annotations

import torch

from gaitdynamics.diffusion.schedules import PAPER_SCHEDULE
from gaitdynamics.features.published.scaler import ColumnScaler
from gaitdynamics.features.published.schema import PUBLISHED_63
from gaitdynamics.features.published.trial import columns_of_trial
from gaitdynamics.inference.motion_network import MotionNetwork
from gaitdynamics.networks.condition import ConditionName
from gaitdynamics.networks.denoiser import Denoiser, DenoiserConfig
from gaitdynamics.trial import Trial


def small_network(trial: Trial, *, condition: ConditionName = "none", constant: bool = False) -> MotionNetwork:
    """A network of few parameters, on the scale of the columns of a motion."""
    torch.manual_seed(0)
    denoiser = Denoiser(DenoiserConfig(width=32, blocks=1, heads=2, feedforward=32, condition=condition)).eval()
    if constant:
        with torch.no_grad():
            denoiser.final_layer.weight.zero_()
            denoiser.final_layer.bias.zero_()
    scaler = ColumnScaler.fit(PUBLISHED_63.names, columns_of_trial(trial).values)
    return MotionNetwork(denoiser, scaler, PAPER_SCHEDULE, "small", "0" * 64, "for tests")
