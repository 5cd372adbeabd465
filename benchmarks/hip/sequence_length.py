"""How many samples of a gait cycle the hip networks need: the same network at 30, 60, 90 and 180 samples.

python benchmarks/hip/sequence_length.py --labels LABELS --out results/hip_length
python benchmarks/hip/sequence_length.py --data Gait2Hip_MF60.npz --out results/hip_length
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pandas as pd
import torch
from cyclopts import App
from rich.console import Console
from sequences import as_data, passing, predict, retrain, training_cycles

from gaitdynamics.dataset.gait2hip import HipData, folds, hold_out, read_gait2hip
from gaitdynamics.errors import GaitError, UserInputError
from gaitdynamics.evaluation.hip_metrics import ALL, over_people, person_errors
from gaitdynamics.evaluation.markdown import markdown_table, number
from gaitdynamics.features.hip import HipTask
from gaitdynamics.files.atomic import write_text
from gaitdynamics.networks.hip import HipNetworkName
from gaitdynamics.tasks.label_store import load_labels
from gaitdynamics.training.hip import HipTraining

app = App(help=__doc__)

LENGTHS = (30, 60, 90, 180)


@app.default
def main(
    *,
    out: Path,
    labels: Path | None = None,
    data: Path | None = None,
    network: HipNetworkName = "lstm",
    task: HipTask = "joint_moments",
    epochs: int = 40,
    learning_rate: float = 1e-3,
    seed: int = 2025,
) -> None:
    """Train once per length; what is there from an earlier run is kept.

    Parameters
    ----------
    out
        Folder for networks and table.
    labels
        Folder of 'gaitdynamics labels': trained on the people of `train`, the epoch chosen on those of `val`, tested on
        all others.
    data
        Or a file of Gait2Hip-60: the 12 people held out are tested, the epoch is chosen on the first of the five folds.
    network, task
        Which network; the task of labels (a file tells its own).
    epochs, learning_rate, seed
        Of training; patience is a third of the epochs.
    """
    torch.set_num_threads(1)
    out.mkdir(parents=True, exist_ok=True)
    train, validation, tested = _parts(labels, data, task)
    rows = []
    for samples in LENGTHS:
        settings = HipTraining(
            network=network,
            samples=samples,
            epochs=epochs,
            patience=max(1, epochs // 3),
            batch=32,
            learning_rate=learning_rate,
            seed=seed,
        )
        folder = out / f"{network}_{train.target.task}_{samples}"
        model = retrain(folder, network, train, validation, settings, Console(stderr=True))
        start = time.process_time()
        # Compared at the full length, so that what thinning takes away counts as an error too.
        per_person = person_errors(predict(model, tested), tested)
        seconds = time.process_time() - start
        for row in over_people(per_person).to_dict("records"):
            if row["cadence"] == ALL or len(set(tested.cadence)) > 1:
                rows.append({"samples": samples, **row, "ms_per_cycle": 1000 * seconds / len(tested)})
    table = pd.DataFrame(rows)
    write_text(out / "sequence_length.csv", table.to_csv(index=False))
    unit = f"{train.target.unit}/kg"
    head = ["samples", "activity or cadence", "people", "cycles", f"RMSE [{unit}]", "R2", "time per cycle [ms]"]
    cells = [
        [
            *(row[name] for name in ("samples", "cadence", "people", "trials")),
            *(f"{number(row[m], 3)} \N{PLUS-MINUS SIGN} {number(row[f'{m}_sd'], 3)}" for m in ("RMSE", "R2")),
            number(row["ms_per_cycle"], 1),
        ]
        for row in table.to_dict("records")
    ]
    page = (
        f"# {network}, {train.target.title}: number of samples of a gait cycle\n\n"
        f"{len(train)} sequences for training, {len(validation)} to choose the epoch, at most {epochs} epochs.\n"
        f"Tested at {tested.angles.shape[1]} samples: results of shorter sequences are drawn out by straight lines.\n\n"
        f"{markdown_table(head, cells)}"
    )
    write_text(out / "summary.md", page)
    print(page)


def _parts(labels: Path | None, data: Path | None, task: HipTask) -> tuple[HipData, HipData, HipData]:
    """Give sequences for training, for the choice of the epoch, and for the test, of different people."""
    if (labels is None) == (data is None):
        raise UserInputError("give either --labels or --data")
    if data is not None:
        trials = read_gait2hip(data)
        held_out = hold_out(trials.people())
        pool = trials.of([person for person in trials.people() if person not in held_out])
        train, validation = folds(pool.subject)[0]
        return pool.take(train), pool.take(validation), trials.of(held_out)
    assert labels is not None
    known = load_labels(labels)
    train_cycles, validation_cycles = (
        training_cycles([trial for trial in known if trial.split == split]) for split in ("train", "val")
    )
    tested = passing([trial for trial in known if trial.split.startswith("test")])
    return as_data(train_cycles, task), as_data(validation_cycles, task), as_data(tested, task)


if __name__ == "__main__":
    try:
        app()
    except GaitError as error:
        print(f"Error: {error}", file=sys.stderr)
        sys.exit(2)
