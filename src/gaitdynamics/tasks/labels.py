"""Labels from OpenSim for one's own trials: joint moments and hip muscle forces, with their quality, trial by trial."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from gaitdynamics._version import __version__
from gaitdynamics.columns import SIDES, canonical, leg
from gaitdynamics.dataset.hip_labels import LegLabels, TrialLabels, load_trial_labels, save_trial_labels
from gaitdynamics.dataset.records import TrialRecord
from gaitdynamics.errors import GaitError, UserInputError
from gaitdynamics.features.hip import ANGLES, seen_from
from gaitdynamics.features.leg_lengths import leg_lengths
from gaitdynamics.files.atomic import write_text
from gaitdynamics.files.leg_angles import read_leg_angles
from gaitdynamics.inference.hip_cycles import CONTACT_SHARE, cycles_between, starts_by_motion
from gaitdynamics.signals import differentiate
from gaitdynamics.tasks.moments import MomentsResult, compute_moments
from gaitdynamics.tasks.muscles import LegMuscles, compute_muscles
from gaitdynamics.trial import Array, FootForces, Mask, Trial

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gaitdynamics.files.leg_angles import LegAngles

#: At the ends of a recording accelerations are those of the filter's continuation [s].
_EDGE: Final = 0.05
#: Activation from which a muscle counts as at its limit.
_SATURATED: Final = 0.999
ACTIVITIES: Final = ("walking", "running")


class LabelSettings(BaseModel):
    """How labels are made.

    Attributes
    ----------
    forces
        Forces on the feet: 'measured', or 'estimated' from the motion.
    weights
        Of the estimate; None for those that come with the package.
    rate
        Instants per second that are solved: every n-th frame; sequences follow by interpolation.
    seconds
        Of each leg of a trial at most so much is solved, from the start of what can be trusted.
    cutoff
        Cutoff frequency of the low-pass on the coordinates [Hz], for each activity.
    reserve_strength
        Moment of a reserve actuator that costs as much as a muscle at full activation [N.m].
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    forces: Literal["measured", "estimated"] = "measured"
    weights: str | None = None
    rate: float = Field(default=60.0, ge=20.0, le=1000.0)
    seconds: float = Field(default=8.0, gt=0.0)
    cutoff: dict[str, float] = {"walking": 6.0, "running": 12.0}
    reserve_strength: float = Field(default=1.0, gt=0.0)
    version: str = __version__


@dataclass(frozen=True)
class LabelOutcome:
    """What became of a trial: its file, or the reason why there is none."""

    label: str
    file: Path | None
    reason: str | None = None


def label_trial(record: TrialRecord, folder: Path, settings: LabelSettings) -> LabelOutcome:
    """Label one trial and keep the result in `folder`; one that is there already, with these settings, is kept.

    A trial that cannot be labelled leaves a file with the reason, so that it is not tried again.

    Raises
    ------
    FileFormatError
        What is there was made with other settings.
    """
    file = folder / f"{record.label.replace('/', '_')}.npz"
    refused = file.with_suffix(".txt")
    known = settings.model_dump(mode="json")
    if file.is_file():
        load_trial_labels(file, known)
        return LabelOutcome(record.label, file)
    if refused.is_file():
        return LabelOutcome(record.label, None, refused.read_text(encoding="utf-8").strip())
    try:
        save_trial_labels(file, _labels(record, settings), known)
    except GaitError as error:
        reason = getattr(error, "problem", str(error))
        write_text(refused, f"{reason}\n")
        return LabelOutcome(record.label, None, reason)
    return LabelOutcome(record.label, file)


def _labels(record: TrialRecord, settings: LabelSettings) -> TrialLabels:
    if record.activity not in ACTIVITIES:
        raise UserInputError(f"the activity is '{record.activity}', neither walking nor running")
    trial = record.load()
    measured = trial.forces
    assert measured is not None
    assert measured.valid is not None
    forces = measured
    if settings.forces == "estimated":
        from gaitdynamics.tasks.forces import estimate_forces

        estimate = estimate_forces(replace(trial, forces=None), weights=settings.weights)
        # Where there are measured forces, so that both sets hold the same instants.
        forces = replace(estimate.forces, valid=measured.valid)
    moments = compute_moments(trial, forces, cutoff=settings.cutoff[record.activity])
    chosen = {side: _instants(trial, measured, foot, settings) for foot, side in enumerate(SIDES)}
    chosen = {side: frames for side, frames in chosen.items() if len(frames)}
    if not chosen:
        raise UserInputError("no instant at which the measured force of a foot can be trusted")
    muscles = compute_muscles(
        moments,
        model_file=record.model_file,
        reserve_strength=settings.reserve_strength,
        sides=tuple(chosen),
        frames=chosen,
    )
    angles = read_leg_angles(record.motion_file, ANGLES)
    legs = {one.side: _leg(one, moments, angles, measured) for one in muscles.legs}
    return TrialLabels(
        study=record.study,
        subject=record.subject,
        trial=record.trial,
        split=record.split,
        activity=record.activity,
        condition=record.condition,
        mass_kg=record.mass_kg,
        height_m=record.height_m,
        lengths=leg_lengths(trial.subject.model),
        legs=legs,
    )


def _instants(trial: Trial, forces: FootForces, foot: int, settings: LabelSettings) -> NDArray[np.int64]:
    """Choose the frames (K,) of one leg: every n-th one with a trustworthy force of that foot."""
    assert forces.valid is not None
    step = max(1, int(trial.rate / settings.rate))
    inside = (trial.time >= trial.time[0] + _EDGE) & (trial.time <= trial.time[-1] - _EDGE)
    frames = np.arange(0, len(trial.time), step)
    frames = frames[(forces.valid[:, foot] & inside)[frames]]
    return np.asarray(frames[: int(settings.seconds * trial.rate / step)])


def _leg(one: LegMuscles, moments: MomentsResult, angles: LegAngles, measured: FootForces) -> LegLabels:
    trial, frames = moments.trial, one.frames
    smooth, speed, _ = differentiate(trial.values, trial.rate, moments.cutoff)
    names = [canonical(name) for name in trial.coordinates]
    own = [names.index(name) if name in names else None for name in leg(one.side)]

    def of_leg(values: Array) -> Array:
        return np.stack([np.zeros(len(frames)) if i is None else values[frames, i] for i in own], axis=1)

    def solved(values: Array) -> Array:
        places = {canonical(name): i for i, name in enumerate(one.coordinates)}
        gone = np.full(len(frames), np.nan)
        return np.stack([values[:, places[name]] if name in places else gone for name in leg(one.side)], axis=1)

    foot = SIDES.index(one.side)
    assert measured.valid is not None
    left_over = np.linalg.norm(moments.residuals[:, 3:], axis=1) / trial.body_weight
    left_over = np.where(measured.valid.all(axis=1), left_over, np.nan)
    return LegLabels(
        time=trial.time[frames],
        angles=seen_from(angles.values, one.side)[frames],
        posture=of_leg(smooth),
        speed=of_leg(speed),
        moment=solved(one.moment),
        reserve=solved(one.reserve),
        force=one.groups(),
        saturation=(one.activation >= _SATURATED).mean(axis=1),
        residual=left_over[frames],
        cycles=_cycles(angles, one.side, trial, measured.valid[:, foot], measured.force[:, foot, 1], frames),
    )


def _cycles(
    angles: LegAngles, side: str, trial: Trial, valid: Mask, vertical: Array, frames: NDArray[np.int64]
) -> Array:
    """Give start and end [s] (C, 2) of the gait cycles whose force is known throughout and that were solved."""
    found = []
    for cycle in cycles_between(starts_by_motion(angles, side), angles.rate)[0]:
        inside = slice(int(cycle.start), int(np.ceil(cycle.stop)) + 1)
        touches = (vertical[inside] > CONTACT_SHARE * trial.body_weight).any()
        if valid[inside].all() and touches and frames[0] <= cycle.start and cycle.stop <= frames[-1]:
            found.append((cycle.start, cycle.stop))
    return np.asarray(np.interp(np.array(found).reshape(-1, 2), np.arange(len(trial.time)), trial.time))


def labeller(folder: Path, settings: LabelSettings) -> partial[LabelOutcome]:
    """Give what labels one record, for a pool of processes."""
    return partial(_label_one, folder=folder, settings=settings)


def _label_one(record: TrialRecord, *, folder: Path, settings: LabelSettings) -> LabelOutcome:
    return label_trial(record, folder, settings)


def describe(settings: LabelSettings, manifest_sha256: str) -> dict[str, Any]:
    """Say how a store is made: settings, data, and the weights of estimated forces.

    Raises
    ------
    UserInputError
        There are no such weights.
    """
    return {
        "kind": "hip-labels",
        "settings": settings.model_dump(mode="json"),
        "manifest_sha256": manifest_sha256,
        "weights_sha256": _fingerprint(settings.weights) if settings.forces == "estimated" else "",
    }


def _fingerprint(weights: str | None) -> str:
    from gaitdynamics.inference.checkpoint import load_refiner
    from gaitdynamics.inference.published_checkpoint import load_published
    from gaitdynamics.tasks.forces import is_pair

    if weights is not None and is_pair(weights):
        return load_published(Path(weights)).description.refinement.weights_sha256
    return load_refiner(weights)[1].weights_sha256
