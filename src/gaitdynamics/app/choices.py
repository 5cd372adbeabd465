"""What a user chooses on the page, and what a run gives back: the messages between page, service and worker."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

#: What can be computed; the page tells of each in plain words.
Task = Literal["forces", "complete", "sway", "speed", "hip"]

#: Files a user can bring.
Role = Literal["motion", "model"]

#: In the folder of a job: its uploads, what is made of them, and all of that packed.
UPLOADS: Final = "uploads"
RESULTS: Final = "results"
ARCHIVE: Final = "results.zip"
#: How names of pages end that show a result.
REPORT_ENDING: Final = "_report.html"

#: Most speeds of one run; each takes seconds.
MOST_SPEEDS: Final = 6


class _Message(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Choices(_Message):
    """The form of the page.

    Attributes
    ----------
    task
        What to compute.
    surface
        What was walked on; 'treadmill' with `belt_speed` [m/s], 'auto' a treadmill of unknown speed.
    mass, height
        Of the person [kg, m]; None takes what model or file say.
    trial
        Which of the motions in the file, where it holds several.
    samples
        How many completions to draw (task 'complete').
    sway
        Factor on the trunk's sideways bending (task 'sway').
    speeds
        To walk or run at [m/s] (task 'speed').
    example
        Take the shipped example in place of uploads.
    """

    task: Task = "forces"
    surface: Literal["overground", "treadmill", "auto"] | None = None
    belt_speed: float | None = None
    mass: float | None = None
    height: float | None = None
    trial: Annotated[int, Field(ge=0)] = 0
    samples: Annotated[int, Field(ge=1, le=10)] = 3
    sway: Annotated[float, Field(ge=-10.0, le=10.0)] = 2.5
    speeds: Annotated[tuple[float, ...], Field(max_length=MOST_SPEEDS)] = ()
    example: bool = False


class Upload(_Message):
    """A file that was uploaded: its ending, and a name for it made of harmless letters."""

    suffix: str
    stem: str


class Contents(_Message):
    """What an uploaded file with several motions holds."""

    trials: tuple[str, ...]
    mass: float | None = None
    height: float | None = None
    has_model: bool = False


class ResultFile(_Message):
    """A file of a result: its name, size [bytes], and whether it is a picture or a report for the page.

    The name may have one folder, and cannot lead out of that of the results, whatever a worker says.
    """

    name: Annotated[str, Field(pattern=r"^\w[\w.-]*(/\w[\w.-]*)?$", max_length=200)]
    size: int
    kind: Literal["picture", "report", "other"] = "other"


class Result(_Message):
    """What became of a run: a sentence, warnings, a table of few rows, and files."""

    headline: str
    warnings: tuple[str, ...] = ()
    table: tuple[tuple[str, ...], ...] = ()
    files: tuple[ResultFile, ...] = ()


class Order(_Message):
    """What a worker is asked to do in the folder of a job."""

    folder: str
    what: Literal["inspect", "run"]
    uploads: dict[Role, Upload]
    choices: Choices
    unpacked_bytes: int


class Told(_Message):
    """What a worker tells: how far it is, or how it ended."""

    stage: str | None = None
    fraction: float | None = None
    contents: Contents | None = None
    result: Result | None = None
    error: str | None = None
    #: Whether the worker goes on to the next run; one that failed in an unforeseen way does not.
    fit: bool = True

    @property
    def ended(self) -> bool:
        """Whether this is the last of a run."""
        return self.error is not None or self.result is not None or self.contents is not None
