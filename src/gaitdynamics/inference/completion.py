"""Completing a motion of which some coordinates were not measured, or not all the time, whatever network fills them.

A network fills columns (`Fill`); here these become a motion of the person's own model: coordinates that were measured
stay bit by bit as they were, the others follow from the columns, and a pelvis whose height was not measured is set on
the floor. How forces are then estimated does not matter here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from scipy.ndimage import binary_dilation

from gaitdynamics.columns import FULL_BODY, PELVIS_TRANSLATIONS, canonical
from gaitdynamics.errors import UserInputError
from gaitdynamics.features.published.schema import DROPPED, PUBLISHED_63
from gaitdynamics.features.published.trial import PublishedColumns, columns_of_trial, trial_of_columns
from gaitdynamics.features.published.velocity import FILTER_REACH
from gaitdynamics.features.standing import stand_on_floor
from gaitdynamics.trial import Array, Mask, Trial

#: f(values (N, 63), unknown (N, 63)) -> (N, 63): columns of `PUBLISHED_63`, not scaled, with the cells that are marked
#: filled and all other kinematic ones as they were.
Fill = Callable[[Array, Mask], Array]

_HORIZONTAL: Final = (PELVIS_TRANSLATIONS[0], PELVIS_TRANSLATIONS[2])

_HEADING_NOTES = {
    "pelvis": None,
    "path": "the orientation of the pelvis is not known: the direction of its path was taken for the walking direction",
    "axis": "the walking direction is not known: it was taken to be along X",
}


@dataclass(frozen=True)
class Completion:
    """A completed motion.

    Attributes
    ----------
    trial
        The motion; what was generated is named in its `generated` and still marked `missing`, and its warnings tell of
        both. The very trial that was put in where nothing was missing.
    columns
        The columns of the completed motion. Those of coordinates that the model does not have hold what was filled;
        none but those of the forces is marked missing.
    filled
        (63,) which kinematic columns were filled.
    """

    trial: Trial
    columns: PublishedColumns
    filled: Mask


def complete_trial(trial: Trial, fill: Fill) -> Completion:
    """Fill the coordinates that are missing, and the gaps in time of the others.

    Parameters
    ----------
    trial
        Some of its coordinates may be missing, others have `gaps`; of toes no network knows, their substitute stays.
    fill
        What fills the columns.

    Raises
    ------
    UserInputError
        No column is known, or `columns_of_trial` cannot describe the trial.

    Notes
    -----
    Differences from the published code: measured coordinates stay as they are, also those of a joint of which another
    angle is missing; the columns that go on to the forces are those of the completed motion, so that angles, rates and
    the pelvis' path agree with each other and with the motion that is written; the pelvis has a height; there can be
    gaps in time.
    """
    columns = columns_of_trial(replace(trial, forces=None))
    kinematic = list(PUBLISHED_63.kinematic)
    unknown = unknown_cells(trial, columns)
    if not unknown[:, kinematic].any():
        return Completion(trial, columns, np.zeros_like(columns.missing))
    if columns.missing[kinematic].all():
        raise UserInputError(
            f"{trial.name}: no joint is known as a whole, there is nothing to complete the motion from",
            remedy="give at least one knee or ankle, or the three angles of a hip or of the pelvis",
        )
    filled = fill(columns.values, unknown)
    generated = tuple(
        name
        for name, gone in zip(trial.coordinates, trial.missing, strict=True)
        if gone and canonical(name) in FULL_BODY and canonical(name) not in DROPPED
    )
    completed = _with_gaps_filled(filled, columns, trial)
    afloat = any(canonical(name) == "pelvis_ty" for name in generated)
    if afloat:
        completed = stand_on_floor(completed)
    described, absent = _described(replace(completed, generated=generated), filled)
    notes = _notes(trial, columns, generated, absent)
    if afloat:
        notes.append("the height of the pelvis was set so that the feet stand on the floor at y = 0")
    lost = columns.missing.copy()
    lost[list(PUBLISHED_63.kinetic)] = False
    return Completion(_told(trial, completed, generated, notes), described, lost)


def with_motion(completion: Completion, trial: Trial) -> Completion:
    """Put another motion in the place of the completed one, of which the same coordinates were generated."""
    described, _ = _described(trial, completion.columns.values)
    return replace(completion, trial=trial, columns=described)


def _described(trial: Trial, filled: Array) -> tuple[PublishedColumns, Mask]:
    """Describe a completed trial in columns; those of coordinates that the model does not have are `filled` ones."""
    resting = trial.missing & ~np.isin(trial.coordinates, trial.generated)
    described = columns_of_trial(replace(trial, missing=resting, forces=None))
    # What is still unknown now is of coordinates that the model does not have.
    absent = described.missing.copy()
    absent[list(PUBLISHED_63.kinetic)] = False
    values = np.where(absent, filled, described.values)
    return replace(described, values=values, missing=described.missing & ~absent), absent


def generated_cells(trial: Trial) -> Mask:
    """Mark the cells (T, C) of a completed trial that were generated."""
    cells = np.repeat(np.isin(trial.coordinates, trial.generated)[None], len(trial.time), axis=0)
    return cells if trial.gaps is None else cells | trial.gaps


def unknown_cells(trial: Trial, columns: PublishedColumns) -> Mask:
    """Mark the cells (N, 63) of a trial's columns that are not known, because of missing coordinates or of gaps.

    Velocities are unknown for some frames around a gap too, where filters carry it.
    """
    unknown = np.repeat(columns.missing[None], len(columns.time), axis=0)
    if trial.gaps is None:
        return unknown
    place = np.interp(columns.time, trial.time, np.arange(len(trial.time)))
    before, after = np.floor(place + 1e-6).astype(int), np.ceil(place - 1e-6).astype(int)
    for index, name in enumerate(trial.coordinates):
        if trial.gaps[:, index].any() and not trial.missing[index]:
            gap = trial.gaps[before, index] | trial.gaps[after, index]
            # Where people walk along no axis of the ground, both horizontal velocities depend on either coordinate.
            names = _HORIZONTAL if canonical(name) in _HORIZONTAL else (canonical(name),)
            lost, filtered = PUBLISHED_63.unknown(names), np.array(PUBLISHED_63.filtered)
            unknown |= gap[:, None] & lost
            unknown |= binary_dilation(gap, iterations=FILTER_REACH)[:, None] & (lost & filtered)
    return unknown


def _with_gaps_filled(filled: Array, columns: PublishedColumns, trial: Trial) -> Trial:
    """Bring filled columns back into the trial; what fills a gap meets what was measured around it."""
    gaps = trial.gaps
    if gaps is None:
        return trial_of_columns(filled, columns, trial)
    broken = gaps.any(0) & ~trial.missing
    lost = PUBLISHED_63.unknown(canonical(n) for n, b in zip(trial.coordinates, broken, strict=True) if b)
    source = replace(columns, missing=columns.missing | lost)
    values = trial_of_columns(filled, source, replace(trial, missing=trial.missing | broken)).values.copy()
    for index in np.flatnonzero(broken):
        there = ~gaps[:, index]
        off = trial.values[there, index] - values[there, index]
        values[:, index] += np.interp(trial.time, trial.time[there], off)
        values[there, index] = trial.values[there, index]
    return replace(trial, values=values, forces=None)


def _told(trial: Trial, completed: Trial, generated: tuple[str, ...], notes: list[str]) -> Trial:
    """Give the completed trial its names, its warnings and, where there are any, the measured forces back."""
    outdated = trial.provenance.get("substitute_warnings", ())
    kept = [w for w in trial.warnings if not (isinstance(outdated, (list, tuple)) and w in outdated)]
    resting = [
        name for name, gone in zip(trial.coordinates, trial.missing, strict=True) if gone and name not in generated
    ]
    if resting:
        notes = [*notes, f"neither measured nor generated, a substitute stands for them: {', '.join(resting)}"]
    provenance = {**trial.provenance, "substituted_coordinates": resting, "generated_coordinates": list(generated)}
    provenance.pop("substitute_warnings", None)
    return replace(completed, forces=trial.forces, generated=generated, warnings=(*kept, *notes), provenance=provenance)


def _notes(trial: Trial, columns: PublishedColumns, generated: tuple[str, ...], unknown: Mask) -> list[str]:
    """Tell what was generated, and from what."""
    notes = []
    if generated:
        notes.append(f"coordinates that were generated, not measured: {', '.join(generated)}")
    if trial.gaps is not None:
        rate = trial.rate
        filled = [f"{n} ({g / rate:.2f} s)" for n, g in zip(trial.coordinates, trial.gaps.sum(0), strict=True) if g]
        notes.append(f"gaps in time that were generated, not measured: {', '.join(filled)}")
    lost = {name for i in np.flatnonzero(columns.missing) for name in PUBLISHED_63.columns[i].coordinates}
    unseen = [
        name
        for name, gone in zip(trial.coordinates, trial.missing, strict=True)
        if not gone and canonical(name) in lost
    ]
    if unseen:
        notes.append(
            "measured and kept, but of no use for generating the others without the missing coordinates of the same "
            f"joint: {', '.join(unseen)}"
        )
    if unknown.any():
        names = {name for i in np.flatnonzero(unknown) for name in PUBLISHED_63.columns[i].coordinates}
        absent = sorted(names - {canonical(name) for name in trial.coordinates}, key=FULL_BODY.index)
        notes.append(f"filled for the networks only, the model has no such coordinate: {', '.join(absent)}")
    heading = _HEADING_NOTES[columns.heading]
    if heading:
        notes.append(heading)
    ignored = trial.provenance.get("ignored_columns", ())
    if generated and isinstance(ignored, (list, tuple)) and ignored:
        notes.append(
            f"columns of the file that were not used: {', '.join(map(str, ignored))}; is one of them a coordinate that "
            "was generated, under another name?"
        )
    return notes
