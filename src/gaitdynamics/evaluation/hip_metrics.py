"""Errors of hip muscle forces and moments as the Gait2Hip-60 benchmark counts them: per person, then over people."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gaitdynamics.dataset.gait2hip import CADENCES, HipData
from gaitdynamics.evaluation.markdown import markdown_table, number
from gaitdynamics.files.atomic import write_text

Array = NDArray[np.float64]

METRICS: Final = ("RMSE", "MAE", "R2")

#: Name of all cadences together.
ALL: Final = "all"


def errors(predicted: Array, truth: Array) -> dict[str, float]:
    """Compare values of any shape, all samples and outputs alike.

    Returns
    -------
    dict
        RMSE and MAE in the unit of the values; R2 against the mean of all `truth` together, NaN where it is constant.
    """
    difference = predicted - truth
    spread = float(np.square(truth - truth.mean()).sum())
    return {
        "RMSE": float(np.sqrt(np.square(difference).mean())),
        "MAE": float(np.abs(difference).mean()),
        "R2": 1.0 - float(np.square(difference).sum()) / spread if spread > 0.0 else float("nan"),
    }


def person_errors(predicted: Array, data: HipData) -> pd.DataFrame:
    """Compare predictions (N, T, outputs) [N/kg or N.m/kg] with the outputs of `data`.

    Returns
    -------
    DataFrame
        A row for each person and cadence, and for each person over all cadences, with the columns person, cadence,
        trials, RMSE, MAE, R2.
    """
    rows = []
    for person in data.people():
        mine = data.subject == person
        for cadence in _cadences(data.cadence):
            chosen = mine if cadence == ALL else mine & (data.cadence == cadence)
            if chosen.any():
                found = errors(predicted[chosen], data.outputs[chosen])
                rows.append({"person": person, "cadence": cadence, "trials": int(chosen.sum()), **found})
    return pd.DataFrame(rows)


def over_people(per_person: pd.DataFrame) -> pd.DataFrame:
    """Give mean and standard deviation over people: a row per cadence with people, trials, RMSE, RMSE_sd, ..."""
    rows = []
    for cadence in _cadences(per_person["cadence"]):
        part = per_person[per_person["cadence"] == cadence]
        row = {"cadence": cadence, "people": len(part), "trials": int(part["trials"].sum())}
        for name in METRICS:
            row |= {name: float(part[name].mean()), f"{name}_sd": float(part[name].std(ddof=1))}
        rows.append(row)
    return pd.DataFrame(rows)


def write_hip_table(folder: Path, name: str, title: str, unit: str, per_person: pd.DataFrame) -> str:
    """Write `NAME.csv` (per person) and `NAME.md` (over people), and give the page."""
    table = over_people(per_person)
    head = ["cadence", "people", "trials", f"RMSE [{unit}]", f"MAE [{unit}]", "R2"]
    page = f"# {title}\n\n{markdown_table(head, _cells(table))}\nMean and standard deviation over people.\n"
    write_text(folder / f"{name}.csv", per_person.to_csv(index=False))
    write_text(folder / f"{name}.md", page)
    return page


def _cells(table: pd.DataFrame) -> Iterable[list[str]]:
    for row in table.to_dict("records"):
        spread = [f"{number(row[name], 3)} \N{PLUS-MINUS SIGN} {number(row[f'{name}_sd'], 3)}" for name in METRICS]
        yield [str(row["cadence"]), str(row["people"]), str(row["trials"]), *spread]


def _cadences(there: Iterable[Any]) -> list[str]:
    """Order cadences: all together, those of the benchmark from slow to fast, others."""
    names = set(map(str, there)) - {ALL}
    return [ALL, *(name for name in CADENCES if name in names), *sorted(names - set(CADENCES))]
