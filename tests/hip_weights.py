"""Files laid out as the published ones of Gait2Hip-60, and checkpoints, with random parameters."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch

from gaitdynamics.features.hip import ANGLES, TARGETS, HipTask
from gaitdynamics.inference.hip_checkpoint import HipDescription, save_hip
from gaitdynamics.networks.hip import HipConfig, make_hip_network

HPARAMS: dict[str, dict[str, Any]] = {
    "lstm": {"hidden": 8, "layers": 2, "dropout": 0.1, "T": 180},
    "transformer": {"d_model": 16, "nhead": 4, "num_layers": 1, "dim_feedforward": 8, "dropout": 0.1, "T": 180},
    "mamba": {"d_model": 16, "d_state": 4, "d_conv": 4, "expand": 2, "layers": 1, "dropout": 0.1, "T": 180},
}
CONFIGS = {
    "lstm": {"width": 8},
    "transformer": {"width": 16, "layers": 1, "feedforward": 8},
    "mamba": {"width": 16, "layers": 1, "states": 4},
}
MEAN = (15.0, 0.0, 0.0, 15.0, 0.0, 0.0, 25.0, 5.0, 25.0, 5.0)
SD = (20.0, 7.0, 7.0, 20.0, 7.0, 7.0, 20.0, 9.0, 20.0, 9.0)


def content(network: str = "mamba", task: HipTask = "joint_moments") -> dict[str, Any]:
    torch.manual_seed(0)
    target = TARGETS[task]
    config = HipConfig(network, 10, len(target.names), **CONFIGS[network])  # type: ignore[arg-type]
    return {
        "model_type": network,
        "target_unit": {"N": "N/kg", "N.m": "Nm/kg"}[target.unit],
        "state_dict": make_hip_network(config).state_dict(),
        "mu_x": np.array(MEAN, dtype=np.float32),
        "sd_x": np.array(SD, dtype=np.float32),
        "in_cols": list(ANGLES),
        "out_cols": list(target.labels("r")),
        "hparams": dict(HPARAMS[network]),
        "test_subjects": ["H29", "H56"],
        "test_metrics_subject_mean": {"RMSE": 0.5, "MAE": np.float64(0.25).item(), "R2": 0.75},
    }


def save_published(path: Path, **changes: Any) -> Path:
    made = content(changes.pop("network", "mamba"), changes.pop("task", "joint_moments"))
    torch.save({**made, **changes}, path)
    return path


def save_checkpoints(folder: Path, network: str = "mamba") -> Path:
    """Write a checkpoint for each task into `folder`."""
    for task, target in TARGETS.items():
        torch.manual_seed(0)
        config = HipConfig(network, 10, len(target.names), **CONFIGS[network])  # type: ignore[arg-type]
        description = HipDescription(
            name=f"{network}_{task}",
            description="random",
            task=task,
            unit=f"{target.unit}/kg",
            architecture=config,
            outputs=target.labels("r"),
            mean=MEAN,
            sd=SD,
            test_people=("H01", "H02"),
        )
        save_hip(folder / description.name, make_hip_network(config), description)
    return folder
