"""The training loop of the refiner on Lightning. The only module that needs the extra [train]."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import lightning
import torch
from lightning.pytorch.callbacks import EMAWeightAveraging, LearningRateMonitor, ModelCheckpoint, RichProgressBar
from lightning.pytorch.loggers import CSVLogger, TensorBoardLogger
from torch import Tensor
from torch.utils.data import DataLoader, IterableDataset

from gaitdynamics.networks.refiner import Refiner
from gaitdynamics.training.force_windows import Batch, ForceWindows, Sample
from gaitdynamics.training.refiner import LAST, RefinerTraining, refiner_loss, total_force, validate

#: Steps between looks at the validation people.
VALIDATE_EVERY = 250
#: Steps between savings of the state for resuming.
SAVE_EVERY = 250


class _Steps(IterableDataset[Batch]):
    """Batches from the step at which training stands, so that a resumed run sees what it would have seen."""

    def __init__(self, windows: ForceWindows, module: RefinerModule, steps: int) -> None:
        self.windows, self.module, self.steps = windows, module, steps

    def __iter__(self) -> Iterator[Batch]:
        for index in range(self.module.global_step, self.steps):
            yield self.windows.draw(index)


class RefinerModule(lightning.LightningModule):
    """Loss and optimiser around a `Refiner`."""

    def __init__(self, network: Refiner, settings: RefinerTraining) -> None:
        super().__init__()
        self.network, self.settings = network, settings

    def training_step(self, batch: Batch, _: int) -> Tensor:
        """Compute the loss of one batch; noise on the features stands for marker and scaling error."""
        # Noise and dropout depend on the step alone, so that a resumed run is the run it continues.
        torch.manual_seed(1_000_003 * self.settings.seed + self.global_step)
        features = batch.features
        if self.settings.feature_noise > 0.0:
            # Noise that is constant over a window is what another study's calibration looks like.
            shape = (*features.shape[:2], 1, features.shape[-1])
            features = features + self.settings.feature_noise * self.network.scale * torch.randn(
                shape, device=features.device
            )
        # The physics itself is not disturbed: it is known.
        terms = refiner_loss(self.network(features, total_force(batch.features)), batch, self.settings)
        self.log_dict({f"train/{name}": value for name, value in terms.items()})
        return terms["loss"]

    def configure_optimizers(self) -> Any:
        """AdamW with a warm-up and cosine decay over all steps."""
        s = self.settings
        optimizer = torch.optim.AdamW(self.parameters(), lr=s.learning_rate, weight_decay=s.weight_decay)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, s.learning_rate, s.steps, pct_start=0.1)
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}


class _Validation(lightning.Callback):
    """Logs the profile errors of the validation people."""

    def __init__(self, samples: list[Sample]) -> None:
        self.samples = samples

    def on_train_batch_end(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule, *_: Any) -> None:
        step = trainer.global_step
        if step % VALIDATE_EVERY == 0 and self.samples and isinstance(pl_module, RefinerModule):
            mean = validate(pl_module.network, self.samples)["mean"]
            pl_module.network.train()
            pl_module.log_dict({f"val/{name}": value for name, value in mean.items()}, prog_bar=True)


def fit(
    network: Refiner, windows: ForceWindows, val: list[Sample], settings: RefinerTraining, out: Path, resume: bool
) -> None:
    """Train `network` in place; it ends with the averaged weights.

    Parameters
    ----------
    network, windows, val, settings
        What to train, on what, and how.
    out
        For `last.ckpt` (state for resuming) and the folder `log`.
    resume
        Continue from `last.ckpt` if there is one.
    """
    module = RefinerModule(network.train(), settings)
    last = out / LAST
    trainer = lightning.Trainer(
        max_steps=settings.steps,
        accelerator="auto",
        devices=1,
        gradient_clip_val=settings.clip,
        logger=[CSVLogger(out, "log", version=""), TensorBoardLogger(str(out), "log", version="")],
        callbacks=[
            EMAWeightAveraging(decay=settings.average),
            LearningRateMonitor("step"),
            ModelCheckpoint(out, "last", every_n_train_steps=SAVE_EVERY, enable_version_counter=False),
            RichProgressBar(),
            _Validation(val),
        ],
        log_every_n_steps=25,
        enable_model_summary=False,
    )
    loader = DataLoader(_Steps(windows, module, settings.steps), batch_size=None)
    trainer.fit(module, loader, ckpt_path=last if resume and last.is_file() else None, weights_only=True)
