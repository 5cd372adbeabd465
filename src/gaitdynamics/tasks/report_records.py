"""What the report of a force estimate holds: typed records, as they stand in its JSON file."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

from gaitdynamics.stances import StanceMeasures

#: Raised whenever a field changes its meaning or goes away.
SCHEMA_VERSION = 1

CONVENTIONS = {
    "frame": "ground: X forward, Y up, Z right; metres, seconds, newtons, newton-metres",
    "force": "what the ground exerts on the foot; vertical positive in stance, zero in swing",
    "centre_of_pressure": "in the ground frame, at the height of the floor in stance, zero in swing",
    "free_moment": "not predicted, written as zero",
    "normalisation": "BW is body weight: mass times the gravity of the model",
    "directions": (
        "forward is the mean horizontal direction of the centre of mass during that stance relative to the "
        "surface; braking is backward, propulsion forward, medial towards the other foot"
    ),
    "stance": "start_s is the first frame of contact, end_s the first frame without",
    "symmetry_index": "mean right minus mean left over half their sum, in percent, whole stances only",
}

UNCERTAINTY_MEANING = (
    "the interval of the stated level is the estimate plus and minus `factor` standard deviations, frame by frame and "
    "component by component; errors of neighbouring frames go together. The network estimates the standard deviations; "
    "after training they were widened so that these intervals hold on average over the studies on people it was not "
    "trained on, and further for other laboratories. They are learned in stance only: those of force in swing mean "
    "nothing. Errors that motion and model bring along, such as a wrong mass or a wrong belt speed, are not in them"
)


class _Record(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Software(_Record):
    """What computed the numbers."""

    gaitdynamics: str
    python: str
    torch: str
    platform: str


class InputFile(_Record):
    """A file that was read."""

    role: str
    file: str
    sha256: str


class SubjectRecord(_Record):
    """Who moved."""

    model_name: str
    generic_skeleton: bool
    mass_kg: float
    height_m: float | None
    body_weight_n: float


class SurfaceRecord(_Record):
    """What was walked on."""

    kind: Literal["overground", "treadmill"]
    belt_speed_m_s: float


class MotionRecord(_Record):
    """What was moved: times on the clock of the motion file.

    Of the missing coordinates, those that were not in it, some may have been generated; then the completed motion is
    among the files.
    """

    name: str
    start_s: float
    end_s: float
    frames: int
    rate_hz: float
    missing_coordinates: list[str]
    generated_coordinates: list[str] = []


class WeightsRecord(_Record):
    """Which trained weights were used."""

    name: str
    sha256: str
    description: str


class CompletionRecord(_Record):
    """How what was not measured was generated: by which network, from which seed, in how many samples.

    `gaps_s` tells how long each coordinate was not measured; `spread` the standard deviation over the samples, per
    generated coordinate [deg or m], averaged over the times at which it was generated, None where there is but one
    sample. How the forces spread is part of their standard deviations.
    """

    network: WeightsRecord
    seed: int
    samples: int
    gaps_s: dict[str, float] = {}
    spread: dict[str, float] | None = None


class FloorRecord(_Record):
    """Where the floor is and how it was found."""

    height_m: float
    found_by: str


class BySide(_Record):
    """A number for each foot."""

    r: float | None
    l: float | None  # noqa: E741 the field's name for the left side


class UncertaintyRecord(_Record):
    """Mean standard deviations of the estimate, of each foot along the axes of the ground frame, and what they mean.

    Those of force [% body weight] over its stance frames, those of the centre of pressure [mm] over the frames in which
    the foot bears at least 5 % of body weight; None where there is no such frame. The interval of level `level` is the
    estimate plus and minus `factor` standard deviations.
    """

    force_forward_x_percent_bw: BySide
    force_up_y_percent_bw: BySide
    force_right_z_percent_bw: BySide
    cop_forward_x_mm: BySide
    cop_right_z_mm: BySide
    level: float
    factor: float
    meaning: str


class GaitRecord(_Record):
    """The trial as a whole; the fields are those of `gaitdynamics.stances.GaitMeasures`."""

    mean_speed_m_s: float
    cadence_steps_per_min: float | None
    stance_fraction: BySide
    double_support_fraction: float
    flight_fraction: float
    symmetry_index_percent: dict[str, float | None]
    stances: list[StanceMeasures]


class PhysicsRecord(_Record):
    """How well the estimated total force agrees with mass times acceleration of the motion.

    Mean absolute difference [BW] over the frames, per axis of the ground frame.
    """

    forward_x_bw: float
    up_y_bw: float
    right_z_bw: float


class ForceReport(_Record):
    """Everything a reader needs to trust, repeat or reject an estimate of ground reaction forces."""

    schema_version: int
    software: Software
    inputs: list[InputFile]
    subject: SubjectRecord
    surface: SurfaceRecord
    motion: MotionRecord
    weights: WeightsRecord
    completion: CompletionRecord | None = None
    seed: int | None
    grf_naming: str
    floor: FloorRecord
    difference_from_newton: PhysicsRecord
    uncertainty: UncertaintyRecord | None = None
    gait: GaitRecord
    conventions: dict[str, str]
    warnings: list[str]
    files: list[str]
