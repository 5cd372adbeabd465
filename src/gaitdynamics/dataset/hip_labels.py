"""Muscle forces and joint moments of one's own trials as labels: a trial's record, and the sequences cut from it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from gaitdynamics.errors import FileFormatError
from gaitdynamics.features.hip import ANGLES, SAMPLES
from gaitdynamics.files.atomic import atomic_path
from gaitdynamics.files.npz import read_npz

Array = NDArray[np.float64]

#: Coordinates of a leg in the order of `columns.leg`, without the side.
LEG: Final = (
    "hip_flexion",
    "hip_adduction",
    "hip_rotation",
    "knee_angle",
    "ankle_angle",
    "subtalar_angle",
    "mtp_angle",
)
#: Hip moments among them.
HIP: Final = slice(0, 3)


@dataclass(frozen=True)
class LegLabels:
    """One leg of a trial at K instants.

    Attributes
    ----------
    time
        (K,) [s].
    angles
        (K, 10) the angles of `features.hip.ANGLES` [deg], seen from this leg: its own in the right one's place.
    posture, speed
        (K, 7) the coordinates of `LEG` [rad] and their rates [rad/s], smoothed as for the moments.
    moment, reserve
        (K, 7) joint moments and those of the reserve actuators [N.m]; NaN where the model locks the coordinate.
    force
        (K, 14) forces of the muscle groups of `features.hip.MUSCLES` [N].
    saturation
        (K,) share of the leg's muscles at their largest activation.
    residual
        (K,) size of the force left over at the pelvis [body weights]; NaN where the other foot's force is not known.
    cycles
        (C, 2) start and end [s] of the whole gait cycles among them.
    """

    time: Array
    angles: Array
    posture: Array
    speed: Array
    moment: Array
    reserve: Array
    force: Array
    saturation: Array
    residual: Array
    cycles: Array


@dataclass(frozen=True)
class TrialLabels:
    """One trial: who, what, and the legs ('r', 'l') of which there is anything.

    `lengths` are thigh, shank, and half the distance of the hip joints [m], of the model.
    """

    study: str
    subject: str
    trial: str
    split: str
    activity: str
    condition: str
    mass_kg: float
    height_m: float | None
    lengths: tuple[float, float, float]
    legs: Mapping[str, LegLabels]

    @property
    def person(self) -> str:
        """Study and subject."""
        return f"{self.study}/{self.subject}"

    @property
    def label(self) -> str:
        """Study, subject and trial."""
        return f"{self.person}/{self.trial}"


_FACTS: Final = ("study", "subject", "trial", "split", "activity", "condition", "mass_kg", "height_m", "lengths")


def save_trial_labels(path: Path, labels: TrialLabels, settings: Mapping[str, Any]) -> None:
    """Write the record of a trial (`.npz`), atomically; `settings` tell how it was made."""
    facts = {name: getattr(labels, name) for name in _FACTS} | {"sides": list(labels.legs), "settings": dict(settings)}
    arrays = {
        f"{side}_{field.name}": getattr(leg, field.name) for side, leg in labels.legs.items() for field in fields(leg)
    }
    with atomic_path(path) as temporary, temporary.open("wb") as stream:
        np.savez_compressed(stream, facts=np.array([json.dumps(facts)]), **arrays)


def load_trial_labels(path: Path, settings: Mapping[str, Any] | None = None) -> TrialLabels:
    """Read the record of a trial.

    Parameters
    ----------
    path
        The file.
    settings
        What it must have been made with; None for anything.

    Raises
    ------
    FileFormatError
        It is no such file, or was made with other settings.
    """
    text = read_npz(path, ["facts"])["facts"]
    try:
        facts = json.loads(str(text[0]))
        sides, made_with = facts.pop("sides"), facts.pop("settings")
        names = [field.name for field in fields(LegLabels)]
        arrays = read_npz(path, [f"{side}_{name}" for side in sides for name in names])
        legs = {side: LegLabels(**{name: arrays[f"{side}_{name}"].astype(float) for name in names}) for side in sides}
        labels = TrialLabels(**{**facts, "lengths": tuple(facts["lengths"])}, legs=legs)
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise FileFormatError(f"not the labels of a trial ({error})", file=path) from error
    if settings is not None and dict(settings) != made_with:
        raise FileFormatError("was made with other settings", file=path, remedy="name a new folder with --out")
    return labels


@dataclass(frozen=True)
class LabelledCycle:
    """One gait cycle: where it is from, and its sequences."""

    trial: TrialLabels
    side: str
    start: float
    stop: float
    angles: Array
    force: Array
    moment: Array


def cut_labelled_cycles(trials: Sequence[TrialLabels], samples: int = SAMPLES) -> list[LabelledCycle]:
    """Cut the whole gait cycles: (samples, 10) [deg], (samples, 14) [N], (samples, 3) [N.m].

    Angles follow cubic splines between the instants, forces and moments straight lines.
    """
    from gaitdynamics.signals import resample

    found = []
    for trial in trials:
        for side, leg in trial.legs.items():
            for start, stop in leg.cycles:
                near = slice(
                    max(0, int(np.searchsorted(leg.time, start)) - 4), int(np.searchsorted(leg.time, stop)) + 4
                )
                at = np.linspace(start, stop, samples)
                time = leg.time[near]

                def linear(values: Array, at: Array = at, time: Array = time, near: slice = near) -> Array:
                    return np.stack([np.interp(at, time, column) for column in values[near].T], axis=1)

                angles = linear(leg.angles) if _has_gap(time) else resample(leg.angles[near], time, at)
                found.append(
                    LabelledCycle(
                        trial, side, float(start), float(stop), angles, linear(leg.force), linear(leg.moment[:, HIP])
                    )
                )
    return found


def _has_gap(time: Array) -> bool:
    return bool(len(time) < 4 or np.diff(time).max() > 1.5 * np.diff(time).min())


def write_gait2hip(path: Path, cycles: Sequence[LabelledCycle], *, moments: bool) -> None:
    """Write cycles in the layout of Gait2Hip-60 (`dataset.gait2hip`), atomically.

    Text is stored as such, not pickled. `speed_label` holds the activity; `split`, `trial`, `side`, `start_s` and
    `stop_s` (N,) are additions. `height_m` is NaN where it is not known.
    """
    from gaitdynamics.features.hip import TARGETS

    target = TARGETS["joint_moments" if moments else "muscle_forces"]
    outputs = [cycle.moment if moments else cycle.force for cycle in cycles]
    with atomic_path(path) as temporary, temporary.open("wb") as stream:
        np.savez_compressed(
            stream,
            X=_stack([cycle.angles for cycle in cycles], len(ANGLES)),
            Y=_stack(outputs, len(target.names)),
            subject_id=np.array([cycle.trial.person for cycle in cycles], dtype=np.str_),
            height_m=np.array([cycle.trial.height_m or np.nan for cycle in cycles]),
            weight_kg=np.array([cycle.trial.mass_kg for cycle in cycles]),
            speed_label=np.array([cycle.trial.activity for cycle in cycles], dtype=np.str_),
            in_cols=np.array(ANGLES, dtype=np.str_),
            out_cols=np.array(target.labels("r"), dtype=np.str_),
            split=np.array([cycle.trial.split for cycle in cycles], dtype=np.str_),
            trial=np.array([cycle.trial.label for cycle in cycles], dtype=np.str_),
            side=np.array([cycle.side for cycle in cycles], dtype=np.str_),
            start_s=np.array([cycle.start for cycle in cycles]),
            stop_s=np.array([cycle.stop for cycle in cycles]),
        )


def _stack(sequences: Sequence[Array], columns: int) -> NDArray[np.float32]:
    whole = np.stack(sequences) if sequences else np.zeros((0, SAMPLES, columns))
    return whole.astype(np.float32)
