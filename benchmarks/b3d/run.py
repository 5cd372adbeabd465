"""Speed of writing and reading .b3d files, and the memory that reading takes, on files of different size.

python benchmarks/b3d/run.py --out results/b3d
"""

from __future__ import annotations

import json
import platform
import resource
import subprocess
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from cyclopts import App

from gaitdynamics.files.atomic import write_text
from gaitdynamics.files.b3d import B3dFile
from gaitdynamics.files.b3d_trials import read_b3d_model, read_b3d_trial
from gaitdynamics.files.b3d_writer import write_b3d
from gaitdynamics.files.motion import read_trial

EXAMPLE = Path(__file__).parents[2] / "examples" / "walking"

app = App(help=__doc__)


@dataclass(frozen=True)
class Row:
    """One file: size [MB], frames, frames written and read per second, time to list trials [s], memory [MB].

    Times are of the processor, because others may compute beside.
    """

    megabytes: float
    frames: int
    written: float
    listed_s: float
    read: float
    start_mb: float
    peak_mb: float


@app.default
def main(*, megabytes: tuple[int, ...] = (50, 500), out: Path | None = None) -> None:
    """Write files of about these sizes from the example walk, and read every trial of them.

    Parameters
    ----------
    megabytes
        Sizes of the files.
    out
        Folder for summary.md; without it the table is printed only.
    """
    with TemporaryDirectory() as folder:
        rows = [measure(Path(folder) / "walk.b3d", size) for size in megabytes]
    text = table(rows)
    print(text)
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        write_text(out / "summary.md", text)


def measure(path: Path, megabytes: int) -> Row:
    """Write a file and read it in a process of its own."""
    walk = read_trial(EXAMPLE / "walking.mot", model=EXAMPLE / "subject.osim", height_m=1.72)
    write_b3d(path, [walk])
    one = path.stat().st_size
    write_b3d(path, [walk, walk])
    count = max(1, round(megabytes * 1e6 / (path.stat().st_size - one)))
    trials = [replace(walk, name=f"walk{i}") for i in range(count)]
    start = time.process_time()
    write_b3d(path, trials)
    written = count * len(walk.time) / (time.process_time() - start)
    command = [sys.executable, __file__, "read", str(path)]
    said = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    return Row(path.stat().st_size / 1e6, count * len(walk.time), written, **said)


@app.command
def read(path: Path) -> None:
    """Read every trial of a file, and tell how long that took and how much memory."""
    read_b3d_trial(B3dFile(path), 0)  # what is imported on first use is not counted
    before = _peak_mb()
    start = time.process_time()
    file = B3dFile(path)
    listed = time.process_time() - start
    model = read_b3d_model(file)
    frames = sum(len(read_b3d_trial(file, trial.index, model=model).time) for trial in file.trials)
    seconds = time.process_time() - start
    print(json.dumps({"listed_s": listed, "read": frames / seconds, "start_mb": before, "peak_mb": _peak_mb()}))


def _peak_mb() -> float:
    """Peak memory of this process [MB]; Linux counts in kB, macOS in bytes."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1e6 if platform.system() == "Darwin" else 1e3)


def table(rows: list[Row]) -> str:
    """Lay out the results as Markdown."""
    head = (
        "| file [MB] | frames | written [frames/s] | trials listed [s] | read [frames/s] | times real time at 100 Hz "
        "| memory before, peak [MB] |"
    )
    lines = [head, f"|{'---|' * 7}"]
    lines += [
        f"| {r.megabytes:.0f} | {r.frames} | {r.written:.0f} | {r.listed_s:.3f} | {r.read:.0f} | {r.read / 100:.0f} "
        f"| {r.start_mb:.0f}, {r.peak_mb:.0f} |"
        for r in rows
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    app()
