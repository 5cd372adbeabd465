"""The manifest of a store: a Parquet table of its samples, and of the trials that gave none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Final

from gaitdynamics.errors import FileFormatError, MissingExtraError

_REMEDY: Final = "make the store again: gaitdynamics prepare SOURCE --out STORE --overwrite"


@dataclass(frozen=True)
class SampleEntry:
    """One sample of a store: a trial, or a segment or a variant of one.

    Attributes
    ----------
    study, subject, trial, split, activity
        Where it comes from.
    variant
        What was done to the trial, such as 'as_measured' or 'trunk_hidden'.
    start_s
        Time of its first frame on the clock of the recording [s].
    rate_hz
        Sampling rate of its frames [Hz].
    frames
        Number of its frames.
    first_row
        Where it begins in the rows of the store.
    shard, offset
        The same, as number of its shard and row in it.
    mass_kg, height_m
        Of the person; None where unknown.
    height_estimated
        Whether the height is that of the proportions of the skeleton.
    sha256
        Of its arrays, as they are stored, in the order of the fields.
    """

    study: str
    subject: str
    trial: str
    split: str
    activity: str
    variant: str
    start_s: float
    rate_hz: float
    frames: int
    first_row: int = 0
    shard: int = 0
    offset: int = 0
    mass_kg: float | None = None
    height_m: float | None = None
    height_estimated: bool = False
    sha256: str = ""

    @property
    def person(self) -> str:
        """Study and subject, as 'study/subject'."""
        return f"{self.study}/{self.subject}"

    @property
    def label(self) -> str:
        """Study, subject and trial, as 'study/subject/trial'."""
        return f"{self.study}/{self.subject}/{self.trial}"

    @property
    def rows(self) -> slice:
        """Rows of the arrays."""
        return slice(self.first_row, self.first_row + self.frames)


@dataclass(frozen=True)
class LeftOut:
    """A trial that gave no sample.

    Attributes
    ----------
    study, subject, trial, split, activity
        Which one.
    seconds
        Its duration; None where it could not be read.
    step
        Which step of the preparation left it out: 'readable', a quality rule, or 'usable'.
    reason
        A sentence for people.
    """

    study: str
    subject: str
    trial: str
    split: str
    activity: str
    seconds: float | None
    step: str
    reason: str

    @property
    def label(self) -> str:
        """Study, subject and trial, as 'study/subject/trial'."""
        return f"{self.study}/{self.subject}/{self.trial}"


_SAMPLE: Final = tuple(field.name for field in fields(SampleEntry))
_LEFT_OUT: Final = tuple(field.name for field in fields(LeftOut))


def load_pyarrow() -> tuple[Any, Any]:
    """Import pyarrow and its Parquet part; raises MissingExtraError where it is not installed."""
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ImportError as error:
        raise MissingExtraError("pyarrow", "train", "A store of training windows") from error
    return pa, parquet


def write_manifest(path: Path, entries: Sequence[SampleEntry], left_out: Sequence[LeftOut]) -> None:
    """Write samples, then what was left out; of each, the columns of the other are empty."""
    pa, parquet = load_pyarrow()
    kinds = {"str": pa.string(), "float": pa.float64(), "int": pa.int64(), "bool": pa.bool_()}
    # With postponed annotations a field's type is the text of its annotation.
    types = {f.name: kinds[str(f.type).split()[0]] for f in (*fields(SampleEntry), *fields(LeftOut))}
    rows = [asdict(entry) for entry in entries] + [asdict(trial) for trial in left_out]
    columns = {name: pa.array([row.get(name) for row in rows], kind) for name, kind in types.items()}
    parquet.write_table(pa.table(columns), path)


def read_manifest(path: Path) -> tuple[tuple[SampleEntry, ...], tuple[LeftOut, ...]]:
    """Read samples and what was left out.

    Raises
    ------
    FileFormatError
        It is no such table.
    MissingExtraError
        pyarrow is not installed.
    """
    pa, parquet = load_pyarrow()
    try:
        rows = parquet.read_table(path).to_pylist()
        samples = tuple(SampleEntry(**{n: row[n] for n in _SAMPLE}) for row in rows if row["step"] is None)
        left_out = tuple(LeftOut(**{n: row[n] for n in _LEFT_OUT}) for row in rows if row["step"] is not None)
    except (OSError, KeyError, pa.ArrowException) as error:
        raise FileFormatError(f"cannot be read as a manifest ({error})", file=path, remedy=_REMEDY) from error
    return samples, left_out
