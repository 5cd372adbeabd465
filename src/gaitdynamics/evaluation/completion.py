"""How well motions are completed: angles against those that were hidden, and forces of the completed motion."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Final

import numpy as np
import pandas as pd
from rich.console import Console

from gaitdynamics.dataset.quality import cut
from gaitdynamics.dataset.records import TrialRecord
from gaitdynamics.engines.in_order import run_parallel
from gaitdynamics.errors import UserInputError
from gaitdynamics.evaluation.gait_cycles import CycleRules
from gaitdynamics.evaluation.masks import MASKS, hide, with_gaps
from gaitdynamics.evaluation.motion_errors import motion_errors
from gaitdynamics.evaluation.robustness import cycles_of, foot_errors
from gaitdynamics.evaluation.scoring import MAIN_PROTOCOL, TRIAL_ERRORS, Method
from gaitdynamics.evaluation.summary import WEIGHTS, per_study
from gaitdynamics.trial import Trial

#: Completes a motion.
Completer = Callable[[Trial], Trial]

#: Name of what nothing was hidden from, and of the way it is completed.
WHOLE: Final = "nothing hidden"
AS_MEASURED: Final = "as measured"

#: Lengths of gaps in time [s].
GAPS: Final = (0.1, 0.2, 0.5, 1.0)

KEYS: Final = ("study", "subject", "trial", "split", "activity", "mask", "method")


@dataclass(frozen=True)
class CompletionPlan:
    """How completions are judged.

    Attributes
    ----------
    completers
        By name.
    forces
        Estimates forces of a completed motion; None leaves them out.
    gap_completers
        Those that also fill gaps in time.
    masks
        Sets of coordinates to hide, by name.
    gaps
        Lengths of gaps in time [s].
    longest
        So much of each trial is looked at, from its middle [s].
    """

    completers: Mapping[str, Completer]
    forces: Method | None
    gap_completers: Mapping[str, Completer]
    masks: Mapping[str, Sequence[str]] = field(default_factory=lambda: dict(MASKS))
    gaps: Sequence[float] = GAPS
    longest: float = 8.0


@dataclass(frozen=True)
class CompletionEvaluation:
    """What was found.

    Attributes
    ----------
    motions
        One row per trial, mask and method: `KEYS`, `angle_deg` root mean square error of the hidden angles [deg],
        `range_percent` that of each angle in percent of its range in that trial, averaged, `path_mm` that of the
        hidden pelvis path without its mean [mm], `slide_m_s` and `sink_mm` of the feet (`features.footing`), `seconds`
        of motion.
    forces
        One row per trial, foot, mask and method: `KEYS`, side, and the fields of `metrics.FootScore`.
    failures
        One row per trial, mask and method that failed, with the reason.
    """

    motions: pd.DataFrame
    forces: pd.DataFrame
    failures: pd.DataFrame


def evaluate_completion(
    records: Sequence[TrialRecord],
    plan: CompletionPlan,
    *,
    processes: int = 1,
    console: Console | None = None,
) -> CompletionEvaluation:
    """Hide parts of trials, have them completed, and compare.

    Parameters
    ----------
    records
        The trials.
    plan
        What to hide and how to judge.
    processes, console
        As for `benchmark.evaluate_forces`.

    Raises
    ------
    UserInputError
        No trial could be judged.
    """
    parts = run_parallel(
        partial(_score_record, plan=plan), records, processes=processes, title="Completing", console=console
    )
    tables: tuple[list[dict[str, object]], ...] = ([], [], [])
    for part in parts:
        for table, rows in zip(tables, part, strict=True):
            table.extend(rows)
    if not tables[0]:
        raise UserInputError("not one trial could be judged", remedy="look at the reasons of 'evaluate forces'")
    return CompletionEvaluation(*(pd.DataFrame(rows) for rows in tables))


_Rows = list[dict[str, object]]


def _score_record(record: TrialRecord, plan: CompletionPlan) -> tuple[_Rows, _Rows, _Rows]:
    trial = _middle(record.load(), plan.longest)
    rules = CycleRules()
    cycles = {side: cycles_of(trial, side, rules) for side in rules.sides} if plan.forces else {}
    motions: _Rows = []
    forces: _Rows = []
    failures: _Rows = []
    facts = (record.study, record.subject, record.trial, record.split, record.activity)
    for mask, name, hidden, complete in _cases(trial, plan):
        keys: dict[str, object] = dict(zip(KEYS, (*facts, mask, name), strict=True))
        try:
            completed = complete(hidden)
            motions.append(keys | motion_errors(trial, hidden, completed))
            if plan.forces and hidden.gaps is None:
                estimate = plan.forces(completed)
                forces += [
                    keys | {"side": side} | foot_errors(trial, estimate, side, own)
                    for side, own in cycles.items()
                    if own
                ]
        except TRIAL_ERRORS as error:
            failures.append(keys | {"reason": f"{type(error).__name__}: {error}"})
    return motions, forces, failures


def _cases(trial: Trial, plan: CompletionPlan) -> list[tuple[str, str, Trial, Completer]]:
    """List what to hide and how to complete it: mask, method, hidden trial, completer."""
    bare = replace(trial, forces=None)
    cases: list[tuple[str, str, Trial, Completer]] = [(WHOLE, AS_MEASURED, bare, _unchanged)]
    for mask, coordinates in plan.masks.items():
        hidden = hide(trial, coordinates)
        if hidden is not None:
            cases += [(mask, name, hidden, completer) for name, completer in plan.completers.items()]
    for seconds in plan.gaps:
        gappy = with_gaps(trial, seconds, seed=len(trial.time))
        if gappy is not None:
            cases += [(f"gap {seconds:g} s", name, gappy, completer) for name, completer in plan.gap_completers.items()]
    return cases


def _unchanged(trial: Trial) -> Trial:
    return trial


def _middle(trial: Trial, longest: float) -> Trial:
    frames = round(longest * trial.rate)
    if len(trial.time) <= frames:
        return trial
    first = (len(trial.time) - frames) // 2
    return cut(trial, first, first + frames)


def motion_table(evaluation: CompletionEvaluation) -> pd.DataFrame:
    """Average the errors of motions over trials, then over studies: one row per activity, mask and method.

    Angles and paths are pooled as mean squares, weighted by duration; feet as medians over trials.
    """
    rows = []
    columns = ("angle_deg", "path_mm")
    for (activity, mask, method), part in evaluation.motions.groupby(["activity", "mask", "method"], sort=False):
        row: dict[str, object] = {"activity": activity, "mask": mask, "method": method, "trials": len(part)}
        row["studies"] = part["study"].nunique()
        for name in columns:
            squares = [
                np.average(own[name] ** 2, weights=own["seconds"]) if own[name].notna().all() else np.nan
                for _, own in part.groupby("study")
            ]
            row[name] = float(np.sqrt(np.nanmean(squares))) if np.isfinite(squares).any() else float("nan")
        row["range_percent"] = float(part.groupby("study")["range_percent"].mean().mean())
        for name in ("slide_m_s", "sink_mm"):
            row[name] = float(part.groupby("study")[name].median().mean())
        rows.append(row)
    return pd.DataFrame(rows)


def force_table(evaluation: CompletionEvaluation) -> pd.DataFrame:
    """Average the errors of forces over studies, and how much larger they are than with nothing hidden.

    Returns
    -------
    pandas.DataFrame
        One row per activity, mask and method: studies, trials, each of `summary.WEIGHTS`, and as `<error>_change` its
        difference from the same mean with nothing hidden, over the same trials and feet.
    """
    rows = []
    table = evaluation.forces
    feet = ["study", "subject", "trial", "side"]
    for activity, part in table.groupby("activity", sort=False):
        whole = part[part["mask"] == WHOLE]
        for (mask, method), own in part.groupby(["mask", "method"], sort=False):
            now, before = (_over_studies(t) for t in (own, whole.merge(own[feet], on=feet)))
            rows.append(
                {"activity": activity, "mask": mask, "method": method, "studies": own["study"].nunique()}
                | {"trials": len(own[["study", "subject", "trial"]].drop_duplicates())}
                | now
                | {f"{name}_change": now[name] - before[name] for name in now}
            )
    return pd.DataFrame(rows)


def _over_studies(table: pd.DataFrame) -> dict[str, float]:
    studies = per_study(table.assign(protocol=MAIN_PROTOCOL, plate_gain=1.0))
    return {name: float(studies[name].mean()) for name in WEIGHTS}
