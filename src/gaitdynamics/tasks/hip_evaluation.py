"""How well hip networks do on people they never saw: those held out, and those of other data, without retraining."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from gaitdynamics.dataset.gait2hip import HipData, read_gait2hip
from gaitdynamics.errors import UserInputError
from gaitdynamics.evaluation.hip_metrics import person_errors, write_hip_table
from gaitdynamics.features.hip import HipTask
from gaitdynamics.inference.hip_checkpoint import HipNetwork


def evaluate_hip(
    data: Sequence[Path], networks: Mapping[HipTask, HipNetwork], out: Path, *, external: Sequence[Path] = ()
) -> list[str]:
    """Compare predictions with the outputs in data files.

    Parameters
    ----------
    data
        Files of the data set that the networks come from: only the people they were not trained on count.
    networks
        From `inference.hip_checkpoint.find_hip`.
    out
        Folder for tables: `test_<task>` and `external_<file>`, each `.csv` and `.md`.
    external
        Files of other people, who all count.

    Returns
    -------
    list of str
        The pages.

    Raises
    ------
    UserInputError
        A file cannot be used, there is no network for it, or none of its people may be tested.
    """
    cases = []
    for file in data:
        trials, network = _pair(file, networks)
        held_out = [person for person in trials.people() if person in network.description.test_people]
        if not held_out:
            raise UserInputError(
                "none of the people whom the network was not trained on is in it",
                file=file,
                remedy="give data of other people with --external",
            )
        cases.append((f"test_{trials.target.task}", "held out", trials.of(held_out), network))
    for file in external:
        trials, network = _pair(file, networks)
        cases.append((f"external_{file.stem}", f"of {file.name}, without retraining", trials, network))
    names = [name for name, *_ in cases]
    if len(set(names)) != len(names):
        raise UserInputError("two files of the same task or name are given", remedy="evaluate them one by one")
    pages = []
    for name, people, trials, network in cases:
        known = network.description
        trials = trials.resampled(known.architecture.frames)
        per_person = person_errors(network.predict(trials.angles), trials)
        title = f"{known.name}: {trials.target.title} of {len(trials.people())} people {people}"
        pages.append(write_hip_table(out, name, title, known.unit, per_person))
    return pages


def _pair(file: Path, networks: Mapping[HipTask, HipNetwork]) -> tuple[HipData, HipNetwork]:
    trials = read_gait2hip(file)
    if trials.target.task not in networks:
        raise UserInputError(
            f"holds {trials.target.title}, for which there is no network in the folder of weights", file=file
        )
    return trials, networks[trials.target.task]
