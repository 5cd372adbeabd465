"""What the refinement network is trained for: its settings, and the loss of a batch."""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor

from gaitdynamics.features.body_state import CUTOFFS
from gaitdynamics.features.refiner_schema import TOTAL_FORCE
from gaitdynamics.networks.refiner import Refiner, RefinerOutput
from gaitdynamics.training.disturbances import calibration_noise, foot_columns, move_landmarks, swing_factor
from gaitdynamics.training.force_windows import Batch
from gaitdynamics.training.settings import LoopSettings

#: Vertical force [body weights] from which a centre of pressure counts in full.
_FULL_LOAD: Final = 0.2

#: Columns that move with the landmarks of a foot, and how much of the independent noise is left on them then.
_FOOT_COLUMNS: Final = foot_columns()
_FOOT_SHARE: Final = 0.25

#: Nothing but the standard deviations follows from this term, so its weight only sets their learning rate.
_DOUBT_WEIGHT: Final = 0.01


class RefinerTraining(LoopSettings):
    """Settings of a training run; the defaults are those of the packaged weights.

    Losses are absolute errors, the measure by which estimates are judged: force in body weights with a weight per
    axis (forward, up, inward), contact as cross-entropy, centre of pressure in foot coordinates over frames with load.
    The vertical force beyond a share of Newton's total is penalised: where physics suffices it stands. The standard
    deviations are fitted to the errors by likelihood and do not act back on them.

    `members` networks are trained one after the other, with seeds that follow `seed`. `noisy_share` is the share of
    windows from motions with noisy angles (`force_windows`). For ablations: without `physics` neither Newton's total
    nor what follows from it is shown or shared; `sided` networks know right from left, which takes back that each
    window also teaches as its mirror image; `people` is the share of the people trained on.
    """

    steps: int = 2400
    batch: int = 24
    learning_rate: float = 2e-3
    weight_decay: float = 0.05
    members: int = 3
    width: int = 64
    dilations: tuple[int, ...] = (1, 2, 4, 8, 16)
    dropout: float = 0.1
    feature_noise: float = 0.2
    amplitude_noise: float = 0.1
    placement_noise: float = 0.02
    noisy_share: float = 0.3
    force_weights: tuple[float, float, float] = (1.5, 1.0, 2.0)
    contact_weight: float = 0.1
    cop_weight: float = 0.3
    extra_weight: float = 0.3
    physics: bool = True
    sided: bool = False
    people: float = 1.0


def total_force(features: Tensor) -> Tensor:
    """Cut Newton's total force (..., K, 3) out of features (..., C)."""
    return features[..., TOTAL_FORCE].reshape(*features.shape[:-1], len(CUTOFFS), 3)


def refiner_loss(output: RefinerOutput, batch: Batch, settings: RefinerTraining) -> dict[str, Tensor]:
    """Compute the loss terms; frames without a trusted measurement count nowhere.

    Returns
    -------
    dict
        'force', 'contact', 'cop', 'extra', 'doubt' and their weighted sum 'loss', scalars.
    """
    valid = batch.valid
    force_error = (output.force - batch.force).abs()
    point_error = (output.point - batch.cop).abs()
    # Under little load a centre of pressure is a ratio of two small numbers.
    load = valid * batch.contact * (batch.force[..., 1] / _FULL_LOAD).clamp(0.0, 1.0)
    terms = {
        "force": _mean((force_error * force_error.new_tensor(settings.force_weights)).sum(-1), valid),
        "contact": _mean(
            torch.nn.functional.binary_cross_entropy_with_logits(output.contact, batch.contact, reduction="none"), valid
        ),
        "cop": _mean(point_error.sum(-1), load),
        "extra": _mean(output.extra[..., 1].abs(), valid),
        # In swing there is nothing to doubt.
        "doubt": _mean(_surprise(force_error, output.force_scale), valid * batch.contact)
        + _mean(_surprise(point_error, output.point_scale), load),
    }
    terms["loss"] = (
        terms["force"]
        + settings.contact_weight * terms["contact"]
        + settings.cop_weight * terms["cop"]
        + settings.extra_weight * terms["extra"]
        + _DOUBT_WEIGHT * terms["doubt"]
    )
    return terms


def _mean(values: Tensor, weights: Tensor) -> Tensor:
    return (values * weights).sum() / weights.sum().clamp(min=1.0)


def _surprise(error: Tensor, deviation: Tensor) -> Tensor:
    """Negative log-likelihood, up to a constant, of errors under Laplace's distribution; summed over components."""
    return torch.sum(deviation.log() + 2.0**0.5 * error.detach() / deviation, dim=-1)


def noisy_loss(network: Refiner, batch: Batch, settings: RefinerTraining) -> dict[str, Tensor]:
    """Compute the loss of a batch with disturbed features, see `training.disturbances`; mean over the networks."""
    found = [_member_loss(network, k, batch, settings) for k in range(len(network.members))]
    return {name: torch.stack([terms[name] for terms in found]).mean() for name in found[0]}


def _member_loss(network: Refiner, member: int, batch: Batch, settings: RefinerTraining) -> dict[str, Tensor]:
    if settings.placement_noise > 0.0:
        batch = move_landmarks(batch, settings.placement_noise)
    features = batch.features
    if settings.amplitude_noise > 0.0:
        features = swing_factor(features, settings.amplitude_noise)
    totals = total_force(features)
    if settings.feature_noise > 0.0:
        deviation = settings.feature_noise * network.scale
        if settings.placement_noise > 0.0:
            deviation = deviation.clone()
            deviation[_FOOT_COLUMNS] *= _FOOT_SHARE
        features = calibration_noise(features, deviation)
    output = network.members[member](*network.prepared(features, totals))
    return refiner_loss(output, batch, settings)
