"""From a trained network to a pair's folder: what it continues, what it was trained on, what stands beside it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from gaitdynamics.diffusion.schedules import ScheduleConfig
from gaitdynamics.features.published.scaler import ColumnScaler
from gaitdynamics.features.published.schema import PUBLISHED_63
from gaitdynamics.files.atomic import write_text
from gaitdynamics.inference.pair_description import (
    SCALES_DIFFER,
    DenoiserDescription,
    PairDescription,
    RefinementDescription,
)
from gaitdynamics.inference.pair_parts import PairParts, save_parts
from gaitdynamics.networks.denoiser import Denoiser
from gaitdynamics.networks.refinement_encoder import RefinementEncoder


def lineage(known: PairDescription | None) -> dict[str, str]:
    """Name the weights that a run continues, with their SHA-256."""
    if known is None:
        return {}
    parts = {"diffusion_sha256": known.diffusion, "refinement_sha256": known.refinement}
    return {"name": known.name, **{key: part.weights_sha256 for key, part in parts.items() if part is not None}}


def save_trained(
    out: Path,
    network: Denoiser | RefinementEncoder,
    start: PairParts | None,
    *,
    scaler: ColumnScaler,
    schedule: ScheduleConfig,
    training: dict[str, Any],
    metrics: dict[str, Any],
    zeroed: Sequence[str] = (),
    half: bool = False,
) -> PairDescription:
    """Write a trained network and, as it is, the other one of the pair that it continues.

    Parameters
    ----------
    out
        Folder of the run; its name becomes that of the weights.
    network
        The trained one.
    start
        The pair that it continues.
    scaler
        Of the columns of the trained network.
    schedule
        Of the noise for the diffusion network of this pair.
    training, metrics
        How it was trained, and how well it does.
    zeroed
        Columns that a refinement network saw as zero in training where they were not measured.
    half
        Write the trained network in half precision.
    """
    if half:  # loading widens them again
        network = network.half()
    facts: dict[str, Any] = {
        "parameters": sum(parameter.numel() for parameter in network.parameters()),
        "scaler": scaler,
        "averaged": True,
        "release": "",
        "sources": (),
        "weights_sha256": "",
        "training": training,
        "metrics": metrics,
    }
    known = start.description if start else None
    diffusion, refinement = (known.diffusion, known.refinement) if known else (None, None)
    networks: tuple[Denoiser | None, RefinementEncoder | None]
    networks = (start.denoiser, start.refinement) if start else (None, None)
    if isinstance(network, Denoiser):
        diffusion = DenoiserDescription(architecture=network.config, **facts)
        networks = (network, networks[1])
    else:
        before = refinement.zeroed if refinement else ()
        names = tuple(name for name in PUBLISHED_63.names if name in {*before, *zeroed})
        refinement = RefinementDescription(architecture=network.config, zeroed=names, **facts)
        networks = (networks[0], network)
    agree = diffusion is None or refinement is None or diffusion.scaler.agrees_with(refinement.scaler)
    description = PairDescription(
        name=out.resolve().name,
        description="Networks of the layout of GaitDynamics (Tan et al. 2026), trained with this package",
        schedule=schedule,
        diffusion=diffusion,
        refinement=refinement,
        scalers_agree=agree,
        notes=() if agree else (SCALES_DIFFER,),
    )
    written = save_parts(out, PairParts(networks[0], networks[1], description))
    write_text(out / "training.json", json.dumps(training, indent=1) + "\n")
    return written
