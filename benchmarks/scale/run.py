"""Preparing an archive: speed per core, memory, from one worker to two, this machine's processes and Ray.

python benchmarks/scale/run.py ../shared/data --trials 1500 --out results/scale
"""

from __future__ import annotations

import json
import os
import platform
import resource
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event, Thread
from typing import Literal

import psutil
from cyclopts import App

from gaitdynamics.files.atomic import write_text

SPLITS = ("train", "test_held_out_subject", "test_unseen_study")

app = App(help=__doc__)


@dataclass(frozen=True)
class Row:
    """One preparation.

    Attributes
    ----------
    what
        Which one, in words.
    workers
        Processes.
    trials, motion_s
        Trials looked at, and how long they are together [s].
    wall_s, processor_s
        Time from start to end, and of the processor, of all processes together [s]; start of processes included.
    worker_mb
        Most memory of one process [MB].
    content
        Hash of the store.
    made
        Whether anything was done.
    """

    what: str
    workers: int
    trials: int
    motion_s: float
    wall_s: float
    processor_s: float
    worker_mb: float
    content: str
    made: bool


@app.default
def main(data: Path, *, trials: int = 1500, archive: Path | None = None, out: Path | None = None) -> None:
    """Make a synthetic archive and prepare it in several ways.

    Parameters
    ----------
    data
        Data folder; of split 'train' only.
    trials
        Size of the archive; AddBiomechanics has 24,000 trials.
    archive
        Folder of an archive that was made before; otherwise one is made, and removed afterwards.
    out
        Folder for RESULTS.md; without it the tables are printed only.
    """
    load = os.getloadavg()[0]
    with TemporaryDirectory() as folder:
        place = Path(folder)
        if archive is None:
            archive = place / "archive"
            script = Path(__file__).with_name("make_archive.py")
            subprocess.run([sys.executable, script, data, "--out", archive, "--trials", str(trials)], check=True)
        study = archive / "Tan2022_Formatted_No_Arm"
        rows = [
            measure("63 columns", archive, place / "one", "denoiser", "local", 1),
            measure("the same again", archive, place / "one", "denoiser", "local", 1),
            measure("63 columns", archive, place / "two", "denoiser", "local", 2),
            measure("63 columns, Ray", archive, place / "ray", "denoiser", "ray", 2),
            measure("foot view, one study", study, place / "foot", "refiner", "local", 1),
        ]
        report = (place / "one" / "report.md").read_text(encoding="utf-8")
        size = sum(path.stat().st_size for path in archive.rglob("*.b3d")) / 1e9
    text = page(rows, size, report, load)
    print(text)
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        write_text(out / "RESULTS.md", text)


def measure(
    what: str,
    archive: Path,
    out: Path,
    purpose: Literal["refiner", "denoiser"],
    engine: Literal["local", "ray"],
    workers: int,
) -> Row:
    """Prepare in a process of its own."""
    asked = json.dumps([what, str(archive), str(out), purpose, engine, workers])
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    command = [sys.executable, __file__, "one", asked]
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
    return Row(**json.loads(done.stdout.splitlines()[-1]))


@app.command(show=False)
def one(asked: str) -> None:
    """Prepare once, and print the figures."""
    from gaitdynamics.dataset.study_map import read_study_map
    from gaitdynamics.engines.choice import choose_engine
    from gaitdynamics.tasks.preparation import Preparation, prepare

    what, archive, out, purpose, engine, workers = json.loads(asked)
    preparation = Preparation(purpose, read_study_map("addbiomechanics"), SPLITS, "paper")
    begun, ended, watched = time.perf_counter(), Event(), Watch()
    watcher = Thread(target=watched.run, args=(ended,))
    watcher.start()
    store, made = prepare(archive, out, preparation, engine=choose_engine(engine, workers))
    wall = time.perf_counter() - begun
    ended.set()
    watcher.join()
    entries = {(entry.label, entry.frames / entry.rate_hz) for entry in store.entries}
    motion = _motion_seconds(Path(out))
    processor = sum(
        use.ru_utime + use.ru_stime for use in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    )
    if engine == "ray":  # its processes are nobody's children
        processor = watched.processor_s
    trials = len({label for label, _ in entries}) + len(store.left_out)
    print(
        json.dumps(
            asdict(
                Row(what, workers, trials, motion, wall, processor, watched.most_mb, store.description.content, made)
            )
        )
    )


def _motion_seconds(store: Path) -> float:
    """Add up the durations of all trials that were looked at."""
    from pyarrow import parquet

    table = parquet.read_table(store / "checks.parquet", columns=["study", "subject", "trial", "seconds"]).to_pylist()
    return sum({(row["study"], row["subject"], row["trial"]): row["seconds"] for row in table}.values())


class Watch:
    """Looks at all processes below this one, ten times a second: memory of the largest that works, processor time."""

    def __init__(self) -> None:
        self.most_mb = 0.0
        self._times: dict[int, float] = {}

    @property
    def processor_s(self) -> float:
        """Of all processes together, [s]."""
        return sum(self._times.values())

    def run(self, ended: Event) -> None:
        """Watch until the end."""
        here = psutil.Process()
        while not ended.wait(0.1):
            for process in [here, *here.children(recursive=True)]:
                try:
                    times, memory = process.cpu_times(), process.memory_info()
                    python = "python" in process.name() or process.name().startswith("ray::")
                except psutil.Error:
                    continue
                self._times[process.pid] = times.user + times.system
                if python:
                    self.most_mb = max(self.most_mb, memory.rss / 1e6)


def page(rows: list[Row], size_gb: float, report: str, load: float) -> str:
    """Write the page of results."""
    first, again, two, ray, foot = rows
    lines = [
        "# One run",
        "",
        f"`python benchmarks/scale/run.py`, Python {platform.python_version()}, {os.cpu_count()} cores; archive of "
        f"{first.trials} trials, {first.motion_s / 3600:.2f} h, {size_gb:.2f} GB. Other programs "
        f"kept {load:.0f} cores busy or waiting when it began; with more than none, only processor times tell much.",
        "",
        "| what | workers | trials | motion [h] | wall [s] | processor [s] | times real time, per core of wall | "
        "times real time, per processor second | most memory of a process [MB] |",
        "|---|---|---|---|---|---|---|---|---|",
        *(
            f"| {r.what} | {r.workers} | {r.trials} | {r.motion_s / 3600:.2f} | {r.wall_s:.1f} | {r.processor_s:.1f} | "
            + (
                f"{r.motion_s / r.wall_s / r.workers:.0f} | {r.motion_s / r.processor_s:.0f} | "
                if r.made
                else "nothing was done | | "
            )
            + f"{r.worker_mb:.0f} |"
            for r in rows
        ),
        "",
        f"- From one worker to two: {100 * first.wall_s / two.wall_s / 2:.0f} % of twice as fast by the clock, "
        f"{100 * first.processor_s / two.processor_s:.0f} % by processor time.",
        f"- Stores of one worker, two workers and Ray are {'the same' if _same(first, two, ray) else 'NOT THE SAME'}: "
        f"content {first.content[:16]}.",
        f"- The second run found the store and did {'nothing' if not again.made else 'everything again'}.",
        f"- Samples of the foot view hold four variants of each trial ({foot.motion_s / 3600:.2f} h here).",
        "",
        "What the rules removed; the faults were put in at the rates of the paper:",
        "",
        *report[report.index("| step") : report.index("| rule")].strip().splitlines(),
    ]
    return "\n".join(lines) + "\n"


def _same(*rows: Row) -> bool:
    return len({row.content for row in rows}) == 1


if __name__ == "__main__":
    app()
