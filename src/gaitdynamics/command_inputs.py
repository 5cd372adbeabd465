"""What several commands are told in the same way: who moved, on what, how many threads, and where results go."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, Literal

from cyclopts import Parameter

from gaitdynamics.errors import UserInputError
from gaitdynamics.output_choices import FigureFormat, OutputChoices

if TYPE_CHECKING:
    from gaitdynamics.trial import Surface, Trial

#: The options --html, --glb and --figures of a command.
Choices = Annotated[OutputChoices, Parameter(name="*", negative=())]
#: The option --figures of a command that has no motion to show.
Figures = Annotated[FigureFormat | None, Parameter(help="Every picture also as vector file, for papers: pdf or svg.")]

#: Where results go unless told otherwise, in the current folder.
DEFAULT_OUT: Final = Path("results")


def use_one_thread() -> None:
    """Compute with one thread, however many there are.

    The steps are small: several threads gain next to nothing on an idle machine, and where others compute too they wait
    for one another many times longer than they work (see benchmarks/speed).
    """
    import torch

    torch.set_num_threads(1)


def surface_of(overground: bool, treadmill: float | Literal["auto"] | None) -> Surface:
    """Make of what was said the surface; raises UserInputError where too little or too much was said."""
    from gaitdynamics.trial import Surface

    if overground == (treadmill is not None):
        said = "both --overground and --treadmill are given" if overground else "the surface is not told"
        raise UserInputError(
            said, remedy="give either --overground, or --treadmill with the speed of the belt in m/s or 'auto'"
        )
    if treadmill is None or treadmill == "auto":
        return Surface()
    if not 0.0 <= treadmill <= 15.0:
        raise UserInputError(
            f"a belt speed of {treadmill:g} m/s cannot be right",
            remedy="give the speed in m/s, positive when the belt runs backward under the person",
        )
    return Surface("treadmill", treadmill)


def check_person(model: Path | None, mass: float | None, height: float | None) -> None:
    """Check that it was said who moved; raises UserInputError."""
    if model is None and (mass is None or height is None):
        raise UserInputError(
            "who moved is not told",
            remedy="give --model SUBJECT.osim, or --mass in kg and --height in m for a generic skeleton",
        )


@dataclass(frozen=True)
class Person:
    """Who moved, and on what.

    Parameters
    ----------
    model
        Scaled OpenSim model of the person (.osim). Without it a generic one is scaled to height and mass.
    mass
        Mass in kg, if it is not that of the model.
    height
        Height in m.
    overground
        The person moved over a floor.
    treadmill
        The person moved on a treadmill whose belt ran at this speed in m/s; 'auto' finds the speed from the feet.
    """

    model: Path | None = None
    mass: float | None = None
    height: float | None = None
    overground: bool = False
    treadmill: float | Literal["auto"] | None = None

    @property
    def surface(self) -> Surface:
        """What the person moved on; raises UserInputError where too little or too much was said."""
        return surface_of(self.overground, self.treadmill)

    def check(self) -> None:
        """Check that all was said; raises UserInputError."""
        _ = self.surface
        check_person(self.model, self.mass, self.height)

    def read(self, motion: Path, *, allow_incomplete: bool = False, max_gap: float | None = None) -> Trial:
        """Read a motion of this person, see `files.motion.read_trial`; find the speed of the belt where that is asked.

        Raises
        ------
        UserInputError
            The files cannot be used, or the speed cannot be told.
        """
        from gaitdynamics.files.motion import read_trial

        trial = read_trial(
            motion,
            model=self.model,
            mass_kg=self.mass,
            height_m=self.height,
            surface=self.surface,
            allow_incomplete=allow_incomplete,
            max_gap=max_gap,
        )
        if self.treadmill != "auto":
            return trial
        from gaitdynamics.tasks.forces import estimate_treadmill

        return estimate_treadmill(trial)[0]


#: The options --model, --mass, --height, --overground and --treadmill of a command.
Who = Annotated[Person, Parameter(name="*", negative=())]
#: Nothing told of anybody.
NOBODY: Final = Person()


def same_names(motions: Sequence[Path]) -> None:
    """Refuse motions whose results would have the same names.

    Raises
    ------
    UserInputError
        Naming the second of them.
    """
    stems: dict[str, Path] = {}
    for motion in motions:
        other = stems.setdefault(motion.stem, motion)
        if other is not motion:
            raise UserInputError(
                f"its results would have the same names as those of {other}",
                file=motion,
                remedy="give each motion once, and motions of the same name in runs with different --out",
            )


def example_files() -> tuple[Path, Path]:
    """Find motion and model of the example walk: inside an installed package, or beside the sources of a clone.

    Raises
    ------
    UserInputError
        It is not installed.
    """
    package = Path(__file__).parent
    for folder in (package / "examples" / "walking", package.parents[1] / "examples" / "walking"):
        if (folder / "walking.mot").is_file():
            return folder / "walking.mot", folder / "subject.osim"
    raise UserInputError("the example walk is not installed", remedy="run this in a clone of the repository: make demo")
