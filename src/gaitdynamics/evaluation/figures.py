"""The figures of an evaluation: errors of the methods, and measured and estimated curves over stance."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from gaitdynamics.columns import SIDES
from gaitdynamics.evaluation.benchmark import CurvePair, ForceEvaluation
from gaitdynamics.evaluation.metrics import FORE_AFT, MEDIO_LATERAL, VERTICAL
from gaitdynamics.evaluation.summary import ALL_SPLITS, over_studies, per_study
from gaitdynamics.files.atomic import atomic_path
from gaitdynamics.plotting.style import GREY, SIDE_COLORS, SIDE_NAMES, new_figure, save_png, tidy

#: Smallest changes of the peak vertical force that exceed the error of measuring it [%BW], as the paper
#: cites them: healthy (Patoz et al. 2023; Al-Amri et al. 2017), post-stroke (Kesar et al. 2011).
MINIMAL_DETECTABLE_CHANGES = ((13.0, "healthy"), (10.18, "healthy"), (4.65, "post-stroke"))

#: Groups of bars: column of the summary, and its name below the axis.
BARS = (
    ("profile_vertical", "vertical\nprofile"),
    ("profile_fore_aft", "fore-aft\nprofile"),
    ("profile_medio_lateral", "medio-lateral\nprofile"),
    ("peak_vertical", "vertical\npeak"),
)

#: Colours of methods (Okabe & Ito), apart from those of the sides.
METHOD_COLORS = ("#9a9a9a", "#56b4e9", "#e69f00", "#009e73", "#cc79a7", "#f0e442")

#: Columns of the curves.
COMPONENTS = ((VERTICAL, "Vertical"), (FORE_AFT, "Fore-aft"), (MEDIO_LATERAL, "Medio-lateral"))

STANCE_PERCENT = "Stance [%]"


def plot_errors(results: pd.DataFrame) -> Figure:
    """Draw the errors of each method as bars: mean over studies, whiskers one standard deviation.

    Parameters
    ----------
    results
        One row per trial, foot and method (`benchmark.ForceEvaluation.results`).

    Returns
    -------
    Figure
        One panel per activity, with each study as a dot and the minimal detectable changes of the peak.
    """
    studies = per_study(results)
    summary = over_studies(studies)
    activities = sorted(summary["activity"].unique(), reverse=True)
    methods = list(dict.fromkeys(results["method"]))
    figure = new_figure(1.2 + 4.6 * len(activities), 3.9)
    panels = figure.subplots(1, len(activities), sharey=True, squeeze=False)[0]
    for axes, activity in zip(panels, activities, strict=True):
        of_activity = studies[studies["activity"] == activity]
        _bars(axes, of_activity, summary[summary["activity"] == activity], methods)
        count = of_activity["study"].nunique()
        axes.set_title(f"{activity.capitalize()} ({count} {'study' if count == 1 else 'studies'})", size=10)
    panels[0].set_ylabel("Error [% body weight]", size=9)
    handles = [
        Patch(color=color, label=method) for method, color in zip(methods, _colors(len(methods)), strict=True)
    ]
    study = Line2D(
        [], [], marker="o", markersize=3.5, linestyle="", color="black", mfc="white", label="one study"
    )
    change = Line2D([], [], linestyle="--", color=GREY, label="minimal detectable change")
    handles_all = [*handles, study, change]
    figure.legend(handles=handles_all, loc="outside lower center", ncols=6, fontsize=8, frameon=False)
    return figure


def _bars(axes: Axes, studies: pd.DataFrame, summary: pd.DataFrame, methods: Sequence[str]) -> None:
    width = 0.8 / len(methods)
    for place, (method, color) in enumerate(zip(methods, _colors(len(methods)), strict=True)):
        rows = summary[summary["method"] == method]
        if rows.empty:
            continue
        row = rows[rows["split"] == ALL_SPLITS].iloc[0] if ALL_SPLITS in set(rows["split"]) else rows.iloc[0]
        of_method = studies[studies["method"] == method]
        for group, (name, _) in enumerate(BARS):
            at = group + (place - 0.5 * (len(methods) - 1)) * width
            spread = np.nan_to_num(float(row[f"{name}_sd"]))
            axes.bar(at, row[f"{name}_mean"], 0.92 * width, color=color)
            if spread:
                axes.errorbar(at, row[f"{name}_mean"], spread, color="black", capsize=3, linewidth=1)
            offsets = np.linspace(-0.25, 0.25, len(of_method)) * width if len(of_method) > 1 else [0.0]
            axes.scatter(
                at + np.asarray(offsets),
                of_method[name],
                s=9,
                color="white",
                edgecolor="black",
                linewidth=0.6,
                zorder=3,
            )
    peak = len(BARS) - 1
    for change, people in MINIMAL_DETECTABLE_CHANGES:
        axes.plot([peak - 0.5, peak + 0.5], [change, change], linestyle="--", linewidth=1, color=GREY)
        axes.text(peak + 0.52, change, f"{change:.4g} %\n{people}", va="center", size=6.5, color=GREY)
    axes.set_xticks(range(len(BARS)), [label for _, label in BARS])
    axes.set_xlim(-0.5, len(BARS) + 0.05)
    tidy(axes)
    axes.grid(visible=False, axis="x")


def plot_curves(curves: Sequence[CurvePair], method: str) -> Figure:
    """Draw measured and estimated forces over stance, a row per activity and study, a column per component.

    Parameters
    ----------
    curves
        Of an evaluation (`benchmark.ForceEvaluation.curves`).
    method
        Whose estimates are drawn.

    Returns
    -------
    Figure
        Measured: mean as a line, one standard deviation over stances as a band. Estimated: mean dashed, one
        standard deviation as thin dotted lines.
    """
    mine = [pair for pair in curves if pair.method == method]
    rows = sorted({(pair.study, pair.activity) for pair in mine})
    rows.sort(key=lambda row: row[1], reverse=True)  # walking first, studies by name
    if not rows:
        raise ValueError(f"no curves of method '{method}'")
    figure = new_figure(9.5, 1.0 + 1.9 * len(rows))
    grid = figure.subplots(len(rows), len(COMPONENTS), sharex=True, squeeze=False)
    for axes_row, (study, activity) in zip(grid, rows, strict=True):
        of_row = [pair for pair in mine if (pair.study, pair.activity) == (study, activity)]
        counts = []
        for side in SIDES:
            of_side = [pair for pair in of_row if pair.side == side]
            if of_side:
                measured = np.concatenate([pair.measured for pair in of_side])
                estimated = np.concatenate([pair.estimated for pair in of_side])
                counts.append(f"{len(measured)} {SIDE_NAMES[side].lower()}")
                for axes, (component, _) in zip(axes_row, COMPONENTS, strict=True):
                    _ensemble(axes, measured[..., component], estimated[..., component], SIDE_COLORS[side])
        axes_row[0].set_ylabel(f"{study}\n{activity}\n{', '.join(counts)}", size=8)
    for axes, (_, label) in zip(grid[0], COMPONENTS, strict=True):
        axes.set_title(f"{label} [% body weight]", size=9)
    for axes in grid[-1]:
        axes.set_xlabel(STANCE_PERCENT, size=8)
    for axes in grid.flat:
        tidy(axes)
    handles = [
        *(Line2D([], [], color=SIDE_COLORS[side], label=f"{SIDE_NAMES[side]}, measured") for side in SIDES),
        *(
            Line2D([], [], color=SIDE_COLORS[side], linestyle="--", label=f"{SIDE_NAMES[side]}, {method}")
            for side in SIDES
        ),
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=4, fontsize=8, frameon=False)
    return figure


def _ensemble(axes: Axes, measured: np.ndarray, estimated: np.ndarray, color: str) -> None:
    percent = np.linspace(0.0, 100.0, measured.shape[1])
    mean, spread = measured.mean(axis=0), measured.std(axis=0)
    axes.fill_between(percent, mean - spread, mean + spread, color=color, alpha=0.18, linewidth=0)
    axes.plot(percent, mean, color=color, linewidth=1.4)
    mean, spread = estimated.mean(axis=0), estimated.std(axis=0)
    axes.plot(percent, mean, color=color, linewidth=1.4, linestyle="--")
    for edge in (mean - spread, mean + spread):
        axes.plot(percent, edge, color=color, linewidth=0.7, linestyle=":")


def _colors(count: int) -> list[str]:
    return [METHOD_COLORS[i % len(METHOD_COLORS)] for i in range(count)]


def write_figures(evaluation: ForceEvaluation, folder: str | Path) -> tuple[Path, ...]:
    """Write `errors.png` and, for each method, `curves_<method>.png`.

    Parameters
    ----------
    evaluation
        What was found.
    folder
        Where to write; made if it does not exist.

    Returns
    -------
    tuple of Path
        The files.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    figures = {"errors.png": plot_errors(evaluation.results)}
    for method in dict.fromkeys(pair.method for pair in evaluation.curves):
        safe = "".join(letter if letter.isalnum() else "_" for letter in method)
        figures[f"curves_{safe}.png"] = plot_curves(evaluation.curves, method)
    for name, figure in figures.items():
        with atomic_path(folder / name) as temporary:
            save_png(figure, temporary)
    return tuple(folder / name for name in figures)
