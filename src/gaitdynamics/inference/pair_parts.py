"""A pair of networks in the published layout on disk, part by part: one may be absent, still to be trained.

Beside `model.json`, which is written last, lie `diffusion.safetensors` and `refinement.safetensors`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from gaitdynamics.errors import FileFormatError
from gaitdynamics.files.atomic import write_text
from gaitdynamics.inference.network_files import MODEL_FILE
from gaitdynamics.inference.network_files import fill_network as fill_network
from gaitdynamics.inference.network_files import save_network as save_network
from gaitdynamics.inference.pair_description import PairDescription, read_pair_description
from gaitdynamics.networks.denoiser import Denoiser
from gaitdynamics.networks.refinement_encoder import RefinementEncoder

DIFFUSION_FILE: Final = "diffusion.safetensors"
REFINEMENT_FILE: Final = "refinement.safetensors"


@dataclass(frozen=True)
class PairParts:
    """The networks that are there, in evaluation mode, and what is known of them."""

    denoiser: Denoiser | None
    refinement: RefinementEncoder | None
    description: PairDescription


def load_parts(folder: Path) -> PairParts:
    """Load what a pair's folder holds; nothing is unpickled.

    Raises
    ------
    FileFormatError
        The folder's files are incomplete, damaged, or of another kind, schema or architecture.
    """
    description = read_pair_description(folder)
    denoiser = encoder = None
    try:
        if description.diffusion is not None:
            denoiser = Denoiser(description.diffusion.architecture)
        if description.refinement is not None:
            encoder = RefinementEncoder(description.refinement.architecture)
    except (ValueError, RuntimeError, ArithmeticError, AssertionError) as error:
        raise FileFormatError(f"no such architecture ({error})", file=folder / MODEL_FILE) from error
    for file, network, part in (
        (DIFFUSION_FILE, denoiser, description.diffusion),
        (REFINEMENT_FILE, encoder, description.refinement),
    ):
        if network is not None and part is not None:
            fill_network(network, folder / file, part.weights_sha256)
    return PairParts(denoiser, encoder, description)


def save_parts(folder: Path, parts: PairParts) -> PairDescription:
    """Write the networks that are there into a folder, which may hold other files; the JSON comes last.

    Returns
    -------
    PairDescription
        As written, with the counts and checksums of the parameters.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MODEL_FILE).unlink(missing_ok=True)
    written: dict[str, Any] = {}
    for name, file, network in (
        ("diffusion", DIFFUSION_FILE, parts.denoiser),
        ("refinement", REFINEMENT_FILE, parts.refinement),
    ):
        part = getattr(parts.description, name)
        assert (part is None) == (network is None)
        if network is None:
            (folder / file).unlink(missing_ok=True)
        else:
            written[name] = part.model_copy(update=save_network(network, folder / file))
    description = parts.description.model_copy(update=written)
    write_text(folder / MODEL_FILE, description.model_dump_json(indent=1) + "\n")
    return description
