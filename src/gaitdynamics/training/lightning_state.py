"""What a run keeps besides its weights: their moving average, and the file from which it can be resumed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import lightning
import torch
from lightning.fabric.plugins import TorchCheckpointIO
from lightning.pytorch.callbacks import WeightAveraging
from torch import Tensor, nn

from gaitdynamics.files.atomic import atomic_path

if TYPE_CHECKING:
    from gaitdynamics.training.lightning_loop import TrainedModule

#: Steps between looks at the validation people.
VALIDATE_EVERY: Final = 250

Validate = Callable[[Any], Mapping[str, float]]


class StateFile(TorchCheckpointIO):
    """Saves the state beside its place and moves it there: whenever a run is killed, a whole state is on the disk.

    Lightning itself writes to the system's folder for temporary files, from which a move to another disk is a copy.
    """

    def save_checkpoint(self, checkpoint: dict[str, Any], path: str | Path, storage_options: Any = None) -> None:
        """Write the state of a run."""
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        with atomic_path(path) as temporary:
            torch.save(checkpoint, temporary)


class Average(WeightAveraging):
    """Moving average of the weights; logs what `validate` says of it, and keeps the best one if it is to.

    The best is the one of which `validate` gives the least number of name 'score', or else the least first one. Of
    several processes all average, for all have the same weights, and the first one validates.
    """

    def __init__(self, decay: float, validate: Validate | None, *, keep_best: bool) -> None:
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
        """Average, and now and then let the first process validate."""
        super().on_train_batch_end(trainer, pl_module, *args, **kwargs)
        last = trainer.global_step == trainer.max_steps
        if self._validate is None or not (trainer.global_step % VALIDATE_EVERY == 0 or (last and self._keep_best)):
            return
        if not trainer.is_global_zero:
            return
        assert self._average_model is not None
        network = _network(self._average_model.module)
        values = dict(self._validate(network.eval()))
        network.train()
        pl_module.log_dict({f"val/{name}": value for name, value in values.items()}, prog_bar=True, rank_zero_only=True)
        score = float(values.get("score", next(iter(values.values()))))
        if self._keep_best and (self._best is None or score < self._best[0]):
            self._best = score, {name: tensor.clone() for name, tensor in network.state_dict().items()}

    def on_train_end(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        """Leave with the average, or the best one that was seen."""
        super().on_train_end(trainer, pl_module)
        if self._best is not None:
            _network(pl_module).load_state_dict(self._best[1])

    def state_dict(self) -> dict[str, Any]:
        """Give what is to be saved."""
        return {**super().state_dict(), "best": self._best}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take what was saved."""
        super().load_state_dict(state_dict)
        self._best = state_dict.get("best")


def _network(module: Any) -> nn.Module:
    """Give the network inside the module of Lightning's, or of the average's copy of that."""
    trained: TrainedModule[Any, Any] = module
    network: nn.Module = trained.network
    return network
