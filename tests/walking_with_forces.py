"""The example walk with forces, as a trial and as a data folder."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np

from gaitdynamics.files.forces import write_forces
from gaitdynamics.files.storage import write_storage
from gaitdynamics.tasks.forces import physics_forces
from gaitdynamics.trial import Trial

EXAMPLE = Path(__file__).parents[1] / "examples" / "walking"
TRANSLATIONS = ("pelvis_tx", "pelvis_ty", "pelvis_tz")


def with_forces(trial: Trial, frames: int) -> Trial:
    """Take the first frames, with the forces that Newton's law and a simple rule give."""
    short = replace(trial, time=trial.time[:frames], values=trial.values[:frames])
    forces = physics_forces(short)
    return replace(short, forces=replace(forces, valid=np.ones((frames, 2), dtype=bool)))


def write_folder(folder: Path, trial: Trial, rows: list[tuple[str, str, str, str, str]]) -> Path:
    """Write a data folder whose trials (study, subject, trial, split, activity) are all this one."""
    head = "study,subject,trial,split,activity,condition,folder"
    lines = [f"{','.join(row)},normal,{row[0]}/{row[1]}" for row in rows]
    (folder / "manifest.csv").write_text("\n".join((head, *lines)) + "\n", encoding="utf-8")
    turning = [name not in TRANSLATIONS for name in trial.coordinates]
    values = np.where(turning, np.degrees(trial.values), trial.values)
    for study, subject, name, _, _ in rows:
        home = folder / study / subject
        home.mkdir(parents=True, exist_ok=True)
        shutil.copy(EXAMPLE / "subject.osim", home / "model.osim")
        write_storage(
            home / f"{name}_ik.mot",
            ["time", *trial.coordinates],
            np.column_stack([trial.time, values]),
            name=name,
            in_degrees=True,
        )
        assert trial.forces is not None
        write_forces(home / f"{name}_grf.mot", trial.forces, naming="opencap")
        facts = {"surface": "overground", "valid_r": [[0.0, 9.0]], "valid_l": [[0.0, 9.0]]}
        (home / f"{name}.json").write_text(json.dumps(facts), encoding="utf-8")
        (home / "subject.json").write_text(
            json.dumps({"mass_kg": trial.subject.mass_kg, "height_m": 1.72}), encoding="utf-8"
        )
    return folder
