"""Training of a hip network over epochs, with the best epoch kept: the loop of the Gait2Hip-60 benchmark."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor, nn
from torch.nn import functional

from gaitdynamics.networks.hip import HipNetworkName

Array = NDArray[np.float64]

#: Added to standard deviations, as in the benchmark.
_SMALL: Final = 1e-8
_VALIDATION_BATCH: Final = 256


class HipTraining(BaseModel):
    """Settings of a run; the defaults are those of the benchmark. `samples` is the length of the sequences."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    network: HipNetworkName
    samples: int = Field(default=180, ge=8, le=500)
    epochs: int = Field(default=300, ge=1)
    patience: int = Field(default=30, ge=1)
    batch: int = Field(default=64, ge=1)
    learning_rate: float = Field(default=1e-4, gt=0.0)
    weight_decay: float = 1e-5
    clip: float = 0.5
    seed: int = 2025


@dataclass(frozen=True)
class Scale:
    """Mean and standard deviation (10,) of the angles [deg]."""

    mean: Array
    sd: Array

    @classmethod
    def of(cls, angles: Array) -> Scale:
        """Measure (N, T, 10), over all samples."""
        flat = angles.reshape(-1, angles.shape[-1])
        return cls(flat.mean(axis=0), flat.std(axis=0) + _SMALL)

    def tensor(self, angles: Array) -> Tensor:
        """Scale angles for a network."""
        return torch.from_numpy(((angles - self.mean) / self.sd).astype(np.float32))


@dataclass(frozen=True)
class Run:
    """What became of a run: the epoch that was kept, counted from 1, and the losses of all epochs."""

    best_epoch: int
    train_loss: tuple[float, ...]
    validation_loss: tuple[float, ...]


def train_epochs(
    network: nn.Module,
    inputs: Tensor,
    targets: Tensor,
    settings: HipTraining,
    *,
    validation: tuple[Tensor, Tensor] | None = None,
    epochs: int | None = None,
    progress: Callable[[int, float, float], None] | None = None,
) -> Run:
    """Train a network in place, on the device where it is; it ends in evaluation mode.

    Parameters
    ----------
    network
        Maps (B, T, 10) to (B, T, outputs).
    inputs, targets
        (N, T, 10) scaled and (N, T, outputs).
    settings
        How to train.
    validation
        Inputs and targets on which the best epoch is found; training stops when `patience` epochs were no better, and
        the network is put back to the best. Without them the last epoch counts.
    epochs
        Number of epochs, if not that of the settings.
    progress
        Told of each epoch: its number, training and validation loss.
    """
    device = next(network.parameters()).device
    inputs, targets = inputs.to(device), targets.to(device)
    optimizer = torch.optim.AdamW(network.parameters(), lr=settings.learning_rate, weight_decay=settings.weight_decay)
    order = torch.Generator().manual_seed(settings.seed)
    train_losses: list[float] = []
    losses: list[float] = []
    best, best_epoch, kept = float("inf"), 0, copy.deepcopy(network.state_dict())
    for epoch in range(1, (epochs or settings.epochs) + 1):
        train_losses.append(_one_epoch(network.train(), inputs, targets, optimizer, order, settings))
        if validation is not None:
            losses.append(mean_squared_error(network, *validation))
            if losses[-1] < best:
                best, best_epoch, kept = losses[-1], epoch, copy.deepcopy(network.state_dict())
        if progress is not None:
            progress(epoch, train_losses[-1], losses[-1] if losses else float("nan"))
        if validation is not None and epoch - best_epoch >= settings.patience:
            break
    if validation is not None:
        network.load_state_dict(kept)
    network.eval()
    return Run(best_epoch if validation is not None else len(train_losses), tuple(train_losses), tuple(losses))


def mean_squared_error(network: nn.Module, inputs: Tensor, targets: Tensor) -> float:
    """Give the mean squared error over all samples and outputs, of the network in evaluation mode."""
    device = next(network.parameters()).device
    total = 0.0
    with torch.inference_mode():
        for x, y in zip(torch.split(inputs, _VALIDATION_BATCH), torch.split(targets, _VALIDATION_BATCH), strict=True):
            total += float(functional.mse_loss(network.eval()(x.to(device)), y.to(device), reduction="sum"))
    return total / targets.numel()


def _one_epoch(
    network: nn.Module,
    inputs: Tensor,
    targets: Tensor,
    optimizer: torch.optim.Optimizer,
    order: torch.Generator,
    settings: HipTraining,
) -> float:
    total = 0.0
    for chosen in torch.split(torch.randperm(len(inputs), generator=order), settings.batch):
        loss = functional.mse_loss(network(inputs[chosen]), targets[chosen])
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(network.parameters(), settings.clip)
        optimizer.step()
        total += float(loss.detach()) * len(chosen)
    return total / len(inputs)
