"""What every training run is told: length, batch, optimiser, average. And the optimisers themselves."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Literal, TypeVar

import torch
from pydantic import BaseModel, ConfigDict, ValidationError
from torch import nn
from torch.optim.lr_scheduler import LambdaLR, LRScheduler, OneCycleLR

from gaitdynamics.errors import FileFormatError, MissingExtraError, UserInputError

#: Steps over which the learning rate rises before it falls as a cosine, if the run is long enough.
_WARM_UP = 100


class LoopSettings(BaseModel):
    """Settings of the loop that all networks share.

    `decay` of the learning rate: "one_cycle" rises over the first tenth of the steps and falls as a cosine; "cosine"
    falls as a cosine after a short warm-up; "none" keeps it. `clip` limits the norm of the gradient (0: no limit).
    `average` is the decay of the moving average of the weights, which is what a run gives. `mixed_precision` computes
    in bfloat16 where there is an accelerator. `keep_best` gives the average that did best on the validation people
    instead of the last one. `minutes` ends a run early, with what it has by then. `parts` is how
    many parts a batch is made of, each with noise and means of its own; None for one per device (`training.devices`).
    `save_every` is the number of steps between savings of the state for resuming; it has no effect on the weights.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    steps: int
    batch: int
    learning_rate: float
    weight_decay: float
    optimizer: Literal["adamw", "adan", "adam"] = "adamw"
    decay: Literal["one_cycle", "cosine", "none"] = "one_cycle"
    clip: float = 1.0
    average: float = 0.998
    seed: int = 0
    mixed_precision: bool = False
    keep_best: bool = False
    minutes: float | None = None
    parts: int | None = None
    save_every: int = 250


def read_changes(file: Path) -> dict[str, Any]:
    """Read settings that differ from the usual ones from a TOML file, one `name = value` per line.

    Raises
    ------
    FileFormatError
        The file cannot be read or is no TOML.
    """
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise FileFormatError(f"cannot be read ({error.strerror})", file=file) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        remedy = "write one `name = value` a line"
        raise FileFormatError(f"not a TOML file ({error})", file=file, remedy=remedy) from error


SettingsT = TypeVar("SettingsT", bound=LoopSettings)


def checked(kind: type[SettingsT], changes: Mapping[str, Any], file: Path | None = None) -> SettingsT:
    """Make settings with some changed; raises UserInputError that tells every unknown name and impossible value."""
    try:
        return kind(**changes)
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        raise UserInputError(
            f"these settings are not possible: {wrong}",
            file=file,
            remedy=f"there are: {', '.join(kind.model_fields)}",
        ) from error


def make_optimizer(
    parameters: Iterable[nn.Parameter], settings: LoopSettings
) -> tuple[torch.optim.Optimizer, LRScheduler]:
    """Make the optimiser and its schedule, which counts steps.

    Notes
    -----
    Adan (Xie et al. 2022, doi:10.48550/arXiv.2208.06677) comes from pytorch-optimizer; as in the published code weights
    are divided by 1 + rate x decay in each step.

    Differences from the published code: there the very first step changes nothing.
    """
    rate, decay = settings.learning_rate, settings.weight_decay
    optimizer: torch.optim.Optimizer
    if settings.optimizer == "adan":
        try:
            from pytorch_optimizer import Adan
        except ImportError as error:
            raise MissingExtraError("pytorch-optimizer", "train", "Training with Adan") from error
        optimizer = Adan(parameters, lr=rate, betas=(0.98, 0.92, 0.99), weight_decay=decay)
    else:
        kind = torch.optim.AdamW if settings.optimizer == "adamw" else torch.optim.Adam
        optimizer = kind(parameters, lr=rate, weight_decay=decay)
    if settings.decay == "one_cycle":
        return optimizer, OneCycleLR(optimizer, rate, settings.steps, pct_start=0.1)
    if settings.decay == "none":
        return optimizer, LambdaLR(optimizer, lambda _: 1.0)
    warm_up = max(1, min(_WARM_UP, settings.steps // 10))
    return optimizer, LambdaLR(
        optimizer, lambda step: min(1.0, (step + 1) / warm_up) * 0.5 * (1.0 + math.cos(math.pi * step / settings.steps))
    )
