"""Several completions of one motion, each as likely as the others, and the one in their middle."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

import numpy as np

from gaitdynamics.body.stature import estimate_height
from gaitdynamics.diffusion.sampling import SamplingPlan
from gaitdynamics.features.published.schema import PUBLISHED_63
from gaitdynamics.features.published.trial import forces_of_columns
from gaitdynamics.files.gaps import spans
from gaitdynamics.inference.completion import Completion, complete_trial, generated_cells, with_motion
from gaitdynamics.inference.filling import Facts, fill_cells, sample_seeds
from gaitdynamics.inference.motion_network import MotionNetwork
from gaitdynamics.inference.planting import plant_feet
from gaitdynamics.trial import Array, Mask, Trial

_KINEMATIC = list(PUBLISHED_63.kinematic)

#: A foot bears weight from this share of body weight on.
_BEARING: Final = 0.1
#: Gaps of at most this long [s] are not touched to plant feet: on the validation side that made them worse.
_SHORT_GAP: Final = 0.3


@dataclass(frozen=True)
class SampledCompletion:
    """Completions of one motion.

    Attributes
    ----------
    middle
        Made from the mean of the samples' columns; the only sample where there is one.
    samples
        Each sample on its own; none where nothing was missing, or only one was asked for.
    kinetics
        (N, 12) kinetic columns that the network generated along, the mean of the samples; None where nothing was
        missing.
    """

    middle: Completion
    samples: tuple[Completion, ...]
    kinetics: Array | None

    @property
    def spread(self) -> Array:
        """(T, C) standard deviation [rad or m] of the coordinates over the samples; zero where there is one."""
        if not self.samples:
            return np.zeros_like(self.middle.trial.values)
        return np.asarray(np.std([sample.trial.values for sample in self.samples], axis=0, ddof=1))


def complete_with_samples(
    trial: Trial,
    network: MotionNetwork,
    *,
    seed: int = 0,
    samples: int = 1,
    plan: SamplingPlan | None = None,
    plant: bool = True,
) -> SampledCompletion:
    """Complete a motion by a diffusion network.

    Parameters
    ----------
    trial
        Coordinates may be missing or have gaps in time. Where the body height is not known, that of the skeleton's
        proportions stands for it, as in training.
    network
        The diffusion network.
    seed
        Of the samples.
    samples
        How many to draw.
    plan
        How to sample, if not as fits the network.
    plant
        Whether to let feet that bear weight stand (`planting`).

    Raises
    ------
    UserInputError
        As `complete_trial`.
    """
    if trial.subject.height_m is None:
        height = estimate_height(trial.subject.model)
        note = f"the body height is not known, for completing the motion it was taken to be {height:.2f} m"
        known = replace(trial.subject, height_m=height)
        found = complete_with_samples(
            replace(trial, subject=known), network, seed=seed, samples=samples, plan=plan, plant=plant
        )
        return _with_subject_of(trial, found, note)
    drawn: list[Array] = []

    def middle(values: Array, unknown: Mask) -> Array:
        facts = Facts(height=trial.subject.height_m)
        drawn.extend(fill_cells(network, values, unknown, seeds=sample_seeds(seed, samples), plan=plan, facts=facts))
        return _kinematics(values, np.mean(drawn, axis=0))

    completion = complete_trial(trial, middle)
    if not drawn:
        return SampledCompletion(completion, (), None)
    several: Sequence[Array] = drawn if len(drawn) > 1 else ()
    each = [complete_trial(trial, partial(_take, filled=one)) for one in several]
    kinetics = [one[:, list(PUBLISHED_63.kinetic)] for one in (np.mean(drawn, axis=0), *several)]
    if plant:
        completion, *each = (_planted(c, forces) for c, forces in zip((completion, *each), kinetics, strict=True))
    return SampledCompletion(completion, tuple(each), kinetics[0])


def _take(values: Array, _: Mask, filled: Array) -> Array:
    return _kinematics(values, filled)


def _planted(completion: Completion, kinetics: Array) -> Completion:
    """Let the feet stand that bear weight in the forces that were generated along."""
    trial = completion.trial
    forces = forces_of_columns(kinetics, completion.columns, trial, floor_height=0.0)
    contact = forces.force[..., 1] > _BEARING * trial.body_weight
    return with_motion(completion, plant_feet(trial, _long_generated(trial), contact))


def _long_generated(trial: Trial) -> Mask:
    """Mark the cells (T, C) that were generated, but for short gaps: what is beside these places a foot better."""
    cells = generated_cells(trial)
    if trial.gaps is not None:
        for index in np.flatnonzero(trial.gaps.any(0) & ~cells.all(0)):
            for first, after in spans(cells[:, index]):
                cells[first:after, index] = after - first > round(_SHORT_GAP * trial.rate)
    return cells


def _kinematics(values: Array, filled: Array) -> Array:
    """Take the kinematic columns of what was filled."""
    result = values.copy()
    result[:, _KINEMATIC] = filled[:, _KINEMATIC]
    return result


def _with_subject_of(trial: Trial, found: SampledCompletion, note: str) -> SampledCompletion:
    """Put the subject without a height back, where something was filled at all."""
    if found.kinetics is None:
        return replace(found, middle=replace(found.middle, trial=trial))

    def put_back(completion: Completion) -> Completion:
        warnings = (*completion.trial.warnings, note)
        return replace(completion, trial=replace(completion.trial, subject=trial.subject, warnings=warnings))

    return replace(found, middle=put_back(found.middle), samples=tuple(map(put_back, found.samples)))
