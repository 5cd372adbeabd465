"""Hip muscle forces and hip moments of people never trained on: networks, physics and static optimisation compared.

python benchmarks/hip/muscles.py DATA_FOLDER --weights weights/gait2hip --out results/hip_muscles
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from cyclopts import App
from methods import OPENSIM, OURS, OURS_MEASURED, PHYSICS, Comparison, compare, instant_moments
from opensim_tool import agreement, run_times
from pictures import draw_curves, draw_r2
from rich.console import Console
from sequences import TASKS, as_data, retrain, training_cycles
from tables import SETS, errors_by_output, errors_by_set, moments_by_study, output_table, set_table, study_table

from gaitdynamics._version import __version__
from gaitdynamics.body.opensim_muscles import load_opensim
from gaitdynamics.dataset.catalogue import Catalogue
from gaitdynamics.dataset.hip_labels import TrialLabels
from gaitdynamics.dataset.records import TrialRecord
from gaitdynamics.errors import GaitError
from gaitdynamics.evaluation.markdown import markdown_table, number
from gaitdynamics.features.hip import TARGETS, HipTask
from gaitdynamics.files.atomic import write_text
from gaitdynamics.inference.checkpoint import load_refiner
from gaitdynamics.inference.hip_checkpoint import PREFERENCE, HipNetwork, find_hip
from gaitdynamics.inference.muscle_checkpoint import load_muscles
from gaitdynamics.tasks.label_store import build_labels, load_labels
from gaitdynamics.tasks.labels import LabelSettings
from gaitdynamics.training.hip import HipTraining

app = App(help=__doc__)

#: Of the networks trained again: shorter sequences, fewer and larger steps than in the benchmark, for processors.
RETRAINING = {"samples": 60, "epochs": 60, "patience": 15, "batch": 32, "learning_rate": 1e-3}


@app.default
def main(
    data_folder: Path,
    *,
    out: Path,
    weights: Path | None = None,
    muscles: Path | None = None,
    force_weights: str | None = None,
    processes: int = 2,
    timing: bool = True,
) -> None:
    """Label, retrain, predict and compare; what is there from an earlier run is kept.

    Parameters
    ----------
    data_folder
        Folder with manifest.csv.
    out
        Folder for labels, retrained networks, tables and figures.
    weights
        Folder of the published networks of Gait2Hip-60, imported; without it they are left out.
    muscles
        Folder of our network of muscle forces; None for the one that comes with the package.
    force_weights
        Weights of the forces on the feet; None for those that come with the package.
    processes
        That share the labelling.
    timing
        Whether to run OpenSim's own tool too, for comparison and run times.
    """
    torch.set_num_threads(1)
    load_opensim("this benchmark")
    console = Console(stderr=True)
    out.mkdir(parents=True, exist_ok=True)
    catalogue = Catalogue.read(data_folder)
    build_labels(catalogue, out / "labels", LabelSettings(), processes=processes, console=console)
    measured = load_labels(out / "labels")
    known = load_refiner(force_weights)[1]
    name, store = known.name, out / f"labels_{known.name}_{known.weights_sha256[:8]}"
    settings = LabelSettings(forces="estimated", weights=force_weights)
    build_labels(catalogue.select(split="test"), store, settings, processes=processes, console=console)
    estimated = load_labels(store)
    tested = [trial for trial in measured if trial.split.startswith("test")]
    model = load_muscles(muscles)
    networks = _networks(weights, measured, out, console)
    found = compare(tested, estimated, networks, model)
    facts = {"version": __version__, "force_weights": name, "muscle_weights": model.description.weights_sha256}
    write_text(out / "configuration.json", json.dumps({**facts, "retraining": RETRAINING}, indent=1) + "\n")
    pages = [_accuracy(found, out), _moments(tested, estimated, out)]
    _figures(found, list(networks), out)
    if timing:
        pages.append(_timing(catalogue, networks, muscles, out))
    page = "\n".join([_head(name), *pages])
    write_text(out / "summary.md", page)
    print(page)


def _head(force_weights: str) -> str:
    lines = [
        "# Hip muscle forces and hip moments of people never trained on",
        "",
        f"gaitdynamics {__version__}, forces on the feet by {force_weights}; networks trained again on labels of the",
        "people of `train`, their epoch chosen on those of `val`. Errors are counted as in Gait2Hip-60: per person",
        "over all samples and outputs together, then mean and standard deviation over people.",
        "",
    ]
    return "\n".join(lines)


def _networks(
    weights: Path | None, measured: Sequence[TrialLabels], out: Path, console: Console
) -> dict[str, dict[HipTask, HipNetwork]]:
    """Load the published networks, and train the three again on the labels."""
    found: dict[str, dict[HipTask, HipNetwork]] = {}
    if weights is not None:
        for name in PREFERENCE:
            found[f"published {name}"] = dict(find_hip(weights, name))
    train = training_cycles([trial for trial in measured if trial.split == "train"])
    validation = training_cycles([trial for trial in measured if trial.split == "val"])
    for name in PREFERENCE:
        settings = HipTraining(network=name, **RETRAINING)
        found[f"retrained {name}"] = {
            task: retrain(
                out / "retrained" / f"{name}_{task}",
                name,
                as_data(train, task),
                as_data(validation, task),
                settings,
                console,
            )
            for task in TASKS
        }
    return found


def _accuracy(found: Comparison, out: Path) -> str:
    lines: list[str] = []
    for task in TASKS:
        target = TARGETS[task]
        unit = f"{target.unit}/kg"
        by_set, by_output = errors_by_set(found, task), errors_by_output(found, task)
        write_text(out / f"{task}.csv", by_set.to_csv(index=False))
        write_text(out / f"{task}_by_output.csv", by_output.to_csv(index=False))
        lines += [f"## {target.title.capitalize()}", "", set_table(by_set, unit)]
        # Those of held-out people are in the file.
        for people_of, activity in by_set[["people_of", "activity"]].drop_duplicates().itertuples(index=False):
            if people_of != SETS["test_unseen_study"]:
                continue
            lines += [f"### Each of them: {activity}, {people_of}", "", f"R2 / RMSE [{unit}], means over people.", ""]
            lines += [output_table(by_output, people_of, activity, metric, 2) for metric in ("R2", "RMSE")]
    return "\n".join(lines)


def _moments(tested: Sequence[TrialLabels], estimated: Sequence[TrialLabels], out: Path) -> str:
    table = moments_by_study(instant_moments(tested, estimated))
    write_text(out / "hip_moments_by_study.csv", table.to_csv(index=False))
    lines = [
        "## Hip moments by inverse dynamics from estimated forces, all instants with known forces",
        "",
        "Against those from measured forces, both legs; R2 and RMSE [N.m/kg] per person, then means over people.",
        "",
        study_table(table),
    ]
    return "\n".join(lines)


def _figures(found: Comparison, networks: Sequence[str], out: Path) -> None:
    published = [name for name in networks if name == "published transformer"]
    retrained = [name for name in networks if name == "retrained transformer"]
    for split, activity, title in (
        ("test_unseen_study", "walking", "Walking, unseen study"),
        ("test_unseen_study", "running", "Running, unseen study"),
    ):
        for task, own in (("muscle_forces", [OURS, OPENSIM]), ("joint_moments", [PHYSICS])):
            draw_curves(
                found,
                task,
                [*own, *published, *retrained],
                split=split,
                activity=activity,
                title=f"{title}, {TARGETS[task].title}",
                file=out / f"{task}_{activity}.png",
            )
    table = errors_by_output(found, "muscle_forces")
    methods = [OURS_MEASURED, OURS, OPENSIM, *networks]
    for activity in ("walking", "running"):
        draw_r2(table, methods, people_of="unseen studies", activity=activity, file=out / f"r2_{activity}.png")


def _timing(
    catalogue: Catalogue, networks: Mapping[str, Mapping[HipTask, HipNetwork]], muscles: Path | None, out: Path
) -> str:
    chosen: dict[str, TrialRecord] = {}
    for record in catalogue.select(split="test", activity="walking"):
        if record.study in ("Arnold2013", "BiomechZooMcGill", "GaitEventsMoissenet", "Uhlrich2023", "ZhejiangIMU"):
            chosen.setdefault(record.study, record)
    table = agreement(list(chosen.values()))
    write_text(out / "opensim_tool.csv", table.to_csv(index=False))
    record = chosen["Arnold2013"]
    hip = networks.get("published transformer", {}).get("muscle_forces")
    times = run_times(record, hip, muscles, float(table.loc[table["trial"] == record.label, "opensim_s"].iloc[0]))
    write_text(out / "run_times.csv", times.to_csv(index=False))
    lines = [
        "## Our static optimisation beside OpenSim's own tool",
        "",
        "Forces of all muscles of both legs at a few instants of a trial; time per instant of both legs, loading",
        "included.",
        "",
        markdown_table(
            ["trial", "instants", *(heading for *_, heading in _AGREEMENT)],
            [
                [row["trial"], row["instants"], *(number(row[c], d) for c, d, _ in _AGREEMENT)]
                for row in table.to_dict("records")
            ],
        ),
        f"## Run time of one trial: {record.label}",
        "",
        markdown_table(["step", "seconds"], [[r["step"], number(r["seconds"], 2)] for r in times.to_dict("records")]),
    ]
    return "\n".join(lines)


#: Column, digits, heading.
_AGREEMENT = (
    ("rms_force_n", 0, "RMS force [N]"),
    ("rms_difference_n", 1, "RMS difference [N]"),
    ("largest_difference_n", 0, "largest [N]"),
    ("largest_reserve_difference_nm", 3, "reserves, largest [N.m]"),
    ("opensim_s", 2, "OpenSim [s]"),
    ("ours_s", 3, "ours [s]"),
)


if __name__ == "__main__":
    try:
        app()
    except GaitError as error:
        print(f"Error: {error}", file=sys.stderr)
        sys.exit(2)
