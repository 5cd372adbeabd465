"""Networks of hip muscle forces and moments as checkpoints: safetensors beside a JSON file that says all the rest.

A folder of weights holds one network (`weights.safetensors`, `model.json`), or a folder for each of several.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, ValidationError
from torch import nn

from gaitdynamics._version import __version__
from gaitdynamics.errors import FileFormatError, UserInputError
from gaitdynamics.features.hip import ANGLES, TARGETS, HipTarget, HipTask
from gaitdynamics.files.atomic import write_text
from gaitdynamics.inference.network_files import MODEL_FILE, WEIGHTS_FILE, fill_network, save_network
from gaitdynamics.networks.hip import HipConfig, HipNetworkName, make_hip_network

KIND: Final = "hip-network"

#: Which network is taken where several are there and none is named: the order of their published errors.
PREFERENCE: Final[tuple[HipNetworkName, ...]] = ("transformer", "mamba", "lstm")

#: Sequences that go through a network at once.
_BATCH: Final = 64


class HipDescription(BaseModel):
    """Everything about a hip network but its parameters.

    `mean` and `sd` scale the angles [deg] as in training; outputs are in `unit`. `test_people` are those of the data
    set on whom `metrics` were measured and who were never trained on. `source` is the published file, if it was one.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["hip-network"] = KIND
    name: str
    description: str
    package_version: str = __version__
    schema_name: Literal["gait2hip-1"] = "gait2hip-1"
    task: HipTask
    unit: str
    architecture: HipConfig
    angles: tuple[str, ...] = ANGLES
    outputs: tuple[str, ...]
    mean: tuple[float, ...]
    sd: tuple[float, ...]
    parameters: int = 0
    weights_sha256: str = ""
    test_people: tuple[str, ...] = ()
    training: dict[str, Any] = {}
    metrics: dict[str, Any] = {}
    source: dict[str, Any] = {}

    @property
    def target(self) -> HipTarget:
        """What the network gives."""
        return TARGETS[self.task]


@dataclass(frozen=True)
class HipNetwork:
    """A network, in evaluation mode, and what is known of it."""

    network: nn.Module
    description: HipDescription

    def z_scores(self, angles: NDArray[np.float64]) -> NDArray[np.float64]:
        """Scale angles (..., 10) [deg] by mean and standard deviation of the training data."""
        return np.asarray((angles - np.array(self.description.mean)) / np.array(self.description.sd))

    def predict(self, angles: NDArray[np.float64]) -> NDArray[np.float64]:
        """Predict outputs (N, T, outputs) [N/kg or N.m/kg] from angles (N, T, 10) [deg], each sequence one cycle."""
        scaled = torch.from_numpy(self.z_scores(angles).astype(np.float32))
        with torch.inference_mode():
            return np.concatenate([self.network(part).double().numpy() for part in torch.split(scaled, _BATCH)])


def save_hip(folder: Path, network: nn.Module, description: HipDescription) -> HipDescription:
    """Write a checkpoint; the JSON comes last. Gives the description as written."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MODEL_FILE).unlink(missing_ok=True)
    written = description.model_copy(update=save_network(network, folder / WEIGHTS_FILE))
    write_text(folder / MODEL_FILE, written.model_dump_json(indent=1) + "\n")
    return written


def load_hip(folder: Path) -> HipNetwork:
    """Load one network, ready to be used; nothing is unpickled.

    Raises
    ------
    FileFormatError
        The folder's files are incomplete, damaged, or of another kind.
    """
    file = folder / MODEL_FILE
    if not file.is_file():
        raise FileFormatError("no such file", file=file, remedy="the folder of a network holds it")
    try:
        description = HipDescription.model_validate_json(file.read_text(encoding="utf-8"))
        _check(description)
        network = make_hip_network(description.architecture)
    except (OSError, ValueError, ValidationError, RuntimeError, ArithmeticError, AssertionError) as error:
        raise FileFormatError(f"not the description of a hip network ({error})", file=file) from error
    fill_network(network, folder / WEIGHTS_FILE, description.weights_sha256)
    return HipNetwork(network, description)


def find_hip(weights: Path | None, network: HipNetworkName | None = None) -> dict[HipTask, HipNetwork]:
    """Load the networks of a folder, one for each task that is there.

    Parameters
    ----------
    weights
        A checkpoint, or a folder of checkpoints.
    network
        Which network; None takes the first of `PREFERENCE` that is there for any task.

    Raises
    ------
    UserInputError
        There are no such weights. The package itself brings none.
    """
    if weights is None:
        raise UserInputError(
            "no networks for hip muscle forces come with this package",
            remedy="get the published files of Gait2Hip-60 (such as Transformer_MF60.pt and Transformer_JM60.pt) from "
            "their authors, convert them once with 'gaitdynamics weights import FILE.pt ... --out weights/gait2hip', "
            "then give --weights weights/gait2hip; or train with 'gaitdynamics train hip' (docs/hip.md)",
        )
    folders = hip_folders(weights)
    if not folders:
        raise UserInputError(
            "no networks for hip muscle forces in it" if weights.is_dir() else "no such folder",
            file=weights,
            remedy=f"name a folder that 'gaitdynamics weights import' or 'train hip' made: it holds {MODEL_FILE}, or "
            "folders that do",
        )
    names = {folder: _architecture(folder) for folder in folders}
    chosen = network or next((name for name in PREFERENCE if name in names.values()), PREFERENCE[0])
    loaded = [load_hip(folder) for folder, name in names.items() if name in (chosen, None)]
    found: dict[HipTask, HipNetwork] = {}
    for item in loaded:
        if item.description.task in found:
            raise UserInputError(
                f"two networks '{chosen}' for {item.description.target.title} are in it",
                file=weights,
                remedy="name the folder of one of them",
            )
        found[item.description.task] = item
    if not found:
        there = ", ".join(sorted({str(name) for name in names.values()}))
        raise UserInputError(f"there is no network '{chosen}' in it, but {there}", file=weights)
    return {task: found[task] for task in TARGETS if task in found}


def hip_folders(weights: Path) -> list[Path]:
    """List the hip networks in a folder, itself first."""
    candidates = [weights, *sorted(weights.iterdir())] if weights.is_dir() else []
    return [folder for folder in candidates if _document(folder).get("kind") == KIND]


def _document(folder: Path) -> dict[str, Any]:
    """Read what a folder says of itself, as far as it can be read."""
    try:
        document = json.loads((folder / MODEL_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}


def _architecture(folder: Path) -> str | None:
    architecture = _document(folder).get("architecture")
    return str(architecture.get("network")) if isinstance(architecture, dict) else None


def _check(description: HipDescription) -> None:
    target, config = description.target, description.architecture
    if description.angles != ANGLES or description.outputs != target.labels("r"):
        raise ValueError("it was made for other columns")
    sizes: Sequence[int] = (config.channels_in, len(description.mean), len(description.sd))
    if set(sizes) != {len(ANGLES)} or config.channels_out != len(target.names):
        raise ValueError("its sizes do not fit its columns")
    if not all(np.isfinite(description.mean)) or not all(0.0 < value < np.inf for value in description.sd):
        raise ValueError("its scale of the angles cannot be used")
