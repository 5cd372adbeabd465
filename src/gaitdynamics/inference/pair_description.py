"""What is known of a pair of networks in the published layout: the content of its JSON file."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from gaitdynamics._version import __version__
from gaitdynamics.diffusion.schedules import PUBLISHED_SCHEDULE, ScheduleConfig
from gaitdynamics.errors import FileFormatError, UserInputError
from gaitdynamics.features.published.scaler import ColumnScaler
from gaitdynamics.features.published.schema import PUBLISHED_63
from gaitdynamics.inference.checkpoint import MODEL_FILE
from gaitdynamics.inference.published_files import SourceFile
from gaitdynamics.networks.denoiser import DenoiserConfig
from gaitdynamics.networks.refinement_encoder import RefinementEncoderConfig

KIND: Final = "published-pair"

#: Frames of a window, at the rate of the schema.
WINDOW: Final = 150

#: Note on a pair whose two networks were trained on different scales.
SCALES_DIFFER: Final = (
    "The two files scale columns differently: what the diffusion network gives is converted to the scale of the "
    "refinement network."
)


class NetworkDescription(BaseModel):
    """Everything about one of the two networks but its parameters.

    `scaler` is of all columns of the schema; `averaged` tells that the parameters are a moving average over training
    steps, as released; `release` is empty unless the source is a released file byte by byte. `training` and `metrics`
    tell how it was trained here, and are empty if it was not.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    parameters: int
    scaler: ColumnScaler
    averaged: bool
    release: str
    sources: tuple[SourceFile, ...]
    weights_sha256: str
    training: dict[str, Any] = {}
    metrics: dict[str, Any] = {}


class DenoiserDescription(NetworkDescription):
    """The diffusion network."""

    architecture: DenoiserConfig


class RefinementDescription(NetworkDescription):
    """The refinement network.

    `zeroed` names columns that some motions of its training lacked, which it saw as zero on its scale there. At work it
    gets zero for them too where they were not measured; for others, what the diffusion network filled them with.
    """

    architecture: RefinementEncoderConfig
    zeroed: tuple[str, ...] = ()


class PairDescription(BaseModel):
    """Everything about a pair of networks in the published layout, either of which may be absent, but parameters."""

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
    diffusion: DenoiserDescription | None
    refinement: RefinementDescription | None
    scalers_agree: bool
    notes: tuple[str, ...] = ()
    training: dict[str, Any] = {}
    metrics: dict[str, Any] = {}


class PublishedDescription(PairDescription):
    """Everything about a pair of which both networks are there, but their parameters."""

    diffusion: DenoiserDescription
    refinement: RefinementDescription


def read_pair_description(folder: Path) -> PairDescription:
    """Read what is known of a pair, or of the one network that is there.

    Raises
    ------
    FileFormatError
        There is no description, or it is damaged, of another kind or of other columns.
    """
    file = folder / MODEL_FILE
    if not file.is_file():
        raise FileFormatError("no such file", file=file, remedy="the folder of imported weights holds it")
    try:
        description = PairDescription.model_validate_json(file.read_text(encoding="utf-8"))
    except (OSError, ValidationError, UnicodeDecodeError) as error:
        raise FileFormatError(f"not the description of a published pair ({error})", file=file) from error
    found = (description.schema_name, description.columns)
    scaled = {part.scaler.columns for part in (description.diffusion, description.refinement) if part is not None}
    if found != (PUBLISHED_63.name, PUBLISHED_63.names) or scaled != {PUBLISHED_63.names}:
        raise FileFormatError(
            f"made for columns '{description.schema_name}' that differ from this version's '{PUBLISHED_63.name}'",
            file=file,
            remedy="import the published files again with this version",
        )
    return description


def complete(description: PairDescription, folder: Path) -> PublishedDescription:
    """Insist on both networks.

    Raises
    ------
    UserInputError
        One of them is not there.
    """
    for part, name, command in (
        (description.diffusion, "diffusion", "gaitdynamics train denoiser"),
        (description.refinement, "refinement", "gaitdynamics train refiner --network published"),
    ):
        if part is None:
            raise UserInputError(
                f"the pair is incomplete: it holds no {name} network",
                file=folder,
                remedy=f"train it on top of this folder: {command} --init {folder} --data ... --out ...",
            )
    return PublishedDescription.model_validate(description.model_dump())
