"""A page of small pictures: measured vertical force against what the motion demands, one per trial."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from gaitdynamics.plotting.style import GREY, new_figure, tidy

if TYPE_CHECKING:
    from gaitdynamics.dataset.audit import TrialAudit

_MEASURED, _DEMANDED, _WRONG = "#1a1a1a", "#009e73", "#b00020"
_COLUMNS = 5
#: Of longer trials so much is drawn [s]: more strides could not be told apart.
_LONGEST = 6.0


def plot_data_check(audits: Sequence[TrialAudit], title: str) -> Figure:
    """Draw total vertical force over time, in body weights, one small picture per trial of its first 6 s.

    Parameters
    ----------
    audits
        With `vertical`, in the order in which they are drawn.
    title
        Head of the page.

    Returns
    -------
    Figure
        Measured force is dark where both feet are valid and pale elsewhere; the names of trials with findings are red.
    """
    columns = min(_COLUMNS, max(1, len(audits)))
    rows = max(1, math.ceil(len(audits) / columns))
    figure = new_figure(max(7.5, 2.9 * columns), 1.85 * rows + 0.9)
    figure.suptitle(title, fontsize=11, x=0.01, ha="left")
    grid = figure.subplots(rows, columns, squeeze=False)
    for axes, audit in zip(grid.flat, audits, strict=False):
        _draw(axes, audit)
    for axes in grid.flat[len(audits) :]:
        axes.set_axis_off()
    for axes in grid[:, 0]:
        axes.set_ylabel("vertical [BW]", fontsize=8)
    for column in range(columns):
        last = max(row for row in range(rows) if row * columns + column < max(1, len(audits)))
        grid[last, column].set_xlabel("time [s]", fontsize=8)
    handles = [
        Line2D([], [], color=_MEASURED, linewidth=1.4, label="measured, both feet valid"),
        Line2D([], [], color=GREY, linewidth=0.8, alpha=0.6, label="measured, elsewhere"),
        Line2D(
            [],
            [],
            color=_DEMANDED,
            linewidth=1.1,
            label="mass x (acceleration + g), below 10 Hz; at most the first 6 s",
        ),
    ]
    figure.legend(handles=handles, loc="outside lower left", ncols=3, fontsize=8, frameon=False)
    return figure


def _draw(axes: Axes, audit: TrialAudit) -> None:
    tidy(axes)
    axes.tick_params(labelsize=7)
    color = _WRONG if audit.findings else "black"
    axes.set_title(_shortened(audit.label, 42), fontsize=7, loc="left", color=color)
    forces = audit.vertical
    assert forces is not None
    part = forces.time <= forces.time[0] + _LONGEST
    time = forces.time[part]
    if forces.measured is not None:
        measured = forces.measured[part]
        axes.plot(time, measured, color=GREY, linewidth=0.8, alpha=0.6)
        axes.plot(time, np.where(forces.valid[part], measured, np.nan), color=_MEASURED, linewidth=1.4)
    axes.plot(time, forces.demanded[part], color=_DEMANDED, linewidth=1.1)
    axes.axhline(1.0, color=GREY, linewidth=0.5, linestyle=":")
    axes.margins(x=0.01)
    low, high = axes.get_ylim()
    low = min(low, 0.0)
    # Room for the words below the curves.
    axes.set_ylim(low - 0.13 * len(audit.findings) * (high - low), high)
    if audit.findings:
        said = "\n".join(_shortened(finding.text) for finding in audit.findings)
        box = {"facecolor": "white", "alpha": 0.75, "edgecolor": "none", "pad": 0.5}
        text = axes.text(0.02, 0.02, said, transform=axes.transAxes, fontsize=6, color=_WRONG, va="bottom", bbox=box)
        text.set_in_layout(False)


def _shortened(text: str, most: int = 52) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"
