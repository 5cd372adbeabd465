"""The page of an evaluation: tables in Markdown, and how to read them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import pandas as pd

from gaitdynamics.evaluation.benchmark import ForceEvaluation
from gaitdynamics.evaluation.coverage import SHOWN_LEVELS, coverage_per_study
from gaitdynamics.evaluation.markdown import Shown, markdown_table, mean_sd, number
from gaitdynamics.evaluation.scoring import MAIN_PROTOCOL
from gaitdynamics.evaluation.summary import ALL_SPLITS, cost, over_studies, overall, per_study

FORCES: Final = (
    Shown("profile_vertical", "vertical [%BW]", 1),
    Shown("profile_fore_aft", "fore-aft [%BW]", 1),
    Shown("profile_medio_lateral", "medio-lateral [%BW]", 1),
    Shown("peak_vertical", "peak vertical [%BW]", 1),
    Shown("impulse_vertical", "vertical impulse [%BW s]", 2),
    Shown("cop", "CoP [mm]", 0),
)
MOMENTS: Final = (
    Shown("moment_hip_flexion", "hip flexion", 2),
    Shown("moment_hip_adduction", "hip adduction", 2),
    Shown("moment_knee_flexion", "knee flexion", 2),
    Shown("moment_ankle_flexion", "ankle flexion", 2),
    Shown("moment_knee_adduction", "KAM", 2),
    Shown("kam_first_peak", "KAM first peak", 2),
    Shown("kam_second_peak", "KAM second peak", 2),
)
RESIDUALS: Final = (
    Shown("newton_vertical", "vertical [%BW]", 1),
    Shown("newton_total", "vector [%BW]", 1),
    Shown("newton_measured_vertical", "measured: vertical [%BW]", 1),
    Shown("newton_measured_total", "measured: vector [%BW]", 1),
)

#: Mean absolute errors of GaitDynamics with full-body kinematics (Tan et al. 2026, Fig. 1) [%BW].
PAPER: Final = {
    "profile_vertical": 3.2,
    "profile_fore_aft": 1.2,
    "profile_medio_lateral": 0.7,
    "peak_vertical": 3.6,
}
PAPER_LABEL: Final = "*paper (Tan et al. 2026), other data: AddBiomechanics, walking and running together, left foot*"

SPLIT_WORDS: Final = {
    "test_held_out_subject": "held-out people",
    "test_unseen_study": "unseen studies",
    ALL_SPLITS: "all of the above",
}

PROTOCOL_WORDS: Final = {
    "both_feet": "both feet",
    "paper": "text of the paper",
    "published_code": "published code",
}

NOTES: Final = """\
- Force errors are in percent of body weight. *Vertical*, *fore-aft* and *medio-lateral* are mean absolute
  errors over all frames of the gait cycles, stance and swing alike; *peak* is the error of the largest
  vertical force of a stance, *vertical impulse* that of its time integral; *CoP* is the horizontal distance
  of the centres of pressure where the foot carries more than 50 N (measured) and 20 N (estimated).
- Only frames in which the measured force of that foot is complete are scored.
- Forces are compared along the median direction in which the pelvis faces.
- A study's error is weighted by frames (peak and impulse: by stances) within the study. Mean and standard
  deviation (divisor n) are taken over studies, each counting once. Walking and running are kept apart.
- Gait cycles of the right and left foot run from heel strike to heel strike, found from the measured vertical force
  at 10 % of body weight (cycle 0.2-2 s, stance 0.1-1.5 s). On a walkway where a foot has no whole cycle, a valid
  interval with a complete stance counts as one; it may hold a smaller or larger share of swing than a cycle does.
"""

MOMENT_NOTE: Final = """\
Root mean square differences over the gait cycles [N.m/kg] between the moments that our inverse dynamics gives for the
same motion with estimated and with measured forces; KAM is the external knee adduction moment, its peaks are those of
the first and the second half of stance (mean absolute errors). Errors of motion and masses cancel.
"""

RESIDUAL_NOTE: Final = """\
Root mean square of the sum of the forces on both feet minus mass x (acceleration - gravity), the motion low-passed at
10 Hz, in frames where the measured forces of both feet are complete. The last two columns are the residuals of the
measured forces in the same frames. Less is not always better: forces that are made of the motion agree with its errors
too.
"""

PROTOCOL_NOTE: Final = """\
*Text of the paper*: left foot, whole gait cycles only. *Published code*: left foot; limits of durations are strict,
trials without a gait cycle count with all their frames, and in walking peaks outside 8-13 N/kg are skipped. Mean over
studies, each counting once; cycles that stand for a whole trial are counted as cycles.
"""

COVERAGE_NOTE: Final = """\
Share of frames in which the measurement lies in the interval of that level around the estimate. Forces: frames in which
the foot carries more than 20 N, measured or estimated; CoP: the frames in which it is compared.
"""


def summary_page(evaluation: ForceEvaluation, *, title: str, parameters: Mapping[str, int]) -> str:
    """Write the summary as Markdown.

    Parameters
    ----------
    evaluation
        What was found.
    title
        Heading of the page.
    parameters
        Number of trained parameters of each method.
    """
    methods = list(dict.fromkeys(evaluation.results["method"]))
    studies = per_study(evaluation.results)
    summary = over_studies(studies)
    main, of_studies = (t[t["protocol"] == MAIN_PROTOCOL] for t in (summary, studies))
    parts = [f"# {title}\n"]
    for activity in sorted(main["activity"].unique(), reverse=True):  # walking first
        name = str(activity).capitalize()
        rows, rows_of_studies = (_ordered(t[t["activity"] == activity], methods) for t in (main, of_studies))
        parts += [f"## {name}: forces\n", _over_studies_table(rows, FORCES, paper=True)]
        parts += [f"### {name}: forces, each study\n", _studies_table(rows_of_studies, FORCES)]
        if "moment_hip_flexion_mean" in summary:
            parts += [f"## {name}: joint moments\n", MOMENT_NOTE, _over_studies_table(rows, MOMENTS)]
            parts += [f"### {name}: joint moments, each study\n", _studies_table(rows_of_studies, MOMENTS)]
            parts += [f"## {name}: Newton's residual\n", RESIDUAL_NOTE, _over_studies_table(rows, RESIDUALS)]
    parts += [*_gain_part(evaluation)]
    if set(summary["protocol"]) != {MAIN_PROTOCOL}:
        parts += ["## Protocols\n", PROTOCOL_NOTE, _protocols_table(overall(summary), methods)]
    parts += ["## Methods: size and cost\n", _methods_table(evaluation.results, methods, parameters)]
    if not evaluation.coverage.empty:
        parts += ["## Stated uncertainty\n", COVERAGE_NOTE, _coverage_table(evaluation.coverage)]
    parts += ["## Left out\n", _left_out_table(evaluation.left_out)]
    parts += ["## How to read this\n", NOTES]
    return "\n".join(parts)


def _ordered(table: pd.DataFrame, methods: Sequence[str]) -> pd.DataFrame:
    """Sort rows by method, in the order in which they were asked for; otherwise as they are."""
    return table.sort_values("method", key=lambda column: column.map(methods.index), kind="stable")


def _over_studies_table(summary: pd.DataFrame, shown: Sequence[Shown], *, paper: bool = False) -> str:
    head = ["method", "people and studies", "studies", "people", "trials", "cycles", *(c.heading for c in shown)]
    rows: list[list[object]] = [
        [
            row["method"],
            SPLIT_WORDS.get(row["split"], row["split"]),
            *(row[count] for count in ("studies", "subjects", "trials", "cycles")),
            *(mean_sd(row, column) for column in shown),
        ]
        for row in summary.to_dict("records")
    ]
    if paper:
        values = [number(PAPER[c.name], c.digits) if c.name in PAPER else "-" for c in shown]
        rows.append([PAPER_LABEL, "", 14, "", "", "", *values])
    return markdown_table(head, rows)


def _studies_table(studies: pd.DataFrame, shown: Sequence[Shown]) -> str:
    head = ["study", "", "method", "people", "trials", "cycles", *(column.heading for column in shown)]
    rows = [
        [
            study_label(row["study"], row["plate_gain"]),
            SPLIT_WORDS.get(row["split"], row["split"]),
            *(row[key] for key in ("method", "subjects", "trials", "cycles")),
            *(number(row[column.name], column.digits) for column in shown),
        ]
        for row in studies.sort_values(["study", "split", "plate_gain"], kind="stable").to_dict("records")
    ]
    return markdown_table(head, rows)


def study_label(study: str, gain: float) -> str:
    """Name a study, and say so where a gain of its plates was removed."""
    return study if gain == 1.0 else f"{study}, plate gain {gain:.3f} removed"


def _gain_part(evaluation: ForceEvaluation) -> list[str]:
    if not evaluation.gains:
        return []
    lines = [
        f"- {study}: {gain.mean:.3f} \N{PLUS-MINUS SIGN} {gain.sd:.3f} (mean \N{PLUS-MINUS SIGN} SD over {gain.trials} "
        "trials)\n"
        for study, gain in evaluation.gains.items()
    ]
    note = (
        "Per trial, the sum of the measured vertical force over that of mass x (acceleration - gravity), in the frames "
        "in which the measured forces of both feet are complete. A wrong body mass looks the same. The rows without it "
        "favour methods that start from Newton's law; they count in no mean.\n"
    )
    return ["## Gain of the plates\n", note, "".join(lines)]


def _protocols_table(summary: pd.DataFrame, methods: Sequence[str]) -> str:
    shown = FORCES[:4]
    head = ["activity", "method", "protocol", "studies", "trials", "cycles", "peaks", *(c.heading for c in shown)]
    rows = []
    ordered = _ordered(summary, methods).sort_values("activity", ascending=False, kind="stable")
    for row in ordered.to_dict("records"):
        protocol = PROTOCOL_WORDS.get(row["protocol"], row["protocol"])
        counts = (row[count] for count in ("studies", "trials", "cycles", "peaks"))
        errors = (mean_sd(row, column) for column in shown)
        rows.append([row["activity"], row["method"], protocol, *counts, *errors])
    return markdown_table(head, rows)


def _methods_table(results: pd.DataFrame, methods: Sequence[str], parameters: Mapping[str, int]) -> str:
    costs = cost(results)
    head = ("method", "trained parameters", "seconds of one core per second of motion")
    return markdown_table(head, [(name, f"{parameters[name]:,}", f"{costs[name]:.3f}") for name in methods])


def _coverage_table(rows: pd.DataFrame) -> str:
    table = coverage_per_study(rows)
    keys = ["activity", "study", "method", "quantity", "frames"]
    wide = table.pivot_table(index=keys, columns="level", values="coverage").reset_index()
    head = [*keys, *(f"{100 * level:.0f} %" for level in SHOWN_LEVELS)]
    return markdown_table(
        head,
        [
            [*(row[key] for key in keys), *(f"{100 * row[level]:.0f} %" for level in SHOWN_LEVELS)]
            for row in wide.to_dict("records")
        ],
    )


def _left_out_table(left_out: pd.DataFrame) -> str:
    if left_out.empty:
        return "Nothing.\n"
    keys = ["study", "method", "protocol", "reason"]
    counts = left_out.groupby(keys, sort=True).size().reset_index(name="number")
    rows = [
        (
            row["study"],
            row["method"] or "all",
            PROTOCOL_WORDS.get(row["protocol"], row["protocol"]) or "all",
            row["number"],
            row["reason"],
        )
        for row in counts.to_dict("records")
    ]
    note = "Counted per trial, or per foot where one foot was left out; each is named in `left_out.csv`.\n"
    return markdown_table(("study", "method", "protocol", "number", "reason"), rows) + "\n" + note
