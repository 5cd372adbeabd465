"""Fetching published data sets from Zenodo: the record says which files there are, with their checksums."""

from __future__ import annotations

import hashlib
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict, ValidationError

from gaitdynamics.errors import FileFormatError, UserInputError
from gaitdynamics.inference.fetch import Progress, fetch

ADDRESS: Final = "https://zenodo.org"

_CHECKSUM: Final = re.compile(r"md5:([0-9a-f]{32})")


@dataclass(frozen=True)
class DataSet:
    """A data set: number of its record, and the files of it that are of use."""

    record: int
    files: tuple[str, ...]


DATA_SETS: Final = {"gait2hip60": DataSet(20175768, ("Gait2Hip_MF60.npz", "Gait2Hip_JM60.npz"))}


class _File(BaseModel):
    model_config = ConfigDict(extra="ignore")

    key: str
    size: int
    checksum: str


class _Record(BaseModel):
    model_config = ConfigDict(extra="ignore")

    files: list[_File]


def fetch_data_set(
    name: str, folder: Path, *, address: str = ADDRESS, progress: Progress | None = None, pause_s: float = 1.0
) -> list[Path]:
    """Fetch the files of a data set that are not there yet, and compare their checksums with those of the record.

    Parameters
    ----------
    name
        Of `DATA_SETS`.
    folder
        Where they go; made where it does not exist.
    address
        Of the server.
    progress, pause_s
        As for `inference.fetch.fetch`.

    Returns
    -------
    list of Path
        All of them.

    Raises
    ------
    UserInputError
        There is no such data set, it cannot be reached, or a file is not the one of the record.
    """
    if name not in DATA_SETS:
        raise UserInputError(f"there is no data set '{name}'", remedy=f"choose among: {', '.join(DATA_SETS)}")
    wanted = DATA_SETS[name]
    checksums = _checksums(wanted, address, pause_s)
    paths = []
    for file, checksum in checksums.items():
        path = folder / file
        if not path.exists():
            fetch(f"{address}/records/{wanted.record}/files/{file}", folder, progress=progress, pause_s=pause_s)
        elif _md5(path) != checksum:
            raise FileFormatError(
                "is there already, and is not the published file; it is left as it is",
                file=path,
                remedy="name another folder with --out, or move the file away",
            )
        if _md5(path) != checksum:
            found = _md5(path)
            path.unlink()
            raise FileFormatError(
                f"its MD5 is {found}, the record says {checksum}; it was removed", file=path, remedy="fetch it again"
            )
        paths.append(path)
    return paths


def _checksums(wanted: DataSet, address: str, pause_s: float) -> dict[str, str]:
    """Ask the record for the MD5 of each file that is wanted."""
    with tempfile.TemporaryDirectory() as folder:
        fetched = fetch(f"{address}/api/records/{wanted.record}", Path(folder), pause_s=pause_s)
        try:
            record = _Record.model_validate_json(fetched.path.read_text(encoding="utf-8"))
        except (ValidationError, UnicodeDecodeError) as error:
            raise UserInputError(
                f"what {address} says of the record {wanted.record} cannot be understood",
                remedy="fetch the files by hand from the page of the record",
            ) from error
    known = {file.key: _CHECKSUM.fullmatch(file.checksum) for file in record.files}
    found = {name: match[1] for name in wanted.files if (match := known.get(name))}
    lacking = [name for name in wanted.files if name not in found]
    if lacking:
        raise UserInputError(
            f"the record {wanted.record} has no file, or no MD5 of it: {', '.join(lacking)}",
            remedy="fetch the files by hand from the page of the record",
        )
    return found


def _md5(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
