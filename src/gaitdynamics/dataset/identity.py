"""What a recording holds, as a fingerprint: its facts, and the content of its files wherever they lie."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, Final

from gaitdynamics.engines.engine import Engine
from gaitdynamics.errors import FileFormatError
from gaitdynamics.files.atomic import file_sha256

#: Files that are read at the same time; hashing lets other threads work.
_THREADS: Final = 8

#: So many bytes [8 GB] are worth the start of an engine: on a cluster, one machine would be the slowest part.
_MUCH: Final = 8 * 10**9


def identities(recordings: Sequence[Any], engine: Engine | None = None) -> list[str]:
    """Give the fingerprint (64 hexadecimal digits) of each recording.

    Parameters
    ----------
    recordings
        Dataclasses of plain values, paths of files, and further such dataclasses.
    engine
        What reads the files where they are large; threads of this process by default.

    Returns
    -------
    list of str
        SHA-256 over all fields, in which a path is replaced by the SHA-256 of the file: moving or renaming a file
        changes nothing. Each file is read once. A file that cannot be read counts as such.
    """
    paths = sorted({path for recording in recordings for path in _paths(recording)})
    digests = _digests(paths, engine)
    return [json_sha256(_plain(recording, digests)) for recording in recordings]


def json_sha256(content: Any) -> str:
    """Give the SHA-256 of plain values, as JSON with sorted keys."""
    return hashlib.sha256(json.dumps(content, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _digests(paths: Sequence[Path], engine: Engine | None) -> dict[Path, str]:
    if engine is None or sum(path.stat().st_size for path in paths if path.is_file()) < _MUCH:
        with ThreadPoolExecutor(_THREADS) as pool:
            return dict(zip(paths, pool.map(_digest, paths), strict=True))
    found = engine.run(_digest, zip(paths, paths, strict=True))
    return {path: digest if isinstance(digest, str) else _digest(path) for path, digest in found}


def _digest(path: Path) -> str:
    try:
        return file_sha256(path)
    except FileFormatError:
        return "unreadable"


def _paths(value: Any) -> Iterator[Path]:
    if isinstance(value, Path):
        yield value
    elif is_dataclass(value):
        for field in fields(value):
            yield from _paths(getattr(value, field.name))


def _plain(value: Any, digests: Mapping[Path, str]) -> Any:
    if isinstance(value, Path):
        return digests[value]
    if is_dataclass(value):
        return [type(value).__name__, {f.name: _plain(getattr(value, f.name), digests) for f in fields(value)}]
    if isinstance(value, tuple | list):
        return [_plain(part, digests) for part in value]
    return value
