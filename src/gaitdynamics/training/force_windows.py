"""Windows of motion with measured forces, drawn at random for training."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import IterableDataset

from gaitdynamics.columns import LUMBAR
from gaitdynamics.features.body_state import body_state
from gaitdynamics.features.refiner_schema import refiner_features
from gaitdynamics.features.targets import ForceTargets, force_targets
from gaitdynamics.inference.windows import WINDOW
from gaitdynamics.posture import hold_torso_upright
from gaitdynamics.trial import Trial

#: Lengths of training windows [frames] and how often each is drawn. Many overground trials hold one step only, and
#: users bring short trials too.
LENGTHS: Final = {60: 0.25, 100: 0.25, WINDOW: 0.5}

#: Trials with fewer frames than this, or fewer trusted frames of a foot, teach nothing.
_FEWEST_FRAMES, _FEWEST_VALID = 50, 20

#: A part of a stride at either end then changes the mean by less than a percent.
_STEADY_SECONDS: Final = 10.0


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
    samples = []
    for variant in (trial, without_trunk(trial)):
        if variant is None:
            continue
        state = body_state(variant)
        targets = force_targets(state, replace(trial.forces, force=plate_gain(trial) * trial.forces.force))
        if len(state.time) >= _FEWEST_FRAMES and targets.valid.sum() >= _FEWEST_VALID:
            samples.append(Sample(study, refiner_features(state), targets))
    return samples


def plate_gain(trial: Trial) -> float:
    """Find the factor that makes the measured vertical force carry the body over many strides.

    Over whole strides of steady gait the mean vertical force is body weight, whatever the motion (momentum
    balance). Treadmill plates here miss that by up to 6 %, which a network would learn as if it were physics.

    Returns
    -------
    float
        Body weight by mean vertical force where both feet are valid throughout at least ten seconds, and the two
        agree within 10 %; else 1.
    """
    forces = trial.forces
    assert forces is not None
    if forces.valid is None or not forces.valid.all() or trial.time[-1] - trial.time[0] < _STEADY_SECONDS:
        return 1.0
    gain = trial.body_weight / float(forces.force[..., 1].sum(1).mean())
    return gain if abs(gain - 1.0) < 0.1 else 1.0


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


class ForceWindows(IterableDataset[Batch]):
    """Endless random batches of windows.

    Studies are drawn with a probability that grows with the square root of their duration, then trials, then
    windows. All windows of a batch have one length, so nothing is padded.

    Parameters
    ----------
    samples
        The trials.
    batch
        Windows per batch.
    seed
        Of the random numbers. Batch k is the same whenever it is asked for, which makes resuming exact.

    Notes
    -----
    Differences from the paper: not uniform over studies, because some here are a single trial of five seconds.
    """

    def __init__(self, samples: Sequence[Sample], batch: int, seed: int) -> None:
        self.by_study: dict[str, list[Sample]] = {}
        for sample in samples:
            self.by_study.setdefault(sample.study, []).append(sample)
        self.studies = sorted(self.by_study)
        frames = np.array([sum(s.frames for s in self.by_study[study]) for study in self.studies], dtype=float)
        self.probability = np.sqrt(frames) / np.sqrt(frames).sum()
        self.batch, self.seed, self.first = batch, seed, 0

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

    def __iter__(self) -> Iterator[Batch]:
        """Yield batches from number `first` on."""
        index = self.first
        while True:
            yield self.draw(index)
            index += 1

    def draw(self, index: int) -> Batch:
        """Draw batch number `index`."""
        rng = np.random.default_rng((self.seed, index))
        length = int(rng.choice(list(LENGTHS), p=list(LENGTHS.values())))
        cuts = [self._cut(rng, length) for _ in range(self.batch)]
        features, force, cop, contact, valid = (
            torch.from_numpy(np.stack(parts)).transpose(1, 2) for parts in zip(*cuts, strict=True)
        )
        return Batch(features, force, cop, contact, valid)

    def _cut(self, rng: np.random.Generator, length: int) -> tuple[NDArray[np.float32], ...]:
        while True:
            study = self.studies[rng.choice(len(self.studies), p=self.probability)]
            sample = self.by_study[study][rng.integers(len(self.by_study[study]))]
            if sample.frames < length:
                continue
            start = rng.integers(sample.frames - length + 1)
            part = slice(start, start + length)
            t = sample.targets
            return sample.features[part], t.force[part], t.cop[part], t.contact[part], t.valid[part]
