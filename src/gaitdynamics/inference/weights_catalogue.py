"""Which trained weights there are, and what is known of each, whichever kind they are."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from torch import nn

from gaitdynamics.errors import FileFormatError, UserInputError
from gaitdynamics.inference import baselines, hip_checkpoint
from gaitdynamics.inference.checkpoint import MODEL_FILE, load_refiner, packaged_weights
from gaitdynamics.inference.pair_description import KIND
from gaitdynamics.inference.pair_parts import load_parts


@dataclass(frozen=True)
class WeightsEntry:
    """One set of weights, as far as its description tells without loading it.

    `place` is the folder, or "packaged"; `problem` says why it cannot be read.
    """

    name: str
    kind: str
    schema: str
    place: str
    size_bytes: int
    problem: str = ""


@dataclass(frozen=True)
class WeightsFacts:
    """All that is known of weights that were loaded, and so checked.

    Attributes
    ----------
    description
        The content of the JSON file.
    parameters
        Number of parameters per network.
    files
        Size of each file [bytes].
    """

    description: dict[str, Any]
    parameters: dict[str, int]
    files: dict[str, int]


def list_weights(folders: Iterable[Path] = ()) -> list[WeightsEntry]:
    """List the weights that come with the package, then those of folders.

    Parameters
    ----------
    folders
        Each a checkpoint, or a folder of checkpoints.

    Raises
    ------
    UserInputError
        There is no such folder, or no weights in it.
    """
    entries = [_entry(_packaged(name), place="packaged") for name in packaged_weights()]
    for folder in folders:
        found = _checkpoints(folder)
        if not found:
            raise UserInputError(
                "no weights in it" if folder.is_dir() else "no such folder",
                file=folder,
                remedy=f"name a folder that holds {MODEL_FILE}, or a folder of such folders",
            )
        entries.extend(_entry(checkpoint, place=str(checkpoint)) for checkpoint in found)
    return entries


def inspect_weights(name: str | Path) -> WeightsFacts:
    """Load weights, which checks them, and tell all about them.

    Parameters
    ----------
    name
        Of weights that come with the package, or a folder.

    Raises
    ------
    UserInputError
        No such weights, or they are damaged.
    """
    folder = Path(name)
    if not folder.is_dir() and str(name) in packaged_weights():
        folder = _packaged(str(name))
    if folder.is_dir() and _document(folder).get("kind") == KIND:
        pair = load_parts(folder)
        parts = {"diffusion": pair.denoiser, "refinement": pair.refinement}
        networks: dict[str, nn.Module] = {kind: network for kind, network in parts.items() if network is not None}
        description = pair.description.model_dump(mode="json")
    elif folder.is_dir() and _document(folder).get("kind") == baselines.KIND:
        network, baseline = baselines.load_baseline(folder)
        networks, description = {baseline.network: network}, baseline.model_dump(mode="json")
    elif folder.is_dir() and _document(folder).get("kind") == hip_checkpoint.KIND:
        hip = hip_checkpoint.load_hip(folder)
        networks = {hip.description.architecture.network: hip.network}
        description = hip.description.model_dump(mode="json")
    else:
        refiner, known = load_refiner(name)
        networks, description = {"refiner": refiner}, known.model_dump(mode="json")
    return WeightsFacts(
        description=description,
        parameters={key: sum(p.numel() for p in network.parameters()) for key, network in networks.items()},
        files=_sizes(folder),
    )


def weights_kind(name: str | Path) -> str:
    """Tell of which kind weights are, a name or a folder, without loading them; raises as `inspect_weights`."""
    folder = Path(name)
    if not folder.is_dir():
        if str(name) not in packaged_weights():
            raise UserInputError("no such weights", file=folder, remedy=f"name a folder that holds {MODEL_FILE}")
        folder = _packaged(str(name))
    return str(_document(folder).get("kind"))


def _packaged(name: str) -> Path:
    # The package is always installed as plain files.
    return Path(str(files("gaitdynamics.assets") / "weights" / name))


def _checkpoints(folder: Path) -> list[Path]:
    if (folder / MODEL_FILE).is_file():
        return [folder]
    if not folder.is_dir():
        return []
    return sorted(entry for entry in folder.iterdir() if (entry / MODEL_FILE).is_file())


def _entry(folder: Path, place: str) -> WeightsEntry:
    size = sum(_sizes(folder).values())
    try:
        document = _document(folder)
    except FileFormatError as error:
        return WeightsEntry(folder.name, "?", "?", place, size, error.problem)
    name, kind, schema = (str(document.get(key, "?")) for key in ("name", "kind", "schema_name"))
    return WeightsEntry(name, kind, schema, place, size)


def _document(folder: Path) -> dict[str, Any]:
    file = folder / MODEL_FILE
    if not file.is_file():
        raise FileFormatError("no such file", file=file, remedy="the folder of weights holds it")
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise FileFormatError(f"cannot be read ({error})", file=file, remedy="copy the weights again") from error
    if not isinstance(document, dict):
        raise FileFormatError("not the description of weights", file=file, remedy="copy the weights again")
    return document


def _sizes(folder: Path) -> dict[str, int]:
    return {file.name: file.stat().st_size for file in sorted(folder.iterdir()) if file.is_file()}
