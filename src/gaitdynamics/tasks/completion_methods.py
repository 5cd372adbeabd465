"""Ways to complete a motion, each behind one call, so that they can be compared."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from gaitdynamics.body.stature import estimate_height
from gaitdynamics.diffusion.sampling import SamplingPlan
from gaitdynamics.features.published.schema import PUBLISHED_63
from gaitdynamics.inference.completion import complete_trial
from gaitdynamics.inference.samples import complete_with_samples
from gaitdynamics.tasks.completion import loaded_network
from gaitdynamics.tasks.forces import estimate_forces
from gaitdynamics.trial import Array, FootForces, Mask, Trial


@dataclass(frozen=True)
class ByDiffusion:
    """A diffusion network.

    Attributes
    ----------
    weights
        As of `complete_motion`.
    samples, seed, plan, plant
        As of `complete_with_samples`.
    """

    weights: str | None = None
    samples: int = 1
    seed: int = 0
    plan: SamplingPlan | None = None
    plant: bool = True

    def __call__(self, trial: Trial) -> Trial:
        """Complete a motion."""
        network = loaded_network(self.weights)
        found = complete_with_samples(
            trial, network, seed=self.seed, samples=self.samples, plan=self.plan, plant=self.plant
        )
        return found.middle.trial


@dataclass(frozen=True)
class ByConstants:
    """One number per column, whatever the motion: the median of the training frames, or the middle of their range.

    Attributes
    ----------
    values
        Of the 63 columns.
    """

    values: tuple[float, ...]

    def __call__(self, trial: Trial) -> Trial:
        """Complete a motion."""
        known = trial
        if trial.subject.height_m is None:
            height = estimate_height(trial.subject.model)
            known = replace(trial, subject=replace(trial.subject, height_m=height))

        def fill(values: Array, unknown: Mask) -> Array:
            kinematic = np.isin(np.arange(len(self.values)), PUBLISHED_63.kinematic)
            return np.where(unknown & kinematic, np.array(self.values), values)

        return replace(complete_trial(known, fill).trial, subject=trial.subject)


@dataclass(frozen=True)
class BySubstitutes:
    """What reading a motion puts in the place of absent coordinates: the model's default, and a torso held upright."""

    def __call__(self, trial: Trial) -> Trial:
        """Take the substitutes for the motion."""
        names = tuple(name for name, gone in zip(trial.coordinates, trial.missing, strict=True) if gone)
        return replace(trial, generated=names)


@dataclass(frozen=True)
class ForcesOfCompleted:
    """Forces of a completed motion, by the foot-view network.

    Attributes
    ----------
    weights
        Name or folder of its weights; None takes the packaged ones.
    """

    weights: str | Path | None = None

    def __call__(self, trial: Trial) -> FootForces:
        """Estimate; everything that was generated counts as known."""
        return estimate_forces(replace(trial, gaps=None), weights=self.weights).forces
