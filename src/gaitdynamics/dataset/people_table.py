"""A table of people (.csv): what is known of those in an archive and not written in their files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from gaitdynamics.dataset.cells import cell_number, cell_surface, table_rows
from gaitdynamics.dataset.recordings import Recording
from gaitdynamics.errors import FileFormatError, UserInputError
from gaitdynamics.trial import Surface

#: What a table can hold; a row counts for the trials that agree with it in study, subject and trial, where these are
#: told. Subject is needed.
COLUMNS: Final = ("study", "subject", "trial", "model", "mass_kg", "height_m", "surface", "speed_m_s")
_KEYS: Final = ("study", "subject", "trial")
_SHORT: Final = {"mass": "mass_kg", "height": "height_m", "speed": "speed_m_s"}

#: A speed of the belt that is to be found from the feet.
AUTO: Final = "auto"


@dataclass(frozen=True)
class Facts:
    """What is told of a trial besides its files.

    Attributes
    ----------
    model
        Scaled model (.osim); None for the one that the source names.
    mass_kg, height_m
        Of the person; None for what the source says.
    surface
        What was walked on; 'auto' for a treadmill whose speed is to be found; None for what the source says.
    """

    model: Path | None = None
    mass_kg: float | None = None
    height_m: float | None = None
    surface: Surface | Literal["auto"] | None = None

    def over(self, other: Facts) -> Facts:
        """Put these facts over others, which stand where nothing is told here."""
        pairs = ((getattr(self, name), getattr(other, name)) for name in ("model", "mass_kg", "height_m", "surface"))
        return Facts(*(mine if mine is not None else theirs for mine, theirs in pairs))


NOTHING: Final = Facts()


class PeopleTable:
    """Facts about people, and single trials of theirs.

    Parameters
    ----------
    path
        CSV file with a header, see `COLUMNS`. `surface` is 'overground' or 'treadmill', then with `speed_m_s`, a number
        or 'auto'. Paths of models start at the folder of the table; other columns are not looked at.

    Raises
    ------
    FileFormatError
        A column is missing, or a cell cannot be right; row and column are named.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._facts: dict[tuple[str, str, str], Facts] = {}
        self._rows: dict[tuple[str, str, str], int] = {}
        for number, row in enumerate(table_rows(path, COLUMNS, _SHORT, needed="subject", one="subject"), start=1):
            if not row["subject"]:
                raise FileFormatError("an empty cell", file=path, row=number, column="subject")
            key = (row["study"], row["subject"], row["trial"])
            if key in self._rows:
                raise FileFormatError(
                    f"'{'/'.join(part for part in key if part)}' is there twice (first in row {self._rows[key]})",
                    file=path,
                    row=number,
                    remedy="leave one row for each subject, or tell rows apart by the columns study and trial",
                )
            self._rows[key], self._facts[key] = number, _facts(path, number, row)

    def of(self, recording: Recording) -> Facts:
        """Give what is told of a trial: the row of the trial over that of the subject."""
        found = NOTHING
        for trial in ("", recording.trial):
            for study in ("", recording.study):
                found = self._facts.get((study, recording.subject, trial), NOTHING).over(found)
        return found

    def check_used(self, recordings: Sequence[Recording]) -> None:
        """Check that every row is of somebody; raises UserInputError that names the first that is not."""
        there = {
            (study, recording.subject, trial)
            for recording in recordings
            for study in ("", recording.study)
            for trial in ("", recording.trial)
        }
        for key, number in self._rows.items():
            if key not in there:
                subjects = sorted({recording.subject for recording in recordings})
                raise UserInputError(
                    f"there is no trial of {'/'.join(part for part in key if part)} in the archive",
                    file=self.path,
                    row=number,
                    column="subject",
                    remedy=f"its subjects are: {', '.join(subjects[:8])}{' ...' if len(subjects) > 8 else ''}",
                )


def _facts(path: Path, number: int, row: Mapping[str, str]) -> Facts:
    return Facts(
        path.parent / row["model"] if row["model"] else None,
        cell_number(path, number, row, "mass_kg"),
        cell_number(path, number, row, "height_m"),
        _surface(path, number, row),
    )


def _surface(path: Path, number: int, row: Mapping[str, str]) -> Surface | Literal["auto"] | None:
    kind = row["surface"].lower()
    if kind == "treadmill" and row["speed_m_s"].lower() == AUTO:
        return AUTO
    return cell_surface(path, number, kind, cell_number(path, number, row, "speed_m_s"))
