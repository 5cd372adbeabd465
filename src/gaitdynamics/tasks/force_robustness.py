"""How errors of estimated forces grow with worse input, over a folder of trials: table, figure, settings."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pydantic import BaseModel, ConfigDict
from rich.console import Console

from gaitdynamics._version import __version__
from gaitdynamics.dataset.catalogue import Catalogue
from gaitdynamics.evaluation.robustness import CONDITIONS, SEED, evaluate_robustness
from gaitdynamics.evaluation.robustness_report import write_robustness
from gaitdynamics.files.atomic import file_sha256, write_text
from gaitdynamics.tasks.force_evaluation import weights_of
from gaitdynamics.tasks.force_methods import REFINER, methods_of


class RobustnessSettings(BaseModel):
    """What was perturbed, as it is written beside the results."""

    model_config = ConfigDict(frozen=True)

    version: str
    manifest_sha256: str
    split: str
    methods: dict[str, str | None]
    conditions: tuple[str, ...]
    seed: int


def evaluate_robustness_of_folder(
    data_folder: Path,
    out: Path,
    *,
    split: str = "test",
    methods: Sequence[str] = (REFINER,),
    weights: Sequence[str] = (),
    processes: int = 1,
    console: Console | None = None,
) -> tuple[Path, ...]:
    """Perturb the trials of a folder, score methods on them, and write what was found.

    Parameters
    ----------
    data_folder, out, split, methods, weights, processes, console
        As for `force_evaluation.evaluate_folder`.

    Returns
    -------
    tuple of Path
        The files; the one for reading is `robustness.md`.

    Raises
    ------
    UserInputError
        No such method, weights, folder or split; or nothing could be scored.
    """
    compared = methods_of(methods, weights)
    catalogue = Catalogue.read(data_folder)
    evaluation = evaluate_robustness(catalogue, compared, split=split, processes=processes, console=console)
    settings = RobustnessSettings(
        version=__version__,
        manifest_sha256=file_sha256(data_folder / "manifest.csv"),
        split=split,
        methods=weights_of(compared),
        conditions=tuple(f"{condition.group}: {condition.label}" for condition in CONDITIONS),
        seed=SEED,
    )
    files = write_robustness(evaluation, out, title=f"Worse input, split '{split}'")
    write_text(out / "robustness_configuration.json", settings.model_dump_json(indent=1) + "\n")
    return (*files, out / "robustness_configuration.json")
