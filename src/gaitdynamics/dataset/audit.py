"""What a look at one trial tells: whether it can be read, and whether its numbers fit together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from gaitdynamics.dataset.quality_measures import STANCE_FORCE, cop_distances, valid_frames_of
from gaitdynamics.dataset.recordings import Recording
from gaitdynamics.errors import GaitError
from gaitdynamics.features.body_state import BodyState, body_state
from gaitdynamics.features.contact_rule import contact_by_rule
from gaitdynamics.features.floor import estimate_belt_speed
from gaitdynamics.features.newton import CUTOFF, demanded_force_at
from gaitdynamics.signals import low_pass
from gaitdynamics.trial import Array, FootForces, Mask, Trial

#: Steps are over before slower clocks have seen them [Hz].
LOWEST_RATE: Final = 50.0
#: Share by which a body mass may differ from the mass of the model.
MASS_TOLERANCE: Final = 0.05
#: Share by which measured force may differ from what the motion demands, on the mean.
GAIN_TOLERANCE: Final = 0.08
#: Largest root mean square of their difference [%BW] in walking and, with flight, in running: good recordings leave
#: 2-10 and 9-29.
LARGEST_RESIDUAL_WALKING: Final = 15.0
LARGEST_RESIDUAL_RUNNING: Final = 40.0
#: With less demanded force than this [BW] in some frame it is running.
FLIGHT: Final = 0.2
#: Who moves for this long [s] carries their weight on the mean, and this share beside it is not explained by a cut.
LONG: Final = 2.0
WEIGHT_TOLERANCE: Final = 0.1
#: A centre of pressure farther than this [m] from the line from heel to toe joint is beside the foot. Toes and the
#: edge of a shoe reach 0.1 m.
BESIDE_FOOT: Final = 0.15
#: Share [%] of stance in which it may be.
LARGEST_SHARE: Final = 5.0
#: Feet in stance that move by more than this [m/s] against the surface that is stated are on another one.
SPEED_TOLERANCE: Final = 0.25

#: A total force below this share of its largest value, where the motion demands more than this [BW], is none: the feet
#: are on no plate. More such frames [%] than the last number are a finding.
NO_FORCE: Final = 0.05
SOME_FORCE: Final = 0.5
LARGEST_OFF_PLATE: Final = 5.0

#: Forces within this time [s] of frames that are not valid are not compared: filtering spreads the gap.
_MARGIN: Final = 0.05
#: Less than this [s] of valid forces tells nothing.
_LEAST: Final = 0.2


@dataclass(frozen=True)
class Finding:
    """Something wrong: of which kind, one word, and what in a few words."""

    kind: str
    text: str

    def __str__(self) -> str:
        return f"{self.kind}: {self.text}"


@dataclass(frozen=True)
class VerticalForces:
    """Total vertical force over time [BW]: measured and demanded by the motion, and (T,) where both feet are valid."""

    time: Array
    measured: Array | None
    demanded: Array
    valid: Mask


@dataclass(frozen=True)
class TrialAudit:
    """What was found in one trial; None stands for what could not be measured.

    Attributes
    ----------
    study, subject, trial
        Which.
    findings
        What is wrong; empty where nothing is.
    unreadable
        Why the trial could not be read; empty where it could.
    seconds, rate_hz
        Duration and sampling rate.
    mass_kg, model_mass_kg, height_m
        Of the person and of the model.
    missing
        Coordinates that were not measured.
    surface, slip_m_s
        What is stated, and the speed at which feet in stance move backward against it.
    demanded_bw
        Mean vertical force that the motion demands [BW].
    has_forces
        Whether forces were measured.
    valid_percent
        Share of frames with complete forces of both feet.
    gain
        Measured over demanded vertical force, where both feet are valid.
    residual_vertical, residual_horizontal
        Root mean square of measured minus demanded force [%BW], both below 10 Hz.
    cop_beside_percent
        Share of stance in which the centre of pressure is beside the foot, of the worse foot.
    other_foot_percent
        Share of stance in which it is nearer to the other foot, of the worse foot.
    warnings
        Of reading.
    vertical
        For a picture.
    """

    study: str
    subject: str
    trial: str
    findings: tuple[Finding, ...]
    unreadable: str = ""
    seconds: float | None = None
    rate_hz: float | None = None
    mass_kg: float | None = None
    model_mass_kg: float | None = None
    height_m: float | None = None
    missing: tuple[str, ...] = ()
    surface: str = ""
    slip_m_s: float | None = None
    demanded_bw: float | None = None
    has_forces: bool = False
    valid_percent: float | None = None
    gain: float | None = None
    residual_vertical: float | None = None
    residual_horizontal: float | None = None
    cop_beside_percent: float | None = None
    other_foot_percent: float | None = None
    warnings: tuple[str, ...] = ()
    vertical: VerticalForces | None = None

    @property
    def label(self) -> str:
        """Study, subject and trial, as 'study/subject/trial'."""
        return f"{self.study}/{self.subject}/{self.trial}"


def audit_recording(recording: Recording) -> TrialAudit:
    """Load a trial and look at it; what cannot be read or computed is a finding."""
    place = (recording.study, recording.subject, recording.trial)
    try:
        return audit_trial(recording.load(), *place)
    except GaitError as error:
        return TrialAudit(*place, findings=(Finding("unreadable", "cannot be read"),), unreadable=_one_line(error))


def _one_line(error: GaitError) -> str:
    return " ".join(str(error).split())


def audit_trial(trial: Trial, study: str, subject: str, name: str) -> TrialAudit:
    """Look at a trial.

    Parameters
    ----------
    trial
        With forces or without.
    study, subject, name
        What it is called in the report.

    Raises
    ------
    UserInputError
        Its model lacks bodies of a leg.
    """
    state = body_state(trial)
    demanded = demanded_force_at(state, trial.time)
    slip = _slip(state)
    findings = _motion_findings(trial, demanded, slip)
    model_mass = trial.subject.model.mass
    missing = tuple(name for name, gone in zip(trial.coordinates, trial.missing, strict=True) if gone)
    forces = _Forces()
    valid: Mask = np.zeros(len(trial.time), dtype=np.bool_)
    if trial.forces is not None:
        valid = np.asarray(np.all(valid_frames_of(trial), axis=1))
        forces = _judge_forces(trial, trial.forces, demanded, valid)
    return TrialAudit(
        study=study,
        subject=subject,
        trial=name,
        findings=(*findings, *forces.findings),
        seconds=float(trial.time[-1] - trial.time[0]),
        rate_hz=trial.rate,
        mass_kg=trial.subject.mass_kg,
        model_mass_kg=model_mass,
        height_m=trial.subject.height_m,
        missing=missing,
        surface=trial.surface.kind,
        slip_m_s=slip,
        demanded_bw=float(demanded[:, 1].mean() / trial.body_weight),
        has_forces=trial.forces is not None,
        valid_percent=None if trial.forces is None else 100.0 * float(valid.mean()),
        gain=forces.gain,
        residual_vertical=forces.vertical,
        residual_horizontal=forces.horizontal,
        cop_beside_percent=forces.beside,
        other_foot_percent=forces.other,
        warnings=trial.warnings,
        vertical=VerticalForces(
            trial.time,
            None if trial.forces is None else trial.forces.force[..., 1].sum(1) / trial.body_weight,
            demanded[:, 1] / trial.body_weight,
            valid,
        ),
    )


def _slip(state: BodyState) -> float | None:
    """Speed [m/s] at which feet in stance move backward over the surface that is stated; None without stance."""
    # Contact must not depend on feet that stand still: on another surface than stated they do not.
    estimate = estimate_belt_speed(state, contact_by_rule(state, still=False), 0.0)
    return estimate.speed if estimate.stances else None


def _motion_findings(trial: Trial, demanded: Array, slip: float | None) -> list[Finding]:
    found = []
    if trial.rate < LOWEST_RATE:
        found.append(Finding("rate", f"rate {trial.rate:.0f} Hz"))
    ratio = trial.subject.mass_kg / trial.subject.model.mass
    if abs(ratio - 1.0) > MASS_TOLERANCE:
        found.append(Finding("mass", f"mass {100.0 * (ratio - 1.0):+.0f} % of the model's"))
    carried = float(demanded[:, 1].mean() / trial.body_weight)
    if trial.time[-1] - trial.time[0] >= LONG and abs(carried - 1.0) > WEIGHT_TOLERANCE:
        found.append(Finding("weight", f"motion demands {carried:.2f} body weights on the mean"))
    if slip is not None and abs(slip) > SPEED_TOLERANCE:
        floor = "floor" if trial.surface.kind == "overground" else "belt"
        where = "backward" if slip > 0.0 else "forward"
        found.append(Finding("surface", f"stance feet move {where} at {abs(slip):.2f} m/s on the stated {floor}"))
    return found


@dataclass(frozen=True)
class _Forces:
    findings: tuple[Finding, ...] = ()
    gain: float | None = None
    vertical: float | None = None
    horizontal: float | None = None
    beside: float | None = None
    other: float | None = None


def _judge_forces(trial: Trial, forces: FootForces, demanded: Array, valid: Mask) -> _Forces:
    found: list[Finding] = []
    gain = vertical = horizontal = None
    frames = _inside(valid, round(_MARGIN * trial.rate))
    if frames.sum() >= _LEAST * trial.rate:
        measured = low_pass(forces.force.sum(axis=1), trial.rate, CUTOFF)[frames]
        wanted = demanded[frames]
        gain = float(measured[:, 1].sum() / wanted[:, 1].sum())
        difference = 100.0 * (measured - wanted) / trial.body_weight
        vertical = float(np.sqrt(np.mean(difference[:, 1] ** 2)))
        horizontal = float(np.sqrt(np.mean(difference[:, [0, 2]] ** 2, axis=0).sum()))
        running = demanded[:, 1].min() < FLIGHT * trial.body_weight
        off = _off_plates(trial, forces, demanded, valid)
        if off > LARGEST_OFF_PLATE:
            # This explains whatever else is wrong with the sum.
            found.append(Finding("plates", f"no force in {off:.0f} % of valid frames that need it"))
        else:
            if abs(gain - 1.0) > GAIN_TOLERANCE:
                unit = ", another unit?" if not 0.2 < gain < 5.0 else ""
                found.append(Finding("gain", f"forces are {gain:.2g} times what the motion demands{unit}"))
            if vertical > (LARGEST_RESIDUAL_RUNNING if running else LARGEST_RESIDUAL_WALKING):
                found.append(Finding("residual", f"vertical force differs by {vertical:.0f} %BW from the motion's"))
    beside, other = _cop_shares(trial)
    if beside is not None and beside > LARGEST_SHARE:
        found.append(Finding("cop", f"centre of pressure beside the foot in {beside:.0f} % of stance"))
    if other is not None and other > 50.0:
        found.append(
            Finding("sides", f"centre of pressure under the other foot in {other:.0f} % of stance: sides swapped?")
        )
    return _Forces(tuple(found), gain, vertical, horizontal, beside, other)


def _off_plates(trial: Trial, forces: FootForces, demanded: Array, valid: Mask) -> float:
    """Share [%] of valid frames that are without force although the motion demands some."""
    total = forces.force[..., 1].sum(axis=1)
    # Measured by the largest force: in another unit no force is none too.
    none = np.abs(total) < NO_FORCE * np.abs(total).max()
    wanted = demanded[:, 1] > SOME_FORCE * trial.body_weight
    return 100.0 * float((none & wanted & valid).sum()) / max(1, int(valid.sum()))


def _inside(valid: Mask, margin: int) -> Mask:
    """Keep the frames that are valid with all those within a margin of them."""
    broken = np.convolve(~valid, np.ones(2 * margin + 1), mode="same") > 0.5
    return np.asarray(~broken)


def _cop_shares(trial: Trial) -> tuple[float | None, float | None]:
    """Share of stance [%] with the centre of pressure beside its foot, and nearer the other one, of the worse foot."""
    distance = cop_distances(trial)
    assert trial.forces is not None
    stance = (trial.forces.force[..., 1] > STANCE_FORCE) & valid_frames_of(trial)
    if distance is None or not stance.any():
        return None, None
    own, others = distance[:, [0, 1], [0, 1]], distance[:, [0, 1], [1, 0]]
    count = np.maximum(stance.sum(0), 1)
    beside = ((own > BESIDE_FOOT) & stance).sum(0) / count
    other = ((others < own) & stance).sum(0) / count
    return 100.0 * float(beside.max()), 100.0 * float(other.max())
