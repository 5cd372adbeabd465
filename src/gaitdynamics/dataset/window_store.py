"""A store of training samples on disk: plain arrays that are mapped into memory, and a table of what they hold.

Layout of a store::

    store.json        format, schema, fields with dtype and shape, settings, fingerprint, trials left out and why
    samples.parquet   one row per sample: origin, split, variant, clock, and where its rows are
    <field>.npy       (rows, ...) of all samples, one after the other

The store knows nothing of what the fields mean; whoever writes them names a schema.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, ValidationError

from gaitdynamics.errors import FileFormatError, MissingExtraError

AnyArray = NDArray[Any]

#: Version of the layout.
FORMAT: Final = "gaitdynamics-windows-1"

DESCRIPTION: Final = "store.json"
TABLE: Final = "samples.parquet"


class Field(BaseModel):
    """One array of a store: NumPy name of its dtype, and the shape of one row."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    dtype: str
    shape: tuple[int, ...] = ()


class StoreDescription(BaseModel):
    """What `store.json` holds.

    Attributes
    ----------
    format
        Version of the layout.
    name
        Name and version of the schema that gives the fields their meaning.
    fields
        Arrays by name.
    settings
        How samples were made, as plain JSON.
    fingerprint
        SHA-256 over sources, schema and settings: two stores with the same one hold the same.
    rows
        Frames of all samples together.
    left_out
        Trial -> why it gave no sample.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: str = FORMAT
    name: str
    fields: dict[str, Field]
    settings: dict[str, Any]
    fingerprint: str
    rows: int = 0
    left_out: dict[str, str] = {}


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
        Where it begins in the arrays.
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

    @property
    def label(self) -> str:
        """Study, subject and trial, as 'study/subject/trial'."""
        return f"{self.study}/{self.subject}/{self.trial}"

    @property
    def rows(self) -> slice:
        """Rows of the arrays."""
        return slice(self.first_row, self.first_row + self.frames)


@dataclass(frozen=True)
class WindowStore:
    """A store that is open for reading.

    Attributes
    ----------
    folder
        Where it is.
    description
        Content of `store.json`.
    entries
        Its samples.
    arrays
        Field -> (rows, ...) mapped into memory, read-only.
    """

    folder: Path
    description: StoreDescription
    entries: tuple[SampleEntry, ...]
    arrays: Mapping[str, AnyArray]

    @classmethod
    def open(cls, folder: str | Path) -> WindowStore:
        """Open a store without reading its arrays.

        Raises
        ------
        FileFormatError
            There is no store in the folder, it is of another version, or a file of it is missing or damaged.
        MissingExtraError
            pyarrow is not installed.
        """
        folder = Path(folder)
        description = read_description(folder)
        entries = _read_table(folder / TABLE)
        arrays = {name: _map(folder / f"{name}.npy") for name in description.fields}
        for name, field in description.fields.items():
            found = arrays[name]
            if found.dtype != np.dtype(field.dtype) or found.shape != (description.rows, *field.shape):
                raise FileFormatError(
                    f"{found.shape} of {found.dtype} where {DESCRIPTION} tells "
                    f"{(description.rows, *field.shape)} of {field.dtype}",
                    file=folder / f"{name}.npy",
                    remedy=_REMEDY,
                )
        if sum(entry.frames for entry in entries) != description.rows:
            raise FileFormatError("the samples do not fill the arrays", file=folder / TABLE, remedy=_REMEDY)
        return cls(folder, description, entries, arrays)

    def select(self, split: str | Collection[str] | None = None) -> tuple[SampleEntry, ...]:
        """Give the samples of some sides of the split; all by default."""
        if split is None:
            return self.entries
        asked = {split} if isinstance(split, str) else set(split)
        return tuple(entry for entry in self.entries if entry.split in asked)

    def sample(self, entry: SampleEntry) -> dict[str, AnyArray]:
        """Give the arrays (frames, ...) of a sample, as they are stored, still mapped."""
        return {name: array[entry.rows] for name, array in self.arrays.items()}

    def gather(self, rows: NDArray[np.int64], length: int, names: Collection[str] | None = None) -> dict[str, AnyArray]:
        """Copy windows out of the arrays.

        Parameters
        ----------
        rows
            (B,) first row of each window.
        length
            Frames of each.
        names
            Which fields; all by default.

        Returns
        -------
        dict
            Field -> (B, length, ...), as stored.
        """
        index = rows[:, None] + np.arange(length)
        return {name: np.asarray(self.arrays[name][index]) for name in (self.arrays if names is None else names)}


_REMEDY: Final = "make the store again: gaitdynamics data prepare"


def read_description(folder: str | Path) -> StoreDescription:
    """Read `store.json`; raises FileFormatError where there is no store of this version."""
    path = Path(folder) / DESCRIPTION
    if not path.is_file():
        raise FileFormatError(f"no {DESCRIPTION} in this folder", file=folder, remedy=_REMEDY)
    try:
        description = StoreDescription.model_validate_json(path.read_bytes())
    except ValidationError as error:
        raise FileFormatError(f"not the description of a store: {error}", file=path, remedy=_REMEDY) from error
    if description.format != FORMAT:
        raise FileFormatError(f"the store is of format {description.format}", file=path, remedy=_REMEDY)
    return description


def _map(path: Path) -> AnyArray:
    try:
        return np.asarray(np.load(path, mmap_mode="r", allow_pickle=False))
    except (OSError, ValueError) as error:
        raise FileFormatError(f"cannot be read as an array ({error})", file=path, remedy=_REMEDY) from error


def load_pyarrow() -> tuple[Any, Any]:
    """Import pyarrow and its Parquet part; raises MissingExtraError where it is not installed."""
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ImportError as error:
        raise MissingExtraError("pyarrow", "train", "A store of training windows") from error
    return pa, parquet


def _read_table(path: Path) -> tuple[SampleEntry, ...]:
    pa, parquet = load_pyarrow()
    try:
        rows = parquet.read_table(path).to_pylist()
        return tuple(SampleEntry(**row) for row in rows)
    except (OSError, TypeError, pa.ArrowException) as error:
        raise FileFormatError(f"cannot be read as a table of samples ({error})", file=path, remedy=_REMEDY) from error


def is_store(folder: str | Path) -> bool:
    """Tell whether a folder holds a store, of any version."""
    return (Path(folder) / DESCRIPTION).is_file()
