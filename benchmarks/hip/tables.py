"""Tables of the hip benchmark: per set of people, per muscle, per moment, and their Markdown."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from methods import Comparison
from sequences import as_data

from gaitdynamics.dataset.hip_labels import TrialLabels
from gaitdynamics.evaluation.hip_metrics import ALL, errors, over_people, person_errors
from gaitdynamics.evaluation.markdown import markdown_table, number
from gaitdynamics.features.hip import TARGETS, HipTask

#: Sets of people, as they are named in the tables.
SETS = {"test_unseen_study": "unseen studies", "test_held_out_subject": "held-out people"}


def errors_by_set(found: Comparison, task: HipTask) -> pd.DataFrame:
    """Errors as the benchmark counts them: per person over all samples and outputs, then the mean over people."""
    truth, split, rows = as_data(found.cycles, task), found.split(), []
    for side, title in SETS.items():
        for activity in sorted(set(truth.cadence)):
            chosen = (split == side) & (truth.cadence == activity)
            if not chosen.any():
                continue
            for method, predicted in found.predicted[task].items():
                table = over_people(person_errors(predicted[chosen], truth.take(chosen)))
                row = table[table["cadence"] == ALL].iloc[0].to_dict()
                rows.append({"people_of": title, "activity": activity, "method": method, **row})
    return pd.DataFrame(rows).drop(columns="cadence")


def errors_by_output(found: Comparison, task: HipTask) -> pd.DataFrame:
    """Measure the same for each muscle or moment by itself."""
    truth, split, rows = as_data(found.cycles, task), found.split(), []
    for side, title in SETS.items():
        for activity in sorted(set(truth.cadence)):
            chosen = np.flatnonzero((split == side) & (truth.cadence == activity))
            if not len(chosen):
                continue
            for method, predicted in found.predicted[task].items():
                for place, name in enumerate(TARGETS[task].names):
                    each = []
                    for person in sorted(set(truth.subject[chosen])):
                        mine = chosen[truth.subject[chosen] == person]
                        each.append(errors(predicted[mine, :, place], truth.outputs[mine, :, place]))
                    row = {m: float(np.mean([e[m] for e in each])) for m in ("RMSE", "MAE", "R2")}
                    where = {"people_of": title, "activity": activity, "method": method, "output": name}
                    rows.append({**where, "people": len(each), **row})
    return pd.DataFrame(rows)


def moments_by_study(pairs: Sequence[tuple[TrialLabels, np.ndarray, np.ndarray]]) -> pd.DataFrame:
    """Hip moments from estimated against those from measured forces, per study: mean over people, per component.

    R2 is that of each person's instants together, against their mean.
    """
    rows = []
    keys = sorted({(t.study, t.split, t.activity) for t, *_ in pairs})
    for study, split, activity in keys:
        mine = [p for p in pairs if (p[0].study, p[0].split, p[0].activity) == (study, split, activity)]
        people = sorted({t.person for t, *_ in mine})
        row = {"study": study, "split": split, "activity": activity, "people": len(people)}
        row["instants"] = sum(len(truth) for _, truth, _ in mine)
        for place, name in enumerate(TARGETS["joint_moments"].names):
            each = []
            for person in people:
                truth, estimate = (
                    np.concatenate([p[i][:, place] for p in mine if p[0].person == person]) for i in (1, 2)
                )
                each.append(errors(estimate, truth))
            for metric in ("R2", "RMSE"):
                row[f"{name}_{metric}"] = float(np.mean([e[metric] for e in each]))
        rows.append(row)
    return pd.DataFrame(rows)


def set_table(table: pd.DataFrame, unit: str) -> str:
    """Markdown of `errors_by_set`."""
    head = ["people of", "activity", "people", "cycles", "method", f"RMSE [{unit}]", f"MAE [{unit}]", "R2"]
    rows = []
    for row in table.to_dict("records"):
        cells = [f"{number(row[m], 3)} \N{PLUS-MINUS SIGN} {number(row[f'{m}_sd'], 3)}" for m in ("RMSE", "MAE", "R2")]
        rows.append([row["people_of"], row["activity"], row["people"], row["trials"], row["method"], *cells])
    return markdown_table(head, rows)


def output_table(table: pd.DataFrame, people_of: str, activity: str, metric: str, digits: int) -> str:
    """Markdown of `errors_by_output`: a row per output, a column per method."""
    part = table[(table["people_of"] == people_of) & (table["activity"] == activity)]
    wide = part.pivot_table(index="output", columns="method", values=metric, sort=False)
    return markdown_table(
        ["", *map(str, wide.columns)],
        [
            [str(name), *(number(float(value), digits) for value in row)]
            for name, row in zip(wide.index, wide.to_numpy(), strict=True)
        ],
    )


def study_table(table: pd.DataFrame) -> str:
    """Markdown of `moments_by_study`."""
    names = TARGETS["joint_moments"].names
    head = ["study", "split", "activity", "people", "instants", *(f"{n.replace('_', ' ')} R2, RMSE" for n in names)]
    rows = [
        [
            *(row[name] for name in ("study", "split", "activity", "people", "instants")),
            *(f"{number(row[f'{n}_R2'], 2)}, {number(row[f'{n}_RMSE'], 3)}" for n in names),
        ]
        for row in table.to_dict("records")
    ]
    return markdown_table(head, rows)
