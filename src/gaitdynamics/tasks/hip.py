"""Hip muscle forces and hip moments from joint angles alone, by the networks of the Gait2Hip-60 benchmark."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from gaitdynamics.errors import UserInputError
from gaitdynamics.features.hip import ANGLES, HipTask, seen_from
from gaitdynamics.files.forces import read_forces
from gaitdynamics.files.leg_angles import LegAngles, read_leg_angles
from gaitdynamics.inference.hip_cycles import (
    Cycle,
    cut_cycles,
    cycles_between,
    put_back,
    starts_by_force,
    starts_by_motion,
)
from gaitdynamics.model import STANDARD_GRAVITY

if TYPE_CHECKING:
    from gaitdynamics.inference.hip_checkpoint import HipDescription, HipNetwork

Array = NDArray[np.float64]

#: An angle is far from the training data where it is more than so many standard deviations from their mean ...
FAR: Final = 3.0
#: ... in more than this share of the samples.
FAR_SHARE: Final = 0.05

#: Cadences of the training data [steps/min]; those a tenth beyond draw a warning.
_CADENCES: Final = (78.0, 135.0)
_CADENCE_MARGIN: Final = 0.1


@dataclass(frozen=True)
class FarInput:
    """How an angle stands to the training data: mean and largest |z|, and the share of samples with |z| > `FAR`."""

    angle: str
    mean_z: float
    largest_z: float
    share: float

    @property
    def far(self) -> bool:
        """Whether the network was not trained on such angles."""
        return self.share > FAR_SHARE


@dataclass(frozen=True)
class HipSide:
    """What was estimated for one side.

    Attributes
    ----------
    side
        'r' or 'l'.
    cycles
        From where this foot is farthest in front, shortly before contact, to the next time; in frames of the motion.
    left_out
        Number of intervals between steps of this foot that were too short or long for a gait cycle.
    sequences
        Per task (cycles, samples, outputs) [N/kg or N.m/kg], 0 to 100 % of each cycle.
    frames
        (F,) frames of the motion inside a cycle.
    values
        Per task (F, outputs) [N/kg or N.m/kg] in those frames.
    inputs
        How each angle stands to the training data; of the mirrored motion for the left side.
    """

    side: str
    cycles: tuple[Cycle, ...]
    left_out: int
    sequences: Mapping[HipTask, Array]
    frames: NDArray[np.int64]
    values: Mapping[HipTask, Array]
    inputs: tuple[FarInput, ...]


@dataclass(frozen=True)
class HipEstimate:
    """Hip muscle forces and moments of one motion.

    Attributes
    ----------
    angles
        The motion.
    mass_kg
        Of the person; None where it is not known, then there is nothing but values per kg.
    cycles_from
        What the gait cycles were found by.
    sides
        One or both.
    networks
        What was used for each task.
    """

    angles: LegAngles
    mass_kg: float | None
    cycles_from: str
    sides: tuple[HipSide, ...]
    networks: Mapping[HipTask, HipDescription]
    warnings: tuple[str, ...] = ()

    def cadence(self, side: HipSide) -> float:
        """Give the cadence over the cycles of one side [steps/min]."""
        return 120.0 / self.seconds(side)

    def seconds(self, side: HipSide) -> float:
        """Give the mean duration of the cycles of one side [s]."""
        return float(np.mean([cycle.stop - cycle.start for cycle in side.cycles]) / self.angles.rate)


def estimate_hip(
    motion: Path,
    networks: Mapping[HipTask, HipNetwork],
    *,
    sides: Sequence[str] = ("r", "l"),
    mass_kg: float | None = None,
    grf: Path | None = None,
) -> HipEstimate:
    """Estimate the hip muscle forces and moments of a motion, gait cycle by gait cycle.

    Parameters
    ----------
    motion
        `.mot` or `.sto` file with the ten angles of both legs.
    networks
        From `inference.hip_checkpoint.find_hip`.
    sides
        'r', 'l' or both; the left one is estimated as the right one of the mirrored motion.
    mass_kg
        Body mass [kg].
    grf
        Ground reaction forces, measured or estimated, by which gait cycles are found; without them the angles tell.

    Raises
    ------
    UserInputError
        A file cannot be used, or no side has a whole gait cycle.
    """
    angles = read_leg_angles(motion, ANGLES)
    vertical = None if grf is None else read_forces(grf, angles.time).force[..., 1]
    weight = None if mass_kg is None else mass_kg * STANDARD_GRAVITY
    done: list[HipSide] = []
    notes: list[str] = []
    for side in sides:
        if vertical is None:
            starts = starts_by_motion(angles, side)
        else:
            starts = starts_by_force(vertical[:, ("r", "l").index(side)], angles.rate, weight)
        cycles, left_out = cycles_between(starts, angles.rate)
        if not cycles:
            notes.append(f"no whole gait cycle of the {_NAMES[side]} foot: nothing was estimated for that side")
            continue
        done.append(_one_side(angles, side, cycles, left_out, networks))
    if not done:
        raise UserInputError(
            "no whole gait cycle, from one step of a foot to its next, was found",
            file=motion,
            remedy="give a motion with at least two steps of the same foot"
            + ("" if grf is not None else ", or forces by which cycles are found (--grf)"),
        )
    estimate = HipEstimate(
        angles=angles,
        mass_kg=mass_kg,
        cycles_from="angles of the leg" if grf is None else f"vertical force in {grf.name}",
        sides=tuple(done),
        networks={task: network.description for task, network in networks.items()},
        warnings=(*angles.warnings, *notes),
    )
    return _with_doubts(estimate)


_NAMES: Final = {"r": "right", "l": "left"}


def _one_side(
    angles: LegAngles, side: str, cycles: Sequence[Cycle], left_out: int, networks: Mapping[HipTask, HipNetwork]
) -> HipSide:
    seen = seen_from(angles.values, side)
    sequences: dict[HipTask, Array] = {}
    values: dict[HipTask, Array] = {}
    frames = np.zeros(0, dtype=np.int64)
    z_scores = np.zeros((0, 0, 0))
    for task, network in networks.items():
        cut = cut_cycles(seen, cycles, network.description.architecture.frames)
        z_scores = network.z_scores(cut)
        predicted = network.predict(cut)
        # Differences from the published predictor: it writes the small negative forces that networks give.
        sequences[task] = np.maximum(predicted, 0.0) if task == "muscle_forces" else predicted
        frames, values[task] = put_back(sequences[task], cycles)
    return HipSide(side, tuple(cycles), left_out, sequences, frames, values, _inputs(z_scores))


def _inputs(z: Array) -> tuple[FarInput, ...]:
    """Summarise z-scores (cycles, samples, 10)."""
    flat = z.reshape(-1, len(ANGLES))
    return tuple(
        FarInput(name, float(column.mean()), float(np.abs(column).max()), float((np.abs(column) > FAR).mean()))
        for name, column in zip(ANGLES, flat.T, strict=True)
    )


def _with_doubts(estimate: HipEstimate) -> HipEstimate:
    """Add what a careful reader should know."""
    notes = list(estimate.warnings)
    for side in estimate.sides:
        name = _NAMES[side.side]
        far = [item for item in side.inputs if item.far]
        if far:
            listed = ", ".join(f"{item.angle} (|z| up to {item.largest_z:.1f})" for item in far)
            seen = "" if side.side == "r" else ", of the mirrored motion"
            notes.append(f"{name} side: angles far from those the networks were trained on{seen}: {listed}")
        cadence = estimate.cadence(side)
        low, high = _CADENCES[0] * (1.0 - _CADENCE_MARGIN), _CADENCES[1] * (1.0 + _CADENCE_MARGIN)
        if not low <= cadence <= high:
            notes.append(
                f"{name} side: {cadence:.0f} steps/min; the networks were trained on walking at {_CADENCES[0]:.0f} to "
                f"{_CADENCES[1]:.0f}"
            )
        if side.left_out:
            notes.append(f"{name} side: {side.left_out} interval(s) between steps are no gait cycle and left out")
    return HipEstimate(
        estimate.angles,
        estimate.mass_kg,
        estimate.cycles_from,
        estimate.sides,
        estimate.networks,
        tuple(notes),
    )
