"""The diffusion network over motions, with all that it needs to work: scale of the columns, schedule, and its name."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Final

from gaitdynamics.diffusion.schedules import ScheduleConfig
from gaitdynamics.errors import UserInputError
from gaitdynamics.features.published.scaler import ColumnScaler
from gaitdynamics.inference.checkpoint import MODEL_FILE, packaged_weights
from gaitdynamics.inference.pair_description import PairDescription
from gaitdynamics.inference.pair_parts import load_parts
from gaitdynamics.networks.denoiser import Denoiser

#: The diffusion network that comes with the package.
DEFAULT_DENOISER: Final = "denoiser-1"


@dataclass(frozen=True)
class MotionNetwork:
    """A diffusion network in evaluation mode.

    Attributes
    ----------
    denoiser
        The network.
    scaler
        Of the 63 columns.
    schedule
        On which it was trained.
    name, sha256, description
        What to call it in records.
    """

    denoiser: Denoiser
    scaler: ColumnScaler
    schedule: ScheduleConfig
    name: str = ""
    sha256: str = ""
    description: str = ""

    @property
    def conditional(self) -> bool:
        """Whether it is told which cells are known."""
        return self.denoiser.config.condition != "none"


def load_motion_network(weights: str | Path | None = None) -> MotionNetwork:
    """Load a diffusion network.

    Parameters
    ----------
    weights
        Folder of a pair that holds one, or name of weights that come with the package; None takes the default.

    Raises
    ------
    UserInputError
        No such weights, or there is no diffusion network among them.
    FileFormatError
        The folder's files are incomplete, damaged, or of another kind.
    """
    name = DEFAULT_DENOISER if weights is None else str(weights)
    folder = Path(name)
    if not folder.is_dir():
        if name not in packaged_weights():
            raise UserInputError(
                f"there are no weights '{name}'",
                remedy=f"give a folder that holds {MODEL_FILE}, or one of: {', '.join(packaged_weights())}",
            )
        folder = Path(str(files("gaitdynamics.assets") / "weights" / name))
    parts = load_parts(folder)
    if parts.denoiser is None:
        raise UserInputError(
            "it holds no diffusion network",
            file=folder,
            remedy=f"train one on top of it: gaitdynamics train denoiser --init {folder} --data ... --out ...",
        )
    return motion_network(parts.denoiser, parts.description)


def motion_network(denoiser: Denoiser, description: PairDescription) -> MotionNetwork:
    """Take the diffusion network of a pair."""
    known = description.diffusion
    assert known is not None
    return MotionNetwork(
        denoiser, known.scaler, description.schedule, description.name, known.weights_sha256, description.description
    )
