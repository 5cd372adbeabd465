"""A good, a median and the worst trial of a method: what its errors look like."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from gaitdynamics.columns import SIDES
from gaitdynamics.dataset.catalogue import Catalogue
from gaitdynamics.evaluation.figures import COMPONENTS, file_name, save_figures
from gaitdynamics.evaluation.heading import heading
from gaitdynamics.evaluation.scoring import MAIN_PROTOCOL, Method
from gaitdynamics.features.heading import to_heading
from gaitdynamics.plotting.style import SIDE_COLORS, SIDE_NAMES, new_figure, tidy
from gaitdynamics.trial import Array, Mask, Trial

#: Rank of the trials shown, by their vertical error, in 0-1.
RANKS: Final = {"good (10th percentile)": 0.1, "median": 0.5, "worst": 1.0}

#: At most this much of a trial is shown [s]: the part in which its vertical error is largest.
SHOWN_TIME: Final = 2.5


@dataclass(frozen=True)
class Example:
    """A trial to show: rank in words, study, subject and trial, and its mean vertical error [%BW]."""

    rank: str
    study: str
    subject: str
    trial: str
    error: float


def choose_examples(results: pd.DataFrame, method: str, activity: str) -> list[Example]:
    """Choose trials by their mean absolute vertical error, both feet together.

    Parameters
    ----------
    results
        `benchmark.ForceEvaluation.results`.
    method, activity
        Whose trials are ranked.
    """
    chosen = results[
        (results["method"] == method)
        & (results["activity"] == activity)
        & (results["protocol"] == MAIN_PROTOCOL)
        & (results["plate_gain"] == 1.0)
    ]
    weighted = chosen.assign(sum=chosen["profile_vertical"] * chosen["frames"])
    sums = weighted.groupby(["study", "subject", "trial"])[["sum", "frames"]].sum()
    errors = (sums["sum"] / sums["frames"]).sort_values(kind="stable")
    examples = []
    for rank, share in RANKS.items():
        place = round(share * (len(errors) - 1))
        study, subject, trial = errors.index[place]
        examples.append(Example(rank, study, subject, trial, float(errors.iloc[place])))
    return examples


def write_examples(
    catalogue: Catalogue, results: pd.DataFrame, methods: Mapping[str, Method], folder: str | Path
) -> tuple[Path, ...]:
    """Write `examples_<activity>_<method>.png` for each method.

    Parameters
    ----------
    catalogue
        Of the data folder.
    results
        `benchmark.ForceEvaluation.results`.
    methods
        By name.
    folder
        Where to write.
    """
    records = {(r.study, r.subject, r.trial): r for r in catalogue}
    figures = {}
    pairs = results[["method", "activity"]].drop_duplicates().itertuples(index=False, name=None)
    for method, activity in pairs:
        examples = choose_examples(results, method, activity)
        trials = [records[e.study, e.subject, e.trial].load() for e in examples]
        figures[f"examples_{activity}_{file_name(method)}.png"] = plot_examples(
            examples, trials, method, methods[method]
        )
    return save_figures(figures, folder)


def plot_examples(examples: list[Example], trials: list[Trial], name: str, method: Method) -> Figure:
    """Draw estimated over measured force, a row per trial, a column per component.

    Parameters
    ----------
    examples, trials
        What to draw, and the same trials with measured forces.
    name, method
        Whose estimate.
    """
    figure = new_figure(9.5, 1.0 + 2.0 * len(examples))
    grid = figure.subplots(len(examples), len(COMPONENTS), squeeze=False)
    for axes_row, example, trial in zip(grid, examples, trials, strict=True):
        assert trial.forces is not None
        assert trial.forces.valid is not None
        along = np.full(len(trial.time), heading(trial))
        to_percent = 100.0 / trial.body_weight
        measured = to_heading(trial.forces.force, along) * to_percent
        estimated = to_heading(method(replace(trial, forces=None)).force, along) * to_percent
        valid = trial.forces.valid
        part = _worst_part(np.abs(estimated - measured)[..., 1], valid, trial.rate)
        for axes, (component, _) in zip(axes_row, COMPONENTS, strict=True):
            for foot, side in enumerate(SIDES):
                known = np.where(valid[part, foot], measured[part, foot, component], np.nan)
                color = SIDE_COLORS[side]
                axes.plot(trial.time[part], known, color=color, linewidth=1.6, alpha=0.55)
                axes.plot(
                    trial.time[part], estimated[part, foot, component], color=color, linewidth=1.1, linestyle="--"
                )
            tidy(axes)
        axes_row[0].set_ylabel(
            f"{example.rank}: {example.error:.1f} %BW\n{example.study}\n{example.subject} {example.trial}", size=8
        )
    _finish(figure, list(grid[0]), list(grid[-1]), name)
    return figure


def _finish(figure: Figure, top: list[Axes], bottom: list[Axes], name: str) -> None:
    for axes, (_, label) in zip(top, COMPONENTS, strict=True):
        axes.set_title(f"{label} [% body weight]", size=9)
    for axes in bottom:
        axes.set_xlabel("Time [s]", size=8)
    handles = [
        Line2D([], [], color=SIDE_COLORS[side], label=f"{SIDE_NAMES[side]}, {source}", **look)
        for source, look in (
            ("measured", {"linewidth": 1.6, "alpha": 0.55}),
            (name, {"linewidth": 1.1, "linestyle": "--"}),
        )
        for side in SIDES
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=4, fontsize=8, frameon=False)


def _worst_part(error: Array, valid: Mask, rate: float) -> slice:
    """Find the part of at most `SHOWN_TIME` in which the valid errors (T, 2) add up to most."""
    known = np.where(valid, error, 0.0).sum(axis=1)
    frames = min(len(known), round(SHOWN_TIME * rate))
    sums = np.convolve(known, np.ones(frames), mode="valid")
    start = int(sums.argmax())
    return slice(start, start + frames)
