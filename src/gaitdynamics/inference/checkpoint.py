"""Checkpoints: weights as safetensors beside a JSON file that says all the rest. Nothing is ever unpickled.

A checkpoint is a folder with `weights.safetensors` and `model.json`. The JSON names architecture, feature schema
with its columns, what it was trained on and how well it did, and the SHA-256 of the weights, which is checked.
"""

from __future__ import annotations

import tempfile
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any, Final

import safetensors.torch
from pydantic import BaseModel, ConfigDict, ValidationError
from safetensors import SafetensorError

from gaitdynamics._version import __version__
from gaitdynamics.errors import FileFormatError, UserInputError
from gaitdynamics.features import refiner_schema
from gaitdynamics.features.body_state import CUTOFFS
from gaitdynamics.files.atomic import file_sha256, write_text
from gaitdynamics.inference.network_files import MODEL_FILE as MODEL_FILE
from gaitdynamics.inference.network_files import WEIGHTS_FILE as WEIGHTS_FILE
from gaitdynamics.networks.refiner import Refiner, RefinerConfig

#: Weights that come with the package.
DEFAULT_WEIGHTS: Final = "refiner-3"


class RefinerDescription(BaseModel):
    """Everything about a refiner but its numbers."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: str = "refiner"
    name: str
    description: str
    package_version: str = __version__
    schema_name: str = refiner_schema.NAME
    columns: tuple[str, ...] = refiner_schema.COLUMNS
    cutoffs_hz: tuple[float, ...] = CUTOFFS
    architecture: RefinerConfig
    weights_sha256: str = ""
    training: dict[str, Any] = {}
    metrics: dict[str, Any] = {}


def save_refiner(folder: Path, network: Refiner, description: RefinerDescription) -> RefinerDescription:
    """Write a checkpoint; the JSON comes last, so that an interrupted save leaves no readable half.

    Returns
    -------
    RefinerDescription
        As written, with the checksum of the weights.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MODEL_FILE).unlink(missing_ok=True)
    state = {name: tensor.contiguous() for name, tensor in network.state_dict().items()}
    with tempfile.NamedTemporaryFile(dir=folder, suffix=".part", delete=False) as handle:
        handle.write(safetensors.torch.save(state))
    part = Path(handle.name)
    part.chmod(0o644)
    part.replace(folder / WEIGHTS_FILE)
    written = description.model_copy(update={"weights_sha256": file_sha256(folder / WEIGHTS_FILE)})
    write_text(folder / MODEL_FILE, written.model_dump_json(indent=1) + "\n")
    return written


def load_refiner(weights: str | Path | None = None) -> tuple[Refiner, RefinerDescription]:
    """Load a refiner, ready to be used.

    Parameters
    ----------
    weights
        Folder of a checkpoint, or name of weights that come with the package; None takes the default.

    Raises
    ------
    UserInputError
        No such weights.
    FileFormatError
        The folder's files are incomplete, damaged, of another schema or another architecture.
    """
    name = DEFAULT_WEIGHTS if weights is None else str(weights)
    folder = Path(name)
    if folder.is_dir():
        return _load(folder)
    packaged = files("gaitdynamics.assets") / "weights"
    if name in packaged_weights():
        with as_file(packaged / name) as path:
            return _load(path)
    raise UserInputError(
        f"there are no weights '{name}'",
        remedy=f"give a folder that holds {MODEL_FILE}, or one of: {', '.join(packaged_weights())}",
    )


def packaged_weights() -> tuple[str, ...]:
    """Names of the weights that come with the package."""
    folder = files("gaitdynamics.assets") / "weights"
    return tuple(sorted(entry.name for entry in folder.iterdir() if entry.is_dir())) if folder.is_dir() else ()


def _load(folder: Path) -> tuple[Refiner, RefinerDescription]:
    model_file, weights_file = folder / MODEL_FILE, folder / WEIGHTS_FILE
    for file in (model_file, weights_file):
        if not file.is_file():
            raise FileFormatError("no such file", file=file, remedy="the folder of a checkpoint holds it")
    try:
        description = RefinerDescription.model_validate_json(model_file.read_text(encoding="utf-8"))
    except (ValidationError, UnicodeDecodeError) as error:
        raise FileFormatError(f"not the description of a refiner ({error})", file=model_file) from error
    if description.schema_name != refiner_schema.NAME or description.columns != refiner_schema.COLUMNS:
        raise FileFormatError(
            f"made for features '{description.schema_name}', this version computes '{refiner_schema.NAME}'",
            file=model_file,
            remedy=f"train it again, or use the version of the package that made it ({description.package_version})",
        )
    if file_sha256(weights_file) != description.weights_sha256:
        raise FileFormatError(
            f"its SHA-256 is not the one that {MODEL_FILE} names", file=weights_file, remedy="copy it again"
        )
    network = Refiner(description.architecture)
    try:
        network.load_state_dict(safetensors.torch.load(weights_file.read_bytes()))
    except (SafetensorError, RuntimeError) as error:
        raise FileFormatError(f"does not fit the architecture ({error})", file=weights_file) from error
    return network.eval(), description
