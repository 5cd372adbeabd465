"""The one way from the training modules to the loop: it tells what to install where Lightning is not there."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from torch import nn

from gaitdynamics.errors import MissingExtraError
from gaitdynamics.training.devices import ONE_DEVICE, Devices
from gaitdynamics.training.settings import LoopSettings

if TYPE_CHECKING:
    from gaitdynamics.training.lightning_loop import Draw, Loss
    from gaitdynamics.training.lightning_state import Validate

BatchT = TypeVar("BatchT")
NetworkT = TypeVar("NetworkT", bound=nn.Module)


def fit(
    network: NetworkT,
    draw: Draw[BatchT],
    loss: Loss[NetworkT, BatchT],
    settings: LoopSettings,
    out: Path,
    *,
    resume: bool,
    validate: Validate | None = None,
    devices: Devices = ONE_DEVICE,
) -> None:
    """Train a network in place, see `lightning_loop.fit`.

    Raises
    ------
    MissingExtraError
        Lightning is not installed.
    """
    try:
        from gaitdynamics.training import lightning_loop
    except ImportError as error:
        raise MissingExtraError("lightning", "train", "Training") from error
    lightning_loop.fit(network, draw, loss, settings, out, resume=resume, validate=validate, devices=devices)
