"""Writing a store of training samples, whole or not at all."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, fields, replace
from pathlib import Path

import numpy as np

from gaitdynamics.dataset.window_store import (
    DESCRIPTION,
    TABLE,
    AnyArray,
    SampleEntry,
    StoreDescription,
    WindowStore,
    load_pyarrow,
)
from gaitdynamics.errors import UserInputError


def write_store(
    folder: str | Path,
    description: StoreDescription,
    entries: Sequence[SampleEntry],
    arrays: Callable[[int], Mapping[str, AnyArray]],
    *,
    overwrite: bool = False,
) -> WindowStore:
    """Write a store, whole or not at all.

    Parameters
    ----------
    folder
        The new folder; the one that holds it must exist.
    description
        `rows` is filled in here.
    entries
        The samples, in order; `first_row` is filled in here.
    arrays
        Gives the fields (frames, ...) of sample number k; called once per sample, so that one is held at a time.
    overwrite
        Replace a store that is there.

    Raises
    ------
    UserInputError
        Something is there that may not be replaced.
    ValueError
        An array has another shape than its field, or numbers that its dtype cannot hold.
    """
    folder = Path(folder)
    check_place(folder, overwrite=overwrite)
    placed, row = [], 0
    for entry in entries:
        placed.append(replace(entry, first_row=row))
        row += entry.frames
    description = description.model_copy(update={"rows": row})
    new = folder.with_name(f".{folder.name}.{secrets.token_hex(8)}.tmp")
    new.mkdir()
    try:
        _write_arrays(new, description, placed, arrays)
        _write_table(new / TABLE, placed)
        (new / DESCRIPTION).write_text(description.model_dump_json(indent=1) + "\n", encoding="utf-8")
        _put_in_place(new, folder)
    finally:
        shutil.rmtree(new, ignore_errors=True)
    return WindowStore.open(folder)


def check_place(folder: Path, *, overwrite: bool) -> None:
    """Check that a store may be written there; raises UserInputError."""
    if not folder.parent.is_dir():
        raise UserInputError("its folder does not exist", file=folder, remedy="create the folder first")
    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        return
    if not (folder / DESCRIPTION).is_file():
        raise UserInputError("something else than a store is there", file=folder, remedy="give another place")
    if not overwrite:
        raise UserInputError(
            "a store of other data or settings is there",
            file=folder,
            remedy="give another place, or --overwrite to replace it",
        )


def _write_arrays(
    folder: Path,
    description: StoreDescription,
    entries: Sequence[SampleEntry],
    arrays: Callable[[int], Mapping[str, AnyArray]],
) -> None:
    open_arrays = {
        name: np.lib.format.open_memmap(
            folder / f"{name}.npy", mode="w+", dtype=np.dtype(field.dtype), shape=(description.rows, *field.shape)
        )
        for name, field in description.fields.items()
    }
    for number, entry in enumerate(entries):
        sample = arrays(number)
        for name, field in description.fields.items():
            values = sample[name]
            if values.shape != (entry.frames, *field.shape):
                raise ValueError(f"{name} of {entry.label} is {values.shape}, not {(entry.frames, *field.shape)}")
            with np.errstate(over="ignore"):
                stored = values.astype(field.dtype)
            if not np.isfinite(stored).all():
                raise ValueError(f"{name} of {entry.label} has numbers that {field.dtype} cannot hold")
            open_arrays[name][entry.rows] = stored
    for array in open_arrays.values():
        array.flush()


def _put_in_place(new: Path, folder: Path) -> None:
    """Move a new store to its place; an old one goes only when the new one is there."""
    if not folder.exists():
        new.rename(folder)
        return
    old = folder.with_name(f".{folder.name}.{secrets.token_hex(8)}.old")
    folder.rename(old)
    try:
        new.rename(folder)
    except OSError:
        old.rename(folder)
        raise
    shutil.rmtree(old)


def _write_table(path: Path, entries: Sequence[SampleEntry]) -> None:
    pa, parquet = load_pyarrow()
    kinds = {"str": pa.string(), "float": pa.float64(), "int": pa.int64()}
    # With postponed annotations a field's type is the text of its annotation.
    schema = pa.schema([(field.name, kinds[str(field.type)]) for field in fields(SampleEntry)])
    parquet.write_table(pa.Table.from_pylist([asdict(e) for e in entries], schema=schema), path)
