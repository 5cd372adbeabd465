"""The training loop that all networks share, on Lightning. The only module that needs it (the extra [train])."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, Final, Generic, TypeVar

import lightning
import torch
from lightning.pytorch.callbacks import LearningRateMonitor, ModelCheckpoint, RichProgressBar, WeightAveraging
from lightning.pytorch.loggers import CSVLogger, TensorBoardLogger
from torch import Tensor, nn
from torch.utils.data import DataLoader, IterableDataset

from gaitdynamics.training.settings import LoopSettings, make_optimizer

#: Name of the file with the state for resuming.
LAST = "last.ckpt"
#: Steps between looks at the validation people.
VALIDATE_EVERY = 250
#: Steps between savings of the state for resuming.
SAVE_EVERY = 250

#: Steps between refreshes of the progress bar.
_REFRESH_EVERY: Final = 10

BatchT = TypeVar("BatchT")
NetworkT = TypeVar("NetworkT", bound=nn.Module)

Draw = Callable[[int], BatchT]
Loss = Callable[[NetworkT, BatchT], dict[str, Tensor]]
Validate = Callable[[NetworkT], Mapping[str, float]]


class TrainedModule(lightning.LightningModule, Generic[NetworkT, BatchT]):
    """Loss and optimiser around a network."""

    def __init__(self, network: NetworkT, loss: Loss[NetworkT, BatchT], settings: LoopSettings) -> None:
        super().__init__()
        self.network, self.loss, self.settings = network, loss, settings

    def training_step(self, batch: BatchT, _: int) -> Tensor:
        """Compute the loss of one batch."""
        # Noise and dropout depend on the step alone, so that a resumed run is the run it continues.
        torch.manual_seed(1_000_003 * self.settings.seed + self.global_step)
        terms = self.loss(self.network, batch)
        self.log_dict({f"train/{name}": value for name, value in terms.items()})
        return terms["loss"]

    def configure_optimizers(self) -> Any:
        """Optimise what is not frozen."""
        trained = [parameter for parameter in self.parameters() if parameter.requires_grad]
        optimizer, schedule = make_optimizer(trained, self.settings)
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}


class _Steps(IterableDataset[BatchT]):
    """Batches from the step at which training stands, so that a resumed run sees what it would have seen."""

    def __init__(self, draw: Draw[BatchT], module: TrainedModule[Any, BatchT], steps: int) -> None:
        self.draw, self.module, self.steps = draw, module, steps

    def __iter__(self) -> Iterator[BatchT]:
        for index in range(self.module.global_step, self.steps):
            yield self.draw(index)


class _Average(WeightAveraging):
    """Moving average of the weights; logs what `validate` says of it, and keeps the best one if it is to.

    The best is the one of which `validate` gives the least number of name 'score', or else the least first one.
    """

    def __init__(self, decay: float, validate: Validate[Any] | None, *, keep_best: bool) -> None:
        super().__init__(multi_avg_fn=self._follow)
        self._decay = decay
        self._validate, self._keep_best = validate, keep_best
        self._best: tuple[float, dict[str, Tensor]] | None = None

    def _follow(self, averaged: Any, current: Any, _: Any) -> None:
        """Move averages towards the weights: fast at first, or the random start would stay in them for long."""
        done = self._latest_update_step
        kept = min(self._decay, (1.0 + done) / (10.0 + done))
        torch._foreach_lerp_(averaged, current, 1.0 - kept)

    def on_train_batch_end(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule, *args: Any, **kwargs: Any
    ) -> None:
        super().on_train_batch_end(trainer, pl_module, *args, **kwargs)
        last = trainer.global_step == trainer.max_steps
        if self._validate is None or not (trainer.global_step % VALIDATE_EVERY == 0 or (last and self._keep_best)):
            return
        assert self._average_model is not None
        averaged = self._average_model.module
        assert isinstance(averaged, TrainedModule)
        network = averaged.network
        values = dict(self._validate(network.eval()))
        network.train()
        pl_module.log_dict({f"val/{name}": value for name, value in values.items()}, prog_bar=True)
        score = float(values.get("score", next(iter(values.values()))))
        if self._keep_best and (self._best is None or score < self._best[0]):
            self._best = score, {name: tensor.clone() for name, tensor in network.state_dict().items()}

    def on_train_end(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        super().on_train_end(trainer, pl_module)
        if self._best is not None and isinstance(pl_module, TrainedModule):
            pl_module.network.load_state_dict(self._best[1])

    def state_dict(self) -> dict[str, Any]:
        return {**super().state_dict(), "best": self._best}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        super().load_state_dict(state_dict)
        self._best = state_dict.get("best")


def fit(
    network: NetworkT,
    draw: Draw[BatchT],
    loss: Loss[NetworkT, BatchT],
    settings: LoopSettings,
    out: Path,
    *,
    resume: bool,
    validate: Validate[NetworkT] | None = None,
) -> None:
    """Train a network in place; it ends with the averaged weights.

    Parameters
    ----------
    network
        Its frozen parameters stay.
    draw
        Gives the batch of a number.
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
    """
    if resume:
        _keep_record(out / "log")
    module = TrainedModule(network.train(), loss, settings)
    frozen = {name: p.detach().clone() for name, p in network.named_parameters() if not p.requires_grad}
    last = out / LAST
    mixed = settings.mixed_precision and torch.cuda.is_available()
    if mixed:
        torch.set_float32_matmul_precision("high")
    trainer = lightning.Trainer(
        max_steps=settings.steps,
        max_time=None if settings.minutes is None else timedelta(minutes=settings.minutes),
        precision="bf16-mixed" if mixed else "32-true",
        accelerator="auto",
        devices=1,
        gradient_clip_val=settings.clip or None,
        logger=[CSVLogger(out, "log", version=""), TensorBoardLogger(str(out), "log", version="")],
        callbacks=[
            _Average(settings.average, validate, keep_best=settings.keep_best),
            LearningRateMonitor("step"),
            ModelCheckpoint(out, "last", every_n_train_steps=SAVE_EVERY, enable_version_counter=False),
            RichProgressBar(refresh_rate=_REFRESH_EVERY),
        ],
        log_every_n_steps=25,
        enable_model_summary=False,
    )
    loader = DataLoader(_Steps(draw, module, settings.steps), batch_size=None)
    trainer.fit(module, loader, ckpt_path=last if resume and last.is_file() else None, weights_only=True)
    with torch.no_grad():
        # Averaging equal numbers is not exact.
        for name, value in frozen.items():
            network.get_parameter(name).copy_(value)


def _keep_record(folder: Path) -> None:
    """Put the losses of the interrupted part aside, which the logger would delete."""
    record = folder / "metrics.csv"
    if record.is_file():
        record.replace(folder / f"metrics_{len(list(folder.glob('metrics*.csv')))}.csv")
