"""OpenSim's Inverse Dynamics with measured and with estimated forces: residuals at the pelvis, joint moments.

python benchmarks/inverse_dynamics/run.py DATA_FOLDER --out results/inverse_dynamics
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from contextlib import chdir
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from cyclopts import App
from rich.console import Console

from gaitdynamics._version import __version__
from gaitdynamics.columns import LUMBAR, PELVIS_ROTATIONS, PELVIS_TRANSLATIONS, SIDES
from gaitdynamics.dataset.catalogue import Catalogue
from gaitdynamics.dataset.records import TrialRecord
from gaitdynamics.errors import GaitError, MissingExtraError, UserInputError
from gaitdynamics.files.atomic import file_sha256, write_text
from gaitdynamics.files.external_loads import write_external_loads
from gaitdynamics.files.forces import write_forces
from gaitdynamics.files.inverse_dynamics import read_inverse_dynamics_setup, write_inverse_dynamics_setup
from gaitdynamics.files.storage import Table, read_storage
from gaitdynamics.tasks.forces import estimate_forces, physics_forces
from gaitdynamics.trial import Array, FootForces, Mask, Trial

#: Where forces come from, in the order of the table.
SOURCES = ("measured", "estimated", "physics")
#: Residuals: column of the table, column of OpenSim's file.
FORCES = {f"force_{axis}_n": f"{name}_force" for axis, name in zip("xyz", PELVIS_TRANSLATIONS, strict=True)}
MOMENTS = {f"moment_{name.removeprefix('pelvis_')}_nm": f"{name}_moment" for name in PELVIS_ROTATIONS}
#: Joint moments that are compared.
JOINTS = ("hip_flexion", "hip_adduction", "knee_angle", "ankle_angle")

#: Tables for readers: field, its name there, its format.
RESIDUALS_SHOWN = (
    ("force_n", "force [N]", "{:.0f}"),
    ("force_percent_bw", "force [%BW]", "{:.1f}"),
    ("vertical_percent_bw", "vertical [%BW]", "{:.1f}"),
    ("moment_nm", "moment [N.m]", "{:.0f}"),
)
DIFFERENCES_SHOWN = tuple((f"{j}_difference_nm_per_kg", j.replace("_", " "), "{:.2f}") for j in JOINTS)

app = App(help=__doc__)


@app.default
def main(data_folder: Path, *, out: Path, split: str = "test", people: int = 2, weights: str | None = None) -> None:
    """Run OpenSim on a few trials of each study and tabulate the residuals at the pelvis.

    Parameters
    ----------
    data_folder
        Folder with manifest.csv.
    out
        Folder for the results; the files of each run of OpenSim stay there.
    split
        Side of the split; 'test' means held-out people and unseen studies.
    people
        Of each study the first trial of walking or running of this many people.
    weights
        Trained weights: a name, or a folder.
    """
    _require_opensim()
    torch.set_num_threads(1)
    console = Console(stderr=True)
    records = choose(Catalogue.read(data_folder).select(split=split), people)
    rows: list[dict[str, Any]] = []
    left_out: list[str] = []
    for record in records:
        console.print(record.label)
        trial = record.load()
        assert trial.forces is not None
        assert trial.forces.valid is not None
        trusted = trial.forces.valid.all(axis=1)
        if not trusted.any():
            left_out.append(f"{record.label}: no frame in which the measured force of both feet is complete")
            continue
        folder = out / record.label.replace("/", "_")
        moments: dict[str, Table] = {}
        for source in SOURCES:
            moments[source] = run_opensim(write_setup(record, trial, source, folder / source, weights))
            found = residuals(moments[source], trial, trusted)
            found |= moment_differences(moments[source], moments["measured"], trial, trial.forces.valid)
            rows.append(_facts(record, trial, trusted, source) | found)
    if not rows:
        raise UserInputError("no trial could be used", file=data_folder)
    table = pd.DataFrame(rows)
    write_text(out / "results.csv", table.to_csv(index=False))
    text = summary(table, left_out)
    write_text(out / "summary.md", text)
    configuration = {
        "version": __version__,
        "opensim": _opensim_version(),
        "split": split,
        "people": people,
        "weights": weights,
        "manifest_sha256": file_sha256(data_folder / "manifest.csv"),
    }
    write_text(out / "configuration.json", json.dumps(configuration, indent=2) + "\n")
    print(text)


def choose(catalogue: Catalogue, people: int) -> list[TrialRecord]:
    """Take, of each study, the first trial of walking or running of the first few people."""
    chosen: dict[str, dict[str, TrialRecord]] = {}
    for record in catalogue:
        if record.activity in ("walking", "running"):
            of_study = chosen.setdefault(record.study, {})
            if len(of_study) < people:
                of_study.setdefault(record.person, record)
    return [record for of_study in chosen.values() for record in of_study.values()]


def write_setup(record: TrialRecord, trial: Trial, source: str, folder: Path, weights: str | None) -> Path:
    """Write forces and setup of Inverse Dynamics; the setup of estimates is the one every user gets."""
    folder.mkdir(parents=True, exist_ok=True)
    blind = replace(trial, forces=None)
    if source == "estimated":
        where = {"motion_path": str(record.motion_file), "model_path": str(record.model_file)}
        known = replace(blind, provenance={**trial.provenance, **where})
        return estimate_forces(known, weights=weights).to_files(folder).inverse_dynamics_setup
    forces: FootForces | None = trial.forces if source == "measured" else physics_forces(blind)
    assert forces is not None
    write_forces(folder / "grf.mot", forces)
    write_external_loads(folder / "external_loads.xml", datafile="grf.mot")
    write_inverse_dynamics_setup(
        folder / "id_setup.xml",
        model_file=str(record.model_file.resolve()),
        coordinates_file=str(record.motion_file.resolve()),
        external_loads_file="external_loads.xml",
        time_range=(float(trial.time[0]), float(trial.time[-1])),
        output_file="id.sto",
    )
    return folder / "id_setup.xml"


def run_opensim(setup: Path) -> Table:
    """Run the tool in the folder of its setup, which is where OpenSim looks for the model; read what it wrote."""
    import opensim

    told = read_inverse_dynamics_setup(setup)
    with chdir(setup.parent):
        if not opensim.InverseDynamicsTool(setup.name).run():
            raise UserInputError("OpenSim could not run this setup", file=setup)
    return read_storage(told.results_directory / told.output_file)


def residuals(moments: Table, trial: Trial, trusted: Mask) -> dict[str, float]:
    """Root mean square of what is left over at the pelvis, in the frames that can be trusted [N, N.m]."""
    assert len(moments.time) == len(trial.time)
    found = {name: _rms(moments.column(label)[trusted]) for name, label in (FORCES | MOMENTS).items()}
    force, moment = (float(np.hypot.reduce([found[name] for name in names])) for names in (FORCES, MOMENTS))
    return found | {
        "force_n": force,
        "force_percent_bw": 100.0 * force / trial.body_weight,
        "vertical_percent_bw": 100.0 * found["force_y_n"] / trial.body_weight,
        "moment_nm": moment,
    }


def moment_differences(moments: Table, measured: Table, trial: Trial, valid: Mask) -> dict[str, float]:
    """Root mean square difference from the joint moments with measured forces, both legs together [N.m/kg]."""
    found = {}
    for joint in JOINTS:
        labels = [f"{joint}_{side}_moment" for side in SIDES]
        both = [(moments.column(x) - measured.column(x))[valid[:, i]] for i, x in enumerate(labels)]
        found[f"{joint}_difference_nm_per_kg"] = _rms(np.concatenate(both)) / trial.subject.mass_kg
    return found


def _rms(values: Array) -> float:
    return float(np.sqrt(np.mean(values**2)))


def _facts(record: TrialRecord, trial: Trial, trusted: Mask, source: str) -> dict[str, Any]:
    return {
        "trial": record.label,
        "activity": record.activity,
        "trunk_measured": not trial.is_missing(*LUMBAR),
        "frames": int(trusted.sum()),
        "forces": source,
    }


def summary(table: pd.DataFrame, left_out: Sequence[str]) -> str:
    """Write both tables as Markdown."""
    lines = [
        "# OpenSim's Inverse Dynamics with measured and with estimated forces",
        "",
        "## Residuals at the pelvis",
        "",
        "Root mean square over the frames in which the measured forces of both feet are complete; force and moment",
        "are the lengths of their three components together. Less is not always better: see README.md.",
        "",
        *side_by_side(table, RESIDUALS_SHOWN, SOURCES),
        "",
        "## Joint moments: difference from those with measured forces [N.m/kg]",
        "",
        "Root mean square over both legs and the frames in which the measured force of that foot is complete.",
        "",
        *side_by_side(table, DIFFERENCES_SHOWN, SOURCES[1:]),
        "",
        *(f"Left out: {reason}." for reason in left_out),
    ]
    return "\n".join(lines).rstrip() + "\n"


def side_by_side(table: pd.DataFrame, shown: Sequence[tuple[str, str, str]], sources: Sequence[str]) -> list[str]:
    """One row per trial, and the means over walking and over running; one column per field and source."""
    facts = table.drop_duplicates("trial").set_index("trial")
    wide = table.pivot_table(index="trial", columns="forces", values=[field for field, _, _ in shown], sort=False)

    def row(first: Sequence[object], values: pd.Series[float]) -> str:
        numbers = [form.format(values[field, source]) for field, _, form in shown for source in sources]
        return "| " + " | ".join([*map(str, first), *numbers]) + " |"

    names = [f"{label}: {source}" for _, label, _ in shown for source in sources]
    lines = [
        "| " + " | ".join(["trial", "activity", "trunk", "frames", *names]) + " |",
        "|" + "---|" * (4 + len(names)),
    ]
    for trial, values in wide.iterrows():
        fact = facts.loc[trial]
        trunk = "measured" if fact["trunk_measured"] else "absent"
        lines.append(row((trial, fact["activity"], trunk, fact["frames"]), values))
    for activity, group in wide.groupby(facts["activity"]):
        lines.append(row((f"**mean of {len(group)}**", activity, "", ""), group.mean()))
    return lines


def _require_opensim() -> None:
    try:
        import opensim
    except ImportError:
        raise MissingExtraError("opensim", "opensim", "running OpenSim's Inverse Dynamics") from None
    # Its log would be written into every folder it is run from.
    opensim.Logger.removeFileSink()
    opensim.Logger.setLevelString("Error")


def _opensim_version() -> str:
    import opensim

    return str(opensim.GetVersion())


if __name__ == "__main__":
    try:
        app()
    except GaitError as error:
        print(f"Error: {error}", file=sys.stderr)
        sys.exit(2)
