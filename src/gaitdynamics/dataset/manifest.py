"""Reading `manifest.csv` and the small JSON files beside the trials into records, with every check."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np

from gaitdynamics.columns import SIDES
from gaitdynamics.dataset.records import Interval, TrialRecord
from gaitdynamics.errors import FileFormatError
from gaitdynamics.trial import Surface

MANIFEST = "manifest.csv"
MANIFEST_COLUMNS = ("study", "subject", "trial", "split", "activity", "condition", "folder")


def read_records(folder: Path) -> tuple[tuple[TrialRecord, ...], tuple[tuple[str, str], ...]]:
    """Read the manifest and the facts of each subject and trial, and check that every file is there.

    Parameters
    ----------
    folder
        Data folder, of the layout in `gaitdynamics.dataset.catalogue`.

    Returns
    -------
    records
        One per row of the manifest, in its order.
    same_person
        Pairs of 'study/subject' that are one person under two names.

    Raises
    ------
    FileFormatError
        When the manifest, a column of it, a file or a necessary fact is missing.
    """
    manifest = folder / MANIFEST
    if not manifest.is_file():
        raise FileFormatError(
            f"no {MANIFEST} in this folder",
            file=folder,
            remedy=f"give the folder that holds {MANIFEST} and one folder per study; the manifest has one "
            f"row per trial with at least the columns {', '.join(MANIFEST_COLUMNS)}",
        )
    rows = _manifest_rows(manifest)
    _check_files(folder, rows)
    subjects = {row["folder"]: _read_json(folder / row["folder"] / "subject.json") for row in rows}
    records = tuple(_record(folder, row, subjects[row["folder"]]) for row in rows)
    return records, _same_person_links(records, subjects, rows)


def _manifest_rows(manifest: Path) -> list[dict[str, str]]:
    with manifest.open(newline="", encoding="utf-8-sig") as stream:
        reader = csv.DictReader(stream)
        missing = [name for name in MANIFEST_COLUMNS if name not in (reader.fieldnames or ())]
        if missing:
            raise FileFormatError(
                f"column(s) missing: {', '.join(missing)}",
                file=manifest,
                remedy=f"write one row per trial with at least the columns {', '.join(MANIFEST_COLUMNS)}",
            )
        rows = list(reader)
    seen: dict[tuple[str, str], int] = {}
    for number, row in enumerate(rows, start=1):
        empty = [name for name in MANIFEST_COLUMNS if name != "condition" and not row[name]]
        if empty:
            raise FileFormatError("an empty cell", file=manifest, row=number, column=empty[0])
        first = seen.setdefault((row["folder"], row["trial"]), number)
        if first != number:
            raise FileFormatError(
                f"trial '{row['trial']}' is listed twice (first in row {first})", file=manifest, row=number
            )
    return rows


def _files(folder: Path, row: Mapping[str, str]) -> dict[str, Path]:
    home, trial = folder / row["folder"], row["trial"]
    return {
        "model": home / "model.osim",
        "subject": home / "subject.json",
        "motion": home / f"{trial}_ik.mot",
        "forces": home / f"{trial}_grf.mot",
        "facts": home / f"{trial}.json",
    }


def _check_files(folder: Path, rows: Iterable[Mapping[str, str]]) -> None:
    wanted = dict.fromkeys(path for row in rows for path in _files(folder, row).values())
    missing = [path.relative_to(folder).as_posix() for path in wanted if not path.is_file()]
    if missing:
        more = f" and {len(missing) - 5} more" if len(missing) > 5 else ""
        raise FileFormatError(
            f"{len(missing)} file(s) of the manifest are missing: {', '.join(missing[:5])}{more}",
            file=folder,
            remedy="copy the missing files into the folder, or take their trials out of the manifest",
        )


def _read_json(path: Path) -> dict[str, object]:
    try:
        content = json.loads(path.read_text(encoding="utf-8-sig"))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise FileFormatError(f"not readable as JSON: {error}", file=path) from error
    if not isinstance(content, dict):
        raise FileFormatError("a JSON object was expected", file=path)
    return content


def _number(content: Mapping[str, object], key: str, path: Path) -> float | None:
    value = content.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not np.isfinite(value):
        raise FileFormatError(f"'{key}' is {value!r}, a number or null was expected", file=path)
    return float(value)


def _surface(facts: Mapping[str, object], path: Path) -> Surface:
    kind = facts.get("surface")
    if kind == "overground":
        return Surface()
    if kind != "treadmill":
        raise FileFormatError(f"'surface' is {kind!r}, 'overground' or 'treadmill' was expected", file=path)
    speed = _number(facts, "belt_speed_m_s", path)
    if speed is None or speed < 0:
        raise FileFormatError(
            "a treadmill trial needs 'belt_speed_m_s' >= 0", file=path, remedy="write the belt speed in m/s"
        )
    return Surface("treadmill", speed)


def _intervals(facts: Mapping[str, object], side: str, path: Path) -> tuple[Interval, ...]:
    key = f"valid_{side}"
    value = facts.get(key)
    try:
        intervals = tuple((float(start), float(end)) for start, end in value)  # type: ignore[attr-defined]
    except (TypeError, ValueError):
        intervals = ((1.0, 0.0),)
    if any(start > end for start, end in intervals):
        raise FileFormatError(
            f"'{key}' is {value!r}, a list of [start, end] in seconds was expected",
            file=path,
            remedy="list the intervals in which the recorded force of that foot is complete",
        )
    return intervals


def _record(folder: Path, row: Mapping[str, str], subject: Mapping[str, object]) -> TrialRecord:
    files = _files(folder, row)
    facts = _read_json(files["facts"])
    mass = _number(subject, "mass_kg", files["subject"])
    if mass is None or mass <= 0:
        raise FileFormatError("'mass_kg' is missing or not positive", file=files["subject"])
    valid_r, valid_l = (_intervals(facts, side, files["facts"]) for side in SIDES)
    return TrialRecord(
        study=row["study"],
        subject=row["subject"],
        trial=row["trial"],
        split=row["split"],
        activity=row["activity"],
        condition=row["condition"],
        surface=_surface(facts, files["facts"]),
        mass_kg=mass,
        height_m=_number(subject, "height_m", files["subject"]),
        speed=_number(facts, "speed_m_s", files["facts"]),
        valid_r=valid_r,
        valid_l=valid_l,
        model_file=files["model"],
        motion_file=files["motion"],
        forces_file=files["forces"],
    )


def _same_person_links(
    records: Sequence[TrialRecord],
    subjects: Mapping[str, Mapping[str, object]],
    rows: Sequence[Mapping[str, str]],
) -> tuple[tuple[str, str], ...]:
    links: dict[tuple[str, str], None] = {}
    for record, row in zip(records, rows, strict=True):
        others = subjects[row["folder"]].get("same_person_as") or ()
        for other in (others,) if isinstance(others, str) else tuple(others):  # type: ignore[arg-type]
            links[record.person, str(other)] = None
    return tuple(links)
