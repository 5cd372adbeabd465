"""Windows of motion with measured forces, drawn at random for training."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gaitdynamics.columns import LUMBAR
from gaitdynamics.features.body_state import body_state
from gaitdynamics.features.refiner_schema import refiner_features
from gaitdynamics.features.targets import ForceTargets, force_targets
from gaitdynamics.posture import hold_torso_upright
from gaitdynamics.training.draws import StudyDraws
from gaitdynamics.training.plates import plate_gain, plate_lead
from gaitdynamics.trial import Trial

#: Trials with fewer frames than this, or fewer trusted frames of a foot, teach nothing.
_FEWEST_FRAMES, _FEWEST_VALID = 50, 20


@dataclass(frozen=True)
class Sample:
    """One trial as the network sees it: its study, features (N, 2, C) and targets."""

    study: str
    features: NDArray[np.float32]
    targets: ForceTargets

    @property
    def frames(self) -> int:
        """Number of frames."""
        return len(self.features)


class Batch(NamedTuple):
    """Windows stacked: features (B, 2, T, C), force (B, 2, T, 3), cop (B, 2, T, 2), contact and valid (B, 2, T)."""

    features: Tensor
    force: Tensor
    cop: Tensor
    contact: Tensor
    valid: Tensor


def samples_of(study: str, trial: Trial) -> list[Sample]:
    """Turn a trial into samples: as it is and, if its trunk was measured, once more as if it had not been.

    A trial with too little to learn from gives none.
    """
    if trial.forces is None or trial.forces.valid is None:
        raise ValueError("training needs measured forces and where they are valid")
    state = body_state(trial)
    time = trial.forces.time + plate_lead(state, trial.forces)
    forces = replace(trial.forces, time=time, force=plate_gain(trial) * trial.forces.force)
    states = [state]
    hidden = without_trunk(trial)
    if hidden is not None:
        states.append(body_state(hidden))
    samples = []
    for state in states:
        targets = force_targets(state, forces)
        if len(state.time) >= _FEWEST_FRAMES and targets.valid.sum() >= _FEWEST_VALID:
            samples.append(Sample(study, refiner_features(state), targets))
    return samples


def without_trunk(trial: Trial) -> Trial | None:
    """Forget the trunk: hold it upright and mark it missing. None where it was not measured anyway."""
    if trial.is_missing(*LUMBAR):
        return None
    angles = {name: trial.column(name) for name in trial.coordinates}
    upright = hold_torso_upright(trial.subject.model, angles, trial.rate)
    if upright is None:
        return None
    values, missing = trial.values.copy(), trial.missing.copy()
    for name, column in upright.items():
        index = trial.coordinates.index(name)
        values[:, index], missing[index] = column, True
    return replace(trial, values=values, missing=missing)


class ForceWindows(StudyDraws[Sample]):
    """Random batches of windows of the refiner's features and targets."""

    def moments(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Mean and standard deviation (C,) of the features, weighted as studies are drawn."""
        mean = square = np.zeros(1)
        for weight, study in zip(self.probability, self.studies, strict=True):
            x = np.concatenate([s.features.reshape(-1, s.features.shape[-1]) for s in self.by_study[study]])
            mean = mean + weight * x.mean(0, dtype=np.float64)
            square = square + weight * (x**2).mean(0, dtype=np.float64)
        # A feature that hardly varies (a flag, say) is not blown up.
        deviation = np.sqrt(np.maximum(square - mean**2, 1e-4))
        return mean.astype(np.float32), deviation.astype(np.float32)

    def draw(self, index: int) -> Batch:
        """Draw batch number `index`."""
        cuts, _ = self.cuts(index)
        parts = []
        for sample, part in cuts:
            t = sample.targets
            parts.append((sample.features[part], t.force[part], t.cop[part], t.contact[part], t.valid[part]))
        features, force, cop, contact, valid = (
            torch.from_numpy(np.stack(arrays)).transpose(1, 2) for arrays in zip(*parts, strict=True)
        )
        return Batch(features, force, cop, contact, valid)
