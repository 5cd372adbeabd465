"""How errors grow when the input is worse: the same trials, their motion perturbed, scored against the same forces."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import Final

import numpy as np
import pandas as pd
from rich.console import Console

from gaitdynamics.columns import SIDES
from gaitdynamics.dataset.catalogue import Catalogue
from gaitdynamics.dataset.records import TrialRecord
from gaitdynamics.engines.in_order import run_parallel
from gaitdynamics.errors import UserInputError
from gaitdynamics.evaluation.gait_cycles import CycleRules, GaitCycle, gait_cycles
from gaitdynamics.evaluation.heading import heading
from gaitdynamics.evaluation.metrics import score_foot
from gaitdynamics.evaluation.perturbations import (
    NotApplicableError,
    at_rate,
    on_generic_model,
    smoothed,
    with_mass,
    with_noise,
    without_arms,
    without_trunk,
)
from gaitdynamics.evaluation.scoring import MAIN_PROTOCOL, TRIAL_ERRORS, Method
from gaitdynamics.evaluation.summary import WEIGHTS, per_study
from gaitdynamics.features.heading import to_heading
from gaitdynamics.trial import FootForces, Trial

#: Of the random numbers of noise.
SEED: Final = 0

#: Bands of the noise [Hz], None for white: errors that come and go with the stride, as of soft tissue and of pictures;
#: those that the usual low-pass of kinematics leaves; and those of kinematics that nobody filtered.
NOISE_BANDS: Final = {"slow": 2.0, "filtered": 6.0, "white": None}


@dataclass(frozen=True)
class Condition:
    """One way in which the input is worse: its group, a label, its size where it has one, and what it does."""

    group: str
    label: str
    size: float
    change: Callable[[Trial], Trial]


def _unchanged(trial: Trial) -> Trial:
    return trial


#: What nothing was done to; the others are compared with it on the trials that they apply to.
UNCHANGED: Final = Condition("none", "as recorded", float("nan"), _unchanged)

#: All conditions, each group from little to much.
CONDITIONS: Final[tuple[Condition, ...]] = (
    UNCHANGED,
    *(Condition("sampling rate", f"{f} Hz", f, partial(at_rate, rate=float(f))) for f in (50, 75, 150, 200, 250)),
    *(Condition("low-pass", f"{f} Hz", f, partial(smoothed, cutoff=float(f))) for f in (12, 10, 8, 6, 4)),
    *(
        Condition(f"{kind} noise", f"{sd:g} deg", sd, partial(with_noise, sd_deg=sd, band=band, seed=SEED))
        for kind, band in NOISE_BANDS.items()
        for sd in (0.5, 1.0, 2.0, 3.0)
    ),
    Condition("body mass", "10 % too low", -10.0, partial(with_mass, factor=0.9)),
    Condition("body mass", "10 % too high", 10.0, partial(with_mass, factor=1.1)),
    Condition("model", "generic, from height and mass", float("nan"), on_generic_model),
    Condition("missing", "trunk", float("nan"), without_trunk),
    Condition("missing", "arms", float("nan"), without_arms),
)


#: Columns that say what a row is about.
KEYS: Final = ("study", "subject", "trial", "split", "activity", "method", "group", "condition", "size")


@dataclass(frozen=True)
class RobustnessEvaluation:
    """What perturbing found.

    Attributes
    ----------
    results
        One row per trial, foot, method and condition: `KEYS`, side, `rate_hz` of the recording, and the fields of
        `metrics.FootScore`. A condition that does not apply to a trial has no row.
    failures
        One row per trial, method and condition for which the method gave no estimate, with the reason.
    conditions
        In the order in which they are shown.
    """

    results: pd.DataFrame
    failures: pd.DataFrame
    conditions: tuple[Condition, ...] = CONDITIONS


def on_times_of(forces: FootForces, trial: Trial) -> FootForces:
    """Bring an estimate to the times of a trial.

    Forces and their moments about the origin are interpolated linearly, so that a point of application never lies
    between that of a stance and the zero of a swing.
    """
    if len(forces.time) == len(trial.time) and np.allclose(forces.time, trial.time, atol=1e-6):
        return replace(forces, time=trial.time)
    frames = np.interp(trial.time, forces.time, np.arange(len(forces.time)))
    low = np.minimum(frames.astype(int), len(forces.time) - 2)
    part = (frames - low)[:, None, None]
    before, after = (1.0 - part) * forces.force[low], part * forces.force[low + 1]
    weights = before[..., 1:2], after[..., 1:2]
    total = weights[0] + weights[1]
    moment = weights[0] * forces.cop[low] + weights[1] * forces.cop[low + 1]
    cop = np.divide(moment, total, out=np.zeros_like(moment), where=total > 0.0)
    return FootForces(trial.time, before + after, cop)


def evaluate_robustness(
    catalogue: Catalogue,
    methods: Mapping[str, Method],
    *,
    split: str | Iterable[str],
    conditions: Sequence[Condition] = CONDITIONS,
    activities: Iterable[str] = ("walking", "running"),
    processes: int = 1,
    console: Console | None = None,
) -> RobustnessEvaluation:
    """Score each method under each condition.

    Parameters
    ----------
    catalogue
        Of the data folder.
    methods
        By name.
    split
        One or several sides of the split.
    conditions
        What is done to the motions; `UNCHANGED` is one of them.
    activities
        What is scored.
    processes, console
        As for `benchmark.evaluate_forces`.

    Returns
    -------
    RobustnessEvaluation

    Raises
    ------
    UserInputError
        The split is unknown, or no trial could be scored.
    """
    wanted = set(activities)
    records = [record for record in catalogue.select(split=split) if record.activity in wanted]
    score = partial(_score_record, methods=dict(methods), conditions=tuple(conditions))
    rows: list[dict[str, object]] = []
    failures: list[dict[str, object]] = []
    for part in run_parallel(score, records, processes=processes, title="Perturbing trials", console=console):
        rows += part[0]
        failures += part[1]
    if not rows:
        raise UserInputError("not one trial could be scored", file=catalogue.folder)
    return RobustnessEvaluation(
        pd.DataFrame(rows), pd.DataFrame(failures, columns=[*KEYS, "reason"]), tuple(conditions)
    )


def _score_record(
    record: TrialRecord, methods: Mapping[str, Method], conditions: Sequence[Condition]
) -> tuple[list[dict[str, object]], list[dict[str, object]]]:
    trial = record.load()
    rules = CycleRules()
    cycles = {side: cycles_of(trial, side, rules) for side in rules.sides}
    rows: list[dict[str, object]] = []
    failures: list[dict[str, object]] = []
    if not any(cycles.values()):
        return rows, failures
    facts = (record.study, record.subject, record.trial, record.split, record.activity)
    for condition in conditions:
        try:
            changed = condition.change(replace(trial, forces=None))
        except NotApplicableError:
            continue
        for name, method in methods.items():
            values = (*facts, name, condition.group, condition.label, condition.size)
            keys: dict[str, object] = dict(zip(KEYS, values, strict=True))
            try:
                estimate = on_times_of(method(changed), trial)
            except TRIAL_ERRORS as error:
                failures.append(keys | {"reason": f"{type(error).__name__}: {error}"})
                continue
            rows += [
                keys | {"side": side, "rate_hz": trial.rate} | foot_errors(trial, estimate, side, own)
                for side, own in cycles.items()
                if own
            ]
    return rows, failures


def cycles_of(trial: Trial, side: str, rules: CycleRules) -> tuple[GaitCycle, ...]:
    """Find the gait cycles of one foot in the measured forces of a trial."""
    assert trial.forces is not None
    assert trial.forces.valid is not None
    foot = SIDES.index(side)
    return gait_cycles(
        trial.forces.force[:, foot, 1],
        trial.forces.valid[:, foot],
        trial.rate,
        trial.body_weight,
        rules,
        overground=trial.surface.kind == "overground",
    )


def foot_errors(trial: Trial, estimate: FootForces, side: str, cycles: tuple[GaitCycle, ...]) -> dict[str, object]:
    """Compare an estimate with the measured forces of a trial, of one foot: the fields of `metrics.FootScore`."""
    assert trial.forces is not None
    foot = SIDES.index(side)
    along = np.full(len(trial.time), heading(trial))
    measured, estimated = (
        (to_heading(forces.force[:, foot], along), to_heading(forces.cop[:, foot], along))
        for forces in (trial.forces, estimate)
    )
    score = score_foot(
        measured[0],
        estimated[0],
        measured[1],
        estimated[1],
        cycles,
        rate=trial.rate,
        body_weight=trial.body_weight,
    )
    return asdict(score)


def compare_with_unchanged(evaluation: RobustnessEvaluation) -> pd.DataFrame:
    """Average errors, and how much larger they are than without the perturbation on the very same trials and feet.

    Returns
    -------
    pandas.DataFrame
        One row per activity, method and condition, in the order of the conditions: studies, people, trials, `failed`
        trials, for each of `summary.WEIGHTS` the mean over studies, and as `<error>_change` its difference from the
        same mean as recorded.
    """
    rows = []
    results, failures = evaluation.results, evaluation.failures
    feet = ["study", "subject", "trial", "side"]
    for (activity, method), part in results.groupby(["activity", "method"], sort=False):
        recorded = part[part["group"] == UNCHANGED.group]
        for group, condition, size in ((c.group, c.label, c.size) for c in evaluation.conditions):
            own = part[(part["group"] == group) & (part["condition"] == condition)]
            if own.empty:
                continue
            same = recorded.merge(own[feet], on=feet)
            now, before = (_over_studies(t) for t in (own, same))
            lost = failures[
                (failures["activity"] == activity)
                & (failures["method"] == method)
                & (failures["group"] == group)
                & (failures["condition"] == condition)
            ]
            rows.append(
                {"activity": activity, "method": method, "group": group, "condition": condition, "size": size}
                | {"studies": own["study"].nunique()}
                | {"people": len(own[["study", "subject"]].drop_duplicates())}
                | {"trials": len(own[["study", "subject", "trial"]].drop_duplicates()), "failed": len(lost)}
                | now
                | {f"{name}_change": now[name] - before[name] for name in now}
            )
    return pd.DataFrame(rows)


def _over_studies(table: pd.DataFrame) -> dict[str, float]:
    """Mean over studies of each error."""
    studies = per_study(table.assign(protocol=MAIN_PROTOCOL, plate_gain=1.0))
    return {name: float(studies[name].mean()) for name in WEIGHTS}
