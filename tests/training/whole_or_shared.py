"""Trains a small network on made-up numbers, on as many devices as it is told; started by the tests as a program."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import NamedTuple

import safetensors.torch
import torch
from torch import Tensor, nn

from gaitdynamics.training.devices import Devices, only_first_continues
from gaitdynamics.training.lightning_loop import fit
from gaitdynamics.training.settings import LoopSettings


class Pairs(NamedTuple):
    x: Tensor
    y: Tensor


def draw(index: int, windows: slice) -> Pairs:
    rng = torch.Generator().manual_seed(index)
    x = torch.randn(8, 5, generator=rng)
    return Pairs(x[windows], x[windows].square().sum(1, keepdim=True))


def loss(network: nn.Module, batch: Pairs) -> dict[str, Tensor]:
    """Nothing at random and all cells count alike, so that the mean over halves is the mean over the whole."""
    return {"loss": (network(batch.x) - batch.y).square().mean()}


def train(devices: int, parts: int | None, out: Path) -> dict[str, Tensor]:
    torch.manual_seed(3)
    network = nn.Sequential(nn.Linear(5, 16), nn.Tanh(), nn.Linear(16, 1))
    settings = LoopSettings(steps=20, batch=8, learning_rate=1e-2, weight_decay=0.01, parts=parts, average=0.5)
    fit(network, draw, loss, settings, out, resume=False, devices=Devices(devices))
    return network.state_dict()


if __name__ == "__main__":
    weights = train(int(sys.argv[1]), None, Path(sys.argv[2]))
    only_first_continues()
    safetensors.torch.save_file(weights, Path(sys.argv[2]) / "weights.safetensors")
