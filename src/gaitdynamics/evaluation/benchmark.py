"""Estimated against measured forces over the trials of a catalogue.

Every trial of the split that was asked for ends up in one of two tables: scored, or left out with a reason.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace

import numpy as np
import pandas as pd
from rich.console import Console
from rich.progress import track

from gaitdynamics.columns import SIDES
from gaitdynamics.dataset.catalogue import Catalogue
from gaitdynamics.dataset.records import TrialRecord
from gaitdynamics.errors import GaitError, UserInputError
from gaitdynamics.evaluation.gait_cycles import CycleRules, GaitCycle, gait_cycles
from gaitdynamics.evaluation.heading import heading
from gaitdynamics.evaluation.metrics import FootScore, score_foot, stance_curves
from gaitdynamics.features.heading import to_heading
from gaitdynamics.trial import Array, FootForces, Trial

#: Estimates forces from a motion, at the times of the motion.
Method = Callable[[Trial], FootForces]

RESULT_KEYS = ("study", "subject", "trial", "split", "activity", "condition", "surface", "side", "method")
LEFT_OUT_COLUMNS = ("study", "subject", "trial", "split", "activity", "side", "method", "reason")

#: Largest difference between the times of an estimate and of its motion [s].
CLOCK_TOLERANCE = 1e-6

#: What may go wrong inside a method on a particular trial. A KeyError, TypeError or AssertionError is a
#: mistake in the program and is let through.
TRIAL_ERRORS = (GaitError, ValueError, ArithmeticError, RuntimeError)


@dataclass(frozen=True)
class CurvePair:
    """Measured and estimated force over the stances of one foot in one trial.

    Attributes
    ----------
    study, activity, side, method
        Where they belong.
    measured, estimated
        (S, 101, 3) [%BW] over 0-100 % of each measured stance; X forward, Y up, Z right.
    """

    study: str
    activity: str
    side: str
    method: str
    measured: Array
    estimated: Array


@dataclass(frozen=True)
class ForceEvaluation:
    """All that an evaluation found.

    Attributes
    ----------
    results
        One row per trial, foot and method: `RESULT_KEYS`, `heading_deg`, `whole_interval` and the fields of
        `metrics.FootScore`.
    left_out
        One row for all that was not scored (`LEFT_OUT_COLUMNS`); an empty side or method stands for all.
    curves
        For the figures.
    rules
        What counted as a gait cycle.
    """

    results: pd.DataFrame
    left_out: pd.DataFrame
    curves: tuple[CurvePair, ...]
    rules: CycleRules


@dataclass(frozen=True)
class _Reference:
    """The measurement on one foot, turned into the walking direction, with its cycles."""

    side: str
    force: Array
    cop: Array
    cycles: tuple[GaitCycle, ...]


@dataclass
class _Tally:
    """What has been found so far."""

    rows: list[dict[str, object]] = field(default_factory=list)
    left_out: list[dict[str, object]] = field(default_factory=list)
    curves: list[CurvePair] = field(default_factory=list)

    def leave_out(self, record: TrialRecord, reason: str, *, side: str = "", method: str = "") -> None:
        keys = (record.study, record.subject, record.trial, record.split, record.activity)
        self.left_out.append(dict(zip(LEFT_OUT_COLUMNS, (*keys, side, method, reason), strict=True)))


def evaluate_forces(
    catalogue: Catalogue,
    methods: Mapping[str, Method],
    *,
    split: str | Iterable[str],
    activities: Iterable[str] = ("walking", "running"),
    rules: CycleRules | None = None,
    console: Console | None = None,
) -> ForceEvaluation:
    """Score each method on each trial and foot.

    A method is given the trial without its measured forces. Its estimate is compared in every frame of the
    gait cycles, whatever it says about its own validity.

    Parameters
    ----------
    catalogue
        Of the data folder.
    methods
        By name.
    split
        One or several sides of the split; 'test' means both test sides.
    activities
        What is scored; trials of other activities are listed as left out.
    rules
        What counts as a gait cycle; both feet by default, `CycleRules.paper()` for the paper's own.
    console
        Where progress is shown; nowhere when None.

    Returns
    -------
    ForceEvaluation

    Raises
    ------
    UserInputError
        When the split is unknown, or no trial could be scored.
    """
    rules = rules or CycleRules()
    wanted = set(activities)
    chosen = catalogue.select(split=split)
    tally = _Tally()
    for record in track(
        chosen, "Scoring trials", console=console or Console(quiet=True), disable=console is None
    ):
        if record.activity not in wanted:
            tally.leave_out(record, f"activity '{record.activity}' was not asked for")
        else:
            _score_record(record, methods, rules, tally)
    if not tally.rows:
        reasons = "; ".join(sorted({str(row["reason"]) for row in tally.left_out})[:3])
        raise UserInputError(f"not one trial could be scored: {reasons}", file=catalogue.folder)
    return ForceEvaluation(
        pd.DataFrame(tally.rows),
        pd.DataFrame(tally.left_out, columns=list(LEFT_OUT_COLUMNS)),
        tuple(tally.curves),
        rules,
    )


def _score_record(
    record: TrialRecord, methods: Mapping[str, Method], rules: CycleRules, tally: _Tally
) -> None:
    try:
        trial = record.load()
    except UserInputError as error:
        tally.leave_out(record, str(error))
        return
    angle = heading(trial)
    along = np.full(len(trial.time), angle)
    references = []
    for reference in _references(trial, along, rules):
        if reference.cycles:
            references.append(reference)
        else:
            tally.leave_out(record, _nothing_found(trial, rules), side=reference.side)
    if not references:
        return
    blind = replace(trial, forces=None)
    for name, method in methods.items():
        try:
            estimate = _checked(method(blind), trial)
        except TRIAL_ERRORS as error:
            tally.leave_out(record, f"{type(error).__name__}: {error}", method=name)
            continue
        for reference in references:
            foot = SIDES.index(reference.side)
            force = to_heading(estimate.force[:, foot], along)
            cop = to_heading(estimate.cop[:, foot], along)
            score = score_foot(
                reference.force,
                force,
                reference.cop,
                cop,
                reference.cycles,
                rate=trial.rate,
                body_weight=trial.body_weight,
            )
            tally.rows.append(_result(record, reference, name, angle, score))
            measured, estimated = (
                stance_curves(f, reference.cycles, trial.body_weight) for f in (reference.force, force)
            )
            tally.curves.append(
                CurvePair(record.study, record.activity, reference.side, name, measured, estimated)
            )


def _nothing_found(trial: Trial, rules: CycleRules) -> str:
    what = "no gait cycle"
    if trial.surface.kind == "overground" and rules.whole_interval:
        what += " and no complete stance"
    return f"{what} of accepted duration in the valid intervals of this foot"


def _references(trial: Trial, along: Array, rules: CycleRules) -> list[_Reference]:
    assert trial.forces is not None
    assert trial.forces.valid is not None
    references = []
    for side in rules.sides:
        foot = SIDES.index(side)
        force = to_heading(trial.forces.force[:, foot], along)
        cop = to_heading(trial.forces.cop[:, foot], along)
        cycles = gait_cycles(
            force[:, 1],
            trial.forces.valid[:, foot],
            trial.rate,
            trial.body_weight,
            rules,
            overground=trial.surface.kind == "overground",
        )
        references.append(_Reference(side, force, cop, cycles))
    return references


def _checked(estimate: FootForces, trial: Trial) -> FootForces:
    if len(estimate.time) != len(trial.time) or np.abs(estimate.time - trial.time).max() > CLOCK_TOLERANCE:
        raise ValueError("the estimate is not at the times of the motion")
    if not (np.isfinite(estimate.force).all() and np.isfinite(estimate.cop).all()):
        raise ValueError("the estimate holds numbers that are not finite")
    return estimate


def _result(
    record: TrialRecord, reference: _Reference, method: str, angle: float, score: FootScore
) -> dict[str, object]:
    keys = (
        record.study,
        record.subject,
        record.trial,
        record.split,
        record.activity,
        record.condition,
        record.surface.kind,
        reference.side,
        method,
    )
    return {
        **dict(zip(RESULT_KEYS, keys, strict=True)),
        "heading_deg": float(np.rad2deg(angle)),
        "whole_interval": reference.cycles[0].whole_interval,
        **asdict(score),
    }
