"""Steps per second of training, in one process and in two.

python benchmarks/scale/training.py DATA_FOLDER --out results/scale_training

Prepares stores of some studies of the data folder, trains the foot-view network and the small diffusion network from
them for two numbers of steps, and takes the difference, so that start-up does not count. Two processes share a batch.
"""

from __future__ import annotations

import csv
import json
import os
import platform
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from cyclopts import App

from gaitdynamics.evaluation.markdown import markdown_table
from gaitdynamics.files.atomic import write_text

app = App(help=__doc__)

#: Studies that are small, and have people on both sides of the split.
STUDIES = ("Schreiber2019", "GaitEventsMoissenet")

#: Network -> store that it needs, options, windows per step, and the two numbers of steps.
NETWORKS = {
    "foot-view, one network": ("refiner", ["refiner", "--members", "1"], 24, (20, 120)),
    "diffusion, small": ("denoiser", ["denoiser"], 32, (5, 25)),
}


@dataclass(frozen=True)
class Row:
    """One network on some processes: windows per step; per step, seconds on the clock, and of the first's processor."""

    network: str
    processes: int
    batch: int
    clock_s: float
    processor_s: float


@app.default
def main(data: Path, *, out: Path) -> None:
    """Prepare, train and measure.

    Parameters
    ----------
    data
        Folder with manifest.csv.
    out
        Folder for the table; stores and runs are made in it too.
    """
    out.mkdir(parents=True, exist_ok=True)
    prepare(data, out)
    rows = []
    for name, (store, command, batch, steps) in NETWORKS.items():
        for processes in (1, 2):
            options = [*command, "--data", str(out / store), "--batch", str(batch), "--devices", str(processes)]
            few, many = (train(options, count, out / "run") for count in steps)
            clock, work = ((b - a) / (steps[1] - steps[0]) for a, b in zip(few, many, strict=True))
            rows.append(Row(name, processes, batch, clock, work))
            print(rows[-1], flush=True)
    write_text(out / "TRAINING.md", "\n".join(page(rows)) + "\n")
    write_text(out / "rows.json", json.dumps([asdict(row) for row in rows], indent=1) + "\n")


def prepare(data: Path, out: Path) -> None:
    """Make the two stores from a part of the data folder."""
    part = out / "data"
    part.mkdir(exist_ok=True)
    with (data / "manifest.csv").open(newline="", encoding="utf-8") as stream:
        reader = csv.DictReader(stream)
        rows = [row for row in reader if row["study"] in STUDIES and row["split"] in ("train", "val")]
        with (part / "manifest.csv").open("w", newline="", encoding="utf-8") as table:
            writer = csv.DictWriter(table, reader.fieldnames or ())
            writer.writeheader()
            writer.writerows(rows)
    for study in STUDIES:
        if not (part / study).exists():
            (part / study).symlink_to((data / study).resolve())
    for purpose in ("refiner", "denoiser"):
        command = ["prepare", str(part), "--out", str(out / purpose), "--for", purpose, "--workers", "1"]
        run([sys.executable, "-m", "gaitdynamics", *command])


def train(options: Sequence[str], steps: int, out: Path) -> tuple[float, float]:
    """Train for some steps; gives the time on the clock and that of the first process on its processor [s].

    The other process is a child of the first that the first does not wait for, so that the system does not count it.
    """
    shutil.rmtree(out, ignore_errors=True)
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    run([sys.executable, "-m", "gaitdynamics", "train", *options, "--steps", str(steps), "--out", str(out)])
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    work = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return time.perf_counter() - began, work


def run(command: Sequence[str]) -> None:
    """Run a command on processors only, in silence."""
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    subprocess.run(command, check=True, env=os.environ | {"OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}, **quiet)


def page(rows: Sequence[Row]) -> list[str]:
    """Write the table."""
    heads = ["network", "processes", "windows per step", "steps/s", "windows/s"]
    heads += ["processor time of the first process per step [ms]", "share of an even division"]
    alone = {row.network: row.processor_s for row in rows if row.processes == 1}
    cells = [
        [
            *(row.network, row.processes, row.batch, f"{1.0 / row.clock_s:.2f}", f"{row.batch / row.clock_s:.0f}"),
            f"{1e3 * row.processor_s:.0f}",
            f"{100.0 * alone[row.network] / row.processes / row.processor_s:.0f} %",
        ]
        for row in rows
    ]
    return [
        "# Training on processors",
        "",
        f"{platform.machine()}, {os.cpu_count()} cores, one thread per process, Python {platform.python_version()};",
        "windows of 60, 100 and 150 frames. Start-up and reading do not count. Other programs kept "
        f"{os.getloadavg()[0]:.0f} cores busy or waiting: with more than",
        "none, the processor's time tells more than the clock.",
        "",
        markdown_table(heads, cells).rstrip(),
    ]


if __name__ == "__main__":
    app()
