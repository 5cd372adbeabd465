"""Errors of methods as bars: mean over studies, one standard deviation, and each study as a dot."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from gaitdynamics.evaluation.scoring import MAIN_PROTOCOL
from gaitdynamics.evaluation.summary import over_studies, overall, per_study
from gaitdynamics.plotting.style import GREY, new_figure, tidy

#: Smallest changes of the peak vertical force that exceed the error of measuring it [%BW], as the paper
#: cites them: healthy (Patoz et al. 2023; Al-Amri et al. 2017), post-stroke (Kesar et al. 2011).
MINIMAL_DETECTABLE_CHANGES: Final = ((13.0, "healthy"), (10.18, "healthy"), (4.65, "post-stroke"))

#: Groups of bars: column of the summary, and its name below the axis.
FORCE_BARS: Final = (
    ("profile_vertical", "vertical\nprofile"),
    ("profile_fore_aft", "fore-aft\nprofile"),
    ("profile_medio_lateral", "medio-lateral\nprofile"),
    ("peak_vertical", "vertical\npeak"),
)
MOMENT_BARS: Final = (
    ("moment_hip_flexion", "hip\nflexion"),
    ("moment_hip_adduction", "hip\nadduction"),
    ("moment_knee_flexion", "knee\nflexion"),
    ("moment_ankle_flexion", "ankle\nflexion"),
    ("moment_knee_adduction", "knee\nadduction"),
)

#: Colours of methods (Okabe & Ito), apart from those of the sides.
METHOD_COLORS: Final = ("#9a9a9a", "#56b4e9", "#e69f00", "#009e73", "#cc79a7", "#f0e442")
#: From the seventh method on the colours come again, hatched.
HATCHES: Final = ("", "////", "....")


def plot_errors(results: pd.DataFrame) -> Figure:
    """Draw the force errors of each method, with the minimal detectable changes of the peak vertical force.

    Parameters
    ----------
    results
        One row per trial, foot and method (`benchmark.ForceEvaluation.results`).

    Returns
    -------
    Figure
        One panel per activity.
    """
    figure, panels = _panels(results, FORCE_BARS, "Error [% body weight]", detectable=True)
    peak = len(FORCE_BARS) - 1
    for axes in panels:
        for change, people in MINIMAL_DETECTABLE_CHANGES:
            axes.plot([peak - 0.5, peak + 0.5], [change, change], linestyle="--", linewidth=1, color=GREY)
            axes.text(peak + 0.52, change, f"{change:.4g} %\n{people}", va="center", size=6.5, color=GREY)
        axes.set_xlim(-0.5, len(FORCE_BARS) + 0.05)
        axes.set_ylim(bottom=0.0)
    return figure


def plot_moment_errors(results: pd.DataFrame) -> Figure:
    """Draw the joint moment errors of each method, one panel per activity.

    Parameters
    ----------
    results
        As for `plot_errors`, with the columns of `moment_metrics.score_moments`.
    """
    return _panels(results, MOMENT_BARS, "RMS error of joint moments [N m/kg]")[0]


def _panels(
    results: pd.DataFrame, bars: Sequence[tuple[str, str]], label: str, *, detectable: bool = False
) -> tuple[Figure, list[Axes]]:
    chosen = results[results["protocol"] == MAIN_PROTOCOL]
    studies = per_study(chosen)
    studies = studies[studies["plate_gain"] == 1.0]
    summary = overall(over_studies(studies))
    methods = list(dict.fromkeys(results["method"]))
    activities = sorted(summary["activity"].unique(), reverse=True)
    figure = new_figure(1.2 + 4.6 * len(activities), 4.0)
    panels = list(figure.subplots(1, len(activities), sharey=detectable, squeeze=False)[0])
    for axes, activity in zip(panels, activities, strict=True):
        of_activity = studies[studies["activity"] == activity]
        _bars(axes, of_activity, summary[summary["activity"] == activity], methods, bars)
        count = of_activity["study"].nunique()
        axes.set_title(f"{activity.capitalize()} ({count} {'study' if count == 1 else 'studies'})", size=10)
    panels[0].set_ylabel(label, size=9)
    handles: list[Patch | Line2D] = [Patch(label=method, **_look(i)) for i, method in enumerate(methods)]
    dot = {"marker": "o", "markersize": 3.5, "linestyle": "", "color": "black", "mfc": "white"}
    handles.append(Line2D([], [], label="one study", **dot))  # type: ignore[arg-type]
    if detectable:
        handles.append(Line2D([], [], linestyle="--", color=GREY, label="minimal detectable change"))
    figure.legend(handles=handles, loc="outside lower center", ncols=5, fontsize=8, frameon=False)
    return figure, panels


def _bars(
    axes: Axes,
    studies: pd.DataFrame,
    summary: pd.DataFrame,
    methods: Sequence[str],
    bars: Sequence[tuple[str, str]],
) -> None:
    width = 0.8 / len(methods)
    for place, method in enumerate(methods):
        rows = summary[summary["method"] == method]
        if rows.empty:
            continue
        row = rows.iloc[0]
        of_method = studies[studies["method"] == method]
        for group, (name, _) in enumerate(bars):
            at = group + (place - 0.5 * (len(methods) - 1)) * width
            axes.bar(at, row[f"{name}_mean"], 0.92 * width, **_look(place))
            spread = np.nan_to_num(float(row[f"{name}_sd"]))
            if spread:
                axes.errorbar(at, row[f"{name}_mean"], spread, color="black", capsize=3, linewidth=1)
            offsets = np.linspace(-0.25, 0.25, len(of_method)) * width if len(of_method) > 1 else [0.0]
            dots = {"color": "white", "edgecolor": "black", "linewidth": 0.6, "zorder": 3}
            axes.scatter(at + np.asarray(offsets), of_method[name], s=9, **dots)  # type: ignore[arg-type]
    axes.set_xticks(range(len(bars)), [label for _, label in bars])
    axes.set_xlim(-0.5, len(bars) - 0.5)
    tidy(axes)
    axes.grid(visible=False, axis="x")


def _look(place: int) -> dict[str, Any]:
    turn, color = divmod(place, len(METHOD_COLORS))
    return {
        "facecolor": METHOD_COLORS[color],
        "hatch": HATCHES[turn % len(HATCHES)],
        "edgecolor": "white" if turn else METHOD_COLORS[color],
    }
