"""Forces of an archive of a thousand trials: results or reasons, and how fast.

python benchmarks/scale/estimation.py DATA_FOLDER --out results/scale_estimation [--trials 1000] [--runs local:2,ray:2]

Cuts the real trials of splits 'train' and 'val' into pieces of a few seconds, of which one in fifty is then spoilt (cut
short, broken, without a coordinate), and runs `gaitdynamics forces ARCHIVE` on them in each of the ways asked for, and
once more when all is done.
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
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from cyclopts import App

from gaitdynamics.dataset.catalogue import Catalogue
from gaitdynamics.dataset.records import TrialRecord
from gaitdynamics.evaluation.markdown import markdown_table
from gaitdynamics.files.atomic import write_text
from gaitdynamics.files.storage import read_storage

app = App(help=__doc__)

#: Shortest and longest piece [s], and every how manieth piece is spoilt.
SHORTEST, LONGEST, SPOILT = 1.0, 10.0, 50


@dataclass(frozen=True)
class Row:
    """One run: trials with results and with reasons, motion [s], clock and processor time [s], memory [MB]."""

    way: str
    trials: int
    results: int
    reasons: int
    motion_s: float
    wall_s: float
    processor_s: float
    resident_mb: float | None
    again_s: float


@app.default
def main(data: Path, *, out: Path, trials: int = 1000, runs: str = "local:1,local:2,ray:2") -> None:
    """Make the archive, and estimate it.

    Parameters
    ----------
    data
        Folder with manifest.csv.
    out
        Folder for the table; archive and results are made in it too.
    trials
        How many the archive has.
    runs
        ENGINE:WORKERS, separated by commas.
    """
    out.mkdir(parents=True, exist_ok=True)
    archive = out / "archive"
    if not archive.is_dir():
        make_archive(data, archive, trials)
    rows = []
    for way in runs.split(","):
        results = out / f"results_{way.replace(':', '_')}"
        rows.append(run(archive, results, way))
        print(rows[-1], flush=True)
        summary = (out / "summary.md").read_text(encoding="utf-8")
        write_text(out / "ESTIMATION.md", "\n".join(page(rows, costs(results / "summary.csv"), summary)) + "\n")
        write_text(out / "rows.json", json.dumps([asdict(row) for row in rows], indent=1) + "\n")


def make_archive(data: Path, folder: Path, trials: int) -> None:
    """Write study/subject/model.osim and pieces of motions beside it, and people.csv with surfaces and masses."""
    records = [r for r in Catalogue.read(data) if r.split in ("train", "val") and r.activity in ("walking", "running")]
    lines = ["study,subject,trial,mass_kg,height_m,surface,speed_m_s"]
    pieces = cut(records, trials)
    for number, (record, text, name) in enumerate(pieces):
        home = folder / record.study / record.subject
        home.mkdir(parents=True, exist_ok=True)
        if not (home / "model.osim").is_file():
            shutil.copy(record.model_file, home / "model.osim")
        (home / f"{name}.mot").write_text(spoil(text, number // SPOILT) if number % SPOILT == 7 else text)
        speed = f"{record.surface.belt_speed:g}" if record.surface.kind == "treadmill" else ""
        height = "" if record.height_m is None else f"{record.height_m:g}"
        person = f"{record.study}/{record.subject}"
        lines.append(f"archive,{person},{name},{record.mass_kg:g},{height},{record.surface.kind},{speed}")
    write_text(folder.with_name("people.csv"), "\n".join(lines) + "\n")


def cut(records: Sequence[TrialRecord], count: int) -> Iterator[tuple[TrialRecord, str, str]]:
    """Cut `count` pieces of random length out of the motions, again and again from the first to the last."""
    rng = np.random.default_rng(0)
    tables = [read_storage(record.motion_file) for record in records]
    for number in range(count):
        record, table = records[number % len(records)], tables[number % len(records)]
        rate = (len(table.time) - 1) / (table.time[-1] - table.time[0])
        frames = min(len(table.time), round(rate * np.exp(rng.uniform(np.log(SHORTEST), np.log(LONGEST)))))
        start = int(rng.integers(len(table.time) - frames + 1))
        part = slice(start, start + frames)
        values = np.column_stack([table.column(label)[part] for label in table.labels])
        head = [record.trial, f"nRows={frames}", f"nColumns={values.shape[1]}", "inDegrees=yes", "endheader"]
        body = ["\t".join(f"{value:.8f}" for value in row) for row in values]
        text = "\n".join([*head, "\t".join(table.labels), *body]) + "\n"
        yield record, text, f"{record.trial}_{number:05d}"


def spoil(text: str, number: int) -> str:
    """Spoil a piece in one of several ways."""
    lines = text.splitlines()
    if number % 4 == 0:
        return "\n".join([*lines[:1], "nRows=12", *lines[2 : 5 + 13]]) + "\n"
    if number % 4 == 1:
        return "\n".join([*lines[:-5], lines[-5].replace("\t", "\tx", 1), *lines[-4:]]) + "\n"
    if number % 4 == 2:
        return text[: len(text) // 3]
    return text.replace("knee_angle_r", "knie_winkel_r")


def run(archive: Path, out: Path, way: str) -> Row:
    """Run the command on the archive, and once more."""
    shutil.rmtree(out, ignore_errors=True)
    engine, workers = way.split(":")
    table = archive.with_name("people.csv")
    command = [sys.executable, "-m", "gaitdynamics", "forces", str(archive), "--out", str(out), "--table", str(table)]
    command += ["--engine", engine, "--workers", workers]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    wall = timed(command)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    shutil.copy(out / "summary.md", out.with_name("summary.md"))
    again = timed(command)
    with (out / "summary.csv").open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    done = [row for row in rows if row["status"] == "done"]
    return Row(
        way,
        len(rows),
        len(done),
        sum(bool(row["reason"]) for row in rows),
        sum(float(row["seconds"]) for row in done),
        wall,
        # Tasks of Ray are no children of the command; what they say of themselves counts for all.
        max(
            after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime,
            sum(float(row["processor_s"]) for row in done),
        ),
        after.ru_maxrss / 1e3 if engine == "local" else None,
        again,
    )


def costs(summary: Path) -> str:
    """Tell what a trial and a second of it take of a processor, by least squares over the trials with results."""
    with summary.open(newline="", encoding="utf-8") as stream:
        done = [row for row in csv.DictReader(stream) if row["status"] == "done"]
    seconds = np.array([float(row["seconds"]) for row in done])
    work = np.array([float(row["processor_s"]) for row in done])
    # The first trial of a process loads the weights, and a completed one runs a diffusion network.
    usual = work < 5.0 * np.median(work)
    slope, start = np.polyfit(seconds[usual], work[usual], 1)
    size = sum(path.stat().st_size for path in summary.parent.rglob("*") if path.is_file())
    return (
        f"A trial takes {1e3 * start:.0f} ms of a processor and {1e3 * slope:.0f} ms per second of motion. "
        f"Results take {size / len(done) / 1e3:.0f} kB per trial, {size / seconds.sum() / 1e3:.0f} kB per second."
    )


def timed(command: Sequence[str]) -> float:
    """Run a command and give its wall time [s]."""
    began = time.perf_counter()
    subprocess.run(command, check=True, env=os.environ | {"OMP_NUM_THREADS": "1"}, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


def page(rows: Sequence[Row], cost: str, summary: str) -> list[str]:
    """Write the tables, what a trial takes, and the summary of the last run."""
    heads = ["engine:workers", "trials", "results", "reasons", "motion [s]", "clock [s]", "trials/s", "x real time"]
    heads += ["processor [s]", "trials/s and core", "x real time and core", "memory [MB]", "again [s]"]
    cells = [
        [
            *(row.way, row.trials, row.results, row.reasons, f"{row.motion_s:.0f}", f"{row.wall_s:.0f}"),
            *(f"{row.trials / row.wall_s:.2f}", f"{row.motion_s / row.wall_s:.1f}", f"{row.processor_s:.0f}"),
            *(f"{row.trials / row.processor_s:.2f}", f"{row.motion_s / row.processor_s:.1f}"),
            *("-" if row.resident_mb is None else f"{row.resident_mb:.0f}", f"{row.again_s:.0f}"),
        ]
        for row in rows
    ]
    return [
        "# Forces of an archive",
        "",
        f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}. Memory is that of the",
        "largest process that ended under the command. Processor time includes start-up and imports;",
        "with Ray, it is what the tasks took. 'again' is the same command when all was done. Other programs kept "
        f"{os.getloadavg()[0]:.0f} cores busy or waiting: with more than",
        "none, the processor's time tells more than the clock.",
        "",
        markdown_table(heads, cells).rstrip(),
        "",
        cost,
        "",
        "The summary of the last of these runs:",
        "",
        *(f"> {line}" if line else ">" for line in summary.splitlines()),
    ]


@app.command
def plan(
    *,
    trial_ms: float,
    second_ms: float,
    kb_per_second: float,
    driver_ms: float = 0.5,
    cores: int = 16,
    efficiency: float = 0.8,
    shared_gb_s: float = 10.0,
    price: float = 0.05,
) -> None:
    """Print what larger archives would take on 1, 10 and 100 machines.

    Parameters
    ----------
    trial_ms, second_ms
        Processor time of a trial, and of a second of motion, as ESTIMATION.md tells.
    kb_per_second
        Size of the results.
    driver_ms
        Time of the process that hands out the trials, for each: fingerprint, journal, summary.
    cores, efficiency
        Of a machine, and the share of them that works.
    shared_gb_s
        What a shared disk writes per second.
    price
        Of a core for an hour.
    """
    rows = []
    for name, trials, hours in (("AddBiomechanics", 24_000, 70.0), ("a million trials", 1_000_000, 70.0 / 24e3 * 1e6)):
        work = (trials * trial_ms + 3600.0 * hours * second_ms) / 1e3
        written = 3600.0 * hours * kb_per_second / 1e6
        for machines in (1, 10, 100):
            parts = {
                "computing": work / (machines * cores * efficiency),
                "writing": written / shared_gb_s,
                "driver": trials * driver_ms / 1e3,
            }
            slowest = max(parts, key=parts.__getitem__)
            times = [f"{seconds / 60.0:.1f} min" for seconds in parts.values()]
            cost = [f"{work / 3600.0:.1f}", f"{work / 3600.0 * price:.2f}"]
            rows.append([f"{name}, {hours:.0f} h", machines, *times, slowest, *cost, f"{written:.0f} GB"])
    heads = ["archive", "machines", "computing", "writing", "driver", "slowest", "core hours", "price", "results"]
    print(markdown_table(heads, rows))


if __name__ == "__main__":
    app()
