"""What is known of studies and not written in their files: sides of the split, surfaces, activities, body masses."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from gaitdynamics.dataset.mapped_recording import MappedRecording
from gaitdynamics.dataset.recordings import Recording
from gaitdynamics.errors import FileFormatError, UserInputError

#: Maps that come with the package.
SHIPPED: Final = ("addbiomechanics",)

#: Sides of the split.
TRAIN, VAL, HELD_OUT, UNSEEN = "train", "val", "test_held_out_subject", "test_unseen_study"


class StudyFacts(BaseModel):
    """What is known of a study.

    Attributes
    ----------
    side
        'train', 'val', or 'unseen' for a study with no part in training.
    held_out
        Of a study of side 'train', the participants who are tested on: their names, or how many, the last by name.
    surface
        'overground'; 'treadmill', whose speed is found from the loaded feet; None leaves it as the source has it.
    treadmill_trials
        Parts of names of the trials that were walked on a treadmill all the same.
    activity
        Of trials that are gait by their name: 'walking', 'running' or 'other'.
    mass_kg
        Body masses [kg] by the number in the subject's name.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    side: Literal["train", "val", "unseen"]
    held_out: int | tuple[str, ...] = 0
    surface: Literal["overground", "treadmill"] | None = None
    treadmill_trials: tuple[str, ...] = ()
    activity: Literal["walking", "running", "other"] = "walking"
    mass_kg: dict[int, float] = Field(default_factory=dict)


class StudyMap(BaseModel):
    """What is known of all studies of a source.

    Attributes
    ----------
    studies
        By name.
    not_gait
        Parts of names of trials that are no gait, in small letters.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    studies: dict[str, StudyFacts]
    not_gait: tuple[str, ...] = ()

    def apply(
        self, recordings: Sequence[Recording], *, masses: bool = True, belt_speed: bool = True
    ) -> list[MappedRecording]:
        """Add what is known of its study to each recording.

        Parameters
        ----------
        recordings
            Of any source.
        masses
            Use the body masses of the map.
        belt_speed
            Find the speed of treadmills; without it they are taken for floors, whatever the map says.

        Raises
        ------
        UserInputError
            A study, or a participant who is to be held out, is not known.
        """
        people: dict[str, set[str]] = {}
        for recording in recordings:
            people.setdefault(recording.study, set()).add(recording.subject)
        unknown = sorted(set(people) - set(self.studies))
        if unknown:
            raise UserInputError(
                f"the study map does not know {', '.join(unknown)}; it knows {', '.join(sorted(self.studies))}",
                remedy="add a table [studies.NAME] for each, or name folders as the map does (docs/data.md)",
            )
        held_out = {study: self._held_out(study, subjects) for study, subjects in people.items()}
        return [self._mapped(recording, held_out, masses, belt_speed) for recording in recordings]

    def _held_out(self, study: str, subjects: Iterable[str]) -> frozenset[str]:
        asked = self.studies[study].held_out
        ordered = sorted(subjects, key=_natural)
        if isinstance(asked, int):
            return frozenset(ordered[len(ordered) - asked :]) if 0 < asked < len(ordered) else frozenset()
        lacking = sorted(set(asked) - set(ordered))
        if lacking:
            raise UserInputError(
                f"study {study} has no participant {', '.join(lacking)} to hold out; it has {', '.join(ordered)}",
                remedy="correct the names in the study map",
            )
        return frozenset(asked)

    def _mapped(
        self, recording: Recording, held_out: Mapping[str, frozenset[str]], masses: bool, belt_speed: bool
    ) -> MappedRecording:
        facts = self.studies[recording.study]
        if facts.side == "train":
            split = HELD_OUT if recording.subject in held_out[recording.study] else TRAIN
        else:
            split = VAL if facts.side == "val" else UNSEEN
        name = recording.trial.lower()
        gait = not any(part in name for part in self.not_gait)
        surface = facts.surface
        if any(part.lower() in name for part in facts.treadmill_trials):
            surface = "treadmill"
        if surface == "treadmill" and not belt_speed:
            surface = "overground"
        number = _number_of(recording.subject)
        return MappedRecording(
            recording,
            split,
            facts.activity if gait else "other",
            surface,
            facts.mass_kg.get(number) if masses and number is not None else None,
        )


def read_study_map(which: str | Path) -> StudyMap:
    """Read a study map: the name of one that comes with the package, or a TOML file.

    Raises
    ------
    FileFormatError
        It is not there, no TOML, or holds what no study map does.
    """
    if str(which) in SHIPPED:
        return _parsed(files("gaitdynamics.assets").joinpath(f"{which}.toml").read_bytes(), Path(f"{which}.toml"))
    path = Path(which)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise FileFormatError(
            f"cannot be read ({error.strerror})",
            file=path,
            remedy=f"give a TOML file with a table for each study, or one of: {', '.join(SHIPPED)} (docs/data.md)",
        ) from error
    return _parsed(content, path)


def _parsed(content: bytes, path: Path) -> StudyMap:
    try:
        return StudyMap.model_validate(tomllib.loads(content.decode()))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise FileFormatError(f"not readable as TOML: {error}", file=path) from error
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise FileFormatError(
            f"{place}: {first['msg']}", file=path, remedy="docs/data.md tells the keys of a study map"
        ) from error


def _natural(name: str) -> list[tuple[int, str]]:
    """Sort subject2 before subject10."""
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", name)]


def _number_of(subject: str) -> int | None:
    found = re.findall(r"\d+", subject)
    return int(found[-1]) if found else None
