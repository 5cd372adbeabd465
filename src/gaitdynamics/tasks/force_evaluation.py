"""Estimated against measured forces over a folder of trials: tables, figures, and the settings used."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from pydantic import BaseModel, ConfigDict
from rich.console import Console

from gaitdynamics._version import __version__
from gaitdynamics.columns import SIDES
from gaitdynamics.dataset.catalogue import Catalogue
from gaitdynamics.evaluation.benchmark import PROTOCOLS, evaluate_forces
from gaitdynamics.evaluation.examples import write_examples
from gaitdynamics.evaluation.figures import write_figures
from gaitdynamics.evaluation.moment_metrics import JOINTS, JointMoments
from gaitdynamics.evaluation.tables import write_tables
from gaitdynamics.features.newton import demanded_force
from gaitdynamics.files.atomic import file_sha256, write_text
from gaitdynamics.tasks.force_methods import BUILT_IN, ForceMethod, WeightsMethod, methods_of
from gaitdynamics.tasks.moments import MomentsResult, compute_moments
from gaitdynamics.trial import Array, FootForces, Trial

#: Studies whose plates are known to read more than the motion demands. They are shown as they were recorded, and once
#: more with that gain removed (see `evaluation.newton.plate_gain`).
STUDIES_WITH_GAIN: Final = ("Uhlrich2023",)


@dataclass(frozen=True)
class InverseDynamics:
    """What goes with forces: Newton's law, and our own inverse dynamics."""

    def demanded_force(self, trial: Trial) -> Array:
        """Give the force that the motion demands, (T, 3) [N]."""
        return demanded_force(trial)

    def joint_moments(self, trial: Trial, forces: FootForces) -> JointMoments:
        """Compute the joint moments [N.m/kg]."""
        result = compute_moments(trial, forces)
        mass = trial.subject.mass_kg
        return JointMoments(
            {name: _both_sides(result, coordinate) / mass for name, coordinate in JOINTS.items()},
            result.knee_adduction,
        )


def _both_sides(result: MomentsResult, coordinate: str) -> Array:
    """Give the moment of a coordinate of both legs, (T, 2) [N.m]."""
    return np.stack([result.column(f"{coordinate}_{side}") for side in SIDES], axis=-1)


class EvaluationSettings(BaseModel):
    """What was evaluated, as it is written beside the results."""

    model_config = ConfigDict(frozen=True)

    version: str
    manifest_sha256: str
    split: str
    methods: dict[str, str | None]
    protocols: dict[str, Any]
    plate_gains: dict[str, Any]


def evaluate_folder(
    data_folder: Path,
    out: Path,
    *,
    split: str = "test",
    methods: Sequence[str] = BUILT_IN,
    weights: Sequence[str] = (),
    processes: int = 1,
    console: Console | None = None,
) -> tuple[Path, ...]:
    """Score methods on the trials of a folder and write what was found.

    Parameters
    ----------
    data_folder
        Folder with manifest.csv.
    out
        Where to write; made if it does not exist.
    split
        Side of the split; 'test' means held-out people and unseen studies.
    methods, weights
        As for `force_methods.methods_of`.
    processes
        Number of processes that share the trials.
    console
        Where progress is shown.

    Returns
    -------
    tuple of Path
        The files; the summary for reading is `summary.md`.

    Raises
    ------
    UserInputError
        No such method, weights, folder or split; or nothing could be scored.
    """
    compared = methods_of(methods, weights)
    catalogue = Catalogue.read(data_folder)
    evaluation = evaluate_forces(
        catalogue,
        compared,
        split=split,
        protocols=PROTOCOLS,
        dynamics=InverseDynamics(),
        remove_gain=STUDIES_WITH_GAIN,
        processes=processes,
        console=console,
    )
    settings = EvaluationSettings(
        version=__version__,
        manifest_sha256=file_sha256(data_folder / "manifest.csv"),
        split=split,
        methods=weights_of(compared),
        protocols={name: asdict(rules) for name, rules in PROTOCOLS.items()},
        plate_gains={study: asdict(gain) for study, gain in evaluation.gains.items()},
    )
    parameters = {name: method.parameters() for name, method in compared.items()}
    title = f"Ground reaction forces, split '{split}'"
    files = write_tables(evaluation, out, title=title, parameters=parameters)
    files += write_figures(evaluation, out)
    files += write_examples(catalogue, evaluation.results, compared, out)
    write_text(out / "configuration.json", settings.model_dump_json(indent=1) + "\n")
    return (*files, out / "configuration.json")


def weights_of(methods: Mapping[str, ForceMethod]) -> dict[str, str | None]:
    """Name the weights of each method; None for the rule and for the weights of the package."""
    return {name: m.weights if isinstance(m, WeightsMethod) else None for name, m in methods.items()}
