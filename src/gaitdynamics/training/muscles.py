"""Training of the network of muscle forces on labelled instants of legs, with the best epoch kept."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from gaitdynamics.dataset.hip_label_quality import usable_instants
from gaitdynamics.dataset.hip_labels import TrialLabels
from gaitdynamics.errors import UserInputError
from gaitdynamics.features.hip import MUSCLES
from gaitdynamics.features.muscle_inputs import INPUTS, muscle_inputs
from gaitdynamics.networks.muscles import MuscleNetwork, MuscleNetworkConfig

Array = NDArray[np.float64]

#: Added to standard deviations.
_SMALL: Final = 1e-3


class MuscleTraining(BaseModel):
    """Settings of a run; the defaults were chosen on the people of `val`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    width: int = Field(default=256, ge=8, le=2048)
    layers: int = Field(default=3, ge=1, le=16)
    epochs: int = Field(default=60, ge=1)
    batch: int = Field(default=512, ge=1)
    #: Instants drawn in each epoch.
    draws: int = Field(default=60_000, ge=1)
    learning_rate: float = Field(default=2e-3, gt=0.0)
    weight_decay: float = Field(default=1e-4, ge=0.0)
    #: Standard deviation of noise on the scaled inputs, so that other bodies and estimated moments are met.
    noise: float = Field(default=0.02, ge=0.0)
    seed: int = 0


@dataclass(frozen=True)
class Instants:
    """Labelled instants: inputs (N, 22), forces (N, 14) [N/kg], and a number for each person and activity, (N,)."""

    inputs: Array
    forces: Array
    group: NDArray[np.int64]


def instants_of(trials: Sequence[TrialLabels]) -> Instants:
    """Gather the instants of trials that can be learnt from.

    Raises
    ------
    UserInputError
        There are none.
    """
    inputs, forces, groups = [], [], []
    numbers: dict[tuple[str, str], int] = {}
    for trial in trials:
        for leg in trial.legs.values():
            usable = usable_instants(trial, leg)
            seen = muscle_inputs(leg.posture, leg.speed, leg.moment, trial.lengths, trial.mass_kg)
            inputs.append(seen[usable])
            forces.append(leg.force[usable] / trial.mass_kg)
            number = numbers.setdefault((trial.person, trial.activity), len(numbers))
            groups.append(np.full(int(usable.sum()), number))
    if not sum(map(len, inputs)):
        raise UserInputError("the labels hold no instant to learn from", remedy="label more trials")
    return Instants(np.concatenate(inputs), np.concatenate(forces), np.concatenate(groups))


@dataclass(frozen=True)
class MuscleRun:
    """A trained network, the scale of its inputs, the epoch kept, and losses of all epochs on the people left out."""

    network: MuscleNetwork
    mean: Array
    sd: Array
    best_epoch: int
    losses: tuple[float, ...]


def train_muscles(
    train: Instants,
    validation: Instants | None,
    settings: MuscleTraining,
    *,
    progress: Callable[[int, float], None] | None = None,
) -> MuscleRun:
    """Train on some people; the epoch that is best on others is kept.

    Every person counts the square root of their number of instants in each activity, so that half a minute on a
    treadmill does not outweigh a few steps over a plate. The loss is the squared error of each muscle, divided by the
    standard deviation of its force: between that of N/kg, in which the strongest muscles count alone, and that in which
    all count the same.

    Parameters
    ----------
    train, validation
        Of different people; without validation the last epoch is kept.
    settings
        How to train.
    progress
        Told of each epoch: its number, and the loss on the people left out.
    """
    torch.manual_seed(settings.seed)
    rng = np.random.default_rng(settings.seed)
    mean, sd = train.inputs.mean(axis=0), train.inputs.std(axis=0) + _SMALL
    network = MuscleNetwork(MuscleNetworkConfig(len(INPUTS), len(MUSCLES), settings.width, settings.layers))
    x, y = _scaled(train, mean, sd)
    spread = y.std(dim=0) + _SMALL
    counts = np.bincount(train.group)
    chance = 1.0 / np.sqrt(counts[train.group])
    chance /= chance.sum()
    optimizer = torch.optim.AdamW(network.parameters(), lr=settings.learning_rate, weight_decay=settings.weight_decay)
    steps = settings.epochs * -(-settings.draws // settings.batch)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, settings.learning_rate, total_steps=steps, pct_start=0.1)
    known = None if validation is None else _scaled(validation, mean, sd)
    losses: list[float] = []
    best, best_epoch, kept = float("inf"), settings.epochs, copy.deepcopy(network.state_dict())
    for epoch in range(1, settings.epochs + 1):
        drawn = torch.from_numpy(rng.choice(len(x), settings.draws, p=chance))
        for part in torch.split(drawn, settings.batch):
            seen = x[part] + settings.noise * torch.randn(len(part), x.shape[1])
            loss = (torch.square(network(seen) - y[part]) / spread).mean()
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            schedule.step()
        if known is not None:
            losses.append(_loss(network, *known, spread, validation))
            if losses[-1] < best:
                best, best_epoch, kept = losses[-1], epoch, copy.deepcopy(network.state_dict())
        if progress is not None:
            progress(epoch, losses[-1] if losses else float("nan"))
    if known is not None:
        network.load_state_dict(kept)
    return MuscleRun(network.eval(), mean, sd, best_epoch, tuple(losses))


def _scaled(part: Instants, mean: Array, sd: Array) -> tuple[torch.Tensor, torch.Tensor]:
    scaled = ((part.inputs - mean) / sd).astype(np.float32)
    return torch.from_numpy(scaled), torch.from_numpy(part.forces.astype(np.float32))


def _loss(
    network: MuscleNetwork, x: torch.Tensor, y: torch.Tensor, spread: torch.Tensor, part: Instants | None
) -> float:
    """Mean over people and activities of their mean loss."""
    assert part is not None
    with torch.inference_mode():
        each = (torch.square(network(x) - y) / spread).mean(dim=1).double().numpy()
    sums, counts = np.bincount(part.group, each), np.bincount(part.group)
    return float(np.mean(sums[counts > 0] / counts[counts > 0]))
