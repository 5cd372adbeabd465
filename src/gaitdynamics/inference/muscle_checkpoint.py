"""Weights of the network of muscle forces: safetensors beside a JSON file that says all the rest."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, ValidationError

from gaitdynamics._version import __version__
from gaitdynamics.errors import FileFormatError
from gaitdynamics.features.hip import TARGETS
from gaitdynamics.features.muscle_inputs import INPUTS, SCHEMA
from gaitdynamics.files.atomic import write_text
from gaitdynamics.inference.network_files import MODEL_FILE, WEIGHTS_FILE, fill_network, save_network
from gaitdynamics.networks.muscles import MuscleNetwork, MuscleNetworkConfig

Array = NDArray[np.float64]

KIND: Final = "muscle-network"
#: Weights that come with the package.
DEFAULT_MUSCLES: Final = "muscles-1"

_LARGEST_WIDTH: Final = 4096
_LARGEST_DEPTH: Final = 32


class MuscleDescription(BaseModel):
    """Everything about a network of muscle forces but its parameters; forces are in N/kg."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["muscle-network"] = KIND
    name: str
    description: str
    package_version: str = __version__
    schema_name: str = SCHEMA
    inputs: tuple[str, ...] = INPUTS
    outputs: tuple[str, ...] = TARGETS["muscle_forces"].names
    architecture: MuscleNetworkConfig
    mean: tuple[float, ...]
    sd: tuple[float, ...]
    parameters: int = 0
    weights_sha256: str = ""
    training: dict[str, Any] = {}
    metrics: dict[str, Any] = {}


@dataclass(frozen=True)
class MuscleModel:
    """A network, in evaluation mode, and what is known of it."""

    network: MuscleNetwork
    description: MuscleDescription

    def predict(self, inputs: Array) -> Array:
        """Predict forces (..., 14) [N/kg] from `features.muscle_inputs` (..., 22)."""
        scaled = (inputs - np.array(self.description.mean)) / np.array(self.description.sd)
        with torch.inference_mode():
            return np.asarray(self.network(torch.from_numpy(scaled.astype(np.float32))).double().numpy())

    def z_scores(self, inputs: Array) -> Array:
        """Scale inputs by mean and standard deviation of the training data."""
        return np.asarray((inputs - np.array(self.description.mean)) / np.array(self.description.sd))


def save_muscles(folder: Path, network: MuscleNetwork, description: MuscleDescription) -> MuscleDescription:
    """Write a checkpoint; the JSON comes last. Gives the description as written."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MODEL_FILE).unlink(missing_ok=True)
    written = description.model_copy(update=save_network(network, folder / WEIGHTS_FILE))
    write_text(folder / MODEL_FILE, written.model_dump_json(indent=1) + "\n")
    return written


def load_muscles(weights: Path | None = None) -> MuscleModel:
    """Load a network, ready to be used; None takes the one that comes with the package.

    Raises
    ------
    FileFormatError
        The folder's files are incomplete, damaged, or of another kind.
    """
    if weights is not None:
        return _load(weights)
    with as_file(files("gaitdynamics.assets") / "muscles" / DEFAULT_MUSCLES) as folder:
        return _load(folder)


def _load(folder: Path) -> MuscleModel:
    file = folder / MODEL_FILE
    if not file.is_file():
        raise FileFormatError("no such file", file=file, remedy="name a folder that 'train muscles' made")
    try:
        description = MuscleDescription.model_validate_json(file.read_text(encoding="utf-8"))
        _check(description)
    except (OSError, ValueError, ValidationError) as error:
        raise FileFormatError(f"not the description of a network of muscle forces ({error})", file=file) from error
    network = MuscleNetwork(description.architecture)
    fill_network(network, folder / WEIGHTS_FILE, description.weights_sha256)
    return MuscleModel(network, description)


def _check(description: MuscleDescription) -> None:
    config = description.architecture
    if description.inputs != INPUTS or description.outputs != TARGETS["muscle_forces"].names:
        raise ValueError("it was made for other columns")
    sizes = (config.channels_in, len(description.mean), len(description.sd))
    if set(sizes) != {len(INPUTS)} or config.channels_out != len(description.outputs):
        raise ValueError("its sizes do not fit its columns")
    if not (0 < config.width <= _LARGEST_WIDTH and 0 < config.layers <= _LARGEST_DEPTH):
        raise ValueError("its sizes cannot be")
    if not all(np.isfinite(description.mean)) or not all(0.0 < value < np.inf for value in description.sd):
        raise ValueError("its scale of the inputs cannot be used")
