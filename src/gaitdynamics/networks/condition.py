"""What a conditional denoiser is told beside the noisy window: which cells are given, which do not exist, and facts.

The condition "cells-1" knows three kinds of cells of a window (T, C): *given* ones hold their clean value, *absent*
ones hold zero and are not wanted, all others are noisy and to be estimated. In training the cells that nobody measured
are absent, so that they neither teach nor leak; at work a cell that nobody measured is either to be estimated or
absent, and both are states that the network has seen. Facts are told about the window as a whole; each may be unknown.

Not in the paper, whose network has no condition: known cells are only written over the noisy ones there.
"""

from __future__ import annotations

from typing import Final, Literal, NamedTuple

import torch
from torch import Tensor, nn

#: Ways of conditioning: none, as published, or by kinds of cells and facts, version 1.
ConditionName = Literal["none", "cells-1"]

#: Facts of "cells-1": mean forward velocity of the pelvis over the surface [body heights / s], body height [m], and
#: whether the person runs (1) or walks (0).
FACTS: Final = ("speed", "height", "running")


class Condition(NamedTuple):
    """What is known about windows.

    Attributes
    ----------
    given
        (B or 1, T, C) bool: cells that hold clean values.
    absent
        (B or 1, T, C) bool: cells of which nothing is known and nothing wanted.
    facts
        (B or 1, len(FACTS)), NaN where unknown.
    """

    given: Tensor
    absent: Tensor
    facts: Tensor

    def rows(self, part: slice) -> Condition:
        """Take the condition of some windows of a batch; what holds for all windows stays."""
        return Condition(*(tensor[part] if len(tensor) > 1 else tensor for tensor in self))


def nothing_known(x: Tensor) -> Condition:
    """Say of windows (B, T, C) that every cell is to be estimated and no fact is known."""
    no = torch.zeros(1, 1, x.shape[-1], dtype=torch.bool, device=x.device).expand(1, *x.shape[1:])
    return Condition(no, no, x.new_full((1, len(FACTS)), torch.nan))


def with_kinds(x: Tensor, condition: Condition) -> Tensor:
    """Set the kinds of cells beside windows (B, T, C): (B, T, 3 C), absent cells being zero."""
    given, absent = (kind.to(x.dtype).expand(x.shape) for kind in (condition.given, condition.absent))
    return torch.cat([torch.where(condition.absent, 0.0, x), given, absent], dim=-1)


class FactsEmbedding(nn.Module):
    """From facts, some of which may be unknown, to an offset of the embedded noise level."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.block = nn.Sequential(nn.Linear(2 * len(FACTS), width), nn.Mish(), nn.Linear(width, width))

    def forward(self, facts: Tensor) -> Tensor:
        """Map (N, len(FACTS)), NaN where unknown, to (N, width)."""
        known = facts.isfinite()
        result: Tensor = self.block(torch.cat([torch.where(known, facts, 0.0), known.to(facts.dtype)], dim=-1))
        return result
