"""Figures of the hip benchmark: mean curves of every muscle and moment, and R2 of every muscle."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.lines import Line2D
from methods import Comparison
from sequences import outputs_of

from gaitdynamics.features.hip import TARGETS, HipTask
from gaitdynamics.plotting.style import GREY, new_figure, save_for_papers, tidy

#: Colours that stay apart with every kind of colour blindness (Okabe & Ito).
COLORS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#7f7f7f", "#b8a000", "#444444")


def draw_curves(
    found: Comparison, task: HipTask, methods: Sequence[str], *, split: str, activity: str, title: str, file: Path
) -> None:
    """Draw mean curves over people: the labels black with a band of one SD over cycles, each method on top."""
    chosen = np.array([c.trial.split == split and c.trial.activity == activity for c in found.cycles])
    if not chosen.any():
        return
    truth, target = outputs_of(found.cycles, task)[chosen], TARGETS[task]
    person = np.array([cycle.trial.person for cycle in found.cycles])[chosen]
    columns = 5 if len(target.names) > 5 else 3
    rows = -(-len(target.names) // columns)
    figure = new_figure(2.6 * columns, 1.0 + 2.1 * rows)
    grid = figure.subplots(rows, columns, sharex=True, squeeze=False)
    phase = np.linspace(0.0, 100.0, truth.shape[1])
    for axes, name, place in zip(grid.flat, target.names, range(len(target.names)), strict=False):
        tidy(axes)
        mean, sd = _over_people(truth[..., place], person), truth[..., place].std(axis=0)
        axes.fill_between(phase, mean - sd, mean + sd, color=GREY, alpha=0.2, linewidth=0)
        axes.plot(phase, mean, color="black", linewidth=2.0)
        for color, method in zip(COLORS, methods, strict=False):
            curve = _over_people(found.predicted[task][method][chosen][..., place], person)
            axes.plot(phase, curve, color=color, linewidth=1.2)
        axes.set_title(f"{name.replace('_', ' ')} [{target.unit}/kg]", fontsize=9)
        axes.set_xlim(0.0, 100.0)
    for axes in grid.flat[len(target.names) :]:
        axes.set_visible(False)
    for axes in grid[-1]:
        axes.set_xlabel("% of gait cycle", fontsize=8)
    handles = [Line2D([], [], color="black", linewidth=2.0, label="OpenSim, measured forces (labels)")]
    handles += [Line2D([], [], color=color, label=m) for color, m in zip(COLORS, methods, strict=False)]
    figure.legend(handles=handles, loc="outside lower center", ncols=3, fontsize=8, frameon=False)
    cycles, people = int(chosen.sum()), len(set(person.tolist()))
    figure.suptitle(f"{title}: mean over {people} people, {cycles} gait cycles", fontsize=11)
    save_for_papers(figure, file)


def _over_people(curves: np.ndarray, person: np.ndarray) -> np.ndarray:
    return np.mean([curves[person == one].mean(axis=0) for one in sorted(set(person.tolist()))], axis=0)


def draw_r2(table: pd.DataFrame, methods: Sequence[str], *, people_of: str, activity: str, file: Path) -> None:
    """Draw R2 of each muscle as bars, a colour per method; below -1 they are cut."""
    part = table[(table["people_of"] == people_of) & (table["activity"] == activity)]
    wide = part.pivot_table(index="output", columns="method", values="R2", sort=False)
    if wide.empty:
        return
    figure = new_figure(12.0, 4.4)
    axes = figure.subplots()
    tidy(axes)
    width = 0.8 / len(methods)
    for number, (color, method) in enumerate(zip(COLORS, methods, strict=False)):
        place = np.arange(len(wide)) + (number - (len(methods) - 1) / 2) * width
        axes.bar(place, np.maximum(wide[method].to_numpy(), -1.0), width, color=color, label=method)
    axes.axhline(0.0, color=GREY, linewidth=0.8)
    axes.set_xticks(np.arange(len(wide)), [str(name).replace("_", " ") for name in wide.index], rotation=30, ha="right")
    axes.set_ylabel("R2, mean over people (cut at -1)", fontsize=9)
    axes.set_ylim(-1.05, 1.05)
    figure.legend(loc="outside lower center", ncols=3, fontsize=8, frameon=False)
    figure.suptitle(f"Hip muscle forces, {activity}, {people_of}", fontsize=11)
    save_for_papers(figure, file)
