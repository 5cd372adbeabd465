"""Writing a store of training samples, whole or not at all."""

from __future__ import annotations

import hashlib
import io
import json
import secrets
import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Final

import numpy as np

from gaitdynamics.dataset.identity import json_sha256
from gaitdynamics.dataset.store_manifest import LeftOut, SampleEntry, write_manifest
from gaitdynamics.dataset.window_store import (
    DESCRIPTION,
    MANIFEST,
    SHARDS,
    AnyArray,
    Field,
    Shard,
    StoreDescription,
    WindowStore,
    shard_file,
)
from gaitdynamics.errors import UserInputError
from gaitdynamics.files.atomic import file_sha256, write_text

#: A shard is closed when it has so many rows: 330 MB of 63 columns and their marks. A million trials of five seconds
#: are 500 shards, so that all can be open at once.
SHARD_ROWS: Final = 2**20

#: Note in the folder of a shard that is complete.
_NOTE: Final = "shard.json"


def write_store(
    folder: str | Path,
    description: StoreDescription,
    entries: Sequence[SampleEntry],
    arrays: Callable[[int], Mapping[str, AnyArray]],
    *,
    overwrite: bool = False,
    shard_rows: int = SHARD_ROWS,
) -> WindowStore:
    """Write a store, whole or not at all.

    Parameters
    ----------
    folder
        The new folder; the one that holds it must exist.
    description
        `shards` and `content` are filled in here.
    entries
        The samples, in order; where they lie, and their hashes, are filled in here.
    arrays
        Gives the fields (frames, ...) of sample number k; called once per sample, so that one is held at a time.
    overwrite
        Replace a store that is there.
    shard_rows
        Rows at which a shard is closed.

    Raises
    ------
    UserInputError
        Something is there that may not be replaced.
    ValueError
        An array has another shape than its field, or numbers that its dtype cannot hold.
    """
    folder = Path(folder)
    check_place(folder, overwrite=overwrite)
    new = folder.with_name(f".{folder.name}.{secrets.token_hex(8)}.tmp")
    new.mkdir()
    try:
        hashes: list[str] = []

        def block(number: int) -> Mapping[str, AnyArray]:
            found = stored_arrays(description.fields, arrays(number), entries[number].frames, entries[number].label)
            hashes.append(sample_sha256(found))
            return found

        spans = plan_shards([entry.frames for entry in entries], shard_rows)
        shards = [
            write_shard(new, number, description.fields, map(block, span), sum(entries[k].frames for k in span))
            for number, span in enumerate(spans)
        ]
        hashed = [replace(entry, sha256=sha256) for entry, sha256 in zip(entries, hashes, strict=True)]
        finish_store(new, folder, description.model_copy(update={"shards": tuple(shards)}), place(hashed, spans), ())
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


def plan_shards(sizes: Sequence[int], most: int = SHARD_ROWS) -> list[range]:
    """Put blocks of so many rows together: a shard is closed by the block with which it has `most` rows or more."""
    spans, first, rows = [], 0, 0
    for number, size in enumerate(sizes, start=1):
        rows += size
        if rows >= most or (number == len(sizes) and rows):
            spans.append(range(first, number))
            first, rows = number, 0
    return spans


def place(entries: Sequence[SampleEntry], spans: Sequence[range]) -> list[SampleEntry]:
    """Fill in where samples lie that fill shards one after the other."""
    placed, row = [], 0
    for shard, span in enumerate(spans):
        first = row
        for number in span:
            placed.append(replace(entries[number], first_row=row, shard=shard, offset=row - first))
            row += entries[number].frames
    return placed


def stored_arrays(
    fields: Mapping[str, Field], arrays: Mapping[str, AnyArray], frames: int, label: str
) -> dict[str, AnyArray]:
    """Bring the arrays of a sample to the dtypes of the fields, in their order.

    Raises
    ------
    ValueError
        An array has another shape than its field, or numbers that its dtype cannot hold.
    """
    stored = {}
    for name, field in fields.items():
        values = arrays[name]
        if values.shape != (frames, *field.shape):
            raise ValueError(f"{name} of {label} is {values.shape}, not {(frames, *field.shape)}")
        with np.errstate(over="ignore"):
            stored[name] = np.ascontiguousarray(values.astype(field.dtype))
        if not np.isfinite(stored[name]).all():
            raise ValueError(f"{name} of {label} has numbers that {field.dtype} cannot hold")
    return stored


def sample_sha256(stored: Mapping[str, AnyArray]) -> str:
    """Give the SHA-256 of the arrays of a sample, in the order of the fields."""
    digest = hashlib.sha256()
    for values in stored.values():
        digest.update(values.data)
    return digest.hexdigest()


def write_shard(
    folder: Path, number: int, fields: Mapping[str, Field], blocks: Iterable[Mapping[str, AnyArray]], rows: int
) -> Shard:
    """Write the files of a shard, block by block, or find that they are there; atomically.

    Parameters
    ----------
    folder
        Of the store that is being made.
    number
        Of the shard.
    fields
        Of the store.
    blocks
        Arrays (block rows, ...) of each field, in order, with the dtypes of the fields.
    rows
        Of all blocks together.
    """
    home = (folder / shard_file(number, "x")).parent
    if (home / _NOTE).is_file():
        return Shard.model_validate_json((home / _NOTE).read_bytes())
    temporary = home.with_name(f".{home.name}.{secrets.token_hex(8)}.tmp")
    temporary.mkdir(parents=True)
    try:
        streams = {name: (temporary / f"{name}.npy").open("wb") for name in fields}
        digests = {name: hashlib.sha256() for name in fields}
        try:
            for name, field in fields.items():
                head = _npy_header(field, rows)
                digests[name].update(head)
                streams[name].write(head)
            for block in blocks:
                for name in fields:
                    digests[name].update(block[name].data)
                    streams[name].write(block[name].data)
        finally:
            for stream in streams.values():
                stream.close()
        shard = Shard(rows=rows, files={name: digest.hexdigest() for name, digest in digests.items()})
        (temporary / _NOTE).write_text(shard.model_dump_json() + "\n", encoding="utf-8")
        temporary.rename(home)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return shard


def _npy_header(field: Field, rows: int) -> bytes:
    stream = io.BytesIO()
    described = np.lib.format.dtype_to_descr(np.dtype(field.dtype))
    np.lib.format.write_array_header_1_0(
        stream, {"descr": described, "fortran_order": False, "shape": (rows, *field.shape)}
    )
    return stream.getvalue()


def finish_store(
    new: Path,
    folder: Path,
    description: StoreDescription,
    entries: Sequence[SampleEntry],
    left_out: Sequence[LeftOut],
) -> None:
    """Complete a store whose shards are written: manifest, description with the hash of all, and its place.

    An old store goes only when the new one is there.
    """
    write_manifest(new / MANIFEST, entries, left_out)
    content = json_sha256(
        {
            "format": description.format,
            "name": description.name,
            "fields": {name: field.model_dump() for name, field in description.fields.items()},
            "settings": json.loads(json.dumps(description.settings)),
            "shards": [shard.model_dump() for shard in description.shards],
            "samples": [asdict(entry) for entry in entries],
            "left_out": [asdict(trial) for trial in left_out],
        }
    )
    description = description.model_copy(update={"content": content})
    write_text(new / DESCRIPTION, description.model_dump_json(indent=1) + "\n")
    for found in (new / SHARDS).iterdir():
        if found.name.startswith("."):  # of a run that was ended by force
            shutil.rmtree(found)
        else:
            (found / _NOTE).unlink()
    _put_in_place(new, folder)


def changed_files(store: WindowStore) -> list[str]:
    """Read all shards of a store and name the files that are not what was written."""
    return [
        name
        for number, shard in enumerate(store.description.shards)
        for field, sha256 in shard.files.items()
        if file_sha256(store.folder / (name := shard_file(number, field))) != sha256
    ]


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
