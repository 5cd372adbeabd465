"""Tables and figure of generated against measured trunk sway."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from gaitdynamics.evaluation.markdown import markdown_table, number
from gaitdynamics.evaluation.sway_stances import SwayStance, as_table
from gaitdynamics.files.atomic import write_text


def sway_summary(stances: pd.DataFrame, side: str) -> pd.DataFrame:
    """Mean peaks and sway of each condition, and their change against normal walking.

    Parameters
    ----------
    stances
        One row per stance (`sway_stances.as_table`).
    side
        Foot.

    Returns
    -------
    DataFrame
        One row per condition: `what`, `method`, `forces`, `factor`, number of stances, means of `sway`, `first`,
        `second` and `newton`, and the changes `first_change` and `second_change`: of generated motions against factor
        one of the same method and forces, of measured trunk sway against measured normal walking.
    """
    mine = stances[stances["side"] == side]
    keys = ["what", "method", "forces", "factor"]
    means = mine.groupby(keys, sort=False)[["sway", "first", "second", "newton"]].mean()
    means.insert(0, "stances", mine.groupby(keys, sort=False).size())
    table = means.reset_index()
    for peak in ("first", "second"):
        table[f"{peak}_change"] = [row[peak] - _before(table, row, peak) for row in table.to_dict("records")]
    return table


def _before(table: pd.DataFrame, row: Mapping[Hashable, Any], peak: str) -> float:
    what = "generated" if row["what"] == "generated" else "normal"
    same = table[
        (table["what"] == what)
        & (table["method"] == row["method"])
        & (table["forces"] == row["forces"])
        & (table["factor"] == 1.0)
    ]
    return float(same[peak].iloc[0]) if len(same) else float("nan")


def at_measured_sway(summary: pd.DataFrame) -> pd.DataFrame:
    """Compare changes at the sway that was measured.

    Returns
    -------
    DataFrame
        One row per method and forces of generated motions: `measured_sway` [deg]; per peak the `measured` change by
        plates, and the `generated` one, interpolated between factors to that sway (held at the ends); whether the peaks
        fall from each factor to the next.
    """
    measured = summary[(summary["what"] == "trunk sway") & (summary["forces"] == "plates")]
    rows = []
    for (method, forces), group in summary[summary["what"] == "generated"].groupby(["method", "forces"], sort=False):
        group = group.sort_values("factor")
        row: dict[str, object] = {"method": method, "forces": forces}
        sway = float(measured["sway"].iloc[0]) if len(measured) else float("nan")
        row["measured_sway"] = sway
        for peak in ("first", "second"):
            truth = float(measured[f"{peak}_change"].iloc[0]) if len(measured) else float("nan")
            row[f"{peak}_measured"] = truth
            reached = np.interp(sway, group["sway"], group[f"{peak}_change"]) if len(measured) else np.nan
            row[f"{peak}_generated"] = float(reached)
            row[f"{peak}_falls"] = bool((np.diff(group[peak]) < 0.0).all())
        rows.append(row)
    return pd.DataFrame(rows)


def write_sway(stances: Sequence[SwayStance], out: Path, network: str, sha256: str) -> str:
    """Write `stances.csv`, `sway.csv`, `sway.md` and `sway.png`; gives the page."""
    from gaitdynamics.plotting.style import save_for_papers
    from gaitdynamics.plotting.sway import plot_sway

    table = as_table(stances)
    table.to_csv(out / "stances.csv", index=False, float_format="%.5g")
    parts = []
    pages = [f"Diffusion network: {network} ({sha256[:12]}).\n"]
    for side, name in (("l", "Left"), ("r", "Right")):
        summary = sway_summary(table, side)
        if summary.empty:
            continue
        parts.append(summary.assign(side=side))
        pages.append(f"\n### {name} knee\n\n" + _summary_page(summary))
        if (summary["what"] == "trunk sway").any():
            pages.append("\nAt the measured sway:\n\n" + _match_page(at_measured_sway(summary)))
    pd.concat(parts).to_csv(out / "sway.csv", index=False, float_format="%.5g")
    page = "".join(pages)
    write_text(out / "sway.md", page)
    save_for_papers(plot_sway(stances), out / "sway.png")
    return page


def _summary_page(summary: pd.DataFrame) -> str:
    head = ["motion", "method", "forces", "factor", "stances", "sway [deg]", "first peak", "second peak"]
    head += ["change of first", "change of second", "Newton's residual [%BW]"]
    rows = [
        [
            row["what"],
            row["method"] or "-",
            row["forces"],
            number(row["factor"], 1),
            row["stances"],
            number(row["sway"], 1),
            number(row["first"], 2),
            number(row["second"], 2),
            number(row["first_change"], 2),
            number(row["second_change"], 2),
            number(row["newton"], 1),
        ]
        for row in summary.to_dict("records")
    ]
    return markdown_table(head, rows)


def _match_page(match: pd.DataFrame) -> str:
    head = ["method", "forces", "sway [deg]", "first peak: measured", "generated", "falls with sway"]
    head += ["second peak: measured", "generated", "falls with sway"]
    rows = [
        [
            row["method"],
            row["forces"],
            number(row["measured_sway"], 1),
            *(
                cell
                for peak in ("first", "second")
                for cell in (
                    number(row[f"{peak}_measured"], 2),
                    number(row[f"{peak}_generated"], 2),
                    "yes" if row[f"{peak}_falls"] else "no",
                )
            ),
        ]
        for row in match.to_dict("records")
    ]
    return markdown_table(head, rows)
