"""The published pair of networks as a checkpoint of ours: safetensors beside a JSON file that says all the rest.

The folder holds `diffusion.safetensors`, `refinement.safetensors` and `model.json`. It is made once, from the published
files, and from then on nothing but plain numbers and JSON is read.
"""

from __future__ import annotations

import json
import secrets
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
import safetensors.torch
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, ValidationError
from safetensors import SafetensorError
from torch import nn

from gaitdynamics._version import __version__
from gaitdynamics.diffusion.schedules import PUBLISHED_SCHEDULE, ScheduleConfig
from gaitdynamics.errors import FileFormatError, UserInputError
from gaitdynamics.features.published.scaler import ColumnScaler
from gaitdynamics.features.published.schema import PUBLISHED_63
from gaitdynamics.files.atomic import file_sha256, write_text
from gaitdynamics.inference.checkpoint import MODEL_FILE
from gaitdynamics.inference.published_files import (
    PublishedFile,
    SourceFile,
    read_diffusion_file,
    read_refinement_file,
)
from gaitdynamics.networks.denoiser import Denoiser, DenoiserConfig
from gaitdynamics.networks.refinement_encoder import RefinementEncoder, RefinementEncoderConfig

KIND: Final = "published-pair"
DIFFUSION_FILE: Final = "diffusion.safetensors"
REFINEMENT_FILE: Final = "refinement.safetensors"

#: Frames of a window, at the rate of the schema.
WINDOW: Final = 150

#: What is known of the training of all released files (Tan et al. 2026 and the released code).
TRAINING: Final[Mapping[str, Any]] = {
    "studies": [
        "Camargo2021",
        "Moore2015",
        "Tan2022",
        "vanderZee2022",
        "Wang2023",
        "Carter2023",
        "Tan2021",
        "Santos2017",
    ],
}

class NetworkDescription(BaseModel):
    """Everything about one of the two networks but its parameters.

    `scaler` is of all columns of the schema; `averaged` tells that the parameters are a moving average over training
    steps, as released; `release` is empty unless the source is a released file byte by byte.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    parameters: int
    scaler: ColumnScaler
    averaged: bool
    release: str
    sources: tuple[SourceFile, ...]
    weights_sha256: str


class DenoiserDescription(NetworkDescription):
    """The diffusion network."""

    architecture: DenoiserConfig


class RefinementDescription(NetworkDescription):
    """The refinement network."""

    architecture: RefinementEncoderConfig


class PublishedDescription(BaseModel):
    """Everything about a published pair but its parameters."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["published-pair"] = KIND
    name: str
    description: str = "GaitDynamics (Tan et al. 2026): diffusion over motion windows, and refinement of forces"
    package_version: str = __version__
    schema_name: str = PUBLISHED_63.name
    columns: tuple[str, ...] = PUBLISHED_63.names
    rate_hz: float = PUBLISHED_63.rate
    window_frames: int = WINDOW
    schedule: ScheduleConfig = PUBLISHED_SCHEDULE
    diffusion: DenoiserDescription
    refinement: RefinementDescription
    scalers_agree: bool
    notes: tuple[str, ...] = ()
    training: dict[str, Any] = {}
    metrics: dict[str, Any] = {}


@dataclass(frozen=True)
class PublishedWeights:
    """The two networks, in evaluation mode, and what is known of them."""

    denoiser: Denoiser
    refinement: RefinementEncoder
    description: PublishedDescription

    @property
    def diffusion_scaler(self) -> ColumnScaler:
        """Scaler of the 63 columns that the denoiser works on."""
        return self.description.diffusion.scaler

    @property
    def refinement_scaler(self) -> ColumnScaler:
        """Scaler of the 63 columns of which the refinement reads 51 and gives 12."""
        return self.description.refinement.scaler

    @cached_property
    def _agree(self) -> bool:
        return self.diffusion_scaler.agrees_with(self.refinement_scaler)

    def refinement_scaled(self, diffusion_scaled: NDArray[np.float64]) -> NDArray[np.float64]:
        """Convert (..., 63) columns from the scale of the denoiser to that of the refinement.

        Differences from the published code: it hands the columns of one network to the other unchanged. Released pairs
        whose scalers agree are not affected.
        """
        if self._agree:
            return diffusion_scaled
        return self.refinement_scaler.to_scaled(self.diffusion_scaler.from_scaled(diffusion_scaled))


def import_published(diffusion: Path, refinement: Path, folder: Path) -> PublishedDescription:
    """Convert a pair of published files; the folder appears complete or not at all.

    Parameters
    ----------
    diffusion, refinement
        The files; of a split file any part.
    folder
        To be made; one that exists must be empty.

    Raises
    ------
    UserInputError
        A file cannot be used, or the folder cannot be written. Nothing is left behind.
    """
    _check_free(folder)
    denoiser = read_diffusion_file(diffusion)
    encoder = read_refinement_file(refinement)
    agree = denoiser.scaler.agrees_with(encoder.scaler)
    with _new_folder(folder) as draft:
        description = PublishedDescription(
            name=folder.resolve().name,
            diffusion=DenoiserDescription(
                architecture=denoiser.network.config, **_save(denoiser, draft / DIFFUSION_FILE)
            ),
            refinement=RefinementDescription(
                architecture=encoder.network.config, **_save(encoder, draft / REFINEMENT_FILE)
            ),
            scalers_agree=agree,
            notes=_notes(denoiser, encoder, agree=agree),
            training=dict(TRAINING) if denoiser.release and encoder.release else {},
        )
        write_text(draft / MODEL_FILE, description.model_dump_json(indent=1) + "\n")
    return description


def load_published(folder: Path) -> PublishedWeights:
    """Load an imported pair, ready to be used; nothing is unpickled.

    Raises
    ------
    FileFormatError
        The folder's files are incomplete, damaged, or of another kind, schema or architecture.
    """
    description = read_published_description(folder)
    try:
        denoiser = Denoiser(description.diffusion.architecture)
        encoder = RefinementEncoder(description.refinement.architecture)
    except (ValueError, RuntimeError, ArithmeticError, AssertionError) as error:
        raise FileFormatError(f"no such architecture ({error})", file=folder / MODEL_FILE) from error
    for file, network, checksum in (
        (DIFFUSION_FILE, denoiser, description.diffusion.weights_sha256),
        (REFINEMENT_FILE, encoder, description.refinement.weights_sha256),
    ):
        _fill(network, folder / file, checksum)
    return PublishedWeights(denoiser, encoder, description)


def is_published_pair(folder: Path) -> bool:
    """Tell whether a folder says of itself that it holds an imported pair."""
    try:
        return bool(json.loads((folder / MODEL_FILE).read_text(encoding="utf-8"))["kind"] == KIND)
    except (OSError, ValueError, KeyError, TypeError):
        return False


def read_published_description(folder: Path) -> PublishedDescription:
    """Read what is known of an imported pair; raises `FileFormatError` as `load_published`."""
    file = folder / MODEL_FILE
    if not file.is_file():
        raise FileFormatError("no such file", file=file, remedy="the folder of imported weights holds it")
    try:
        description = PublishedDescription.model_validate_json(file.read_text(encoding="utf-8"))
    except (OSError, ValidationError, UnicodeDecodeError) as error:
        raise FileFormatError(f"not the description of a published pair ({error})", file=file) from error
    found = (description.schema_name, description.columns)
    scaled = {description.diffusion.scaler.columns, description.refinement.scaler.columns}
    if found != (PUBLISHED_63.name, PUBLISHED_63.names) or scaled != {PUBLISHED_63.names}:
        raise FileFormatError(
            f"made for columns '{description.schema_name}' that differ from this version's '{PUBLISHED_63.name}'",
            file=file,
            remedy="import the published files again with this version",
        )
    return description


def _fill(network: nn.Module, file: Path, checksum: str) -> None:
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


def _save(source: PublishedFile[Any], file: Path) -> dict[str, Any]:
    """Write the parameters; give all facts of `NetworkDescription`."""
    state = {name: tensor.contiguous() for name, tensor in source.network.state_dict().items()}
    file.write_bytes(safetensors.torch.save(state))
    return {
        "parameters": sum(parameter.numel() for parameter in source.network.parameters()),
        "scaler": source.scaler,
        "averaged": source.averaged,
        "release": source.release or "",
        "sources": source.sources,
        "weights_sha256": file_sha256(file),
    }


def _notes(
    denoiser: PublishedFile[Denoiser], encoder: PublishedFile[RefinementEncoder], *, agree: bool
) -> tuple[str, ...]:
    notes = []
    if not agree:
        notes.append(
            "The two files scale columns differently: what the diffusion network gives is converted to the scale of "
            "the refinement network."
        )
    for kind, file in (("diffusion", denoiser), ("refinement", encoder)):
        if not file.averaged:
            notes.append(f"The {kind} parameters are those of the last training step, not their moving average.")
        if file.release is None:
            what = "parts are" if len(file.sources) > 1 else "file is"
            notes.append(f"The {kind} {what} not byte by byte a released file.")
    return tuple(notes)


def _check_free(folder: Path) -> None:
    if folder.exists() and not (folder.is_dir() and not any(folder.iterdir())):
        raise UserInputError(
            "is there already; it is left as it is", file=folder, remedy="name a new folder with --out"
        )


@contextmanager
def _new_folder(folder: Path) -> Iterator[Path]:
    """Lend a folder that takes its final name when the block ends without error, and is removed otherwise."""
    made = [parent for parent in folder.absolute().parents if not parent.exists()]
    draft = folder.with_name(f".{secrets.token_hex(8)}.tmp")
    try:
        draft.mkdir(parents=True)
        yield draft
        if folder.is_dir():
            folder.rmdir()
        draft.replace(folder)
    except BaseException as error:
        shutil.rmtree(draft, ignore_errors=True)
        for parent in made:
            if parent.is_dir() and not any(parent.iterdir()):
                parent.rmdir()
        if isinstance(error, OSError):
            raise UserInputError(
                f"cannot be written ({error.strerror})", file=folder, remedy="name a folder of your own with --out"
            ) from error
        raise
