"""New motions of walking or running at a given speed, with forces and how physical they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np

from gaitdynamics.dataset.quality import PAPER, judge
from gaitdynamics.errors import UserInputError
from gaitdynamics.evaluation.newton import newton_score
from gaitdynamics.features.body_state import body_state
from gaitdynamics.features.footing import measure_footing
from gaitdynamics.features.newton import demanded_force
from gaitdynamics.inference.generation import NewMotion, Wish, generate
from gaitdynamics.tasks.completion import loaded_network
from gaitdynamics.tasks.forces import estimate_forces
from gaitdynamics.tasks.report import measure
from gaitdynamics.tasks.results import ForceEstimate, WeightsInfo
from gaitdynamics.trial import FootForces, Trial

#: Speeds [m/s], durations [s], numbers of motions and people that can be asked for.
SPEEDS, SECONDS, MOST, HEIGHTS, MASSES = (0.3, 6.0), (1.5, 120.0), 1000, (1.0, 2.2), (15.0, 200.0)

#: Less than this is no force of a foot that bears weight [body weights].
_BEARING: Final = 0.05


@dataclass(frozen=True)
class MotionQuality:
    """How a motion and its forces hold together.

    Attributes
    ----------
    speed_m_s, stride_length_m, cadence_steps_per_min
        Of the motion; None where there are no two steps of a foot.
    peak_vertical_bw
        Mean over whole stances, of the estimated forces.
    slide_m_s, sink_m
        See `features.footing`.
    newton_refined, newton_generated
        Root mean square of the total force that forces and motion leave unexplained [%BW]: of the forces that the
        foot-view network estimates from the motion, and of those that were generated with it.
    passes
        Whether the motion passes the paper's quality rules, as data must to be trained on.
    reason
        Why not.
    """

    speed_m_s: float
    stride_length_m: float | None
    cadence_steps_per_min: float | None
    peak_vertical_bw: float | None
    slide_m_s: float
    sink_m: float
    newton_refined: float
    newton_generated: float
    passes: bool
    reason: str


@dataclass(frozen=True)
class GeneratedMotion:
    """A motion that nobody performed, forces estimated from it, those generated with it, and its quality."""

    estimate: ForceEstimate
    generated_forces: FootForces
    quality: MotionQuality

    @property
    def trial(self) -> Trial:
        """The motion."""
        return self.estimate.trial


def generate_motions(
    wish: Wish, *, count: int = 1, seed: int = 0, weights: str | Path | None = None
) -> list[GeneratedMotion]:
    """Generate motions and estimate their forces.

    Parameters
    ----------
    wish
        What to generate.
    count
        How many.
    seed
        Of the random numbers: the same gives the same motions.
    weights
        Of the diffusion network, as of `complete_motion`. Forces are those of the packaged foot-view network.

    Raises
    ------
    UserInputError
        The wish is beyond what can be generated.
    """
    check_wish(wish, count)
    network = loaded_network(None if weights is None else str(weights))
    used = WeightsInfo(network.name, network.sha256, network.description)
    motions = generate(network, wish, count=count, seed=seed)
    kind = "run" if wish.runs else "walk"
    return [_judged(motion, f"{kind}_{wish.speed_m_s:.2f}_{motion.trial.name}", used) for motion in motions]


def check_wish(wish: Wish, count: int) -> None:
    """Check that something can be generated; raises UserInputError."""
    limits: Sequence[tuple[str, float, tuple[float, float], str]] = (
        ("--speed", wish.speed_m_s, SPEEDS, "m/s"),
        ("--seconds", wish.seconds, SECONDS, "s"),
        ("--count", count, (1, MOST), ""),
        ("--height", wish.height_m, HEIGHTS, "m"),
        ("--mass", wish.mass_kg, MASSES, "kg"),
    )
    for name, value, (least, most), unit in limits:
        if not least <= value <= most:
            raise UserInputError(
                f"{name} {value:g} {unit} is not possible".replace("  ", " "),
                remedy=f"give {least:g} to {most:g} {unit}".rstrip(),
            )


def _judged(motion: NewMotion, name: str, generator: WeightsInfo) -> GeneratedMotion:
    trial = replace(motion.trial, name=name)
    estimate = replace(estimate_forces(trial), generator=generator)
    return GeneratedMotion(estimate, motion.forces, judge_motion(estimate, motion.forces))


def judge_motion(estimate: ForceEstimate, generated: FootForces) -> MotionQuality:
    """Measure the quality of a motion with two kinds of forces."""
    trial = estimate.trial
    state = body_state(trial)
    footing = measure_footing(state, _down(estimate.forces, trial, state.time))
    demanded = demanded_force(trial)
    every = np.ones((len(trial.time), 2), dtype=np.bool_)
    refined, own = (newton_score(f, demanded, every, trial.body_weight) for f in (estimate.forces, generated))
    gait = measure(estimate)
    speed = gait.mean_speed_m_s
    cadence = gait.cadence_steps_per_min
    peaks = [stance.peak_vertical_bw for stance in gait.stances if stance.complete]
    verdict = judge(replace(trial, forces=replace(generated, valid=every)), PAPER)
    return MotionQuality(
        speed_m_s=speed,
        stride_length_m=None if cadence is None else 120.0 * speed / cadence,
        cadence_steps_per_min=cadence,
        peak_vertical_bw=float(np.mean(peaks)) if peaks else None,
        slide_m_s=footing.slide,
        sink_m=footing.sink,
        newton_refined=refined.total,
        newton_generated=own.total,
        passes=verdict.reason is None,
        reason=verdict.reason or "",
    )


def _down(forces: FootForces, trial: Trial, time: np.ndarray) -> np.ndarray:
    """Tell (N, 2) at other times which feet bear weight."""
    bearing = forces.force[..., 1] > _BEARING * trial.body_weight
    nearest = np.clip(np.round(np.interp(time, trial.time, np.arange(len(trial.time)))).astype(int), 0, None)
    return np.asarray(bearing[nearest])
