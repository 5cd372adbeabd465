"""Completing a motion: coordinates that were not measured, and gaps in time."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from gaitdynamics.columns import REQUIRED, canonical
from gaitdynamics.features.body_state import body_state
from gaitdynamics.features.footing import Footing, measure_footing
from gaitdynamics.inference.motion_network import MotionNetwork, load_motion_network
from gaitdynamics.inference.samples import complete_with_samples
from gaitdynamics.tasks.results import WeightsInfo
from gaitdynamics.trial import Array, Trial


@dataclass(frozen=True)
class CompletedMotion:
    """A completed motion, and how sure it is.

    Attributes
    ----------
    trial
        The motion. Coordinates that were generated are named in `generated`, gaps in time are marked in `gaps`.
    samples
        Samples around it, each as likely as the others; none where only one was asked for: then it is the motion.
    spread
        (T, C) standard deviation over the samples [rad or m].
    generator
        The network; None where nothing was missing.
    footing
        How still the feet stand in the motion; None where a leg or the pelvis is still not known.
    seed
        Of the random numbers.
    """

    trial: Trial
    samples: tuple[Trial, ...]
    spread: Array
    generator: WeightsInfo | None
    footing: Footing | None
    seed: int

    @property
    def warnings(self) -> tuple[str, ...]:
        """What a reader of the numbers has to know."""
        return self.trial.warnings


def complete_motion(
    trial: Trial, *, weights: str | Path | None = None, seed: int = 0, samples: int = 1
) -> CompletedMotion:
    """Generate what was not measured of a motion, from all that was.

    Parameters
    ----------
    trial
        Coordinates may be missing, or have gaps in time (`read_trial` with `allow_incomplete` and `max_gap`). What was
        measured stays as it is.
    weights
        Folder of a pair with a diffusion network, or name of packaged weights; None takes those of the package.
    seed
        Seed of the random numbers: the same gives the same motion.
    samples
        How many times to generate. The motion is made from their mean, which is nearest to all of them.

    Raises
    ------
    UserInputError
        Too little is known, the body cannot be described, or the weights do not exist.
    """
    network = loaded_network(None if weights is None else str(weights))
    found = complete_with_samples(trial, network, seed=seed, samples=samples)
    completed = found.middle.trial
    return CompletedMotion(
        trial=completed,
        samples=tuple(sample.trial for sample in found.samples),
        spread=found.spread,
        generator=None if found.kinetics is None else WeightsInfo(network.name, network.sha256, network.description),
        footing=_footing(completed),
        seed=seed,
    )


@lru_cache(maxsize=2)
def loaded_network(weights: str | None) -> MotionNetwork:
    """Load a diffusion network, once per process."""
    return load_motion_network(weights)


def _footing(trial: Trial) -> Footing | None:
    there = {canonical(name) for name in trial.generated}
    there |= {canonical(n) for n, gone in zip(trial.coordinates, trial.missing, strict=True) if not gone}
    if not there.issuperset(REQUIRED) or not np.isfinite(trial.values).all():
        return None
    return measure_footing(body_state(trial))
