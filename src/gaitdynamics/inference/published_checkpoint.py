"""The published pair of networks as a checkpoint of ours: safetensors beside a JSON file that says all the rest.

The folder holds `diffusion.safetensors`, `refinement.safetensors` and `model.json`. It is made once, from the published
files, and from then on nothing but plain numbers and JSON is read.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from gaitdynamics.features.published.scaler import ColumnScaler
from gaitdynamics.files.atomic import write_text
from gaitdynamics.inference.checkpoint import MODEL_FILE
from gaitdynamics.inference.new_folder import check_free, new_folder
from gaitdynamics.inference.pair_description import (
    KIND,
    SCALES_DIFFER,
    DenoiserDescription,
    PublishedDescription,
    RefinementDescription,
    complete,
)
from gaitdynamics.inference.pair_parts import DIFFUSION_FILE, REFINEMENT_FILE, load_parts, save_network
from gaitdynamics.inference.published_files import PublishedFile, read_diffusion_file, read_refinement_file
from gaitdynamics.networks.denoiser import Denoiser
from gaitdynamics.networks.refinement_encoder import RefinementEncoder

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
    check_free(folder)
    denoiser = read_diffusion_file(diffusion)
    encoder = read_refinement_file(refinement)
    agree = denoiser.scaler.agrees_with(encoder.scaler)
    with new_folder(folder) as draft:
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
    UserInputError
        One of the networks was never trained.
    """
    parts = load_parts(folder)
    description = complete(parts.description, folder)
    assert parts.denoiser is not None
    assert parts.refinement is not None
    return PublishedWeights(parts.denoiser, parts.refinement, description)


def is_published_pair(folder: Path) -> bool:
    """Tell whether a folder says of itself that it holds an imported pair."""
    try:
        return bool(json.loads((folder / MODEL_FILE).read_text(encoding="utf-8"))["kind"] == KIND)
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _save(source: PublishedFile[Any], file: Path) -> dict[str, Any]:
    """Write the parameters; give all facts of `NetworkDescription`."""
    return {
        **save_network(source.network, file),
        "scaler": source.scaler,
        "averaged": source.averaged,
        "release": source.release or "",
        "sources": source.sources,
    }


def _notes(
    denoiser: PublishedFile[Denoiser], encoder: PublishedFile[RefinementEncoder], *, agree: bool
) -> tuple[str, ...]:
    notes = []
    if not agree:
        notes.append(SCALES_DIFFER)
    for kind, file in (("diffusion", denoiser), ("refinement", encoder)):
        if not file.averaged:
            notes.append(f"The {kind} parameters are those of the last training step, not their moving average.")
        if file.release is None:
            what = "parts are" if len(file.sources) > 1 else "file is"
            notes.append(f"The {kind} {what} not byte by byte a released file.")
    return tuple(notes)
