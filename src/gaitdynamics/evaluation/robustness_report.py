"""Table and figure of how errors grow with worse input."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from gaitdynamics.evaluation.figures import file_name, save_figures
from gaitdynamics.evaluation.markdown import Shown, markdown_table, number
from gaitdynamics.evaluation.robustness import RobustnessEvaluation, compare_with_unchanged
from gaitdynamics.evaluation.tables import csv_text
from gaitdynamics.files.atomic import write_text
from gaitdynamics.plotting.style import GREY, new_figure, tidy

SHOWN: Final = (
    Shown("profile_vertical", "vertical [%BW]", 1),
    Shown("profile_fore_aft", "fore-aft [%BW]", 1),
    Shown("profile_medio_lateral", "medio-lateral [%BW]", 1),
    Shown("peak_vertical", "peak vertical [%BW]", 1),
    Shown("cop", "CoP [mm]", 0),
)

#: Colours and markers of the force components (Okabe & Ito), apart from those of the sides.
COMPONENTS: Final = {
    "profile_vertical": ("vertical", "#009e73", "o"),
    "profile_fore_aft": ("fore-aft", "#e69f00", "s"),
    "profile_medio_lateral": ("medio-lateral", "#cc79a7", "^"),
}
#: Panels of the figure side by side.
COLUMNS: Final = 4

ACTIVITY_LINES: Final[dict[str, Any]] = {"walking": "-", "running": "--"}

NOTES: Final = """\
Mean over studies of the errors of the whole test side, both feet; in brackets the change against the motion as recorded
on the same trials and feet. Measured forces are never perturbed.

- Sampling rate: the recordings are at {rates}; lower rates are filtered at 0.45 of the rate first, higher ones are
  interpolated and hold nothing new.
- Low-pass: all coordinates, zero lag, before anything else.
- Noise: normal, independent for every measured rotation of joints and pelvis; translations have none. *Slow* noise is
  low-passed at 2 Hz, as errors that come and go with the stride; *filtered* noise at 6 Hz, as what the usual low-pass
  of kinematics leaves; both have the stated standard deviation after that. *White* noise goes up to half the sampling
  rate, as from kinematics that nobody filtered.
- Body mass: as stated to the method. Forces come in proportion to it.
- Generic model: scaled from height and mass alone, with the same angles; people of known height only.
- Missing trunk, missing arms: angles taken away where they were measured. The arms then rest at the model's default,
  the trunk is held upright.
"""


def write_robustness(evaluation: RobustnessEvaluation, folder: str | Path, *, title: str) -> tuple[Path, ...]:
    """Write `robustness.csv`, `robustness_trials.csv`, `robustness.md`, and `robustness_<method>.png` per method.

    Parameters
    ----------
    evaluation
        What was found.
    folder
        Where to write; made if it does not exist.
    title
        Heading of the page.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    table = compare_with_unchanged(evaluation)
    found = sorted({round(rate) for rate in evaluation.results["rate_hz"]})
    rates = " Hz, ".join(str(rate) for rate in found) + " Hz"
    texts = {
        "robustness_trials.csv": csv_text(evaluation.results),
        "robustness_failures.csv": csv_text(evaluation.failures),
        "robustness.csv": csv_text(table),
        "robustness.md": robustness_page(table, title=title, rates=rates),
    }
    for name, text in texts.items():
        write_text(folder / name, text)
    figures = {f"robustness_{file_name(m)}.png": plot_robustness(table, m) for m in table["method"].unique()}
    return (*(folder / name for name in texts), *save_figures(figures, folder))


def robustness_page(table: pd.DataFrame, *, title: str, rates: str) -> str:
    """Write the table as Markdown.

    Parameters
    ----------
    table
        From `robustness.compare_with_unchanged`.
    title
        Heading of the page.
    rates
        Sampling rates of the recordings, in words.
    """
    parts = [f"# {title}\n", NOTES.format(rates=rates)]
    for (method, activity), part in table.groupby(["method", "activity"], sort=False):
        parts.append(f"## {method}: {activity}\n")
        head = ["input", "", "studies", "people", "trials", "failed", *(column.heading for column in SHOWN)]
        rows = []
        for row in part.to_dict("records"):
            counts = (row[name] for name in ("studies", "people", "trials", "failed"))
            rows.append([row["group"], row["condition"], *counts, *(_with_change(row, column) for column in SHOWN)])
        parts.append(markdown_table(head, rows))
    return "\n".join(parts)


def _with_change(row: dict[Any, Any], column: Shown) -> str:
    text = number(row[column.name], column.digits)
    change = row[f"{column.name}_change"]
    if row["group"] == "none":
        return text
    signed = f"{change:+.{column.digits}f}"
    return f"{text} ({signed if float(signed) else signed[1:]})"


def plot_robustness(table: pd.DataFrame, method: str) -> Figure:
    """Draw profile errors of one method against the size of each perturbation, and beside them those without a size.

    Parameters
    ----------
    table
        From `robustness.compare_with_unchanged`.
    method
        Whose errors.
    """
    own = table[table["method"] == method]
    sized = [g for g in own["group"].unique() if own.loc[own["group"] == g, "size"].notna().all()]
    units = {"sampling rate": "[Hz]", "low-pass": "cutoff [Hz]", "body mass": "error [%]"}
    rows = len(sized) // COLUMNS + 1
    figure = new_figure(12.5, 0.8 + 2.7 * rows)
    panels = figure.subplots(rows, COLUMNS, squeeze=False).ravel()
    for axes, group in zip(panels, sized, strict=False):
        _lines(axes, own, group)
        axes.set_xlabel(f"{group.capitalize()} {units.get(group, 'SD [deg]')}", size=8)
    _steps(panels[len(sized)], own)
    for axes in panels[len(sized) + 1 :]:
        axes.remove()
    panels = panels[: len(sized) + 1]
    for axes in panels[::COLUMNS]:
        axes.set_ylabel(f"Error [% body weight]\n{method}", size=8)
    for axes in panels:
        axes.set_ylim(bottom=0.0)
        tidy(axes)
    handles = [
        *(Line2D([], [], color=c, marker=m, markersize=4, label=label) for label, c, m in COMPONENTS.values()),
        *(Line2D([], [], color=GREY, linestyle=line, label=name) for name, line in ACTIVITY_LINES.items()),
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=5, fontsize=8, frameon=False)
    return figure


def _lines(axes: Axes, table: pd.DataFrame, group: str) -> None:
    """Draw errors over size; the recording itself is a point of the line where it has a place on the axis."""
    for activity, line in ACTIVITY_LINES.items():
        part = table[(table["activity"] == activity) & (table["group"] == group)]
        recorded = table[(table["activity"] == activity) & (table["group"] == "none")]
        if "noise" in group or group == "body mass":
            part = pd.concat([part, recorded.assign(size=0.0)])
        part = part.sort_values("size")
        axes.set_xticks(part["size"], [f"{size:g}" for size in part["size"]])
        for name, (_, color, marker) in COMPONENTS.items():
            axes.plot(
                part["size"], part[name], color=color, linestyle=line, marker=marker, markersize=3.5, linewidth=1.2
            )


def _steps(axes: Axes, table: pd.DataFrame) -> None:
    """Draw the change of errors under the perturbations that have no size."""
    part = table[table["size"].isna() & (table["group"] != "none")]
    labels = list(dict.fromkeys(part["condition"]))
    for activity, line in ACTIVITY_LINES.items():
        for place, (name, (_, color, marker)) in enumerate(COMPONENTS.items()):
            rows = part[part["activity"] == activity].set_index("condition")
            for x, label in enumerate(labels):
                if label in rows.index:
                    after = rows.loc[label, name]
                    at = x + 0.22 * (place - 1) + (0.06 if line == "--" else -0.06)
                    before = after - rows.loc[label, f"{name}_change"]
                    axes.plot([at, at], [before, after], color=color, linestyle=line, linewidth=1.4)
                    axes.plot([at], [after], color=color, marker=marker, markersize=4)
                    axes.plot([at], [before], color=color, marker=marker, markersize=4, markerfacecolor="white")
    words = {"generic, from height and mass": "generic\nmodel", "trunk": "no trunk", "arms": "no arms"}
    axes.set_xticks(range(len(labels)), [words.get(label, label) for label in labels])
    axes.set_xlabel("Open: as recorded, filled: changed", size=8)
