"""What if this person had moved otherwise: chosen coordinates changed, the rest of the body follows (paper, Task 2)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from gaitdynamics.body.balance import balance, support_of
from gaitdynamics.columns import FULL_BODY, LUMBAR, PELVIS_ROTATIONS, PELVIS_TRANSLATIONS, canonical, leg
from gaitdynamics.errors import UserInputError
from gaitdynamics.features.body_state import body_state
from gaitdynamics.features.floor import estimate_floor
from gaitdynamics.features.published.schema import DROPPED, PUBLISHED_63
from gaitdynamics.features.published.trial import columns_of_trial, trial_of_columns
from gaitdynamics.features.standing import stand_on_floor
from gaitdynamics.inference.filling import Facts
from gaitdynamics.inference.motion_network import MotionNetwork
from gaitdynamics.inference.steering import FAST_STEERING, SteeringPlan, steer_columns, straight_line, with_difference
from gaitdynamics.signals import low_pass
from gaitdynamics.tasks.generated import GeneratedMotion, generated_motion, measured_motion, with_height
from gaitdynamics.trial import Trial

#: Share of the range of motion by which the rest of the body may leave the measured motion at no cost (paper).
MARGIN: Final = 0.10

#: Changes of trunk angles are low-passed [Hz]: scaled noise of a trunk of half the body's mass asks the ground for
#: forces that no one exerts. Three harmonics of a stride pass.
TRUNK_BANDWIDTH: Final = 3.0

#: What may move to keep the balance when the trunk is changed.
_BALANCING: Final = (*PELVIS_ROTATIONS, *PELVIS_TRANSLATIONS, *leg("r")[:6], *leg("l")[:6])


@dataclass(frozen=True)
class Change:
    """A change of one coordinate: held at a value if one is given, then scaled about zero, then shifted.

    Attributes
    ----------
    coordinate
        Name, by any known spelling.
    scale
        Factor.
    shift
        [rad or m].
    hold
        [rad or m]; None leaves the course over time.
    """

    coordinate: str
    scale: float = 1.0
    shift: float = 0.0
    hold: float | None = None


@dataclass(frozen=True)
class Modification:
    """A motion before and after changes.

    Attributes
    ----------
    changes
        What was changed.
    before, after
        The measured motion, and the generated one with the changed coordinates as they were asked for.
    margin
        Share of the range of motion that was free.
    balanced
        Whether the motion was corrected so that the ground can carry it.
    network
        Name of the diffusion weights.
    seed
        Of the noise.
    """

    changes: tuple[Change, ...]
    before: GeneratedMotion
    after: GeneratedMotion
    margin: float
    balanced: bool
    network: str
    seed: int


def apply_changes(trial: Trial, changes: Sequence[Change]) -> Trial:
    """Change coordinates and nothing else: the manipulated motion of the paper.

    Raises
    ------
    UserInputError
        A coordinate is not in the model, was not measured, or is the position of the pelvis.
    """
    names = [canonical(name) for name in trial.coordinates]
    values = trial.values.copy()
    for change in changes:
        name = canonical(change.coordinate)
        _check_coordinate(trial, names, name, change.coordinate)
        place = names.index(name)
        wanted = values[:, place] if change.hold is None else np.full(len(values), change.hold)
        added = wanted * change.scale + change.shift - values[:, place]
        if name in LUMBAR and change.hold is None:
            added = low_pass(added, trial.rate, TRUNK_BANDWIDTH)
        values[:, place] += added
    return trial.with_values(values)


def _check_coordinate(trial: Trial, names: list[str], name: str, said: str) -> None:
    if name not in names or name not in FULL_BODY or name in DROPPED:
        there = [c for c in FULL_BODY if c in names and c not in (*DROPPED, *PELVIS_TRANSLATIONS)]
        raise UserInputError(
            f"{trial.name}: there is no coordinate '{said}' to change",
            remedy=f"choose among {', '.join(there)}",
        )
    if name in PELVIS_TRANSLATIONS:
        raise UserInputError(
            f"{trial.name}: the place of the pelvis follows from the rest of the motion and cannot be changed alone",
            remedy="change angles; for another speed use 'gaitdynamics speed'",
        )
    if trial.missing[names.index(name)]:
        raise UserInputError(
            f"{trial.name}: '{said}' was not measured; what stands for it is a substitute",
            remedy="give a motion with that coordinate, or complete this one first",
        )


def modify_motion(
    trial: Trial,
    changes: Sequence[Change],
    network: MotionNetwork,
    *,
    margin: float = MARGIN,
    balanced: bool | None = None,
    paired: bool = True,
    seed: int = 0,
    plan: SteeringPlan = FAST_STEERING,
    before: GeneratedMotion | None = None,
) -> Modification:
    """Change coordinates of a motion and let the rest of the body follow.

    Parameters
    ----------
    trial
        The measured motion, of any length and rate.
    changes
        What to change.
    network
        The diffusion network.
    margin
        Share of the range of motion by which the other coordinates may leave the measured motion at no cost.
    balanced
        Whether to correct the motion at the end so that feet stay where they are and the ground can carry it
        (`body.balance`). By default where only the trunk is changed: other changes move the feet.
    paired
        Whether to take what the change does from a pair of samples (`inference.steering.with_difference`), the
        generator's own errors cancelling out; or one sample as it is, as in the paper.
    seed
        Of the noise.
    plan
        How to sample.
    before
        What `measured_motion` gives for the trial, where it is at hand.

    Raises
    ------
    UserInputError
        A change is not possible, or the motion cannot be described (`columns_of_trial`).

    Notes
    -----
    Differences from the paper: `paired` samples; the last step, `balanced`; the added sway of the trunk is low-passed
    (`TRUNK_BANDWIDTH`); the path of the pelvis, which the network gives as a velocity, does not drift away from the
    measured one; forces come not only from the diffusion but also from the packaged network on the generated motion.
    Coordinates that were not measured are generated freely. The changed coordinates are known to the network, with the
    other angles of their joint, as there.
    """
    if not changes:
        raise UserInputError("nothing is to be changed", remedy="give at least one change, such as lumbar_bending=2.5")
    trial = with_height(trial)
    before = before or measured_motion(trial)
    bare = replace(trial, forces=None)
    manipulated = apply_changes(bare, changes)
    source = columns_of_trial(manipulated)
    names = [canonical(change.coordinate) for change in changes]
    known = PUBLISHED_63.unknown(names) & ~source.missing
    facts = Facts(height=source.height_m)
    values = steer_columns(network, source.values, known, source.missing, margin, seed=seed, plan=plan, facts=facts)
    generated = trial_of_columns(values, source, manipulated, keep_measured=False, keep_pelvis=False)
    if paired:
        usual = columns_of_trial(bare)
        control = steer_columns(network, usual.values, known, source.missing, margin, seed=seed, plan=plan, facts=facts)
        unchanged = trial_of_columns(control, usual, bare, keep_measured=False, keep_pelvis=False)
        motion = with_difference(manipulated, generated, unchanged, margin)
    else:
        motion = _without_drift(generated, bare)
    motion = _with_coordinates(motion, manipulated, names)
    trunk_only = set(names) <= set(LUMBAR)
    balanced = trunk_only if balanced is None else balanced
    if balanced:
        floor = estimate_floor(body_state(bare)).height
        support = replace(support_of(bare, floor), foot=support_of(manipulated, floor).foot)
        motion = balance(motion, support, [name for name in _BALANCING if name not in names])
    elif not trunk_only:
        motion = stand_on_floor(motion)
    after = generated_motion(_described(motion, trial, changes), values, source)
    return Modification(tuple(changes), before, after, margin, balanced, network.name, seed)


def _with_coordinates(motion: Trial, manipulated: Trial, names: Sequence[str]) -> Trial:
    """Put the changed coordinates in exactly as they were asked for."""
    values = motion.values.copy()
    for place, name in enumerate(motion.coordinates):
        if canonical(name) in names:
            values[:, place] = manipulated.values[:, place]
    return motion.with_values(values)


def _without_drift(motion: Trial, measured: Trial) -> Trial:
    """Take away the straight line by which an integrated path of the pelvis leaves the measured one."""
    values = motion.values.copy()
    for place, name in enumerate(motion.coordinates):
        if canonical(name) in PELVIS_TRANSLATIONS and not measured.missing[place]:
            values[:, place] -= straight_line(motion.time, values[:, place] - measured.values[:, place])
    return motion.with_values(values)


def _described(motion: Trial, trial: Trial, changes: Sequence[Change]) -> Trial:
    """Name the motion and say what was generated."""
    changed = {canonical(change.coordinate) for change in changes}
    generated = [
        name
        for name, gone in zip(trial.coordinates, trial.missing, strict=True)
        if not gone and canonical(name) in FULL_BODY and canonical(name) not in (*DROPPED, *changed)
    ]
    note = f"generated, not measured; changed on purpose: {', '.join(sorted(changed))}"
    return replace(
        motion,
        name=f"{trial.name}_modified",
        warnings=(*trial.warnings, note),
        provenance={**trial.provenance, "generated_coordinates": generated},
    )
