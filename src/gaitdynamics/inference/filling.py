"""Unknown cells of the columns of a whole motion, filled by a diffusion network; forces are among what it fills.

A network that is told what is known gets the known cells clean beside a noisy rest, and fills a window in a few steps.
One of the published format has them written over its noisy window in each step, as in the paper (`inpaint`). Both see a
motion that is longer than a window as one (`diffusion.joint`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gaitdynamics.diffusion.inpainting import inpaint
from gaitdynamics.diffusion.joint import JointWindows, denoise_jointly
from gaitdynamics.diffusion.sampling import FILLING_PLAN, Denoise, SamplingPlan, WindowNoise, sample
from gaitdynamics.diffusion.schedules import Schedule
from gaitdynamics.features.published.schema import PUBLISHED_63, RATE
from gaitdynamics.inference.meeting import continued_into_gaps
from gaitdynamics.inference.motion_network import MotionNetwork
from gaitdynamics.inference.windows import WINDOW
from gaitdynamics.networks.condition import FACTS, Condition
from gaitdynamics.networks.denoiser import SteppedDenoiser
from gaitdynamics.signals import low_pass

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

#: How a network that is told what is known fills the rest. The number of steps was set for speed; other numbers were
#: not compared.
CONDITIONAL_PLAN: Final = SamplingPlan("dpm_solver_2m", steps=8)

#: Low-pass cutoff of what is filled [Hz]: what trembles faster is noise that sampling left. As for the published path
#: of the pelvis; others were not compared.
SMOOTHNESS: Final = 10.0
_LEAST_FOR_FILTER: Final = 30

_KINEMATIC: Final = list(PUBLISHED_63.kinematic)
_FORWARD: Final = PUBLISHED_63.index("pelvis_tx")


@dataclass(frozen=True)
class Facts:
    """What is told of a motion as a whole, each None where it is not: see `networks.condition.FACTS`.

    `speed` [body heights / s], `height` [m], `running` or walking.
    """

    speed: float | None = None
    height: float | None = None
    running: bool | None = None

    def tensor(self) -> Tensor:
        """(1, 3), NaN where unknown."""
        values = (self.speed, self.height, self.running)
        assert len(values) == len(FACTS)
        return torch.tensor([[np.nan if value is None else float(value) for value in values]], dtype=torch.float32)


def fill_cells(
    network: MotionNetwork,
    values: Array,
    unknown: Mask,
    *,
    seeds: Sequence[int] = (0,),
    plan: SamplingPlan | None = None,
    facts: Facts | None = None,
    mean_speed: bool = False,
) -> Array:
    """Fill the unknown cells of a motion, once for each seed.

    Parameters
    ----------
    network
        The diffusion network.
    values
        (N, 63) columns of a motion, not scaled; unknown cells may hold anything finite.
    unknown
        (N, 63) which cells to fill, or (63,) which columns. Kinetic cells are always filled.
    seeds
        One for each sample; the same seed gives the same sample whatever the others are.
    plan
        How to sample; by default as fits the network.
    facts
        What is known of the motion as a whole; only a network that can be told makes use of it.
    mean_speed
        Hold the mean forward velocity at `facts.speed` where it is not known otherwise.

    Returns
    -------
    (S, N, 63), not scaled. Known kinematic cells are as they were, and what is filled between them in time is
    continuous with them.
    """
    unknown = np.broadcast_to(unknown, values.shape).copy()
    unknown[:, list(PUBLISHED_63.kinetic)] = True
    scaled = np.where(unknown, 0.0, network.scaler.to_scaled(values)).astype(np.float32)
    known = torch.from_numpy(~unknown)[None]
    told = torch.from_numpy(scaled)[None]
    schedule = Schedule(network.schedule)
    plan = plan or (CONDITIONAL_PLAN if network.conditional else FILLING_PLAN)
    windows = JointWindows(len(values), WINDOW)
    shape = torch.Size((len(seeds), *values.shape))
    noise = WindowNoise(seeds)
    level = _scaled_speed(network, facts) if mean_speed and unknown[:, _FORWARD].all() else None
    if network.conditional:
        condition = Condition(windows.split(known), torch.zeros_like(windows.split(known)), (facts or Facts()).tensor())
        stepped = SteppedDenoiser(network.denoiser, plan.times(schedule), condition=_for_each(condition, len(seeds)))
        jointly = denoise_jointly(stepped, windows)
        filled = sample(_given(jointly, told, known, level), noise, shape, schedule, plan)
    else:
        stepped = SteppedDenoiser(network.denoiser, plan.times(schedule))
        jointly = _given(denoise_jointly(stepped, windows), None, known, level)
        filled = inpaint(jointly, told.expand(shape), known.expand(shape), schedule, noise, plan, published=True)
    result = filled.double().numpy()
    for one in result:
        if len(one) > _LEAST_FOR_FILTER:
            one[:, _KINEMATIC] = low_pass(one[:, _KINEMATIC], RATE, SMOOTHNESS)
        _meet(one, scaled, unknown)
    complete = network.scaler.from_scaled(result)
    return np.where(unknown, complete, values)


def sample_seeds(seed: int, samples: int) -> list[int]:
    """Give a seed to each sample of a run, none of which another run of a near seed has."""
    return [(seed << 20) + number for number in range(samples)]


def _for_each(condition: Condition, samples: int) -> Condition:
    """Repeat the condition of the windows of one sequence for each sample of it."""
    given, absent = (kind.repeat(samples, 1, 1) if samples > 1 else kind for kind in condition[:2])
    return Condition(given, absent, condition.facts)


def _given(denoise: Denoise, told: Tensor | None, known: Tensor, level: float | None) -> Denoise:
    """Show the clean values of known cells (if any are told), and hold the mean forward velocity of the estimate."""

    def estimate(x: Tensor, t: int) -> Tensor:
        clean = denoise(x if told is None else torch.where(known, told, x), t)
        if level is not None:
            clean = clean.clone()
            forward = clean[..., _FORWARD]
            clean[..., _FORWARD] = forward + (level - forward.mean(dim=1, keepdim=True))
        return clean

    return estimate


def _scaled_speed(network: MotionNetwork, facts: Facts | None) -> float | None:
    if facts is None or facts.speed is None:
        return None
    return facts.speed * network.scaler.scale[_FORWARD] + network.scaler.bias[_FORWARD]


def _meet(filled: Array, scaled: NDArray[np.float32], unknown: Mask) -> None:
    """Let what fills a gap in time meet the known cells around it, in place.

    The network also estimates known cells, a little off; see `meeting`.
    """
    for column in np.flatnonzero(unknown[:, _KINEMATIC].any(0) & ~unknown[:, _KINEMATIC].all(0)):
        c = _KINEMATIC[column]
        filled[:, c] += continued_into_gaps(scaled[:, c] - filled[:, c], ~unknown[:, c])
