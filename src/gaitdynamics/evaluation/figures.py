"""The figures of an evaluation: bars of errors, curves over stance, and calibration of stated uncertainties."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from gaitdynamics.columns import SIDES
from gaitdynamics.evaluation.bars import plot_errors, plot_moment_errors
from gaitdynamics.evaluation.benchmark import ForceEvaluation
from gaitdynamics.evaluation.coverage import FORCES, POINTS, coverage_per_study
from gaitdynamics.evaluation.metrics import FORE_AFT, MEDIO_LATERAL, VERTICAL
from gaitdynamics.evaluation.tally import CurvePair
from gaitdynamics.plotting.style import GREY, SIDE_COLORS, SIDE_NAMES, new_figure, save_for_papers, tidy

#: Components in the order of the columns of figures.
COMPONENTS: Final = ((VERTICAL, "Vertical"), (FORE_AFT, "Fore-aft"), (MEDIO_LATERAL, "Medio-lateral"))

STANCE_PERCENT: Final = "Stance [%]"

#: Lines of studies (Okabe & Ito, dark enough for lines), then again dashed.
STUDY_COLORS: Final = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000")


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


def plot_calibration(rows: pd.DataFrame, method: str) -> Figure:
    """Draw how often intervals hold against how often they should, a line per study, a panel per quantity.

    Parameters
    ----------
    rows
        `benchmark.ForceEvaluation.coverage`.
    method
        Whose uncertainties are drawn.
    """
    table = coverage_per_study(rows[rows["method"] == method])
    quantities = [*FORCES, *POINTS]
    groups = list(dict.fromkeys(zip(table["study"], table["activity"], strict=True)))
    figure = new_figure(2.5 * len(quantities), 3.4)
    for axes, quantity in zip(figure.subplots(1, len(quantities), sharey=True), quantities, strict=True):
        axes.plot([0, 100], [0, 100], color=GREY, linewidth=1, linestyle=":")
        for place, (study, activity) in enumerate(groups):
            line = table[(table["study"] == study) & (table["activity"] == activity) & (table["quantity"] == quantity)]
            axes.plot(100 * line["level"], 100 * line["coverage"], **_study_look(place))
        axes.set(xlim=(0, 100), ylim=(0, 100), aspect="equal")
        axes.set_title(_words(quantity), size=9)
        axes.set_xlabel("Interval [%]", size=8)
        tidy(axes)
    figure.axes[0].set_ylabel(f"Measurements inside [%]\n{method}", size=8)
    handles = [
        *(
            Line2D([], [], label=f"{study}, {activity}", **_study_look(place))
            for place, (study, activity) in enumerate(groups)
        ),
        Line2D([], [], color=GREY, linewidth=1, linestyle=":", label="as stated"),
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=4, fontsize=8, frameon=False)
    return figure


def _study_look(place: int) -> dict[str, Any]:
    turn, color = divmod(place, len(STUDY_COLORS))
    return {"color": STUDY_COLORS[color], "linestyle": "--" if turn else "-", "linewidth": 1.3}


def _words(quantity: str) -> str:
    words = quantity.removeprefix("cop_").replace("_", "-")
    return f"CoP, {words}" if quantity.startswith("cop_") else f"{words.capitalize()} force"


def write_figures(evaluation: ForceEvaluation, folder: str | Path) -> tuple[Path, ...]:
    """Write the figures.

    `errors.png`, with dynamics `moments.png`, for each method `curves_<method>.png`, and with uncertainties
    `calibration_<method>.png`.

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
    figures = {"errors.png": plot_errors(evaluation.results)}
    if "moment_hip_flexion" in evaluation.results:
        figures["moments.png"] = plot_moment_errors(evaluation.results)
    for method in dict.fromkeys(pair.method for pair in evaluation.curves):
        figures[f"curves_{file_name(method)}.png"] = plot_curves(evaluation.curves, method)
    if not evaluation.coverage.empty:
        for method in evaluation.coverage["method"].unique():
            figures[f"calibration_{file_name(method)}.png"] = plot_calibration(evaluation.coverage, method)
    return save_figures(figures, folder)


def save_figures(figures: Mapping[str, Figure], folder: str | Path) -> tuple[Path, ...]:
    """Write figures under their names into a folder, which is made if it does not exist, and as PDF beside."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    return tuple(path for name, figure in figures.items() for path in save_for_papers(figure, folder / name))


def file_name(method: str) -> str:
    """Make the name of a method fit for the name of a file."""
    return "".join(letter if letter.isalnum() else "_" for letter in method)
