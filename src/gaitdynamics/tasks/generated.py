"""A motion that no one performed, with what it would take: forces by two ways, and how physical each is."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from gaitdynamics.body.stature import estimate_height
from gaitdynamics.evaluation.knee_adduction import StanceCurve, stance_curves
from gaitdynamics.evaluation.newton import NewtonScore, newton_score
from gaitdynamics.features.newton import demanded_force
from gaitdynamics.features.published.trial import PublishedColumns, forces_of_columns
from gaitdynamics.tasks.forces import estimate_forces
from gaitdynamics.tasks.moments import MomentsResult, compute_moments
from gaitdynamics.tasks.results import ForceEstimate
from gaitdynamics.trial import Array, FootForces, Trial


@dataclass(frozen=True)
class Kinetics:
    """Forces of one origin on the feet of a motion, and what follows from them.

    Attributes
    ----------
    forces
        At the times of the motion.
    moments
        Joint moments and the knee adduction moment by exact inverse dynamics.
    newton
        What forces and motion leave unexplained [%BW].
    """

    forces: FootForces
    moments: MomentsResult
    newton: NewtonScore

    def knee_adduction(self, side: str | None = None) -> list[StanceCurve]:
        """Give the knee adduction moment of each whole stance [%BW.BH], of one side or both."""
        moment = self.moments.knee_adduction_percent
        assert moment is not None, "the body height was made known before"
        return [c for c in stance_curves(moment, self.moments.stances()) if side in (None, c.side)]


@dataclass(frozen=True)
class GeneratedMotion:
    """A motion, measured or generated, and the forces that go with it.

    Attributes
    ----------
    trial
        The motion.
    estimate
        Forces by the packaged network on that motion, with all that is told about them.
    refiner
        The same forces and what follows from them.
    diffusion
        Those that the diffusion network generated together with the motion; None for a measured motion.
    measured
        Those of force plates; None where there are none.
    """

    trial: Trial
    estimate: ForceEstimate
    refiner: Kinetics
    diffusion: Kinetics | None = None
    measured: Kinetics | None = None


def with_height(trial: Trial) -> Trial:
    """Make the body height known: where it was not told, it is estimated from the skeleton, with a warning."""
    if trial.subject.height_m is not None:
        return trial
    height = estimate_height(trial.subject.model)
    note = f"the body height is not known; from the skeleton it was estimated to be {height:.2f} m"
    return replace(trial, subject=replace(trial.subject, height_m=height), warnings=(*trial.warnings, note))


def kinetics_of(trial: Trial, forces: FootForces, demanded: Array | None = None) -> Kinetics:
    """Compute joint moments and Newton's residual.

    Parameters
    ----------
    trial
        The motion.
    forces
        At its times.
    demanded
        What `demanded_force` gives for it, where it is at hand.
    """
    demanded = demanded_force(trial) if demanded is None else demanded
    valid = np.ones((len(trial.time), 2), dtype=np.bool_) if forces.valid is None else forces.valid
    score = newton_score(forces, demanded, valid, trial.body_weight)
    return Kinetics(forces, compute_moments(trial, forces), score)


def measured_motion(trial: Trial) -> GeneratedMotion:
    """Estimate the forces of a motion that was measured, and keep those of plates apart."""
    bare = replace(trial, forces=None)
    estimate = estimate_forces(bare)
    demanded = demanded_force(bare)
    plates = None if trial.forces is None else kinetics_of(bare, trial.forces, demanded)
    return GeneratedMotion(bare, estimate, kinetics_of(bare, estimate.forces, demanded), measured=plates)


def generated_motion(trial: Trial, values: Array, source: PublishedColumns) -> GeneratedMotion:
    """Give a generated motion its forces.

    Parameters
    ----------
    trial
        The motion in the person's own model.
    values
        (N, 63) not scaled: what was generated, forces included.
    source
        The columns of the motion that it was made from: clock, heading and units.
    """
    estimate = estimate_forces(trial)
    forces = forces_of_columns(values, source, trial, floor_height=estimate.floor_height)
    demanded = demanded_force(trial)
    return GeneratedMotion(
        trial,
        estimate,
        kinetics_of(trial, estimate.forces, demanded),
        diffusion=kinetics_of(trial, forces, demanded),
    )
