"""Which cells of a training window a conditional denoiser is given, drawn at random; it learns to fill the others.

Coordinates go missing as they do in practice: whole joints, of one side or both, or all for some time; so do forces.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import torch
from torch import Tensor

from gaitdynamics.features.published.schema import BALL_JOINTS, HINGES, KINETICS, PUBLISHED_63
from gaitdynamics.features.published.velocity import FILTER_REACH
from gaitdynamics.networks.condition import Condition
from gaitdynamics.training.published_windows import PublishedBatch

#: Share of windows of which nothing is given, so that whole motions can be generated.
_NOTHING_GIVEN: Final = 0.2
#: Share of windows in which both sides of a joint always go missing together.
_SIDES_TOGETHER: Final = 0.6
#: Share of windows with the forces of a foot given, and absent.
_FORCES_GIVEN, _FORCES_ABSENT = 0.15, 0.15
#: Share of windows with a gap in time, and limits of its length as shares of the window.
_GAP, _GAP_LENGTHS = 0.3, (0.03, 0.8)
#: Share of those in which nothing but the gap is missing.
_ONLY_GAP: Final = 0.6
#: Share of windows in which some kinematic groups that were measured are absent, and how many of them.
_ABSENT, _ABSENT_GROUPS = 0.25, 0.15
#: Share of facts that are told.
_TOLD: Final = 0.6

#: Groups of columns that are known together: translations, joints, feet.
GROUPS: Final[dict[str, tuple[str, ...]]] = {
    **{name: (name,) for name in ("pelvis_tx", "pelvis_ty", "pelvis_tz")},
    **{
        joint: tuple(
            name for name in PUBLISHED_63.names if name.startswith(f"{joint}_") and name[-2:] not in ("tx", "ty", "tz")
        )
        for joint in BALL_JOINTS
    },
    **{name: (name, f"{name}_vel") for name in HINGES},
    **{f"force_{side}": tuple(name for name in KINETICS if name.startswith(f"calcn_{side}")) for side in "rl"},
}
_NAMES: Final = tuple(GROUPS)
_FORCE_GROUPS: Final = tuple(_NAMES.index(f"force_{side}") for side in "rl")


@lru_cache(maxsize=4)
def _layout(device: torch.device) -> tuple[Tensor, Tensor, Tensor]:
    """For each column its group, for each group its namesake on the right, and which columns come from filters."""
    group = torch.empty(len(PUBLISHED_63.names), dtype=torch.long)
    for number, names in enumerate(GROUPS.values()):
        group[PUBLISHED_63.indices(names)] = number
    right = [_NAMES.index(name[:-2] + "_r") if name.endswith("_l") else i for i, name in enumerate(_NAMES)]
    filtered = torch.tensor(PUBLISHED_63.filtered)
    return group.to(device), torch.tensor(right).to(device), filtered.to(device)


def draw_condition(batch: PublishedBatch) -> Condition:
    """Draw what the network is told of a batch.

    Parameters
    ----------
    batch
        Windows on any device, whose random numbers are drawn from torch's generator there.

    Returns
    -------
    Condition
        Given are only cells that are known, absent are all that are not known and some others.
    """
    values, known, facts = batch
    device, (count, frames) = values.device, values.shape[:2]
    group, right, filtered = _layout(device)

    def chance(share: float, *shape: int) -> Tensor:
        return torch.rand(count, *shape, device=device) < share

    # Each window has its own share of missing groups: some lack one joint, some nearly all.
    draw = torch.rand(count, len(_NAMES), device=device)
    draw = torch.where(chance(_SIDES_TOGETHER, 1), draw[:, right], draw)
    wanted = draw < torch.rand(count, 1, device=device)
    wanted[:, list(_FORCE_GROUPS)] = ~chance(_FORCES_GIVEN, 1)
    gap, only_gap = chance(_GAP, 1), chance(_ONLY_GAP, 1)
    wanted &= ~(gap & only_gap)
    wanted |= chance(_NOTHING_GIVEN, 1)
    wanted = wanted[:, None, group] | (_gaps(count, frames, filtered, device) & gap[:, None])
    gone = chance(_ABSENT_GROUPS, len(_NAMES)) & chance(_ABSENT, 1)
    gone[:, list(_FORCE_GROUPS)] = chance(_FORCES_ABSENT, 1)
    there = known.bool()
    absent = ~there | gone[:, None, group]
    told = chance(_TOLD, facts.shape[1])
    return Condition(there & ~wanted & ~absent, absent, torch.where(told, facts, torch.nan))


def _gaps(count: int, frames: int, filtered: Tensor, device: torch.device) -> Tensor:
    """Draw one span of time per window, (count, frames, C), wider in columns that come from filters."""
    least, most = _GAP_LENGTHS
    length = frames * (least + (most - least) * torch.rand(count, 1, 1, device=device) ** 2)
    # A gap may run out of the window: then the motion is to be continued.
    first = torch.rand(count, 1, 1, device=device) * (frames + length) - length
    time = torch.arange(frames, device=device)[None, :, None]
    reach = FILTER_REACH * filtered.float()
    return (time >= first - reach) & (time < first + length + reach)
