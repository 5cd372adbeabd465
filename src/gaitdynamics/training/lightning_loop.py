"""The training loop that all networks share, on Lightning. The only module that needs it (the extra [train])."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any, Final, Generic, NamedTuple, TypeVar

import lightning
import torch
from lightning.fabric.utilities.exceptions import MisconfigurationException
from lightning.pytorch.callbacks import LearningRateMonitor, ModelCheckpoint, RichProgressBar
from lightning.pytorch.loggers import CSVLogger, TensorBoardLogger
from torch import Tensor, nn
from torch.utils.data import DataLoader, IterableDataset

from gaitdynamics.errors import UserInputError
from gaitdynamics.training.devices import ONE_DEVICE, Devices, Shares
from gaitdynamics.training.lightning_state import Average, StateFile, Validate
from gaitdynamics.training.settings import LoopSettings, make_optimizer

#: Name of the file with the state for resuming.
LAST = "last.ckpt"

#: Steps between refreshes of the progress bar.
_REFRESH_EVERY: Final = 10

#: Where in the seeds of a step the number of a part begins: above all numbers of steps.
_PART_SEED: Final = 1 << 40

BatchT = TypeVar("BatchT")
NetworkT = TypeVar("NetworkT", bound=nn.Module)

#: Gives some windows of the batch of a number.
Draw = Callable[[int, slice], BatchT]
Loss = Callable[[NetworkT, BatchT], dict[str, Tensor]]


class _Part(NamedTuple, Generic[BatchT]):
    """One part of a batch, and which one."""

    number: int
    batch: BatchT


class TrainedModule(lightning.LightningModule, Generic[NetworkT, BatchT]):
    """Loss and optimiser around a network."""

    def __init__(self, network: NetworkT, loss: Loss[NetworkT, BatchT], settings: LoopSettings, shares: Shares) -> None:
        super().__init__()
        self.network, self.loss, self.settings, self.shares = network, loss, settings, shares

    def training_step(self, parts: tuple[_Part[BatchT], ...], _: int) -> Tensor:
        """Compute the loss of the parts of a batch that this process has."""
        found = []
        for part in parts:
            # Noise and dropout depend on the step and the part alone, so that a resumed run is the run it continues,
            # and one on several devices that on one.
            torch.manual_seed(1_000_003 * self.settings.seed + self.global_step + _PART_SEED * part.number)
            found.append(self.loss(self.network, part.batch))
        terms = {name: torch.stack([part[name] for part in found]).mean() for name in found[0]}
        self.log_dict({f"train/{name}": value for name, value in terms.items()})
        return terms["loss"]

    def configure_optimizers(self) -> Any:
        """Optimise what is not frozen."""
        trained = [parameter for parameter in self.parameters() if parameter.requires_grad]
        optimizer, schedule = make_optimizer(trained, self.settings)
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Note how batches are divided, on which random numbers depend."""
        checkpoint["parts"] = self.shares.parts

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Refuse to go on with batches that are divided in another way."""
        before = checkpoint.get("parts", 1)
        if before != self.shares.parts:
            raise UserInputError(
                f"the run was begun with batches of {before} parts, and is now to have {self.shares.parts}",
                remedy=f"add --parts {before}, on a number of devices that divides it",
            )


class _Steps(IterableDataset[tuple[_Part[BatchT], ...]]):
    """Parts of batches from the step at which training stands, so that a resumed run sees what it would have seen."""

    def __init__(self, draw: Draw[BatchT], module: TrainedModule[Any, BatchT], steps: int) -> None:
        self.draw, self.module, self.steps = draw, module, steps

    def __iter__(self) -> Iterator[tuple[_Part[BatchT], ...]]:
        """Give the parts; those of the next step are drawn while this one is computed."""
        first = self.module.global_step
        if first >= self.steps:
            return
        with ThreadPoolExecutor(1) as pool:
            following = pool.submit(self._of_step, first)
            for index in range(first, self.steps):
                parts = following.result()
                if index + 1 < self.steps:
                    following = pool.submit(self._of_step, index + 1)
                yield parts

    def _of_step(self, index: int) -> tuple[_Part[BatchT], ...]:
        shares = self.module.shares
        mine = shares.of_rank(self.module.global_rank)
        return tuple(_Part(part, self.draw(index, shares.windows(part))) for part in mine)


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
    """Train a network in place; it ends with the averaged weights.

    Parameters
    ----------
    network
        Its frozen parameters stay.
    draw
        Gives some windows of the batch of a number, the same whenever they are asked for.
    loss
        Terms of the loss of a batch, among them 'loss', which is minimised. Copied with the network, so it must not
        hold data.
    settings
        How to train.
    out
        For `last.ckpt` (state for resuming) and the folder `log`.
    resume
        Continue from `last.ckpt` if there is one.
    validate
        Numbers to log every now and then, of the averaged network in evaluation mode.
    devices
        What to compute on. With several, Lightning starts this program once more for each, unless a launcher
        (torchrun, SLURM) has done so; all come here, and all leave with the averaged weights. What the first one alone
        does with them stands after `devices.only_first_continues`.

    Raises
    ------
    UserInputError
        Batches cannot be divided among the devices, there are fewer, or a run is continued that divided them otherwise.
    """
    shares = Shares.plan(settings, devices)
    module = TrainedModule(network.train(), loss, settings, shares)
    frozen = {name: p.detach().clone() for name, p in network.named_parameters() if not p.requires_grad}
    last = out / LAST
    mixed = settings.mixed_precision and torch.cuda.is_available()
    if mixed:
        torch.set_float32_matmul_precision("high")
    trainer = _trainer(settings, out, mixed=mixed, validate=validate, devices=devices)
    if resume and trainer.is_global_zero:
        _keep_record(out / "log")
    loader = DataLoader(_Steps(draw, module, settings.steps), batch_size=None)
    trainer.fit(module, loader, ckpt_path=last if resume and last.is_file() else None, weights_only=True)
    with torch.no_grad():
        # Averaging equal numbers is not exact.
        for name, value in frozen.items():
            network.get_parameter(name).copy_(value)


def _trainer(
    settings: LoopSettings, out: Path, *, mixed: bool, validate: Validate | None, devices: Devices
) -> lightning.Trainer:
    try:
        return lightning.Trainer(
            max_steps=settings.steps,
            max_time=None if settings.minutes is None else timedelta(minutes=settings.minutes),
            precision="bf16-mixed" if mixed else "32-true",
            accelerator="auto",
            devices=devices.devices,
            num_nodes=devices.nodes,
            strategy="ddp" if devices.count > 1 else "auto",
            plugins=[StateFile()],
            gradient_clip_val=settings.clip or None,
            logger=[CSVLogger(out, "log", version=""), TensorBoardLogger(str(out), "log", version="")],
            callbacks=[
                Average(settings.average, validate, keep_best=settings.keep_best),
                LearningRateMonitor("step"),
                ModelCheckpoint(out, "last", every_n_train_steps=settings.save_every, enable_version_counter=False),
                RichProgressBar(refresh_rate=_REFRESH_EVERY),
            ],
            log_every_n_steps=25,
            enable_model_summary=False,
        )
    except MisconfigurationException as error:
        raise UserInputError(
            f"{devices.devices} devices on each of {devices.nodes} machines cannot be used: {error}",
            remedy="give the number of GPUs of a machine with --devices",
        ) from error


def _keep_record(folder: Path) -> None:
    """Put the losses of the interrupted part aside, which the logger would delete."""
    record = folder / "metrics.csv"
    if record.is_file():
        record.replace(folder / f"metrics_{len(list(folder.glob('metrics*.csv')))}.csv")
