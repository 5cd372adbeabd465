"""Generated running at other speeds against measured running of the same people: the paper's Downstream Task 3."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Final

import pandas as pd
from rich.console import Console
from rich.progress import track

from gaitdynamics.dataset.catalogue import Catalogue
from gaitdynamics.dataset.records import TrialRecord
from gaitdynamics.errors import UserInputError
from gaitdynamics.evaluation.joint_motion import measure_joint_motions
from gaitdynamics.evaluation.speed_report import write_speed
from gaitdynamics.evaluation.strides import measure_strides
from gaitdynamics.features.body_state import body_state
from gaitdynamics.features.published.schema import RATE
from gaitdynamics.files.joint_positions import LayoutName, read_joint_positions
from gaitdynamics.inference.motion_network import MotionNetwork, load_motion_network
from gaitdynamics.inference.windows import WINDOW
from gaitdynamics.tasks.generated import measured_motion, with_height
from gaitdynamics.tasks.speeds import change_speed
from gaitdynamics.trial import Trial

#: A trial is of a speed if it is within this of it [m/s].
_NEAR: Final = 0.25

#: The published evaluation takes one window, which ends so many seconds before the trial does.
_BEFORE_THE_END: Final = 0.1

#: How motions are generated: our way, and as the paper states it but for the faster sampler.
_OURS, _PAPER = "ours", "as in the paper"


@dataclass(frozen=True)
class Others:
    """Joint positions of other motion generators: their files, the layout of the joints, and frames per second."""

    files: Sequence[Path] = ()
    layout: LayoutName = "humanml22"
    rate: float = 20.0


def evaluate_speed(
    data_folder: Path,
    out: Path,
    *,
    split: str,
    study: str,
    seed_speed: float = 4.0,
    targets: Sequence[float] = (3.0, 3.4, 3.8, 4.2, 4.6, 5.0),
    weights: str | None = None,
    others: Others | None = None,
    paper: bool = True,
    console: Console | None = None,
) -> str:
    """Generate, measure, and write `strides.csv`, `speed.csv`, `speed.md` and `speed.png`.

    Parameters
    ----------
    data_folder
        Folder with manifest.csv.
    out
        Folder for the results.
    split, study
        Whose runs.
    seed_speed
        Of the runs to start from [m/s].
    targets
        Speeds to generate [m/s].
    weights
        Of the diffusion network.
    others
        Motions of other generators, for the same table and figure.
    paper
        Whether to generate as the paper states it too, from one window.
    console
        Where progress is shown.

    Returns
    -------
    str
        The page.

    Raises
    ------
    UserInputError
        Nobody ran at the seed speed.
    """
    joints = _others(others or Others())
    runs = list(Catalogue.read(data_folder).select(split=split, study=study, activity="running"))
    network = load_motion_network(weights)
    rows = joints
    quiet = console or Console(quiet=True)
    for record in track(runs, description="running speed", console=quiet, disable=console is None):
        trial = with_height(record.load())
        rows.extend(_measured(record, trial))
        if record.speed is not None and abs(record.speed - seed_speed) <= _NEAR:
            for target in targets:
                rows.extend(_generated(record, trial, target, network, _OURS))
                if paper:
                    rows.extend(_generated(record, _one_window(trial), target, network, _PAPER))
    table = pd.DataFrame(rows)
    if "generated" not in set(table["what"]):
        raise UserInputError(
            f"nobody of {study} ran at {seed_speed:g} m/s", file=data_folder, remedy="give another --seed-speed"
        )
    return write_speed(table, out, network.name, network.sha256)


def _measured(record: TrialRecord, trial: Trial) -> Iterator[dict[str, object]]:
    motion = measured_motion(trial)
    state = body_state(motion.trial)
    for forces, kinetics in (("plates", motion.measured), ("refiner", motion.refiner)):
        if kinetics is not None and record.speed is not None:
            yield {
                **_who(record, round(record.speed, 1), "measured", "", forces),
                **asdict(measure_strides(motion.trial, kinetics.forces, state)),
                "newton": kinetics.newton.total,
            }


def _generated(
    record: TrialRecord, trial: Trial, target: float, network: MotionNetwork, method: str
) -> Iterator[dict[str, object]]:
    ours = method == _OURS
    motion = change_speed(trial, target, network, cadence=ours, paired=ours, settled=ours).motion
    state = body_state(motion.trial)
    for forces, kinetics in (("refiner", motion.refiner), ("diffusion", motion.diffusion)):
        assert kinetics is not None
        yield {
            **_who(record, target, "generated", method, forces),
            **asdict(measure_strides(motion.trial, kinetics.forces, state)),
            "newton": kinetics.newton.total,
        }


def _who(record: TrialRecord, speed: float, what: str, method: str, forces: str) -> dict[str, object]:
    return {
        "subject": record.subject,
        "trial": record.trial,
        "what": what,
        "method": method,
        "forces": forces,
        "asked": speed,
    }


def _one_window(trial: Trial) -> Trial:
    """Cut the window of 1.5 s that the published evaluation takes."""
    step = trial.rate / RATE
    stop = len(trial.time) - round(_BEFORE_THE_END * trial.rate)
    frames = slice(max(0, stop - round(WINDOW * step)), stop)
    # `values` is an array of a Trial here, not of a table.
    return replace(trial, time=trial.time[frames], values=trial.values[frames], forces=None)  # noqa: PD011


def _others(others: Others) -> list[dict[str, object]]:
    """Measure the motions of other generators; a file is one speed, that of its motions in the mean."""
    rows: list[dict[str, object]] = []
    for path in others.files:
        gaits = measure_joint_motions(read_joint_positions(path, others.layout, others.rate))
        good = [gait for gait in gaits if not gait.failure]
        speed = sum(gait.speed for gait in good) / len(good) if good else float("nan")
        for gait in gaits:
            rows.append(
                {
                    "subject": f"{gait.name} {gait.number}",
                    "trial": gait.name,
                    "what": "other generator",
                    "method": gait.failure,
                    "forces": "-",
                    "asked": speed,
                    "cycles": gait.cycles,
                    "speed": gait.speed,
                    "stride_length": gait.stride_length,
                    "knee_flexion": gait.knee_flexion,
                }
            )
    return rows
