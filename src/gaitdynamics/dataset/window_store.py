"""A store of training samples on disk: plain arrays that are mapped into memory, and a table of what they hold.

Layout of a store::

    store.json               format, schema, fields with dtype and shape, settings, fingerprint, shards, hash of all
    manifest.parquet         one row per sample: origin, split, variant, clock, where its rows are, hash; and one row
                             per trial that gave none, with the reason
    shards/00000/<field>.npy (rows, ...) of the first samples, one after the other; then 00001, ...

A sample lies in one shard. The store knows nothing of what the fields mean; whoever writes them names a schema.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, ValidationError

from gaitdynamics.dataset.sharded_rows import ShardedRows
from gaitdynamics.dataset.store_manifest import LeftOut, SampleEntry, read_manifest
from gaitdynamics.errors import FileFormatError

AnyArray = NDArray[Any]

#: Version of the layout.
FORMAT: Final = "gaitdynamics-windows-2"

DESCRIPTION: Final = "store.json"
MANIFEST: Final = "manifest.parquet"
SHARDS: Final = "shards"


class Field(BaseModel):
    """One array of a store: NumPy name of its dtype, and the shape of one row."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    dtype: str
    shape: tuple[int, ...] = ()


class Shard(BaseModel):
    """One part of the rows: how many, and the SHA-256 of the file of each field."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    rows: int
    files: dict[str, str]


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
        SHA-256 over sources, schema and settings: what the store was to hold.
    shards
        Parts of the rows, in order.
    content
        SHA-256 over shards and manifest: what it does hold. Two stores with the same one are the same.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: str = FORMAT
    name: str
    fields: dict[str, Field]
    settings: dict[str, Any]
    fingerprint: str
    shards: tuple[Shard, ...] = ()
    content: str = ""

    @property
    def rows(self) -> int:
        """Frames of all samples together."""
        return sum(shard.rows for shard in self.shards)


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
    left_out
        Trials that gave no sample, and why.
    """

    folder: Path
    description: StoreDescription
    entries: tuple[SampleEntry, ...]
    left_out: tuple[LeftOut, ...]

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
        entries, left_out = read_manifest(folder / MANIFEST)
        store = cls(folder, description, entries, left_out)
        if sum(entry.frames for entry in entries) != description.rows:
            raise FileFormatError("the samples do not fill the arrays", file=folder / MANIFEST, remedy=REMEDY)
        _ = store.arrays  # mapped, and so checked, at once
        return store

    @cached_property
    def arrays(self) -> Mapping[str, ShardedRows]:
        """Field -> (rows, ...) mapped into memory, read-only."""
        return {
            name: ShardedRows([self._map(number, name, field) for number in range(len(self.description.shards))])
            for name, field in self.description.fields.items()
        }

    def _map(self, number: int, name: str, field: Field) -> AnyArray:
        path = self.folder / shard_file(number, name)
        try:
            found = np.load(path, mmap_mode="r", allow_pickle=False)
        except (OSError, ValueError) as error:
            raise FileFormatError(f"cannot be read as an array ({error})", file=path, remedy=REMEDY) from error
        shape = (self.description.shards[number].rows, *field.shape)
        if found.dtype != np.dtype(field.dtype) or found.shape != shape:
            raise FileFormatError(
                f"{found.shape} of {found.dtype} where {DESCRIPTION} tells {shape} of {field.dtype}",
                file=path,
                remedy=REMEDY,
            )
        return np.asarray(found)

    @property
    def reasons(self) -> dict[str, str]:
        """Trial -> why it gave no sample."""
        return {trial.label: trial.reason for trial in self.left_out}

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
        chosen = self.arrays if names is None else names
        return {name: self.arrays[name].windows(rows, length) for name in chosen}


def shard_file(number: int, field: str) -> str:
    """Name the file of a field of a shard, seen from the folder of the store."""
    return f"{SHARDS}/{number:05d}/{field}.npy"


REMEDY: Final = "make the store again: gaitdynamics prepare SOURCE --out STORE --overwrite"


def read_description(folder: str | Path) -> StoreDescription:
    """Read `store.json`; raises FileFormatError where there is no store of this version."""
    path = Path(folder) / DESCRIPTION
    if not path.is_file():
        raise FileFormatError(f"no {DESCRIPTION} in this folder", file=folder, remedy=REMEDY)
    try:
        content = json.loads(path.read_bytes())
        version = content.get("format") if isinstance(content, dict) else None
        if version is not None and version != FORMAT:
            raise FileFormatError(f"the store is of format {version}", file=path, remedy=REMEDY)
        return StoreDescription.model_validate(content)
    except (ValidationError, ValueError) as error:
        if isinstance(error, FileFormatError):
            raise
        raise FileFormatError(f"not the description of a store: {error}", file=path, remedy=REMEDY) from error


def is_store(folder: str | Path) -> bool:
    """Tell whether a folder holds a store, of any version."""
    return (Path(folder) / DESCRIPTION).is_file()
