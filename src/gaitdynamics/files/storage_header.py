"""The lines before 'endheader' in OpenSim's tables: both dialects, whatever is left out or repeated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from gaitdynamics.errors import FileFormatError

END = "endheader"

_YES, _NO = ("yes", "true", "1"), ("no", "false", "0")
_SPACED_KEYS = ("name", "datacolumns", "datarows", "range", "otherdata")
_KNOWN_KEYS = (*_SPACED_KEYS, "nrows", "ncolumns", "indegrees", "version", "datatype", "opensimversion")


@dataclass
class Header:
    """What the header says; None where it says nothing."""

    name: str = ""
    rows: int | None = None
    columns: int | None = None
    in_degrees: bool | None = None

    def contradictions(self, rows: int, columns: int) -> list[str]:
        """Tell in which counts the header differs from the table that was found."""
        return [
            f"the header says {said} {what}, the file has {found}"
            for what, said, found in (("rows", self.rows, rows), ("columns", self.columns, columns))
            if said is not None and said != found
        ]


def is_name(line: str) -> bool:
    """Tell whether a line can stand as the name line without being read as something else."""
    return bool(line) and _key_and_value(line)[0] not in _KNOWN_KEYS and line.lower() != END


def read_header(lines: Sequence[str], path: Path, warnings: list[str]) -> Header:
    """Read the lines before 'endheader'; oddities that do no harm are added to `warnings`.

    Raises
    ------
    FileFormatError
        The header contradicts itself on degrees and radians.
    """
    header = Header()
    found: dict[str, str] = {}
    for i, line in enumerate(text for text in (raw.strip() for raw in lines) if text):
        key, value = _key_and_value(line)
        if key not in _KNOWN_KEYS:
            if i == 0:
                header.name = line
            continue
        if key == "indegrees" and found.get(key, value).lower() != value.lower():
            raise FileFormatError(
                "the header says inDegrees twice, with different answers",
                file=path,
                remedy="keep one line inDegrees=yes (degrees) or inDegrees=no (radians)",
            )
        found[key] = value
    header.name = header.name or found.get("name", "")
    header.rows = _count(found, ("nrows", "datarows"), warnings)
    header.columns = _count(found, ("ncolumns", "datacolumns"), warnings)
    flag = found.get("indegrees")
    if flag is not None:
        if flag.lower() in (*_YES, *_NO):
            header.in_degrees = flag.lower() in _YES
        else:
            warnings.append(f"the header says inDegrees={flag}, which is neither yes nor no")
    return header


def _key_and_value(line: str) -> tuple[str, str]:
    """Split 'key=value', 'key = value' or, for the old keys, 'key value'; the key in lower case."""
    key, equals, value = line.partition("=")
    if not equals:
        key, _, value = line.partition(" ") if " " in line else line.partition("\t")
        if key.strip().lower() not in _SPACED_KEYS:
            return "", ""
    return key.strip().lower(), value.strip()


def _count(found: dict[str, str], keys: Sequence[str], warnings: list[str]) -> int | None:
    for key in keys:
        if key in found:
            if found[key].isdecimal():
                return int(found[key])
            warnings.append(f"the header says {key} is '{found[key]}', which is not a number")
    return None
