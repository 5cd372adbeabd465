"""The paper's baselines as checkpoints, and at work: forces from complete kinematics by another kind of network.

A folder holds `weights.safetensors` and `model.json`, as those of a refiner.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, ValidationError
from torch import Tensor, nn

from gaitdynamics._version import __version__
from gaitdynamics.errors import FileFormatError
from gaitdynamics.features.published.scaler import ColumnScaler
from gaitdynamics.features.published.schema import PUBLISHED_63
from gaitdynamics.features.published.trial import columns_of_trial, forces_of_columns
from gaitdynamics.files.atomic import write_text
from gaitdynamics.inference.checkpoint import MODEL_FILE, WEIGHTS_FILE
from gaitdynamics.inference.pair_parts import fill_network, save_network
from gaitdynamics.inference.windows import stitch
from gaitdynamics.networks.groundlink import GroundLink
from gaitdynamics.networks.sugai import Sugai
from gaitdynamics.trial import FootForces, Trial

KIND: Final = "kinetics-baseline"

BASELINES: Final[Mapping[str, Callable[[], nn.Module]]] = {"groundlink": GroundLink, "sugai": Sugai}

_KINEMATIC, _KINETIC = list(PUBLISHED_63.kinematic), list(PUBLISHED_63.kinetic)


class BaselineDescription(BaseModel):
    """Everything about a baseline but its parameters."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["kinetics-baseline"] = KIND
    name: str
    package_version: str = __version__
    schema_name: str = PUBLISHED_63.name
    network: Literal["groundlink", "sugai"]
    scaler: ColumnScaler
    parameters: int = 0
    weights_sha256: str = ""
    training: dict[str, Any] = {}
    metrics: dict[str, Any] = {}


def save_baseline(folder: Path, network: nn.Module, description: BaselineDescription) -> BaselineDescription:
    """Write a baseline; the JSON comes last. Gives the description as written."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MODEL_FILE).unlink(missing_ok=True)
    written = description.model_copy(update=save_network(network, folder / WEIGHTS_FILE))
    write_text(folder / MODEL_FILE, written.model_dump_json(indent=1) + "\n")
    return written


def load_baseline(folder: Path) -> tuple[nn.Module, BaselineDescription]:
    """Load a baseline, ready to be used; nothing is unpickled.

    Raises
    ------
    FileFormatError
        The folder's files are incomplete, damaged, or of another kind or schema.
    """
    description = read_baseline_description(folder)
    network = BASELINES[description.network]()
    fill_network(network, folder / WEIGHTS_FILE, description.weights_sha256)
    return network, description


def read_baseline_description(folder: Path) -> BaselineDescription:
    """Read what is known of a baseline; raises as `load_baseline`."""
    file = folder / MODEL_FILE
    if not file.is_file():
        raise FileFormatError("no such file", file=file, remedy="the folder of a baseline holds it")
    try:
        description = BaselineDescription.model_validate_json(file.read_text(encoding="utf-8"))
    except (OSError, ValidationError, UnicodeDecodeError) as error:
        raise FileFormatError(f"not the description of a baseline ({error})", file=file) from error
    if description.scaler.columns != PUBLISHED_63.names:
        raise FileFormatError(f"made for other columns than those of '{PUBLISHED_63.name}'", file=file)
    return description


def baseline_forces(
    network: nn.Module, scaler: ColumnScaler, trial: Trial, *, floor_height: float | None = None
) -> FootForces:
    """Estimate the forces of a trial.

    Parameters
    ----------
    network
        Maps scaled kinematic columns (B, T, 51) to kinetic ones (B, T, 12).
    scaler
        Of the 63 columns it was trained on.
    trial
        The motion; measured forces in it are not looked at. Unknown columns are zero, the middle of their range, as
        in training.
    floor_height
        Height [m] of the centres of pressure; None takes it from the network.

    Returns
    -------
    FootForces
        On the trial's own clock.
    """
    columns = columns_of_trial(replace(trial, forces=None))
    scaled = np.where(columns.missing, 0.0, scaler.to_scaled(columns.values))

    def forces(window: Tensor) -> Tensor:
        result: Tensor = network(window)
        return result

    kinetics = scaler.select(_KINETIC).from_scaled(stitch(forces, scaled[:, _KINEMATIC].astype(np.float32)))
    return forces_of_columns(kinetics, columns, trial, floor_height=floor_height)
