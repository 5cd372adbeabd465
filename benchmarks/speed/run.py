"""Time and memory that `gaitdynamics forces` takes, start-up included, on walks of different length.

python benchmarks/speed/run.py --out results/speed
"""

from __future__ import annotations

import os
import platform
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
from cyclopts import App
from numpy.typing import NDArray

from gaitdynamics._version import __version__
from gaitdynamics.files.atomic import write_text
from gaitdynamics.files.storage import Table, read_storage, write_storage

EXAMPLE = Path(__file__).parents[2] / "examples" / "walking"

#: What is aimed at for one minute of motion.
TARGET = "60 s of motion in less than 10 s and 1.5 GB"

app = App(help=__doc__)


@dataclass(frozen=True)
class Run:
    """One run of the program: motion [s], its frames, wall time [s], processor time [s], peak memory [MB]."""

    motion_s: float
    frames: int
    wall_s: float
    processor_s: float
    peak_mb: float


@app.default
def main(*, out: Path | None = None, repeats: int = 3, threads: int = 2) -> None:
    """Run the program on 10, 60 and 600 s of walking at 100 Hz, each in a process of its own.

    Parameters
    ----------
    out
        Folder for summary.md and runs.csv; without it the table is printed only.
    repeats
        How often each is run; the median counts.
    threads
        Threads that the libraries may use at most (OMP_NUM_THREADS); 0 leaves the choice to the program.
    """
    # The first start of all compiles modules and fills the file cache: it is not counted.
    runs: list[Run] = []
    with TemporaryDirectory() as name:
        folder = Path(name)
        measure(folder, 10.0, threads)
        for seconds in (10.0, 60.0, 600.0):
            runs += [measure(folder, seconds, threads) for _ in range(repeats)]
    text = table(runs, threads)
    print(text)
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        write_text(out / "summary.md", text)
        write_text(out / "runs.csv", pd.DataFrame(runs).to_csv(index=False, lineterminator="\n"))


def measure(folder: Path, seconds: float, threads: int) -> Run:
    """Run the program once on a walk of this length [s]."""
    motion = folder / f"walk_{seconds:g}s.mot"
    walk = long_walk(read_storage(EXAMPLE / "walking.mot"), seconds)
    write_storage(motion, list(walk.labels), walk.data, name=motion.stem, in_degrees=True)
    command = [sys.executable, "-m", "gaitdynamics", "forces", str(motion), "--overground"]
    command += ["--model", str(EXAMPLE / "subject.osim"), "--out", str(folder / "results")]
    environment = {k: v for k, v in os.environ.items() if k != "OMP_NUM_THREADS"}
    if threads:
        environment["OMP_NUM_THREADS"] = str(threads)
    start = time.perf_counter()
    child = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    # Its own figures: those of all children together would show the largest of all runs.
    _, status, usage = os.wait4(child.pid, 0)
    wall = time.perf_counter() - start
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise RuntimeError(f"the program left with status {child.returncode}")
    # Kilobytes on Linux, bytes on macOS.
    peak = usage.ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3)
    return Run(seconds, len(walk.time), wall, usage.ru_utime + usage.ru_stime, peak)


def long_walk(example: Table, seconds: float) -> Table:
    """Repeat whole strides of a walk until it lasts `seconds`; the pelvis goes on forward.

    The part that is repeated runs from the first frame to the one most like it in the second half; what they
    still differ by is taken out evenly over the part, so that nothing jumps where it begins again.
    """
    step = float(example.time[1] - example.time[0])
    forward = example.labels.index("pelvis_tx")
    angles = [i for i in range(1, len(example.labels)) if not example.labels[i].startswith("pelvis_t")]
    half = len(example.time) // 2
    unlike = np.abs(example.data[half:, angles] - example.data[0, angles]).sum(axis=1)
    period = half + int(unlike.argmin())
    data = example.data[:period].copy()
    gap = example.data[period] - example.data[0]
    gap[[0, forward]] = 0.0
    data -= np.arange(period)[:, None] / period * gap
    advance = float(example.data[period, forward] - example.data[0, forward])
    frames = round(seconds / step) + 1
    rounds, inside = np.divmod(np.arange(frames), period)
    long: NDArray[np.float64] = data[inside]
    long[:, forward] += rounds * advance
    long[:, 0] = example.time[0] + step * np.arange(frames)
    return Table(example.name, example.labels, long, example.in_degrees)


def table(runs: list[Run], threads: int) -> str:
    """Lay out the medians as Markdown."""
    lines = [
        f"gaitdynamics {__version__}, torch {version('torch')}, Python {platform.python_version()}, "
        f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, "
        + (f"at most {threads} threads." if threads else "threads as the program chooses."),
        "",
        "| motion [s] | frames | wall time [s] | processor time [s] | peak memory [MB] |",
        "| ---: | ---: | ---: | ---: | ---: |",
    ]
    for seconds in sorted({run.motion_s for run in runs}):
        same = [run for run in runs if run.motion_s == seconds]
        wall, processor, peak = (
            statistics.median(getattr(run, name) for run in same) for name in ("wall_s", "processor_s", "peak_mb")
        )
        lines.append(f"| {seconds:g} | {same[0].frames:,} | {wall:.1f} | {processor:.1f} | {peak:.0f} |")
    return "\n".join([*lines, "", f"Median of {len(same)} runs each, start-up included. Target: {TARGET}.", ""])


if __name__ == "__main__":
    app()
