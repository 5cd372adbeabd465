"""Disturbances of the refiner's features that stand for other people, models and laboratories.

All are constant over a window. They act on batches on whatever device trains, and change the targets where the
disturbance changes what is true.
"""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor

from gaitdynamics.features.refiner_schema import COLUMNS
from gaitdynamics.training.force_windows import Batch

#: Columns of Newton's vertical force: the total, and the parts of the body.
_TOTAL_UP: Final = [i for i, name in enumerate(COLUMNS) if name.startswith("total_force") and name.endswith("_up")]
_PARTS_UP: Final = [i for i, name in enumerate(COLUMNS) if name.endswith("_force_up")]

_AXES: Final = ("forward", "inward")
_FEET: Final = ("this", "other")
#: Horizontal place of heel and toe joint of the foot from which the body is seen.
_HEEL: Final = [COLUMNS.index(f"this_calcn_from_com_{axis}") for axis in _AXES]
_TOE: Final = [COLUMNS.index(f"this_toes_from_com_{axis}") for axis in _AXES]
#: What moves with the landmarks of a foot, per foot and axis: the landmarks, and against them the implied centre of
#: pressure, which fades with the vertical force of its bandwidth.
_LANDMARKS: Final = [
    [[COLUMNS.index(f"{foot}_{mark}_from_com_{axis}") for mark in ("calcn", "toes")] for axis in _AXES]
    for foot in _FEET
]
_IMPLIED: Final = [
    [[i for i, n in enumerate(COLUMNS) if n.startswith(f"{foot}_implied_cop") and n.endswith(axis)] for axis in _AXES]
    for foot in _FEET
]
_FADED: Final = [i for foot in _IMPLIED for columns in foot for i in columns]
_LOAD: Final = [COLUMNS.index(f"total_force_{COLUMNS[i].split('_')[3]}_up") for i in _FADED]
#: The foot is never taken to be shorter on the floor than this share of its length, see `features.foot_frame`.
_SHORTEST: Final = 0.5


def _moves(columns: list[list[list[int]]], sign: float) -> Tensor:
    """Give (2, 4, C): what a shift of the right and the left foot, forward and inward, does in each view."""
    moves = torch.zeros(2, 2, 2, len(COLUMNS))
    for view in range(2):
        for place, foot in enumerate((view, 1 - view)):
            for axis in range(2):
                # The other foot is seen along axes that point to its outside.
                outward = place == 1 and axis == 1
                moves[view, foot, axis, columns[place][axis]] = -sign if outward else sign
    return moves.flatten(1, 2)


_MOVED, _IMPLIED_MOVED = _moves(_LANDMARKS, 1.0), _moves(_IMPLIED, -1.0)


def swing_factor(features: Tensor, deviation: float) -> Tensor:
    """Make the swing of Newton's vertical force about body weight larger or smaller.

    Soft tissue does it from one person and laboratory to the next; body weight itself is known.

    Parameters
    ----------
    features
        (B, 2, T, C).
    deviation
        Standard deviation of the factor, one for each window.
    """
    features = features.clone()
    factor = 1.0 + deviation * torch.randn(len(features), 1, 1, 1, device=features.device)
    total, parts = features[..., _TOTAL_UP], features[..., _PARTS_UP]
    rest = parts.mean(2, keepdim=True)
    features[..., _TOTAL_UP] = 1.0 + factor * (total - 1.0)
    features[..., _PARTS_UP] = rest + factor * (parts - rest)
    return features


def calibration_noise(features: Tensor, deviation: Tensor) -> Tensor:
    """Add noise that is constant over a window, as another study's calibration looks like.

    Parameters
    ----------
    features
        (B, 2, T, C).
    deviation
        (C,) in the units of the features.
    """
    shape = (*features.shape[:2], 1, features.shape[-1])
    return features + deviation * torch.randn(shape, device=features.device)


def move_landmarks(batch: Batch, deviation: float) -> Batch:
    """Move heel and toe joint inside each foot, as another model or marker set would.

    The foot itself, the floor and Newton's wrench stay, so that the centre of pressure moves against the landmarks:
    that which the wrench implies, and the true one.

    Parameters
    ----------
    batch
        Windows.
    deviation
        Standard deviation of the shift, along each horizontal axis, in leg lengths.
    """
    features = batch.features
    shift = deviation * torch.randn(len(features), 2, 2, device=features.device)  # window, foot, (forward, inward)
    landmarks, implied = (
        torch.einsum("bk,vkc->bvc", shift.flatten(1), moves.to(features.device))[:, :, None]
        for moves in (_MOVED, _IMPLIED_MOVED)
    )
    load = torch.zeros_like(features)
    load[..., _FADED] = features[..., _LOAD].clamp(0.0, 1.0)
    moved = features + landmarks + implied * load
    along = moved[..., _TOE] - moved[..., _HEEL]
    shadow = torch.linalg.vector_norm(along, dim=-1, keepdim=True).clamp(min=1e-6)
    # On the ground for a while in every window, so that the longest shadow is nearly the foot's length.
    length = shadow.amax(2, keepdim=True)
    forward = along / shadow
    inward = torch.stack([-forward[..., 1], forward[..., 0]], dim=-1)
    own = shift[:, :, None]
    stretched = torch.maximum(shadow, _SHORTEST * length)
    along_foot = (own * forward).sum(-1, keepdim=True) / stretched
    across_foot = (own * inward).sum(-1, keepdim=True) / length
    return batch._replace(features=moved, cop=batch.cop - torch.cat([along_foot, across_foot], dim=-1))


def foot_columns() -> list[int]:
    """Columns that `move_landmarks` moves: independent noise on them would hide how they hang together."""
    return sorted({i for table in (_LANDMARKS, _IMPLIED) for foot in table for columns in foot for i in columns})
