"""The picture of a completed motion: each joint over time, measured and generated, with the spread of the samples."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from gaitdynamics.columns import FULL_BODY, LUMBAR, PELVIS_ROTATIONS, PELVIS_TRANSLATIONS, canonical, leg
from gaitdynamics.features.published.schema import DROPPED
from gaitdynamics.inference.completion import generated_cells
from gaitdynamics.plotting.style import BAND_ALPHA, GREY, SIDE_COLORS, SIDE_NAMES, new_figure, tidy
from gaitdynamics.trial import Array, Mask, Trial
from gaitdynamics.uncertainty import interval_factor

if TYPE_CHECKING:
    from gaitdynamics.tasks.completion import CompletedMotion

#: Longest stretch shown [s].
SHOWN_SECONDS: Final = 6.0
#: Panels: a coordinate, or the same one of both sides.
_PANELS: Final = (
    *((name,) for name in (*PELVIS_TRANSLATIONS, *PELVIS_ROTATIONS, *LUMBAR)),
    *(pair for pair in zip(leg("r"), leg("l"), strict=True) if pair[0] not in DROPPED),
)
_COLUMNS: Final = 3
_MIDDLE: Final = "#2d2d2d"


def plot_completion(result: CompletedMotion) -> Figure:
    """Draw every coordinate: what was measured solid, what was generated dashed over a shaded 95 % interval.

    Parameters
    ----------
    result
        The completed motion. The stretch with most that was generated is shown.
    """
    trial = result.trial
    places = {canonical(name): index for index, name in enumerate(trial.coordinates) if canonical(name) in FULL_BODY}
    panels = [names for names in _PANELS if any(name in places for name in names)]
    rows = -(-len(panels) // _COLUMNS)
    figure = new_figure(13.0, 1.2 + 1.55 * rows)
    grid = figure.subplots(rows, _COLUMNS, sharex=True, squeeze=False)
    generated = generated_cells(trial)
    shown = _shown(trial, generated)
    for axes, names in zip(grid.flat, panels, strict=False):
        for name in names:
            if name in places:
                _draw(axes, trial, result.spread, generated, shown, places[name], name)
        axes.set_title(names[0].removesuffix("_r").replace("_", " "), fontsize=9)
        turning = trial.subject.model.coordinates[trial.coordinates[places[names[0]]]].motion != "translational"
        axes.set_ylabel("[deg]" if turning else "[m]", fontsize=8)
        tidy(axes)
    for axes in grid.flat[len(panels) :]:
        axes.set_visible(False)
    for axes in grid[-1]:
        axes.set_xlabel("time [s]", fontsize=8)
    grid.flat[0].set_xlim(trial.time[shown][0], trial.time[shown][-1])
    figure.legend(handles=_legend(len(result.samples)), fontsize=8, ncols=6, loc="outside lower center")
    figure.suptitle(f"{trial.name}: {_summary(trial)}", fontsize=11)
    return figure


def _summary(trial: Trial) -> str:
    parts = []
    if trial.generated:
        parts.append(f"{len(trial.generated)} coordinates generated")
    if trial.gaps is not None:
        parts.append(f"gaps in time of {int(trial.gaps.any(0).sum())} coordinates filled")
    return ", ".join(parts) or "nothing was missing"


def _shown(trial: Trial, generated: Mask) -> slice:
    """Find the stretch to show: that with most generated cells, the earliest of equals."""
    length = min(len(trial.time), int(SHOWN_SECONDS * trial.rate) + 1)
    sums = np.concatenate([[0], np.cumsum(generated.sum(1))])
    first = int((sums[length:] - sums[:-length]).argmax())
    return slice(first, first + length)


def _draw(axes: Axes, trial: Trial, spread: Array, generated: Mask, shown: slice, index: int, name: str) -> None:
    side = name[-1] if name.endswith(("_r", "_l")) else ""
    color = SIDE_COLORS.get(side, _MIDDLE)
    turning = trial.subject.model.coordinates[trial.coordinates[index]].motion != "translational"
    scale = np.degrees(1.0) if turning else 1.0
    time, value = trial.time[shown], scale * trial.values[shown, index]
    width = scale * interval_factor() * spread[shown, index]
    made = generated[shown, index]
    axes.plot(time, np.where(made, np.nan, value), color=color, linewidth=1.3)
    axes.plot(time, np.where(made, value, np.nan), color=color, linewidth=1.3, linestyle=(0, (4, 1.5)))
    axes.fill_between(time, value - width, value + width, where=made, color=color, alpha=BAND_ALPHA, linewidth=0)


def _legend(samples: int) -> list[Line2D | Patch]:
    handles: list[Line2D | Patch] = [
        *(Line2D([], [], color=SIDE_COLORS[side], label=SIDE_NAMES[side]) for side in ("r", "l")),
        Line2D([], [], color=GREY, label="measured"),
        Line2D([], [], color=GREY, linestyle=(0, (4, 1.5)), label="generated"),
    ]
    if samples > 1:
        handles.append(Patch(color=GREY, alpha=BAND_ALPHA, linewidth=0, label=f"95 % of {samples} samples"))
    return handles
