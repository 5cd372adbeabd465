"""What each method says of the test people's gait cycles: networks, physics, and static optimisation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from sequences import Key, as_data, key, passing, predict

from gaitdynamics.dataset.hip_labels import LabelledCycle, TrialLabels, cut_labelled_cycles
from gaitdynamics.features.hip import HipTask
from gaitdynamics.features.muscle_inputs import muscle_inputs
from gaitdynamics.inference.hip_checkpoint import HipNetwork
from gaitdynamics.inference.muscle_checkpoint import MuscleModel

#: Names of the methods without a hip network of Gait2Hip-60.
OURS = "ours, estimated forces"
OURS_MEASURED = "ours, measured forces"
OPENSIM = "OpenSim, estimated forces"
PHYSICS = "inverse dynamics, estimated forces"


@dataclass(frozen=True)
class Comparison:
    """Cycles of test people, and for each task and method the predictions (N, T, outputs) per kg."""

    cycles: list[LabelledCycle]
    predicted: Mapping[HipTask, Mapping[str, np.ndarray]]

    def split(self) -> np.ndarray:
        """Side of the split of each cycle."""
        return np.array([cycle.trial.split for cycle in self.cycles])


def compare(
    measured: Sequence[TrialLabels],
    estimated: Sequence[TrialLabels],
    networks: Mapping[str, Mapping[HipTask, HipNetwork]],
    muscles: MuscleModel,
) -> Comparison:
    """Predict with every method.

    Parameters
    ----------
    measured, estimated
        Labels of the test people with measured and with estimated forces on the feet, of the same instants.
    networks
        Hip networks of one or both tasks, by name of the method.
    muscles
        Our network.
    """
    cycles = passing(measured)
    predicted: dict[HipTask, dict[str, np.ndarray]] = {"muscle_forces": {}, "joint_moments": {}}
    for name, pair in networks.items():
        for task, network in pair.items():
            predicted[task][name] = predict(network, as_data(cycles, task))
    forces, moments = predicted["muscle_forces"], predicted["joint_moments"]
    theirs = _matching(cycles, estimated)
    mass = np.array([cycle.trial.mass_kg for cycle in cycles])[:, None, None]
    forces[OPENSIM] = np.stack([cycle.force for cycle in theirs]) / mass
    moments[PHYSICS] = np.stack([cycle.moment for cycle in theirs]) / mass
    for name, trials in ((OURS, estimated), (OURS_MEASURED, measured)):
        own = _matching(cycles, [by_network(trial, muscles) for trial in trials])
        forces[name] = np.stack([cycle.force for cycle in own]) / mass
    return Comparison(cycles, predicted)


def by_network(trial: TrialLabels, muscles: MuscleModel) -> TrialLabels:
    """Put the forces of our network, from the trial's joint moments, in the place of those of static optimisation."""
    legs = {}
    for side, leg in trial.legs.items():
        seen = muscle_inputs(leg.posture, leg.speed, leg.moment, trial.lengths, trial.mass_kg)
        legs[side] = replace(leg, force=muscles.predict(seen) * trial.mass_kg)
    return replace(trial, legs=legs)


def _matching(cycles: Sequence[LabelledCycle], trials: Sequence[TrialLabels]) -> list[LabelledCycle]:
    there: dict[Key, LabelledCycle] = {key(cycle): cycle for cycle in cut_labelled_cycles(trials)}
    return [there[key(cycle)] for cycle in cycles]


def instant_moments(
    measured: Sequence[TrialLabels], estimated: Sequence[TrialLabels]
) -> list[tuple[TrialLabels, np.ndarray, np.ndarray]]:
    """Hip moments (K, 3) [N.m/kg] of all instants of each trial, both legs: from measured and from estimated forces.

    Whole gait cycles are not needed here, so that overground trials of a single step count too.
    """
    others = {trial.label: trial for trial in estimated}
    found = []
    for trial in measured:
        if trial.label not in others:
            continue
        pairs = [
            (leg.moment[:, :3], others[trial.label].legs[side].moment[:, :3])
            for side, leg in trial.legs.items()
            if side in others[trial.label].legs
        ]
        if pairs:
            truth, estimate = (np.concatenate(part) / trial.mass_kg for part in zip(*pairs, strict=True))
            found.append((trial, truth, estimate))
    return found
