"""Muscle forces by static optimisation, from joint moments and the muscles of the person's OpenSim model."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from gaitdynamics.columns import SIDES
from gaitdynamics.errors import UserInputError
from gaitdynamics.features.hip import MUSCLES
from gaitdynamics.tasks.leg_states import LegStates
from gaitdynamics.trial import Array

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gaitdynamics.body.opensim_muscles import OpenSimMuscles
    from gaitdynamics.output_choices import FigureFormat
    from gaitdynamics.tasks.moments import MomentsResult
    from gaitdynamics.tasks.muscles_files import MusclesFiles

#: Instants per second that are solved unless told otherwise: what moves muscles in gait is below 20 Hz.
MUSCLE_RATE: Final = 50.0
#: Moment [N.m] of a reserve actuator that costs as much as a muscle at full activation.
RESERVE_STRENGTH: Final = 1.0
#: Reserves beyond this share of the joint moment (RMS over RMS) mean that muscles cannot do what was asked: the bound
#: by Hicks et al. (2015), doi:10.1115/1.4029304, is 5 % of the net moments.
LARGEST_RESERVE: Final = 0.05
#: Joint moments smaller than this [N.m/kg, RMS] are not compared with their reserves.
_SMALL_MOMENT: Final = 0.05


@dataclass(frozen=True)
class LegMuscles:
    """Muscle forces of one leg at K instants.

    Attributes
    ----------
    side
        'r' or 'l'.
    frames
        (K,) frames of the motion that were solved.
    names
        The M muscles, as in the model.
    coordinates
        The J coordinates whose moments are shared among them, as in the model.
    activation
        (K, M), 0 to 1.
    force
        (K, M) [N], along the tendon.
    moment
        (K, J) joint moments of inverse dynamics [N.m]; that of a coordinate which drives another one (the knee drives
        the patella) includes the other's.
    muscle_moment
        (K, J) what the muscles give [N.m].
    """

    side: str
    frames: NDArray[np.int64]
    names: tuple[str, ...]
    coordinates: tuple[str, ...]
    activation: Array
    force: Array
    moment: Array
    muscle_moment: Array

    @property
    def reserve(self) -> Array:
        """(K, J) moments of the reserve actuators [N.m]: joint moment minus that of the muscles."""
        return self.moment - self.muscle_moment

    def groups(self) -> Array:
        """Add up the forces of the 14 hip muscles and muscle groups of `features.hip.MUSCLES`, (K, 14) [N].

        Raises
        ------
        UserInputError
            The model lacks one of them.
        """
        columns = []
        for name, parts in MUSCLES.items():
            labels = [f"{part}_{self.side}" for part in parts]
            gone = [label for label in labels if label not in self.names]
            if gone:
                raise UserInputError(
                    f"the model has no muscle {', '.join(gone)}, needed for '{name}'",
                    remedy="give a model with the muscles of the Rajagopal (2016) model",
                )
            columns.append(self.force[:, [self.names.index(label) for label in labels]].sum(axis=1))
        return np.stack(columns, axis=1)

    def reserve_share(self) -> dict[str, float]:
        """Give, for each coordinate, RMS of the reserve over RMS of the joint moment."""
        reserve, moment = (np.sqrt(np.mean(v**2, axis=0)) for v in (self.reserve, self.moment))
        return dict(zip(self.coordinates, (reserve / np.maximum(moment, 1e-9)).tolist(), strict=True))

    def telling_shares(self, mass_kg: float) -> dict[str, float]:
        """Give `reserve_share` where the joint moment is large enough for the share to tell anything."""
        large = np.sqrt(np.mean(self.moment**2, axis=0)) > _SMALL_MOMENT * mass_kg
        return {name: share for (name, share), tells in zip(self.reserve_share().items(), large, strict=True) if tells}


@dataclass(frozen=True)
class MusclesResult:
    """Muscle forces of one motion: both legs or one, what they were computed from, and what to know of them."""

    moments: MomentsResult
    legs: tuple[LegMuscles, ...]
    rate: float
    reserve_strength: float
    warnings: tuple[str, ...] = ()

    def to_files(self, folder: str | Path, *, figures: FigureFormat | None = None) -> MusclesFiles:
        """Write forces, activations, moments, report and picture into `folder`, all or none.

        The picture is written in the format `figures` too, where one is named.

        Raises
        ------
        UserInputError
            The folder cannot be written to, or holds files of these names that are not ours.
        """
        from gaitdynamics.tasks.muscles_files import write_muscles

        return write_muscles(self, Path(folder), figures=figures)


def compute_muscles(
    moments: MomentsResult,
    *,
    model_file: Path | None = None,
    rate: float = MUSCLE_RATE,
    reserve_strength: float = RESERVE_STRENGTH,
    sides: Sequence[str] = SIDES,
    frames: Mapping[str, NDArray[np.int64]] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> MusclesResult:
    """Share the joint moments of the legs among their muscles by static optimisation.

    Parameters
    ----------
    moments
        From `compute_moments`.
    model_file
        The `.osim` model with muscles; None for that of the trial.
    rate
        Instants per second that are solved: every n-th frame, the nearest that there is. Nothing is interpolated.
    reserve_strength
        Moment [N.m] of a reserve actuator that costs as much as a muscle at full activation.
    sides
        Legs.
    frames
        For each side the frames to solve, in place of `rate`.
    progress
        Told how many instants are solved, and of how many.

    Raises
    ------
    MissingExtraError
        OpenSim is not installed.
    UserInputError
        There is no model file, or no muscle in it acts on a leg.

    Notes
    -----
    Moment arms and strengths are OpenSim's, the optimisation is ours and solves the problem of OpenSim's
    StaticOptimization exactly (`body.static_optimisation`). Muscles of a leg pull between bodies below the pelvis and
    the pelvis itself, so that the two legs are two problems, and residuals at the pelvis play no part in them.
    """
    from gaitdynamics.body.opensim_muscles import OpenSimMuscles

    trial = moments.trial
    file = model_file or _model_file(moments)
    step = max(1, round(trial.rate / rate))
    states = LegStates(moments)
    wanted = {side: np.arange(0, len(trial.time), step) if frames is None else frames[side] for side in sides}
    total, done = sum(map(len, wanted.values())), 0
    legs = []
    for side in sides:
        own = states.of_leg(side)
        muscles = OpenSimMuscles(file, (*own, *states.driven_by(own)))

        def tell(solved: int, before: int = done) -> None:
            if progress is not None:
                progress(before + solved, total)

        legs.append(_one_leg(side, wanted[side], muscles, states, reserve_strength, tell))
        done += len(wanted[side])
    mass = trial.subject.mass_kg
    return MusclesResult(moments, tuple(legs), trial.rate / step, reserve_strength, tuple(_warnings(legs, mass)))


def _one_leg(
    side: str,
    frames: NDArray[np.int64],
    muscles: OpenSimMuscles,
    states: LegStates,
    reserve_strength: float,
    tell: Callable[[int], None],
) -> LegMuscles:
    from gaitdynamics.body.static_optimisation import static_optimisation

    driven = states.driven_by(muscles.coordinates)
    free = tuple(name for name in muscles.coordinates if name not in (*driven, *muscles.locked))
    gathering = states.gathering(free, muscles.coordinates)[frames]
    moment = np.einsum("kj,kjf->kf", states.moments(muscles.coordinates)[frames], gathering)
    activation = np.zeros((len(frames), len(muscles.names)))
    force, muscle_moment = np.zeros_like(activation), np.zeros_like(moment)
    for k, frame in enumerate(frames):
        arms, strength = muscles.at(*states.at(int(frame)))
        arms = arms @ gathering[k]
        solved = static_optimisation(moment[k], arms, strength, muscles.bounds, reserve_strength=reserve_strength)
        activation[k] = solved.activation
        force[k] = solved.activation * strength
        muscle_moment[k] = force[k] @ arms
        tell(k + 1)
    return LegMuscles(side, frames, muscles.names, free, activation, force, moment, muscle_moment)


def _model_file(moments: MomentsResult) -> Path:
    path = moments.trial.provenance.get("model_path")
    if path is None:
        raise UserInputError(
            "muscle forces need an OpenSim model with muscles",
            remedy="give the person's scaled model, with --model; a generic skeleton has no muscles",
        )
    return Path(str(path))


def _warnings(legs: Sequence[LegMuscles], mass: float) -> list[str]:
    notes = []
    for one in legs:
        weak = [
            f"{name} ({100 * share:.0f} %)"
            for name, share in one.telling_shares(mass).items()
            if share > LARGEST_RESERVE
        ]
        if weak:
            notes.append(
                f"{'right' if one.side == 'r' else 'left'} leg: the muscles cannot give the joint moments, reserve "
                f"actuators take over in {', '.join(weak)}: more than {100 * LARGEST_RESERVE:.0f} % (RMS)"
            )
    return notes
