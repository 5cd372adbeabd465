"""Generated trunk sway against measured trunk sway: the paper's Downstream Task 2."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np
from rich.console import Console
from rich.progress import track

from gaitdynamics.columns import SIDES, canonical
from gaitdynamics.dataset.catalogue import Catalogue
from gaitdynamics.dataset.records import TrialRecord
from gaitdynamics.errors import UserInputError
from gaitdynamics.evaluation.sway_report import write_sway
from gaitdynamics.evaluation.sway_stances import SwayStance
from gaitdynamics.inference.motion_network import MotionNetwork, load_motion_network
from gaitdynamics.tasks.generated import GeneratedMotion, Kinetics, measured_motion, with_height
from gaitdynamics.tasks.modification import Change, Modification, modify_motion
from gaitdynamics.trial import Array, Trial

#: Factors of the paper; one, at which nothing is changed, is the control.
FACTORS: Final = (1.0, 2.0, 2.5, 3.0)

#: The coordinate that sways, and the direction [sign] of a lean to each side.
SWAY: Final = "lumbar_bending"
_TOWARDS: Final = {"r": 1.0, "l": -1.0}

#: Ways to generate: ours; without the correction for balance; and as the paper states it, but for the faster sampler.
METHODS: Final[dict[str, Callable[..., Modification]]] = {
    "ours": modify_motion,
    "without balance": partial(modify_motion, balanced=False),
    "as in the paper": partial(modify_motion, balanced=False, paired=False),
}


def evaluate_sway(
    data_folder: Path, out: Path, *, split: str, weights: str | None = None, console: Console | None = None
) -> str:
    """Generate, measure, and write `stances.csv`, `sway.csv`, `sway.md` and `sway.png`.

    Parameters
    ----------
    data_folder
        Folder with manifest.csv.
    out
        Folder for the results.
    split
        Side of the split.
    weights
        Of the diffusion network.
    console
        Where progress is shown.

    Returns
    -------
    str
        The page.

    Raises
    ------
    UserInputError
        Nobody walks normally with a measured trunk.
    """
    records = list(Catalogue.read(data_folder).select(split=split, activity="walking"))
    network = load_motion_network(weights)
    people = {r.person for r in records if r.condition == "trunk_sway"} or {r.person for r in records}
    chosen = [r for r in records if r.person in people and r.condition in ("normal", "trunk_sway")]
    stances: list[SwayStance] = []
    quiet = console or Console(quiet=True)
    for record in track(chosen, description="trunk sway", console=quiet, disable=console is None):
        trial = with_height(record.load())
        if trial.is_missing(SWAY):
            continue
        stances.extend(_stances_of(record, trial, network))
    if not any(s.what == "generated" for s in stances):
        raise UserInputError(
            "nobody walks normally with a measured trunk", file=data_folder, remedy="choose another side with --split"
        )
    return write_sway(stances, out, network.name, network.sha256)


def _stances_of(record: TrialRecord, trial: Trial, network: MotionNetwork) -> Iterator[SwayStance]:
    measured = measured_motion(trial)
    what = "trunk sway" if record.condition == "trunk_sway" else "normal"
    yield from _cut(record, measured, what, "", 1.0)
    if what == "normal":
        for method, generate in METHODS.items():
            for factor in FACTORS:
                result = generate(trial, [Change(SWAY, factor)], network, before=measured)
                yield from _cut(record, result.after, "generated", method, factor)


def _cut(record: TrialRecord, motion: GeneratedMotion, what: str, method: str, factor: float) -> Iterator[SwayStance]:
    kinds = {"plates": motion.measured, "refiner": motion.refiner, "diffusion": motion.diffusion}
    for forces, kinetics in kinds.items():
        if kinetics is None:
            continue
        for side in SIDES:
            for curve in kinetics.knee_adduction(side):
                lean = _lean(motion.trial, kinetics, side, curve.start)
                yield SwayStance(
                    person=record.person,
                    trial=record.trial,
                    what=what,
                    method=method,
                    forces=forces,
                    factor=factor,
                    side=side,
                    first=curve.first,
                    second=curve.second,
                    sway=float(lean.max()),
                    newton=kinetics.newton.total,
                    moment=curve.curve,
                    lean=lean,
                )


def _lean(trial: Trial, kinetics: Kinetics, side: str, start: int) -> Array:
    """(101,) [deg] lean of the trunk over the pelvis towards the foot, over the stance that starts there."""
    stance = next(s for s in kinetics.moments.stances() if s.side == side and s.start == start)
    place = [canonical(name) for name in trial.coordinates].index(SWAY)
    values = np.degrees(trial.values[stance.start : stance.stop, place]) * _TOWARDS[side]
    return np.interp(np.linspace(0.0, len(values) - 1.0, 101), np.arange(len(values)), values)
