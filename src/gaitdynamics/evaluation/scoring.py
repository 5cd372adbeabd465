"""Estimated against measured forces of one trial, by every method and under every protocol."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Final, Protocol

import numpy as np

from gaitdynamics.columns import SIDES
from gaitdynamics.dataset.records import TrialRecord
from gaitdynamics.errors import GaitError, UserInputError
from gaitdynamics.evaluation.coverage import Spread, coverage_rows, spread_of
from gaitdynamics.evaluation.gait_cycles import CycleRules, GaitCycle, gait_cycles, scored_frames
from gaitdynamics.evaluation.heading import heading
from gaitdynamics.evaluation.metrics import score_foot, stance_curves
from gaitdynamics.evaluation.moment_metrics import JointMoments, score_moments
from gaitdynamics.evaluation.newton import newton_score
from gaitdynamics.evaluation.tally import RESULT_KEYS, CurvePair, Tally
from gaitdynamics.features.heading import to_heading
from gaitdynamics.trial import Array, FootForces, Trial

#: Estimates forces from a motion, at the times of the motion.
Method = Callable[[Trial], FootForces]

#: The protocol whose numbers the tables show; both feet, see `gait_cycles`.
MAIN_PROTOCOL: Final = "both_feet"

#: Largest difference between the times of an estimate and of its motion [s].
CLOCK_TOLERANCE = 1e-6

#: What may go wrong inside a method on a particular trial. A KeyError, TypeError or AssertionError is a
#: mistake in the program and is let through.
TRIAL_ERRORS = (GaitError, ValueError, ArithmeticError, RuntimeError)


class Dynamics(Protocol):
    """What the motion demands, and what moments the joints have with given forces."""

    def demanded_force(self, trial: Trial) -> Array:
        """Give mass times (acceleration minus gravity) at the times of the trial, (T, 3) [N]."""

    def joint_moments(self, trial: Trial, forces: FootForces) -> JointMoments:
        """Compute the joint moments."""


@dataclass(frozen=True)
class Plan:
    """How trials are scored.

    Attributes
    ----------
    methods
        By name.
    protocols
        What counts as a gait cycle, by name of the protocol; `MAIN_PROTOCOL` is one of them.
    dynamics
        For joint moments and Newton's residual; None leaves both out.
    """

    methods: Mapping[str, Method]
    protocols: Mapping[str, CycleRules]
    dynamics: Dynamics | None = None


@dataclass(frozen=True)
class Assignment:
    """A trial to score, its measured forces divided by `plate_gain` first."""

    record: TrialRecord
    plate_gain: float = 1.0


@dataclass(frozen=True)
class _Reference:
    """The measurement on one foot, turned into the walking direction, with its cycles."""

    protocol: str
    side: str
    force: Array
    cop: Array
    cycles: tuple[GaitCycle, ...]


@dataclass(frozen=True)
class _Consequences:
    """What follows from the forces of a method: residuals as columns of the table, and joint moments."""

    residuals: Mapping[str, float]
    measured: JointMoments
    estimated: JointMoments


@dataclass(frozen=True)
class _Estimate:
    """What a method gave, and what it took [s of one core]."""

    method: str
    forces: FootForces
    seconds: float


class TrialScorer:
    """Scores one trial.

    Parameters
    ----------
    assignment, plan
        What to score, and how.
    """

    def __init__(self, assignment: Assignment, plan: Plan) -> None:
        self.record, self.gain, self.plan = assignment.record, assignment.plate_gain, plan
        self.tally = Tally()

    def score(self) -> Tally:
        """Find everything; what cannot be scored is listed as left out, with the reason."""
        try:
            trial = with_gain_removed(self.record.load(), self.gain)
        except UserInputError as error:
            self.tally.leave_out(self.record, str(error))
            return self.tally
        self.angle = heading(trial)
        references = [r for r in self._references(trial) if r.cycles]
        if references:
            estimates = list(self._estimates(trial))
            dynamics = self._dynamics(trial, estimates)
            for estimate in estimates:
                for reference in references:
                    self._score_foot(trial, reference, estimate, dynamics.get(estimate.method))
        return self.tally

    def _references(self, trial: Trial) -> Iterator[_Reference]:
        assert trial.forces is not None
        assert trial.forces.valid is not None
        along = np.full(len(trial.time), self.angle)
        overground = trial.surface.kind == "overground"
        for protocol, rules in self.plan.protocols.items():
            for side in rules.sides:
                foot = SIDES.index(side)
                force = to_heading(trial.forces.force[:, foot], along)
                valid = trial.forces.valid[:, foot]
                cycles = gait_cycles(force[:, 1], valid, trial.rate, trial.body_weight, rules, overground=overground)
                if not cycles:
                    reason = _nothing_found(trial, rules)
                    self.tally.leave_out(self.record, reason, side=side, protocol=protocol)
                yield _Reference(protocol, side, force, to_heading(trial.forces.cop[:, foot], along), cycles)

    def _estimates(self, trial: Trial) -> Iterator[_Estimate]:
        blind = replace(trial, forces=None)
        for name, method in self.plan.methods.items():
            start = time.process_time()
            try:
                forces = _checked(method(blind), trial)
            except TRIAL_ERRORS as error:
                self.tally.leave_out(self.record, f"{type(error).__name__}: {error}", method=name)
                continue
            yield _Estimate(name, forces, time.process_time() - start)

    def _dynamics(self, trial: Trial, estimates: list[_Estimate]) -> dict[str, _Consequences]:
        """Give for each method what follows from its forces."""
        dynamics = self.plan.dynamics
        if dynamics is None or not estimates:
            return {}
        assert trial.forces is not None
        assert trial.forces.valid is not None
        demanded = dynamics.demanded_force(trial)
        measured = dynamics.joint_moments(trial, trial.forces)
        valid, weight = trial.forces.valid, trial.body_weight
        of_plates = newton_score(trial.forces, demanded, valid, weight)
        found = {}
        for estimate in estimates:
            score = newton_score(estimate.forces, demanded, valid, weight)
            residuals = {
                "newton_frames": score.frames,
                "newton_vertical": score.vertical,
                "newton_total": score.total,
                "newton_measured_vertical": of_plates.vertical,
                "newton_measured_total": of_plates.total,
            }
            moments = dynamics.joint_moments(trial, estimate.forces)
            found[estimate.method] = _Consequences(residuals, measured, moments)
        return found

    def _score_foot(
        self, trial: Trial, reference: _Reference, estimate: _Estimate, consequences: _Consequences | None
    ) -> None:
        foot = SIDES.index(reference.side)
        along = np.full(len(trial.time), self.angle)
        force, cop = (to_heading(x[:, foot], along) for x in (estimate.forces.force, estimate.forces.cop))
        rules = self.plan.protocols[reference.protocol]
        limits = rules.walking_peak if self.record.activity != "running" else None
        mass = trial.subject.mass_kg
        score = score_foot(
            reference.force,
            force,
            reference.cop,
            cop,
            reference.cycles,
            rate=trial.rate,
            body_weight=trial.body_weight,
            peak_range=None if limits is None else (limits[0] * mass, limits[1] * mass),
        )
        row = self._keys(reference.side, estimate.method) | {
            "protocol": reference.protocol,
            "plate_gain": self.gain,
            "heading_deg": float(np.rad2deg(self.angle)),
            "whole_interval": reference.cycles[0].whole_interval,
            "motion_s": len(trial.time) / trial.rate,
            "work_s": estimate.seconds,
            **asdict(score),
        }
        if consequences is not None:
            found = consequences
            row |= score_moments(found.measured, found.estimated, reference.cycles, reference.side)
            row |= found.residuals
        self.tally.rows.append(row)
        if reference.protocol == MAIN_PROTOCOL and self.gain == 1.0:
            self._keep_curves(trial, reference, estimate.method, force)
            spread = spread_of(estimate.forces, self.angle)
            if spread is not None:
                self._keep_coverage(reference, estimate.method, force, cop, spread)

    def _keep_curves(self, trial: Trial, reference: _Reference, method: str, force: Array) -> None:
        measured, estimated = (stance_curves(f, reference.cycles, trial.body_weight) for f in (reference.force, force))
        record = self.record
        pair = CurvePair(record.study, record.activity, reference.side, method, measured, estimated)
        self.tally.curves.append(pair)

    def _keep_coverage(self, reference: _Reference, method: str, force: Array, cop: Array, spread: Spread) -> None:
        foot = SIDES.index(reference.side)
        scored = scored_frames(reference.cycles, len(force))
        found = coverage_rows(
            reference.force, force, reference.cop, cop, spread.force[:, foot], spread.cop[:, foot], scored
        )
        self.tally.coverage += [self._keys(reference.side, method) | row for row in found]

    def _keys(self, side: str, method: str) -> dict[str, object]:
        record = self.record
        keys = (
            record.study,
            record.subject,
            record.trial,
            record.split,
            record.activity,
            record.condition,
            record.surface.kind,
            side,
            method,
        )
        return dict(zip(RESULT_KEYS, keys, strict=True))


def with_gain_removed(trial: Trial, gain: float) -> Trial:
    """Divide the measured forces and free moments of a trial by a gain of the plates."""
    forces = trial.forces
    if forces is None or gain == 1.0:
        return trial
    free = None if forces.free_moment is None else forces.free_moment / gain
    return replace(trial, forces=replace(forces, force=forces.force / gain, free_moment=free))


def _nothing_found(trial: Trial, rules: CycleRules) -> str:
    if rules.all_frames:
        return "no valid frame of this foot"
    what = "no gait cycle"
    if trial.surface.kind == "overground" and rules.whole_interval:
        what += " and no complete stance"
    return f"{what} of accepted duration in the valid intervals of this foot"


def _checked(estimate: FootForces, trial: Trial) -> FootForces:
    if len(estimate.time) != len(trial.time) or np.abs(estimate.time - trial.time).max() > CLOCK_TOLERANCE:
        raise ValueError("the estimate is not at the times of the motion")
    if not (np.isfinite(estimate.force).all() and np.isfinite(estimate.cop).all()):
        raise ValueError("the estimate holds numbers that are not finite")
    return estimate
