"""The tables of an evaluation as files: every row, averages, and a page to read (`pages`)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from gaitdynamics.evaluation.benchmark import ForceEvaluation
from gaitdynamics.evaluation.coverage import coverage_per_study
from gaitdynamics.evaluation.pages import summary_page
from gaitdynamics.evaluation.summary import cost, over_studies, per_study
from gaitdynamics.files.atomic import write_text


def write_tables(
    evaluation: ForceEvaluation, folder: str | Path, *, title: str, parameters: Mapping[str, int]
) -> tuple[Path, ...]:
    """Write `results.csv`, `left_out.csv`, `studies.csv`, `summary.csv`, `methods.csv` and `summary.md`.

    With uncertainties also `coverage.csv`.

    Parameters
    ----------
    evaluation
        What was found.
    folder
        Where to write; made if it does not exist.
    title
        Heading of the page.
    parameters
        Number of trained parameters of each method.

    Returns
    -------
    tuple of Path
        The files.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    studies = per_study(evaluation.results)
    texts = {
        "results.csv": csv_text(evaluation.results),
        "left_out.csv": csv_text(evaluation.left_out),
        "studies.csv": csv_text(studies),
        "summary.csv": csv_text(over_studies(studies)),
        "methods.csv": csv_text(methods_table(evaluation.results, parameters)),
        "summary.md": summary_page(evaluation, title=title, parameters=parameters),
    }
    if not evaluation.coverage.empty:
        texts["coverage.csv"] = csv_text(coverage_per_study(evaluation.coverage))
    for name, text in texts.items():
        write_text(folder / name, text)
    return tuple(folder / name for name in texts)


def methods_table(results: pd.DataFrame, parameters: Mapping[str, int]) -> pd.DataFrame:
    """Give parameters and cost of each method: columns method, parameters, seconds_per_second."""
    costs = cost(results)
    names = list(dict.fromkeys(results["method"]))
    rows = {
        "method": names,
        "parameters": [parameters[name] for name in names],
        "seconds_per_second": [costs[name] for name in names],
    }
    return pd.DataFrame(rows)


def csv_text(table: pd.DataFrame) -> str:
    """Write a table as CSV, numbers with six digits."""
    return str(table.to_csv(index=False, float_format="%.6g", lineterminator="\n"))
