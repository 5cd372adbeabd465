"""Hip muscle forces without OpenSim, by a network that learnt static optimisation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
from pydantic import BaseModel, ConfigDict

from gaitdynamics._version import __version__
from gaitdynamics.columns import SIDES, canonical
from gaitdynamics.errors import UserInputError
from gaitdynamics.features.hip import MUSCLES, TARGETS
from gaitdynamics.features.leg_lengths import leg_lengths
from gaitdynamics.features.muscle_inputs import INPUTS, JOINTS, muscle_inputs
from gaitdynamics.files.atomic import write_text
from gaitdynamics.files.storage import TIME, write_storage
from gaitdynamics.output_choices import FigureFormat, OutputChoices
from gaitdynamics.tasks.leg_states import LegStates
from gaitdynamics.tasks.outputs import all_or_none, outdated_files, output_folder, refuse_foreign
from gaitdynamics.trial import Array

if TYPE_CHECKING:
    from gaitdynamics.inference.muscle_checkpoint import MuscleDescription
from gaitdynamics.tasks.moments import MomentsResult

SCHEMA_VERSION: Final = 1
#: An input is far from the training data where it is more than so many standard deviations from their mean ...
_FAR: Final = 4.0
#: ... in more than this share of the instants.
_FAR_SHARE: Final = 0.05

CONVENTIONS: Final = {
    "muscle_forces": "tension of a muscle or group of muscles [N]; "
    + "; ".join(f"{name}: {' + '.join(parts)}" for name, parts in MUSCLES.items() if len(parts) > 1),
    "method": (
        "a network that learnt static optimisation with the muscles of Rajagopal-family models: forces at each instant "
        "from the angles, speeds and joint moments of that leg, segment lengths and mass"
    ),
    "origin": "muscle forces are model estimates that cannot be measured; not for clinical decisions",
}


class HipMusclesReport(BaseModel):
    """Where hip muscle forces come from, their peaks [N/kg], and what to know of them."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    schema_version: int
    gaitdynamics: str
    motion: str
    mass_kg: float
    coordinate_cutoff_hz: float | None
    network: str
    weights_sha256: str
    peaks_n_per_kg: dict[str, float]
    conventions: dict[str, str]
    warnings: list[str]
    files: list[str]


@dataclass(frozen=True)
class HipMusclesFiles:
    """Files of one motion, all in one folder."""

    forces: Path
    report: Path
    plot: Path
    figure: Path | None = None

    def paths(self) -> tuple[Path, ...]:
        """List them."""
        usual = self.forces, self.report, self.plot
        return usual if self.figure is None else (*usual, self.figure)


@dataclass(frozen=True)
class HipMusclesResult:
    """Forces (T, 14) [N] of the muscle groups of `features.hip.MUSCLES` for each side, at all frames of the motion."""

    moments: MomentsResult
    forces: Mapping[str, Array]
    network: MuscleDescription
    warnings: tuple[str, ...] = ()

    def to_files(self, folder: str | Path, *, figures: FigureFormat | None = None) -> HipMusclesFiles:
        """Write forces, report and picture into `folder`, all or none.

        The picture is written in the format `figures` too, where one is named.

        Raises
        ------
        UserInputError
            The folder cannot be written to, or holds files of these names that are not ours.
        """
        return _write(self, Path(folder), figures)


def estimate_hip_muscles(moments: MomentsResult, *, weights: Path | None = None) -> HipMusclesResult:
    """Estimate hip muscle forces from joint moments, frame by frame; OpenSim is not needed, nor a model with muscles.

    Parameters
    ----------
    moments
        From `compute_moments`.
    weights
        Folder of a network that 'train muscles' made; None for the one that comes with the package.

    Raises
    ------
    UserInputError
        The model lacks a joint of the leg, or the weights cannot be used.
    """
    from gaitdynamics.inference.muscle_checkpoint import load_muscles

    model = load_muscles(weights)
    states = LegStates(moments)
    mass = moments.trial.subject.mass_kg
    lengths = leg_lengths(moments.trial.subject.model)
    forces: dict[str, Array] = {}
    notes: list[str] = []
    for side in SIDES:
        seen = muscle_inputs(*_leg(states, side), lengths, mass)
        forces[side] = model.predict(seen) * mass
        share = (np.abs(model.z_scores(seen)) > _FAR).mean(axis=0)
        far = [name for name, part in zip(INPUTS, share, strict=True) if part > _FAR_SHARE]
        if far:
            side_name = "right" if side == "r" else "left"
            notes.append(
                f"{side_name} leg: far from what the network of muscle forces was trained on: {', '.join(far)}"
            )
    return HipMusclesResult(moments, forces, model.description, tuple(notes))


def _leg(states: LegStates, side: str) -> tuple[Array, Array, Array]:
    """Posture, speed and moments (T, 6) of one leg; where the model has no such coordinate, zero and NaN."""
    names = {canonical(name): name for name in states.of_leg(side)}
    wanted = [names.get(f"{joint}_{side}") for joint in JOINTS]
    missing = [joint for joint, name in zip(JOINTS[:5], wanted[:5], strict=True) if name is None]
    if missing:
        raise UserInputError(
            f"the model has no coordinate {', '.join(f'{joint}_{side}' for joint in missing)}",
            remedy="use a full-body gait model, scaled to the person",
        )
    posture, speed, moment = [], [], []
    for name in wanted:
        if name is None:
            nothing = np.zeros(states.frames)
            value, rate, torque = nothing, nothing, nothing * np.nan
        else:
            value, rate = states.values(name)
            torque = np.full(states.frames, np.nan) if name in states.locked else states.moment(name)
        posture.append(value)
        speed.append(rate)
        moment.append(torque)
    return np.stack(posture, axis=1), np.stack(speed, axis=1), np.stack(moment, axis=1)


def _write(result: HipMusclesResult, folder: Path, figures: FigureFormat | None) -> HipMusclesFiles:
    from gaitdynamics.plotting.muscles import plot_hip_muscles
    from gaitdynamics.plotting.style import save_figure

    trial = result.moments.trial
    stem = f"{trial.name}_hip_muscles"
    plot = folder / f"{stem}.png"
    vector = OutputChoices(figures=figures).figure(plot)
    final = HipMusclesFiles(folder / f"{stem}.sto", folder / f"{stem}.json", plot, vector)
    labels = {side: TARGETS["muscle_forces"].labels(side) for side in result.forces}
    with output_folder(folder):
        place = final.paths(), final.report, lambda text: HipMusclesReport.model_validate_json(text).files
        refuse_foreign(*place)
        with all_or_none(folder, outdated=outdated_files(*place)) as draft:
            table = np.hstack([result.moments.time[:, None], *result.forces.values()])
            names = [TIME, *(label for of_side in labels.values() for label in of_side)]
            write_storage(draft / final.forces.name, names, table, name="Hip muscle forces [N]", in_degrees=False)
            save_figure(plot_hip_muscles(result), draft / plot.name, None if vector is None else draft / vector.name)
            report = HipMusclesReport(
                schema_version=SCHEMA_VERSION,
                gaitdynamics=__version__,
                motion=trial.name,
                mass_kg=trial.subject.mass_kg,
                coordinate_cutoff_hz=result.moments.cutoff,
                network=result.network.name,
                weights_sha256=result.network.weights_sha256,
                peaks_n_per_kg={
                    label: float(curve.max()) / trial.subject.mass_kg
                    for side, forces in result.forces.items()
                    for label, curve in zip(labels[side], forces.T, strict=True)
                },
                conventions=dict(CONVENTIONS),
                warnings=list(dict.fromkeys((*trial.warnings, *result.moments.warnings, *result.warnings))),
                files=[path.name for path in final.paths()],
            )
            write_text(draft / final.report.name, report.model_dump_json(indent=1) + "\n")
    return final
