"""The parameters of one network on disk: safetensors, with a checksum that stands in the JSON beside it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import safetensors.torch
from safetensors import SafetensorError
from torch import nn

from gaitdynamics.errors import FileFormatError
from gaitdynamics.files.atomic import atomic_path, file_sha256

WEIGHTS_FILE: Final = "weights.safetensors"
MODEL_FILE: Final = "model.json"


def save_network(network: nn.Module, file: Path) -> dict[str, Any]:
    """Write parameters; give their number and the checksum of the file, as descriptions hold them."""
    state = {name: tensor.contiguous() for name, tensor in network.state_dict().items()}
    with atomic_path(file) as temporary:
        temporary.write_bytes(safetensors.torch.save(state))
    return {
        "parameters": sum(parameter.numel() for parameter in network.parameters()),
        "weights_sha256": file_sha256(file),
    }


def fill_network(network: nn.Module, file: Path, checksum: str) -> None:
    """Read parameters into a network, which is then in evaluation mode.

    Raises
    ------
    FileFormatError
        The file is not there, not the one of this checksum, or does not fit.
    """
    if not file.is_file():
        raise FileFormatError("no such file", file=file, remedy="import the published files again")
    if file_sha256(file) != checksum:
        raise FileFormatError(
            f"its SHA-256 is not the one that {MODEL_FILE} names",
            file=file,
            remedy="copy it again, or import the published files again",
        )
    try:
        network.load_state_dict(safetensors.torch.load(file.read_bytes()))
    except (SafetensorError, RuntimeError) as error:
        raise FileFormatError(f"does not fit the architecture ({error})", file=file) from error
    network.eval()
