"""Estimated against measured forces over the trials of a catalogue.

Every trial of the split that was asked for ends up in one of two tables: scored, or left out with a reason.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from types import MappingProxyType
from typing import Final

import pandas as pd
from rich.console import Console

from gaitdynamics.dataset.catalogue import Catalogue
from gaitdynamics.engines.in_order import run_parallel
from gaitdynamics.errors import UserInputError
from gaitdynamics.evaluation.gait_cycles import CycleRules
from gaitdynamics.evaluation.newton import PlateGain, plate_gain
from gaitdynamics.evaluation.scoring import MAIN_PROTOCOL, Assignment, Dynamics, Method, Plan, TrialScorer
from gaitdynamics.evaluation.tally import LEFT_OUT_COLUMNS, CurvePair, Tally

#: What counts as a gait cycle: ours, the text of the paper, and its published code.
PROTOCOLS: Final[Mapping[str, CycleRules]] = MappingProxyType(
    {MAIN_PROTOCOL: CycleRules(), "paper": CycleRules.paper(), "published_code": CycleRules.published_code()}
)


@dataclass(frozen=True)
class ForceEvaluation:
    """All that an evaluation found.

    Attributes
    ----------
    results
        One row per trial, foot, method, protocol and plate gain: `tally.RESULT_KEYS`, `protocol`, `plate_gain`,
        `heading_deg`, `whole_interval`, `motion_s` and `work_s` (duration of the trial, and time of one core that its
        estimate took), the fields of `metrics.FootScore`, and with dynamics those of `moment_metrics.score_moments`
        and the residuals of `newton`.
    left_out
        One row for all that was not scored (`tally.LEFT_OUT_COLUMNS`); an empty side, method or protocol stands for
        all.
    coverage
        One row per trial, foot, method, quantity and level (`coverage.coverage_rows`); empty without uncertainties.
    curves
        For the figures.
    gains
        Gain of the plates, by study, that was removed in the rows whose `plate_gain` is not 1.
    """

    results: pd.DataFrame
    left_out: pd.DataFrame
    coverage: pd.DataFrame
    curves: tuple[CurvePair, ...]
    gains: Mapping[str, PlateGain] = field(default_factory=dict)


def evaluate_forces(
    catalogue: Catalogue,
    methods: Mapping[str, Method],
    *,
    split: str | Iterable[str],
    activities: Iterable[str] = ("walking", "running"),
    protocols: Mapping[str, CycleRules] | None = None,
    dynamics: Dynamics | None = None,
    remove_gain: Iterable[str] = (),
    processes: int = 1,
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
    protocols
        What counts as a gait cycle, by name, as `PROTOCOLS`; None for 'both_feet' alone, which tables and figures show.
    dynamics
        For joint moments and Newton's residual; None leaves both out.
    remove_gain
        Studies whose trials are scored once more after the gain of their plates (`newton.plate_gain` over their trials
        of these activities) is removed from the measured forces.
    processes
        Number of processes; with more than one, methods and dynamics must be picklable.
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
    protocols = protocols or {MAIN_PROTOCOL: CycleRules()}
    wanted = set(activities)
    tally = Tally()
    records = []
    for record in catalogue.select(split=split):
        if record.activity in wanted:
            records.append(record)
        else:
            tally.leave_out(record, f"activity '{record.activity}' was not asked for")
    of_gain = {study: [r for r in records if r.study == study] for study in remove_gain}
    gains = {study: plate_gain(record.load() for record in own) for study, own in of_gain.items() if own}
    assignments = [Assignment(record) for record in records]
    assignments += [Assignment(r, gain.mean) for study, gain in gains.items() for r in of_gain[study]]
    score = partial(_score, plan=Plan(dict(methods), dict(protocols), dynamics))
    found = run_parallel(score, assignments, processes=processes, title="Scoring trials", console=console)
    for assignment, part in zip(assignments, found, strict=True):
        if assignment.plate_gain != 1.0:
            part.left_out.clear()  # the same as of the trial as it was recorded
        tally.add(part)
    if not tally.rows:
        reasons = "; ".join(sorted({str(row["reason"]) for row in tally.left_out})[:3])
        raise UserInputError(f"not one trial could be scored: {reasons}", file=catalogue.folder)
    return ForceEvaluation(
        pd.DataFrame(tally.rows),
        pd.DataFrame(tally.left_out, columns=list(LEFT_OUT_COLUMNS)),
        pd.DataFrame(tally.coverage),
        tuple(tally.curves),
        gains,
    )


def _score(assignment: Assignment, plan: Plan) -> Tally:
    return TrialScorer(assignment, plan).score()
