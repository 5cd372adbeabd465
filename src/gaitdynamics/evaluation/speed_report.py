"""Tables and figure of generated against measured running over speed."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from gaitdynamics.evaluation.markdown import markdown_table, number
from gaitdynamics.evaluation.strides import MEASURES
from gaitdynamics.files.atomic import write_text

_KEYS: Final = ["what", "method", "forces", "asked"]

#: Measures whose rise over speed the paper reports, with their names and digits.
RISING: Final = (
    ("stride_length", "stride length [m]", 2),
    ("knee_flexion", "peak knee flexion [deg]", 0),
    ("vertical", "peak vertical [BW]", 2),
    ("propulsion", "peak forward [BW]", 3),
    ("braking", "peak backward [BW]", 3),
)


def speed_summary(strides: pd.DataFrame) -> pd.DataFrame:
    """Mean and standard deviation over people of each measure, per speed and method; `people` counts them."""
    done = strides[strides["cycles"] > 0]
    names = [name for name in (*MEASURES, "newton") if name in done]
    per_person = done.groupby([*_KEYS, "subject"], sort=False)[names].mean().reset_index()
    grouped = per_person.groupby(_KEYS, sort=False)[names]
    table = pd.concat([grouped.mean().add_suffix("_mean"), grouped.std(ddof=0).add_suffix("_sd")], axis=1)
    table.insert(0, "people", grouped.size())
    return table.reset_index().sort_values(_KEYS, kind="stable").reset_index(drop=True)


def rises(strides: pd.DataFrame, low: float, high: float) -> pd.DataFrame:
    """Compare rises from one speed to another, in the mean over the same people.

    Parameters
    ----------
    strides
        One row per trial or variant.
    low, high
        Speeds [m/s].

    Returns
    -------
    DataFrame
        One row per method, forces and measure: `low`, `high` values, `rise` in percent, `measured_rise` by plates, and
        whether the mean `rises` from each speed to the next and is `within` a third of the measured rise.
    """
    summary = speed_summary(strides)
    plates = summary[(summary["what"] == "measured") & (summary["forces"] == "plates")]
    rows = []
    for (what, method, forces), group in summary.groupby(["what", "method", "forces"], sort=False):
        if what == "other generator" or (what, forces) == ("measured", "plates"):
            continue
        group = group[(group["asked"] >= low - 0.05) & (group["asked"] <= high + 0.05)].sort_values("asked")
        for name, _, _ in RISING:
            means = group[f"{name}_mean"].to_numpy()
            truth = _rise(plates, name, low, high)
            rise = _rise(group, name, low, high)
            rows.append(
                {
                    "what": what,
                    "method": method,
                    "forces": forces,
                    "measure": name,
                    "low": means[0] if len(means) else np.nan,
                    "high": means[-1] if len(means) else np.nan,
                    "rise": rise,
                    "measured_rise": truth,
                    "rises": bool(len(means) > 1 and (np.diff(means) > 0.0).all()),
                    "within": bool(abs(rise - truth) <= abs(truth) / 3.0),
                }
            )
    return pd.DataFrame(rows)


def _rise(summary: pd.DataFrame, name: str, low: float, high: float) -> float:
    """Relative rise [%] of a mean between two speeds."""
    ends = [summary.loc[(summary["asked"] - speed).abs() <= 0.05, f"{name}_mean"].to_numpy() for speed in (low, high)]
    return float(100.0 * (ends[1][0] / ends[0][0] - 1.0)) if all(len(end) for end in ends) else float("nan")


def write_speed(strides: pd.DataFrame, out: Path, network: str, sha256: str) -> str:
    """Write `strides.csv`, `speed.csv`, `rises.csv`, `speed.md` and `speed.png`; gives the page."""
    from gaitdynamics.plotting.speed import plot_speed_study
    from gaitdynamics.plotting.style import save_for_papers

    strides.to_csv(out / "strides.csv", index=False, float_format="%.5g")
    summary = speed_summary(strides)
    summary.to_csv(out / "speed.csv", index=False, float_format="%.5g")
    generated = strides.loc[strides["what"] == "generated", "asked"]
    rising = rises(strides, float(generated.min()), float(generated.max()))
    rising.to_csv(out / "rises.csv", index=False, float_format="%.5g")
    page = f"Diffusion network: {network} ({sha256[:12]}).\n\n" + _summary_page(summary) + "\n" + _rise_page(rising)
    failed = strides[(strides["what"] == "other generator") & (strides["cycles"] == 0)]
    if len(failed):
        page += f"\n{len(failed)} motions of other generators failed: {', '.join(sorted(set(failed['method'])))}.\n"
    write_text(out / "speed.md", page)
    save_for_papers(plot_speed_study(summary), out / "speed.png")
    return page


def _summary_page(summary: pd.DataFrame) -> str:
    head = ["runs", "method", "forces", "speed [m/s]", "people", *(title for _, title, _ in RISING)]
    head += ["stride frequency [Hz]", "foot sliding [m/s]", "Newton's residual [%BW]"]
    shown = [(name, digits) for name, _, digits in RISING] + [("stride_frequency", 2), ("slide", 2), ("newton", 0)]
    rows = []
    for row in summary.to_dict("records"):
        cells = [row["what"], row["method"] or "-", row["forces"], number(row["asked"], 1), row["people"]]
        for name, digits in shown:
            mean, sd = row.get(f"{name}_mean", np.nan), row.get(f"{name}_sd", np.nan)
            cells.append(number(mean, digits) + ("" if np.isnan(mean) else f" \N{PLUS-MINUS SIGN} {sd:.{digits}f}"))
        rows.append(cells)
    return markdown_table(head, rows)


def _rise_page(rising: pd.DataFrame) -> str:
    titles = {name: title.split(" [")[0] for name, title, _ in RISING}
    head = ["runs", "method", "forces", "measure", "slowest", "fastest", "rise [%]", "measured rise [%]"]
    head += ["rises throughout", "within a third"]
    rows = [
        [
            row["what"],
            row["method"] or "-",
            row["forces"],
            titles[row["measure"]],
            number(row["low"], 2),
            number(row["high"], 2),
            number(row["rise"], 0),
            number(row["measured_rise"], 0),
            "yes" if row["rises"] else "no",
            "yes" if row["within"] else "no",
        ]
        for row in rising.to_dict("records")
    ]
    return markdown_table(head, rows)
