"""Estimated against measured forces over a folder of trials: tables, figures, and the settings used."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict
from rich.console import Console

from gaitdynamics._version import __version__
from gaitdynamics.dataset.catalogue import Catalogue
from gaitdynamics.errors import UserInputError
from gaitdynamics.evaluation.benchmark import Method, evaluate_forces
from gaitdynamics.evaluation.figures import write_figures
from gaitdynamics.evaluation.gait_cycles import CycleRules
from gaitdynamics.evaluation.tables import write_tables
from gaitdynamics.files.atomic import file_sha256, write_text
from gaitdynamics.trial import FootForces, Trial

Protocol = Literal["both_feet", "paper"]


def refiner(weights: str | None) -> Method:
    """Make the method of the force network; without weights, with those that come with the package."""
    from gaitdynamics.tasks.forces import estimate_forces

    def estimate(trial: Trial) -> FootForces:
        return estimate_forces(trial, weights=weights, seed=0).forces

    return estimate


def physics(_: str | None) -> Method:
    """Make the method without learning: Newton's law and a rule for the share of each foot."""
    from gaitdynamics.tasks.forces import physics_forces

    return physics_forces


#: Methods by name, each made from the name or folder of its weights.
METHODS: dict[str, Callable[[str | None], Method]] = {"refiner": refiner, "physics": physics}


class EvaluationSettings(BaseModel):
    """What was evaluated, as it is written beside the results."""

    model_config = ConfigDict(frozen=True)

    version: str
    manifest_sha256: str
    split: str
    methods: tuple[str, ...]
    weights: str | None
    protocol: Protocol
    rules: dict[str, Any]


def check_methods(methods: Sequence[str]) -> None:
    """Refuse names of methods that do not exist.

    Raises
    ------
    UserInputError
        With the names that do.
    """
    unknown = [name for name in methods if name not in METHODS]
    if unknown or not methods:
        raise UserInputError(
            f"there is no method {', '.join(map(repr, unknown))}" if unknown else "no method is named",
            remedy=f"choose among: {', '.join(METHODS)}",
        )


def evaluate_folder(
    data_folder: Path,
    out: Path,
    *,
    split: str = "test",
    methods: Sequence[str] = tuple(METHODS),
    weights: str | None = None,
    protocol: Protocol = "both_feet",
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
    methods
        Keys of `METHODS`.
    weights
        Name or folder of trained weights.
    protocol
        'paper' scores the left foot and whole gait cycles only.
    console
        Where progress is shown.

    Returns
    -------
    tuple of Path
        The files; the summary for reading is `summary.md`.

    Raises
    ------
    UserInputError
        No such method, folder or split; or nothing could be scored.
    """
    check_methods(methods)
    catalogue = Catalogue.read(data_folder)
    rules = CycleRules() if protocol == "both_feet" else CycleRules.paper()
    settings = EvaluationSettings(
        version=__version__,
        manifest_sha256=file_sha256(data_folder / "manifest.csv"),
        split=split,
        methods=tuple(methods),
        weights=weights,
        protocol=protocol,
        rules=asdict(rules),
    )
    evaluation = evaluate_forces(
        catalogue,
        {name: METHODS[name](weights) for name in methods},
        split=split,
        rules=rules,
        console=console,
    )
    files = write_tables(evaluation, out, title=f"Ground reaction forces, split '{split}'")
    files += write_figures(evaluation, out)
    write_text(out / "configuration.json", settings.model_dump_json(indent=1) + "\n")
    return (*files, out / "configuration.json")
