"""What a report page shows over stance, from contact to toe-off."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from gaitdynamics.columns import SIDES
from gaitdynamics.plotting.forces import PHASE, stance_curve, stance_interval
from gaitdynamics.report_page.contents import StancePanel
from gaitdynamics.stances import Interval, find_stances
from gaitdynamics.tasks.moments import MomentsResult
from gaitdynamics.tasks.results import ForceEstimate
from gaitdynamics.trial import Array

#: Component along the direction of travel, and its name.
_FORCES = (
    (1, "Vertical"),
    (0, "Propulsion + / braking \N{MINUS SIGN}"),
    (2, "Medial + / lateral \N{MINUS SIGN}"),
)


def stance_panels(estimate: ForceEstimate, moments: MomentsResult | None) -> list[StancePanel]:
    """Lay forces along the direction of travel, and knee adduction moments, over each whole stance.

    Parameters
    ----------
    estimate
        The forces.
    moments
        Joint moments; None for none.
    """
    stances = [s for s in find_stances(estimate.contact) if s.complete]
    panels = [_force_panel(estimate, stances, component, title) for component, title in _FORCES]
    if moments is not None:
        adduction = moments.knee_adduction

        def over_stance(stance: Interval) -> Array:
            curve = adduction[stance.start : stance.stop, SIDES.index(stance.side)]
            return np.interp(PHASE, np.linspace(0.0, 100.0, len(curve)), curve)

        curves = _by_side([s for s in moments.stances() if s.complete], over_stance)
        panels.append(StancePanel("Knee adduction + (external)", "N.m/kg", curves, {}))
    return [panel for panel in panels if panel.curves]


def _force_panel(estimate: ForceEstimate, stances: Sequence[Interval], component: int, title: str) -> StancePanel:
    forces, velocity, weight = estimate.forces, estimate.com_velocity, estimate.trial.body_weight
    curves = _by_side(stances, lambda s: stance_curve(forces, s, velocity, component, weight))
    bands: dict[str, Array] = {}
    if forces.force_sd is not None:
        found = _by_side(stances, lambda s: stance_interval(forces, s, velocity, component, weight))
        bands = {side: ends.mean(axis=0) for side, ends in found.items()}
    return StancePanel(title, "% body weight", curves, bands)


def _by_side(stances: Sequence[Interval], of: Callable[[Interval], Array]) -> dict[str, Array]:
    """Stack what `of` gives for the stances of each side that has any."""
    found = {side: [of(s) for s in stances if s.side == side] for side in SIDES}
    return {side: np.stack(values) for side, values in found.items() if values}
