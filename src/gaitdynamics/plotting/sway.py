"""Trunk sway and knee adduction moment over stance, measured and generated: in the manner of the paper's Fig. 3."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from gaitdynamics.plotting.style import GENERATED_PALE, GREY, MEASURED, new_figure, tidy

if TYPE_CHECKING:
    from gaitdynamics.evaluation.sway_stances import SwayStance

_NORMAL, _SWAY = MEASURED, "#8c510a"
_GREENS: Final = {2.0: GENERATED_PALE, 2.5: "#2f9b78", 3.0: "#00523e"}


def plot_sway(stances: Sequence[SwayStance], side: str = "l") -> Figure:
    """Draw the lean of the trunk, and the moment by each method, over the stance of one foot.

    The other foot where none of that foot is whole. Measured curves are the mean by plates, with a band of one
    standard deviation; generated ones are means.
    """
    if not any(s.side == side and s.what == "generated" for s in stances):
        side = next(s.side for s in stances if s.what == "generated")
    mine = [s for s in stances if s.side == side]
    methods = list(dict.fromkeys((s.method, s.forces) for s in mine if s.what == "generated"))
    shown = [m for m in methods if m in (("ours", "refiner"), ("as in the paper", "diffusion"))] or methods[:2]
    figure = new_figure(4.2 * (1 + len(shown)), 4.2)
    panels = figure.subplots(1, 1 + len(shown), squeeze=False)[0]
    _draw(panels[0], mine, shown[0], "lean", "lean of the trunk over the pelvis to the side of the foot [deg]")
    panels[0].legend(fontsize=7)
    for axes, way in zip(panels[1:], shown, strict=True):
        _draw(axes, mine, way, "moment", f"knee adduction moment [%BW·BH]\ngenerated {way[0]}, forces: {way[1]}")
    low = min(axes.get_ylim()[0] for axes in panels[1:])
    high = max(axes.get_ylim()[1] for axes in panels[1:])
    for axes in panels[1:]:
        axes.set_ylim(low, high)
    figure.suptitle(f"{'Left' if side == 'l' else 'Right'} stance, normal walking and trunk sway", fontsize=11)
    return figure


def _draw(axes: Axes, stances: Sequence[SwayStance], way: tuple[str, str], quantity: str, title: str) -> None:
    tidy(axes)
    axes.axhline(0.0, color=GREY, linewidth=0.6)
    phase = np.linspace(0.0, 100.0, 101)
    for what, color in (("normal", _NORMAL), ("trunk sway", _SWAY)):
        curves = [getattr(s, quantity) for s in stances if s.what == what and s.forces == "plates"]
        if curves:
            mean, spread = np.mean(curves, axis=0), np.std(curves, axis=0)
            axes.plot(phase, mean, color=color, linewidth=2.0, label=f"measured, {what}")
            axes.fill_between(phase, mean - spread, mean + spread, color=color, alpha=0.2, linewidth=0.0)
    for factor, color in _GREENS.items():
        curves = [
            getattr(s, quantity)
            for s in stances
            if s.what == "generated" and (s.method, s.forces) == way and s.factor == factor
        ]
        if curves:
            axes.plot(phase, np.mean(curves, axis=0), color=color, linewidth=1.6, label=f"generated, {factor:g} x")
    axes.set_xlim(0.0, 100.0)
    axes.set_xlabel("% of stance", fontsize=8)
    axes.set_title(title, fontsize=9)
