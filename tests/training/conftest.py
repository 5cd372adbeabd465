"""A small data folder in the layout that training takes, made from the example walk."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from gaitdynamics.files.forces import write_forces
from gaitdynamics.trial import FootForces, Trial

EXAMPLE = Path(__file__).parents[2] / "examples" / "walking"
COLUMNS = "study,subject,trial,split,activity,condition,folder"


def walking_forces(trial: Trial, period: float = 1.1) -> FootForces:
    """Forces that look like those of a walk: each foot carries the body in turn, a little inward of its ankle."""
    phase = 2.0 * np.pi * (trial.time - trial.time[0]) / period
    up = np.stack([np.clip(np.sin(phase), 0.0, None), np.clip(-np.sin(phase), 0.0, None)], axis=1)
    force = trial.body_weight * np.stack([0.1 * up * np.cos(phase)[:, None], up, up * [-0.05, 0.05]], axis=-1)
    cop = np.where(force[..., 1:2] > 0.0, np.array([[0.1, 0.0, 0.05], [0.1, 0.0, -0.05]]), 0.0)
    return FootForces(trial.time, force, cop, valid=np.ones((len(trial.time), 2), dtype=bool))


@pytest.fixture(scope="session")
def walk_with_forces(example_trial: Trial) -> Trial:
    """The example walk with made-up measured forces."""
    return replace(example_trial, forces=walking_forces(example_trial))


@pytest.fixture(scope="session")
def small_data(walk_with_forces: Trial, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two people with one trial each, of whom the first, to learn from, has no known height."""
    folder = tmp_path_factory.mktemp("data")
    rows = [COLUMNS]
    for subject, split, height in (("one", "train", None), ("two", "val", 1.72)):
        home = folder / "Ours" / subject
        home.mkdir(parents=True)
        shutil.copy(EXAMPLE / "subject.osim", home / "model.osim")
        shutil.copy(EXAMPLE / "walking.mot", home / "walk_ik.mot")
        write_forces(home / "walk_grf.mot", walk_with_forces.forces)
        mass = walk_with_forces.subject.mass_kg
        (home / "subject.json").write_text(json.dumps({"mass_kg": mass, "height_m": height}))
        facts = {"surface": "overground", "valid_r": [[0, 100]], "valid_l": [[0, 4.0]]}
        (home / "walk.json").write_text(json.dumps(facts))
        rows.append(f"Ours,{subject},walk,{split},walking,normal,Ours/{subject}")
    (folder / "manifest.csv").write_text("\n".join(rows) + "\n")
    return folder
