"""The tables of an evaluation as files: every row, the summary, and a page to read."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from pathlib import Path

import pandas as pd

from gaitdynamics.evaluation.benchmark import ForceEvaluation
from gaitdynamics.evaluation.gait_cycles import CycleRules
from gaitdynamics.evaluation.summary import ALL_SPLITS, over_studies, per_study
from gaitdynamics.files.atomic import write_text

#: Errors shown on the page: column, heading, digits.
SHOWN = (
    ("profile_vertical", "vertical [%BW]", 1),
    ("profile_fore_aft", "fore-aft [%BW]", 1),
    ("profile_medio_lateral", "medio-lateral [%BW]", 1),
    ("peak_vertical", "peak vertical [%BW]", 1),
    ("impulse_vertical", "vertical impulse [%BW s]", 2),
    ("cop", "CoP [mm]", 0),
)

#: Mean absolute errors of GaitDynamics with full-body kinematics (Tan et al. 2026, Fig. 1) [%BW].
PAPER = {
    "profile_vertical": 3.2,
    "profile_fore_aft": 1.2,
    "profile_medio_lateral": 0.7,
    "peak_vertical": 3.6,
}
PAPER_LABEL = (
    "*paper (Tan et al. 2026), other data: AddBiomechanics, walking and running together, left foot*"
)

SIDE_WORDS = {"r": "right", "l": "left"}

NOTES = """\
- Force errors are in percent of body weight. *Vertical*, *fore-aft* and *medio-lateral* are mean absolute
  errors over all frames of the gait cycles, stance and swing alike; *peak* is the error of the largest
  vertical force of a stance, *vertical impulse* that of its time integral; *CoP* is the horizontal distance
  of the centres of pressure where the foot carries more than 50 N (measured) and 20 N (estimated).
- Only frames in which the measured force of that foot is complete are scored.
- Forces are compared along the median direction in which the pelvis faces.
- A study's error is weighted by frames (peak and impulse: by stances) within the study. Mean and standard
  deviation (divisor n) are taken over studies, each counting once. Walking and running are kept apart.
"""

WHOLE_INTERVAL_NOTE = """\
- On a walkway where a foot has no whole cycle, a valid interval with a complete stance counts as one; it may
  hold a smaller or larger share of swing than a cycle does.
"""


def write_tables(evaluation: ForceEvaluation, folder: str | Path, *, title: str) -> tuple[Path, ...]:
    """Write `results.csv`, `left_out.csv`, `studies.csv`, `summary.csv` and `summary.md`.

    Parameters
    ----------
    evaluation
        What was found.
    folder
        Where to write; made if it does not exist.
    title
        Heading of the page.

    Returns
    -------
    tuple of Path
        The files.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    studies = per_study(evaluation.results)
    summary = over_studies(studies)
    texts = {
        "results.csv": _csv(evaluation.results),
        "left_out.csv": _csv(evaluation.left_out),
        "studies.csv": _csv(studies),
        "summary.csv": _csv(summary),
        "summary.md": summary_page(evaluation, title=title),
    }
    for name, text in texts.items():
        write_text(folder / name, text)
    return tuple(folder / name for name in texts)


def summary_page(evaluation: ForceEvaluation, *, title: str) -> str:
    """Write the summary as Markdown."""
    studies = per_study(evaluation.results)
    summary = over_studies(studies)
    parts = [f"# {title}\n"]
    for activity in sorted(summary["activity"].unique()):
        parts += [f"## {str(activity).capitalize()}: mean \N{PLUS-MINUS SIGN} SD over studies\n"]
        parts += [_over_studies_table(summary[summary["activity"] == activity])]
        parts += [f"## {str(activity).capitalize()}: each study\n"]
        parts += [_studies_table(studies[studies["activity"] == activity])]
    parts += ["## Left out\n", _left_out_table(evaluation.left_out)]
    parts += ["## How to read this\n", NOTES + _rules_note(evaluation.rules)]
    return "\n".join(parts)


def markdown_table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Lay out a Markdown table; `|` and line breaks inside cells are made harmless."""
    lines = [head, ["---"] * len(head), *rows]
    cells = [[" ".join(str(cell).replace("|", "\\|").split()) for cell in line] for line in lines]
    return "".join(f"| {' | '.join(line)} |\n" for line in cells)


def _over_studies_table(summary: pd.DataFrame) -> str:
    head = ["method", "split", "studies", "trials", *(label for _, label, _ in SHOWN)]
    rows: list[list[object]] = []
    for row in summary.to_dict("records"):
        split = "all of the above" if row["split"] == ALL_SPLITS else row["split"]
        errors = [_mean_sd(row[f"{name}_mean"], row[f"{name}_sd"], digits) for name, _, digits in SHOWN]
        rows.append([row["method"], split, row["studies"], row["trials"], *errors])
    paper = [f"{PAPER[name]:.{digits}f}" if name in PAPER else "-" for name, _, digits in SHOWN]
    rows.append([PAPER_LABEL, "", 14, "", *paper])
    return markdown_table(head, rows)


def _studies_table(studies: pd.DataFrame) -> str:
    head = ["study", "split", "method", "people", "trials", "stances", *(label for _, label, _ in SHOWN)]
    rows = [
        [
            *(row[key] for key in ("study", "split", "method", "subjects", "trials", "stances")),
            *(_mean_sd(row[name], math.nan, digits) for name, _, digits in SHOWN),
        ]
        for row in studies.sort_values(["study", "split", "method"]).to_dict("records")
    ]
    return markdown_table(head, rows)


def _left_out_table(left_out: pd.DataFrame) -> str:
    if left_out.empty:
        return "Nothing.\n"
    counts = left_out.groupby(["study", "method", "reason"], sort=True).size().reset_index(name="number")
    rows = [
        (row["study"], row["method"] or "all", row["number"], row["reason"])
        for row in counts.to_dict("records")
    ]
    note = "Counted per trial, or per foot where one foot was left out; each is named in `left_out.csv`.\n"
    return markdown_table(("study", "method", "number", "reason"), rows) + "\n" + note


def _rules_note(rules: CycleRules) -> str:
    feet = " and ".join(SIDE_WORDS[side] for side in rules.sides)
    cycle, stance = (f"{low:g}-{high:g} s" for low, high in (rules.cycle_s, rules.stance_s))
    note = (
        f"- Gait cycles of the {feet} foot run from heel strike to heel strike, found from the\n"
        f"  measured vertical force at {100 * rules.threshold:g} % of body weight "
        f"(cycle {cycle}, stance {stance}).\n"
    )
    return note + (WHOLE_INTERVAL_NOTE if rules.whole_interval else "")


def _mean_sd(mean: float, sd: float, digits: int) -> str:
    if math.isnan(mean):
        return "-"
    spread = "" if math.isnan(sd) else f" \N{PLUS-MINUS SIGN} {sd:.{digits}f}"
    return f"{mean:.{digits}f}{spread}"


def _csv(table: pd.DataFrame) -> str:
    return str(table.to_csv(index=False, float_format="%.6g", lineterminator="\n"))
