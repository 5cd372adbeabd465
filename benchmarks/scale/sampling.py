"""Windows per second from a store larger than the memory that the process may have.

python benchmarks/scale/sampling.py DATA_FOLDER --out results/scale_sampling [--gigabytes 4]

Makes a store of the 63 published columns with as many frames as asked for, from the trials of the data folder with
noise, and draws windows from it in a process of its own, whose private memory the system limits (RLIMIT_DATA) and whose
resident memory, mapped files included, is kept below the same bound by giving mapped pages back. Linux only.
"""

from __future__ import annotations

import json
import mmap
import os
import platform
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from cyclopts import App

from gaitdynamics.dataset.sharded_rows import ShardedRows
from gaitdynamics.dataset.store_manifest import SampleEntry
from gaitdynamics.dataset.window_sampling import WindowSampler
from gaitdynamics.dataset.window_store import StoreDescription, WindowStore
from gaitdynamics.evaluation.markdown import markdown_table
from gaitdynamics.files.atomic import write_text

app = App(help=__doc__)

#: Frames of a window, as in the paper, and windows of a batch.
LENGTH, BATCH = 150, 256

#: Seconds for which each way of drawing is measured.
SECONDS = 15.0


@dataclass(frozen=True)
class Row:
    """One way of drawing: windows per second on the clock and of processor time; memory at its highest [MB]."""

    name: str
    windows_per_s: float
    windows_per_cpu_s: float
    mb_per_s: float
    private_mb: float
    resident_mb: float


@app.default
def main(data: Path, *, out: Path, gigabytes: float = 4.0, cap_gigabytes: float = 2.0, keep: bool = False) -> None:
    """Make the store and measure.

    Parameters
    ----------
    data
        Folder with manifest.csv.
    out
        Folder for the table; the store is made in it too.
    gigabytes
        Size of the store.
    cap_gigabytes
        Memory that the process which draws may have.
    keep
        Leave the store for another run.
    """
    out.mkdir(parents=True, exist_ok=True)
    store = out / "store"
    if not store.is_dir():
        make_store(data, store, gigabytes)
    size = sum(path.stat().st_size for path in store.rglob("*.npy"))
    rows = []
    for name in ("cold", "windows", "with_known", "training"):
        command = [sys.executable, __file__, "measure", str(store), name, str(cap_gigabytes)]
        said = subprocess.run(command, check=True, stdout=subprocess.PIPE, env=os.environ | {"OMP_NUM_THREADS": "1"})
        rows.append(Row(**json.loads(said.stdout.splitlines()[-1])))
        print(rows[-1], flush=True)
    write_text(out / "SAMPLING.md", "\n".join(page(rows, size, cap_gigabytes)) + "\n")
    write_text(out / "rows.json", json.dumps([asdict(row) for row in rows], indent=1) + "\n")
    if not keep:
        shutil.rmtree(store)


def make_store(data: Path, folder: Path, gigabytes: float) -> None:
    """Write a store of columns: the trials of the data folder again and again, with noise."""
    from rich.console import Console

    from gaitdynamics.dataset.catalogue import Catalogue
    from gaitdynamics.dataset.store_writing import write_store
    from gaitdynamics.training.published_data import load_published_data
    from gaitdynamics.training.stored_columns import FIELDS, column_recipe

    recipe = column_recipe()
    samples = load_published_data(Catalogue.read(data), "train", Console(stderr=True)).samples
    row_bytes = sum(np.dtype(f.dtype).itemsize * int(np.prod(f.shape)) for f in FIELDS.values())
    wanted = int(gigabytes * 1e9 / row_bytes)
    entries: list[SampleEntry] = []
    rows = 0
    while rows < wanted:
        sample = samples[len(entries) % len(samples)]
        study, subject, trial = sample.label.split("/")
        again = len(entries) // len(samples)
        entry = SampleEntry(
            study, f"{subject}_{again}", trial, "train", "walking", "as_measured", 0.0, 100.0, sample.frames
        )
        entries.append(replace(entry, height_m=1.7))
        rows += sample.frames

    def arrays(number: int) -> dict[str, Any]:
        sample = samples[number % len(samples)]
        noise = np.random.default_rng(number).standard_normal(sample.values.shape, dtype=np.float32)
        return {"values": sample.values.astype(np.float32) + np.float32(1e-3) * noise, "known": sample.known}

    description = StoreDescription(
        name=recipe.name, fields=dict(FIELDS), settings=dict(recipe.settings), fingerprint="made up"
    )
    write_store(folder, description, entries, arrays)


@app.command
def measure(store: Path, name: str, cap_gigabytes: float) -> None:
    """Draw from a store for a while in this process, with little memory, and print how that went as JSON."""
    import resource

    cap = int(cap_gigabytes * 1e9)
    resource.setrlimit(resource.RLIMIT_DATA, (cap, cap))
    opened = WindowStore.open(store)
    draw, fields = ways(opened)[name]
    row = sum(opened.arrays[f].dtype.itemsize * int(np.prod(opened.arrays[f].shape[1:])) for f in fields)
    most = np.inf
    if name == "cold":
        forget_files(store)
        # What is drawn again is not read again, so half of the rows are enough.
        most = 0.5 * opened.description.rows / (BATCH * LENGTH)
    for index in range(3):
        draw(index)
    began, worked, count, private = time.perf_counter(), time.process_time(), 0, 0.0
    while time.perf_counter() - began < SECONDS and count < most:
        draw(3 + count)
        count += 1
        if count % 10 == 0 and resident("VmRSS") > 0.75 * cap_gigabytes * 1e3:
            private = max(private, resident("RssAnon"))
            give_back(opened)
    wall, work = time.perf_counter() - began, time.process_time() - worked
    windows = count * BATCH
    copied = windows * LENGTH * row
    private = max(private, resident("RssAnon"))
    print(
        json.dumps(asdict(Row(name, windows / wall, windows / work, copied / wall / 1e6, private, resident("VmHWM"))))
    )


def ways(store: WindowStore) -> dict[str, tuple[Callable[[int], Any], tuple[str, ...]]]:
    """Ways to draw batch number k, and the fields that each copies."""
    sampler = WindowSampler(store.select("train"), BATCH, seed=0, lengths={LENGTH: 1.0})

    def plain(names: tuple[str, ...]) -> Callable[[int], Any]:
        def draw(index: int) -> Any:
            drawn = sampler.draw(index)
            return store.gather(drawn.rows, drawn.length, names)

        return draw

    def training() -> Callable[[int], Any]:
        from gaitdynamics.training.published_data import fit_scaler
        from gaitdynamics.training.stored_columns import column_entries, columns_from_store
        from gaitdynamics.training.stored_windows import StoredColumnWindows

        samples, entries = columns_from_store(store, "train"), column_entries(store, "train")
        facts = np.array([sample.facts for sample in samples])
        # Of some samples: what the scale is makes no difference here.
        windows = StoredColumnWindows(store, entries, facts, fit_scaler(samples[:200]), BATCH, 0, "cpu", {LENGTH: 1.0})
        return windows.draw

    both = ("values", "known")
    return {
        "cold": (plain(("values",)), ("values",)),
        "windows": (plain(("values",)), ("values",)),
        "with_known": (plain(both), both),
        "training": (lambda index, made=[]: (made or made.append(training()) or made)[0](index), both),
    }


def mapped(store: WindowStore) -> Iterator[mmap.mmap]:
    """Give the mappings of a store's files."""
    for rows in store.arrays.values():
        assert isinstance(rows, ShardedRows)
        for shard in rows.shards:
            base: Any = shard
            while not isinstance(base, mmap.mmap):
                base = base.base
            yield base


def give_back(store: WindowStore) -> None:
    """Let the system take the mapped pages, which it would do by itself where memory is scarce."""
    for mapping in mapped(store):
        mapping.madvise(mmap.MADV_DONTNEED)


def forget_files(store: Path) -> None:
    """Make the system forget what it has kept of the files in memory, so that they are read from the disk."""
    for path in store.rglob("*.npy"):
        with path.open("rb") as stream:
            os.posix_fadvise(stream.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def resident(what: str) -> float:
    """Ask the system for a size of this process [MB]: VmRSS, RssAnon, or VmHWM, the highest VmRSS."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(f"{what}:"):
            return int(line.split()[1]) / 1e3
    raise KeyError(what)


MEANING = {
    "cold": "150 x 63 float32, read from the disk",
    "windows": "the same, files in the system's cache",
    "with_known": "and which cells are known (bool)",
    "training": "batches as a denoiser is trained on: scaled, every second window mirrored",
}


def page(rows: list[Row], size: int, cap: float) -> list[str]:
    """Write the table."""
    heads = [
        "drawn",
        "windows/s",
        "windows per s of processor time",
        "MB/s",
        "private memory [MB]",
        "resident, highest [MB]",
    ]
    cells = [
        [
            MEANING[row.name],
            f"{row.windows_per_s:,.0f}",
            f"{row.windows_per_cpu_s:,.0f}",
            f"{row.mb_per_s:,.0f}",
            f"{row.private_mb:.0f}",
            f"{row.resident_mb:.0f}",
        ]
        for row in rows
    ]
    return [
        "# Windows from a store larger than memory",
        "",
        f"Store of {size / 1e9:.1f} GB; the process may have {cap:g} GB. {LENGTH} frames, batches of {BATCH}, "
        f"one thread, up to {SECONDS:.0f} s each, {platform.machine()}, Python {platform.python_version()}, "
        f"NumPy {np.__version__}. Target: 10,000 windows/s.",
        "",
        markdown_table(heads, cells).rstrip(),
        "",
        f"Other programs kept {os.getloadavg()[0]:.0f} cores busy or waiting: with more than",
        "none, the processor's time tells more than the clock. Private memory is limited by the system (RLIMIT_DATA).",
        "Mapped pages of the files count in resident memory; they are given back whenever it comes near the bound.",
    ]


if __name__ == "__main__":
    app()
