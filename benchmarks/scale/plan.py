"""How long preparing takes beyond this machine, from what was measured here.

python benchmarks/scale/plan.py --times-real-time 150 --gigabytes-per-hour 1.4
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from cyclopts import App

from gaitdynamics.dataset.preprocessing import Described, Outcome
from gaitdynamics.dataset.recordings import FileRecording, Recording
from gaitdynamics.dataset.store_building import build_store
from gaitdynamics.dataset.store_parts import Recipe
from gaitdynamics.dataset.window_store import WindowStore
from gaitdynamics.training.stored_columns import FIELDS

#: Bytes of a frame of the 63 columns in a store, and frames per second.
STORED_BYTES, RATE = 63 * 4 + 63, 100

app = App(help=__doc__)


@dataclass(frozen=True)
class Archive:
    """Name, number of trials, and hours of motion."""

    name: str
    trials: int
    hours: float


#: 34.8 h were left of AddBiomechanics after pruning; 70 h are what to be prepared for before it.
ARCHIVES = (Archive("AddBiomechanics", 24_000, 70.0), Archive("a million trials", 1_000_000, 70.0 / 24_000 * 1e6))


@app.default
def main(
    *,
    times_real_time: float,
    gigabytes_per_hour: float,
    cores: int = 16,
    efficiency: float = 0.8,
    disk_gb_s: float = 2.0,
    shared_gb_s: float = 10.0,
    price: float = 0.05,
    bookkeeping_trials: int = 4000,
) -> None:
    """Print a table for 1, 10 and 100 machines.

    Parameters
    ----------
    times_real_time
        Motion over processor time of one core, as `run.py` measures it.
    gigabytes_per_hour
        Size of the .b3d files per hour of motion, as `run.py` measures it.
    cores
        Of a machine.
    efficiency
        Share of the cores' time that works.
    disk_gb_s, shared_gb_s
        Bandwidth of one machine's disk, and of the shared storage of several [GB/s].
    price
        Of a core for an hour.
    bookkeeping_trials
        Trials on which the work of the driver is measured here: facts, manifest, report, opening the store.
    """
    per_trial, opening = bookkeeping(bookkeeping_trials)
    print(
        f"Work of the driver: {1e3 * per_trial:.2f} ms per trial; opening the store {1e6 * opening:.0f} us per trial."
    )
    print()
    print(
        "| archive | machines | computing | reading and writing | driver | about | slowest part | core hours | price |"
    )
    print("|---|---|---|---|---|---|---|---|---|")
    for archive in ARCHIVES:
        for machines in (1, 10, 100):
            core_hours = archive.hours / times_real_time
            computing = 3600.0 * core_hours / (cores * machines * efficiency)
            stored = archive.hours * 3600 * RATE * STORED_BYTES / 1e9
            # Sources are read for their fingerprint and to be described; samples are written, read and written.
            moved = 2 * archive.hours * gigabytes_per_hour + 3 * stored
            moving = moved / (disk_gb_s if machines == 1 else shared_gb_s)
            driving = archive.trials * per_trial
            parts = {"computing": computing, "storage": moving, "driver": driving}
            # Describing and reading overlap, the driver comes before and after.
            total = max(computing, moving) + driving
            cost = core_hours / efficiency * price
            print(
                f"| {archive.name}, {archive.hours:.0f} h, "
                f"{archive.hours * gigabytes_per_hour:.0f} GB | {machines} | {clock(computing)} | {clock(moving)} | "
                f"{clock(driving)} | {clock(total)} | {max(parts, key=lambda name: parts[name])} | "
                f"{core_hours / efficiency:.1f} | {cost:.2f} |"
            )


def clock(seconds: float) -> str:
    """Write a time for people."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def bookkeeping(trials: int) -> tuple[float, float]:
    """Measure processor time per trial [s] of making a store of next to nothing, and of opening it."""
    with TemporaryDirectory() as folder:
        place = Path(folder)
        file = place / "motion"
        file.write_bytes(b"")
        recordings = [FileRecording("Study", f"p{k // 90}", f"t{k}", file) for k in range(trials)]
        recipe = Recipe("nothing", FIELDS, float(RATE), {}, nothing)
        begun = time.process_time()
        build_store(place / "store", recipe, recordings)
        made = time.process_time()
        WindowStore.open(place / "store")
        return (made - begun) / trials, (time.process_time() - made) / trials


def nothing(_: Recording) -> Outcome:
    """Describe ten frames of nothing."""
    arrays = {name: np.zeros((10, *field.shape), field.dtype) for name, field in FIELDS.items()}
    return Outcome([Described("as_measured", 0.0, arrays)], frames=10, seconds=0.1, mass_kg=70.0)


if __name__ == "__main__":
    app()
