"""What can go wrong, told so that a person can mend it.

Every error that a user can cause derives from `UserInputError`; the command line prints its message on one
screen and leaves with exit status 2. Anything else that escapes is our own mistake and keeps its traceback.
"""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path


class GaitError(Exception):
    """Base of all errors raised on purpose by this package."""


class UserInputError(GaitError, ValueError):
    """An input that cannot be used, with the place and the remedy.

    Parameters
    ----------
    problem
        What is wrong, as a sentence.
    file
        The file concerned.
    row
        Data row, counted from 1 after the header.
    column
        Column label.
    remedy
        What the user can do about it, as a sentence.
    """

    def __init__(
        self,
        problem: str,
        *,
        file: str | Path | None = None,
        row: int | None = None,
        column: str | None = None,
        remedy: str | None = None,
    ) -> None:
        self.problem = problem
        self.file = None if file is None else Path(file)
        self.row = row
        self.column = column
        self.remedy = remedy
        place = [
            str(self.file) if self.file else "",
            f"row {row}" if row is not None else "",
            f"column '{column}'" if column is not None else "",
        ]
        where = ", ".join(part for part in place if part)
        message = f"{where}: {problem}" if where else problem
        super().__init__(f"{message}\n  Remedy: {remedy}" if remedy else message)


class FileFormatError(UserInputError):
    """A file that is missing, unreadable or not of the format that was expected."""


class ConventionError(UserInputError):
    """Numbers that are readable but cannot be in the stated unit, frame or sign."""


class MissingCoordinatesError(UserInputError):
    """Coordinates that the task cannot do without are not in the motion.

    Parameters
    ----------
    missing
        Names of the coordinates that are needed and absent.
    available
        Names in the file that are no coordinate yet, to offer the nearest ones.
    file
        The motion file.
    remedy
        What the user can do about it, where it is not the usual.
    """

    def __init__(
        self,
        missing: Sequence[str],
        available: Sequence[str],
        file: str | Path | None = None,
        *,
        remedy: str | None = None,
    ) -> None:
        self.missing = tuple(missing)
        hints = []
        for name in missing:
            near = get_close_matches(name, available, n=2, cutoff=0.6)
            hints.append(f"{name} (nearest in the file: {', '.join(near)})" if near else name)
        super().__init__(
            f"{len(missing)} required coordinate(s) are missing: {', '.join(hints)}",
            file=file,
            remedy=remedy
            or "name the columns as the coordinates of the model, export these coordinates too, or have them generated "
            "with 'gaitdynamics complete'",
        )


class MissingExtraError(GaitError, ImportError):
    """An optional package is needed for what was asked."""

    def __init__(self, package: str, extra: str, purpose: str) -> None:
        super().__init__(f"{purpose} needs the package '{package}': pip install 'gaitdynamics[{extra}]'")
