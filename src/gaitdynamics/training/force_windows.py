"""Windows of motion with measured forces, drawn at random for training."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gaitdynamics.columns import LUMBAR
from gaitdynamics.dataset.augmentation import add_joint_noise
from gaitdynamics.features.body_state import body_state
from gaitdynamics.features.refiner_schema import refiner_features
from gaitdynamics.features.targets import ForceTargets, force_targets
from gaitdynamics.posture import hold_torso_upright
from gaitdynamics.training.draws import StudyDraws
from gaitdynamics.trial import Trial

#: Trials with fewer frames than this, or fewer trusted frames of a foot, teach nothing.
_FEWEST_FRAMES, _FEWEST_VALID = 50, 20


#: Variants of a trial: as measured, as if its trunk had not been, and twice with noise on every angle.
AS_MEASURED: Final = "as_measured"
TRUNK_HIDDEN: Final = "trunk_hidden"
NOISY: Final = ("noisy_1", "noisy_2")
VARIANTS: Final = (AS_MEASURED, TRUNK_HIDDEN, *NOISY)

#: Noise of the angles: root mean square [deg], and above which frequency [Hz] it has no content; from, to.
_NOISE_DEGREES: Final = (0.3, 2.0)
_NOISE_CUTOFF: Final = (2.0, 8.0)


@dataclass(frozen=True)
class Sample:
    """One trial as the network sees it: its study, features (N, 2, C) and targets, whose it is and in which variant."""

    study: str
    features: NDArray[np.float32]
    targets: ForceTargets
    person: str = ""
    variant: str = AS_MEASURED

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


def samples_of(study: str, trial: Trial, person: str = "", seed: int = 0) -> list[Sample]:
    """Turn a trial into samples, one for each variant that it has.

    A trial with too little to learn from gives none. Measured forces are those of the plates in all variants: noise is
    in the measurement of the motion, and centres of pressure are told relative to where the feet then seem to be.

    Parameters
    ----------
    study, trial, person
        The trial, and whose it is.
    seed
        Of the noise.
    """
    forces = trial.forces
    if forces is None or forces.valid is None:
        raise ValueError("training needs measured forces and where they are valid")
    samples = []
    for variant, changed in _variants(trial, seed):
        state = body_state(changed)
        targets = force_targets(state, forces)
        if len(state.time) >= _FEWEST_FRAMES and targets.valid.sum() >= _FEWEST_VALID:
            samples.append(Sample(study, refiner_features(state), targets, person, variant))
    return samples


def _variants(trial: Trial, seed: int) -> Iterator[tuple[str, Trial]]:
    yield AS_MEASURED, trial
    hidden = without_trunk(trial)
    if hidden is not None:
        yield TRUNK_HIDDEN, hidden
    rng = np.random.default_rng(seed)
    for variant in NOISY:
        start = hidden if hidden is not None and variant == NOISY[1] else trial
        degrees, cutoff = rng.uniform(*_NOISE_DEGREES), rng.uniform(*_NOISE_CUTOFF)
        yield variant, add_joint_noise(start, degrees, cutoff=cutoff, seed=int(rng.integers(2**31)))


def noise_seed(label: str) -> int:
    """Give the seed of the noise of a trial, the same wherever it is read."""
    return zlib.crc32(label.encode())


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


def feature_scale(
    mean: NDArray[np.float64], square: NDArray[np.float64]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Give mean and standard deviation (C,) from the means of the features and of their squares."""
    # A feature that hardly varies (a flag, say) is not blown up.
    deviation = np.sqrt(np.maximum(square - mean**2, 1e-4))
    return mean.astype(np.float32), deviation.astype(np.float32)


class ForceWindows(StudyDraws[Sample]):
    """Random batches of windows of the refiner's features and targets.

    Parameters
    ----------
    samples, batch, seed
        As for `StudyDraws`.
    noisy_share
        Share of the windows that come from noisy variants, in studies that have them.
    """

    def __init__(self, samples: Sequence[Sample], batch: int, seed: int, noisy_share: float = 0.0) -> None:
        super().__init__(samples, batch, seed)
        self.noisy_share = noisy_share
        self._split = {
            study: tuple([s for s in found if (s.variant in NOISY) == noisy] for noisy in (False, True))
            for study, found in self.by_study.items()
        }

    def pick(self, rng: np.random.Generator, study: str) -> Sample:
        """Pick a trial of a study, from its noisy variants as often as is asked for."""
        clean, noisy = self._split[study]
        pool = noisy if noisy and (not clean or rng.random() < self.noisy_share) else clean
        return pool[rng.integers(len(pool))]

    def moments(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Mean and standard deviation (C,) of the features, weighted as studies are drawn."""
        mean = square = np.zeros(1)
        for weight, study in zip(self.probability, self.studies, strict=True):
            x = np.concatenate([s.features.reshape(-1, s.features.shape[-1]) for s in self.by_study[study]])
            mean = mean + weight * x.mean(0, dtype=np.float64)
            square = square + weight * (x**2).mean(0, dtype=np.float64)
        return feature_scale(mean, square)

    def draw(self, index: int, windows: slice = slice(None)) -> Batch:
        """Draw batch number `index`, or some windows of it."""
        cuts, _ = self.cuts(index)
        parts = []
        for sample, part in cuts[windows]:
            t = sample.targets
            parts.append((sample.features[part], t.force[part], t.cop[part], t.contact[part], t.valid[part]))
        features, force, cop, contact, valid = (
            torch.from_numpy(np.stack(arrays)).transpose(1, 2) for arrays in zip(*parts, strict=True)
        )
        return Batch(features, force, cop, contact, valid)
